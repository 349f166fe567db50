package verify_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/wasitls/wasitls/wasitls/internal/verify"
)

// now is the time of what is made with fixed keys.
var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// authority is one with a fixed key, the same in each process of a fuzzer.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	leaf *x509.Certificate
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	seed := sha256.Sum256([]byte("authority"))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	must(t, err)
	a := &authority{key: key}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	issue := func(template, parent *x509.Certificate) *x509.Certificate {
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), key)
		must(t, err)
		c, err := x509.ParseCertificate(der)
		must(t, err)
		return c
	}
	a.cert = issue(&template, &template)
	a.leaf = issue(&x509.Certificate{SerialNumber: big.NewInt(7), NotBefore: template.NotBefore, NotAfter: template.NotAfter, DNSNames: []string{"server.test"}}, a.cert)
	return a
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (a *authority) check(d *verify.Demands, staple []byte) (bool, error) {
	return d.Check(verify.Peer{Chains: [][]*x509.Certificate{{a.leaf, a.cert}}, Staple: staple, Now: now})
}

func (a *authority) respond(t testing.TB, status int) []byte {
	t.Helper()
	der, err := ocsp.CreateResponse(a.cert, a.cert, ocsp.Response{
		Status: status, SerialNumber: a.leaf.SerialNumber, ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(time.Hour),
	}, a.key)
	must(t, err)
	return der
}

// The structures of RFC 6960, section 4.2.1, to make what x/crypto/ocsp does
// not: extensions of the whole response, and a responder named by its key.
type (
	response struct {
		Status asn1.Enumerated
		Bytes  struct {
			Type  asn1.ObjectIdentifier
			Basic []byte
		} `asn1:"explicit,tag:0"`
	}
	basic struct {
		Data      data
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	data struct {
		Responder  asn1.RawValue
		ProducedAt time.Time `asn1:"generalized"`
		Responses  []asn1.RawValue
		Extensions []pkix.Extension `asn1:"optional,explicit,tag:1"`
	}
)

// signed makes a response, changes what is signed, and signs it again.
func (a *authority) signed(t testing.TB, change func(*data)) []byte {
	t.Helper()
	var r response
	_, err := asn1.Unmarshal(a.respond(t, ocsp.Good), &r)
	must(t, err)
	var b basic
	_, err = asn1.Unmarshal(r.Bytes.Basic, &b)
	must(t, err)
	change(&b.Data)
	tbs, err := asn1.Marshal(b.Data)
	must(t, err)
	digest := sha256.Sum256(tbs)
	b.Signature.Bytes, err = a.key.Sign(rand.Reader, digest[:], nil)
	must(t, err)
	b.Signature.BitLength = 8 * len(b.Signature.Bytes)
	r.Bytes.Basic, err = asn1.Marshal(b)
	must(t, err)
	der, err := asn1.Marshal(r)
	must(t, err)
	return der
}

// TestResponder: who the responder says to be, and what else it says of all
// of its response.
func TestResponder(t *testing.T) {
	a := newAuthority(t)
	byKey := func(key []byte) func(*data) {
		return func(d *data) {
			digest := sha1.Sum(key)
			der, err := asn1.Marshal(digest[:])
			must(t, err)
			d.Responder = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 2, IsCompound: true, Bytes: der}
		}
	}
	public, err := a.key.PublicKey.Bytes()
	must(t, err)
	extension := func(critical bool) func(*data) {
		return func(d *data) {
			d.Extensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: critical, Value: []byte{5, 0}}}
		}
	}
	for _, row := range []struct {
		id     string
		change func(*data)
		text   string
	}{
		{"by its name", func(*data) {}, ""},
		{"by its key", byKey(public), ""},
		{"by another key", byKey([]byte("another")), "names another responder"},
		{"by another name", func(d *data) {
			d.Responder = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: a.leaf.RawSubject}
		}, "names another responder"},
		{"an extension", extension(false), ""},
		{"a critical extension", extension(true), "unknown critical extension 1.2.3"},
	} {
		good, err := a.check(&verify.Demands{Staple: verify.Require}, a.signed(t, row.change))
		says(t, row.id, err, row.text)
		if good != (row.text == "") {
			t.Errorf("%s: good: %v", row.id, good)
		}
	}
}

// FuzzStaple: nothing that a peer staples makes the check panic, and what it
// takes, x/crypto/ocsp takes as signed by the issuer and good.
func FuzzStaple(f *testing.F) {
	a := newAuthority(f)
	f.Add(a.respond(f, ocsp.Good))
	f.Add(a.respond(f, ocsp.Revoked))
	f.Add(a.signed(f, func(d *data) { d.Responses = append(d.Responses, d.Responses...) }))
	f.Add(ocsp.TryLaterErrorResponse)
	f.Fuzz(func(t *testing.T, staple []byte) {
		good, err := a.check(&verify.Demands{Staple: verify.Require}, staple)
		if good == (err != nil) {
			t.Fatalf("good: %v, %v", good, err)
		}
		if err != nil {
			return
		}
		r, err := ocsp.ParseResponseForCert(staple, a.leaf, a.cert)
		if err != nil || r.Status != ocsp.Good {
			t.Errorf("taken, and yet: %v", err)
		}
	})
}

// FuzzList: nothing that is parsed as a revocation list makes the check panic,
// and none counts for an authority that has not signed it.
func FuzzList(f *testing.F) {
	a := newAuthority(f)
	for _, serial := range []int64{7, 8} {
		der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
			Number: big.NewInt(1), ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(time.Hour),
			RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(serial), RevocationTime: now}},
		}, a.cert, a.key)
		must(f, err)
		f.Add(der)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		crl, err := x509.ParseRevocationList(der)
		if err != nil {
			return
		}
		l, err := verify.NewList(crl, now)
		if err != nil {
			return
		}
		lists := verify.Lists{}
		lists.Add(l)
		of := bytes.Equal(crl.RawIssuer, a.cert.RawSubject) && (len(crl.AuthorityKeyId) == 0 || bytes.Equal(crl.AuthorityKeyId, a.cert.SubjectKeyId))
		if _, err := a.check(&verify.Demands{Lists: lists}, nil); err == nil && of && crl.CheckSignatureFrom(a.cert) != nil {
			t.Error("a list of the authority was taken that it has not signed")
		}
	})
}

// TestCostlyStaple: no signature is verified with a key that takes long.
func TestCostlyStaple(t *testing.T) {
	a := newAuthority(t)
	for _, row := range []struct {
		bits int
		says string
	}{{8192, "the stapled response is of no use"}, {8193, "RSA key of 8193 bits"}, {100_000, "RSA key of 100000 bits"}} {
		n := new(big.Int).Lsh(big.NewInt(1), uint(row.bits-1))
		der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
			SerialNumber: big.NewInt(8), NotBefore: now, NotAfter: now.AddDate(0, 0, 1), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning},
		}, a.cert, &rsa.PublicKey{N: n.Add(n, big.NewInt(1)), E: 65537}, a.key)
		must(t, err)
		signer, err := x509.ParseCertificate(der)
		must(t, err)
		staple, err := ocsp.CreateResponse(a.cert, signer, ocsp.Response{
			SerialNumber: a.leaf.SerialNumber, Status: ocsp.Good, ThisUpdate: now, NextUpdate: now.Add(time.Hour), Certificate: signer,
		}, a.key)
		must(t, err)
		if _, err := a.check(&verify.Demands{Staple: verify.Require}, staple); err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%d bits: %v", row.bits, err)
		}
	}
}
