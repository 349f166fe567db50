package verify_test

import (
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls/internal/verify"
)

// listOf makes a list of an authority's name and key with some serial numbers.
func (a *authority) listOf(t testing.TB, serials ...int64) *verify.List {
	t.Helper()
	template := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(time.Hour)}
	for _, s := range serials {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: big.NewInt(s), RevocationTime: now})
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, a.cert, a.key)
	must(t, err)
	crl, err := x509.ParseRevocationList(der)
	must(t, err)
	l, err := verify.NewList(crl, now)
	must(t, err)
	return l
}

// TestListOfAnotherIdentifier: an authority may have several certificates with
// one key and different identifiers of it. A server that sends the other one
// does not escape from the list.
func TestListOfAnotherIdentifier(t *testing.T) {
	a := newAuthority(t)
	template := *a.cert
	template.SubjectKeyId = []byte("another")
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, a.key.Public(), a.key)
	must(t, err)
	again, err := x509.ParseCertificate(der)
	must(t, err)
	for _, c := range []struct {
		serial int64
		text   string
	}{{a.leaf.SerialNumber.Int64(), "was revoked"}, {8, ""}} {
		lists := verify.Lists{}
		lists.Add(a.listOf(t, c.serial))
		for _, issuer := range []*x509.Certificate{a.cert, again, a.cert} {
			_, err := (&verify.Demands{Lists: lists}).Check(verify.Peer{Chains: [][]*x509.Certificate{{a.leaf, issuer}}, Now: now})
			says(t, string(issuer.SubjectKeyId), err, c.text)
		}
	}
}

// TestManyIssuers: what a list remembers of issuers that have not signed it is
// bounded, and right.
func TestManyIssuers(t *testing.T) {
	a := newAuthority(t)
	lists := verify.Lists{}
	lists.Add(a.listOf(t))
	for i := range int64(40) {
		template := *a.cert
		template.SerialNumber = big.NewInt(100 + i)
		template.KeyUsage = x509.KeyUsageCertSign
		if i%2 == 0 {
			template.KeyUsage |= x509.KeyUsageCRLSign
		}
		der, err := x509.CreateCertificate(rand.Reader, &template, a.cert, a.key.Public(), a.key)
		must(t, err)
		issuer, err := x509.ParseCertificate(der)
		must(t, err)
		for range 2 {
			_, err = (&verify.Demands{Lists: lists}).Check(verify.Peer{Chains: [][]*x509.Certificate{{a.leaf, issuer}}, Now: now})
			if (err == nil) != (i%2 == 0) {
				t.Errorf("issuer %d: %v", i, err)
			}
		}
	}
}

// BenchmarkCheck is all demands of a chain with a list of 100,000 entries.
func BenchmarkCheck(b *testing.B) {
	a := newAuthority(b)
	serials := make([]int64, 100_000)
	for i := range serials {
		serials[i] = int64(1000 + i)
	}
	d := &verify.Demands{Staple: verify.Require, Lists: verify.Lists{}}
	d.Lists.Add(a.listOf(b, serials...))
	staple := a.respond(b, 0)
	for b.Loop() {
		if _, err := a.check(d, staple); err != nil {
			b.Fatal(err)
		}
	}
}
