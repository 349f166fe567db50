package verify_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/wasitls/wasitls/wasitls/internal/verify"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// chainOf returns a leaf, an intermediate and a root that keep to the profile.
func chainOf(t *testing.T) []*x509.Certificate {
	t.Helper()
	root := wasitlstest.NewCA()
	middle := root.Intermediate()
	leaf := middle.Leaf(wasitlstest.Modify(func(c *x509.Certificate) { c.Subject.CommonName = wasitlstest.Name }))
	return []*x509.Certificate{parsed(t, leaf), middle.Certificate, root.Certificate}
}

func parsed(t testing.TB, c tls.Certificate) *x509.Certificate {
	t.Helper()
	x, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// without takes an extension off a parsed certificate.
func without(c *x509.Certificate, id ...int) {
	c.Extensions = slices.DeleteFunc(c.Extensions, func(x pkix.Extension) bool { return x.Id.Equal(id) })
}

func makeCritical(c *x509.Certificate, id ...int) {
	for i := range c.Extensions {
		if c.Extensions[i].Id.Equal(asn1.ObjectIdentifier(id)) {
			c.Extensions[i].Critical = true
		}
	}
}

func rsaKey(bits, exponent int) *rsa.PublicKey {
	return &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), bits-1, 1), E: exponent}
}

func commonName(c *x509.Certificate, value any) {
	c.Subject.Names = []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: value}}
}

// TestProfile is each demand of the profile: one thing is changed in a chain
// that keeps to it. The profile reads what crypto/x509 has parsed and verifies
// no signature, so what is changed need not be signed again.
func TestProfile(t *testing.T) {
	const leaf, middle, root = 0, 1, 2
	for _, row := range []struct {
		id     string
		which  int
		change func(*x509.Certificate)
		text   string // "" if the profile allows it
	}{
		{"nothing", leaf, func(c *x509.Certificate) {}, ""},
		{"RSA 2048", leaf, func(c *x509.Certificate) { c.PublicKey = rsaKey(2048, 65537) }, ""},
		{"RSA 8192", root, func(c *x509.Certificate) { c.PublicKey = rsaKey(8192, 3) }, ""},
		{"RSA 2047", leaf, func(c *x509.Certificate) { c.PublicKey = rsaKey(2047, 65537) }, "2047 bits"},
		{"RSA 2049", leaf, func(c *x509.Certificate) { c.PublicKey = rsaKey(2049, 65537) }, "2049 bits"},
		{"RSA 8200", leaf, func(c *x509.Certificate) { c.PublicKey = rsaKey(8200, 65537) }, "8200 bits"},
		{"RSA 1024", middle, func(c *x509.Certificate) { c.PublicKey = rsaKey(1024, 65537) }, "1024 bits"},
		{"RSA 1024", root, func(c *x509.Certificate) { c.PublicKey = rsaKey(1024, 65537) }, "1024 bits"},
		{"RSA exponent 1", leaf, func(c *x509.Certificate) { c.PublicKey = rsaKey(2048, 1) }, "exponent 1"},
		{"RSA exponent 4", leaf, func(c *x509.Certificate) { c.PublicKey = rsaKey(2048, 4) }, "exponent 4"},
		{"P-224", leaf, func(c *x509.Certificate) { c.PublicKey = &ecdsa.PublicKey{Curve: elliptic.P224()} }, "P-224"},
		{"DSA", leaf, func(c *x509.Certificate) { c.PublicKeyAlgorithm = x509.DSA }, "DSA"},

		{"an authority", leaf, func(c *x509.Certificate) { c.IsCA = true }, "that of an authority"},
		{"keyCertSign", leaf, func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCertSign }, "may sign certificates"},
		{"keyEncipherment alone", leaf, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, "may not sign handshakes"},
		{"no key usage", leaf, func(c *x509.Certificate) { c.KeyUsage = 0 }, ""},
		{"no purpose", leaf, func(c *x509.Certificate) { c.ExtKeyUsage = nil }, "does not say what it is for"},
		{"clients too", leaf, func(c *x509.Certificate) { c.ExtKeyUsage = append(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth) }, ""},
		{"clients only", leaf, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, "not for servers"},
		{"unknown purpose", leaf, func(c *x509.Certificate) {
			c.ExtKeyUsage, c.UnknownExtKeyUsage = nil, []asn1.ObjectIdentifier{{1, 2, 3}}
		}, "not for servers"},
		{"any purpose", leaf, func(c *x509.Certificate) { c.ExtKeyUsage = append(c.ExtKeyUsage, x509.ExtKeyUsageAny) }, "any purpose"},
		{"critical purpose", leaf, func(c *x509.Certificate) { makeCritical(c, 2, 5, 29, 37) }, "extended key usage is critical"},
		{"no names", leaf, func(c *x509.Certificate) { without(c, 2, 5, 29, 17) }, "no subject alternative names"},

		{"no common name", leaf, func(c *x509.Certificate) { c.Subject.Names = nil }, ""},
		{"common name in other letters", leaf, func(c *x509.Certificate) { commonName(c, "SERVER.test") }, "common name"},
		{"common name is an address", leaf, func(c *x509.Certificate) { commonName(c, "::1") }, ""},
		{"common name is an address, otherwise", leaf, func(c *x509.Certificate) { commonName(c, "0:0:0:0:0:0:0:1") }, "common name"},
		{"common name is no text", leaf, func(c *x509.Certificate) { commonName(c, 7) }, "common name"},
		{"common name of an authority", middle, func(c *x509.Certificate) { commonName(c, "Authority") }, ""},

		{"*.com", leaf, func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "*.com") }, `"*.com"`},
		{"*.CO.uk", leaf, func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "*.CO.uk") }, `"*.CO.uk"`},
		{"*.of-no-registry", leaf, func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "*.of-no-registry") }, `"*.of-no-registry"`},
		{"*.example.com", leaf, func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "*.example.com") }, ""},
		{"names that are none", leaf, func(c *x509.Certificate) {
			c.DNSNames = append(c.DNSNames, "", ".", "*", "*.a..b.example.com", "*.x.example.com.", "\x00*.")
		}, ""},
		{"*. of nothing", leaf, func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "*..") }, `"*.."`},
		{"*.github.io, which is of one owner", leaf, func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "*.github.io") }, ""},

		{"no authority key identifier", leaf, func(c *x509.Certificate) { c.AuthorityKeyId = nil }, "no authority key identifier"},
		{"no authority key identifier", middle, func(c *x509.Certificate) { c.AuthorityKeyId = nil }, "no authority key identifier"},
		{"no authority key identifier", root, func(c *x509.Certificate) { c.AuthorityKeyId = nil }, ""},
		{"critical authority key identifier", leaf, func(c *x509.Certificate) { makeCritical(c, 2, 5, 29, 35) }, "key identifier is critical"},
		{"no subject key identifier", leaf, func(c *x509.Certificate) { c.SubjectKeyId = nil }, ""},
		{"no subject key identifier", middle, func(c *x509.Certificate) { c.SubjectKeyId = nil }, "no subject key identifier"},
		{"no subject key identifier", root, func(c *x509.Certificate) { c.SubjectKeyId = nil }, ""},
		{"critical subject key identifier", middle, func(c *x509.Certificate) { makeCritical(c, 2, 5, 29, 14) }, "key identifier is critical"},

		{"serial number 0", leaf, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(0) }, "not positive"},
		{"serial number 0", middle, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(0) }, "not positive"},
		{"serial number 0", root, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(0) }, ""},
		{"serial number of 20 octets", leaf, func(c *x509.Certificate) { c.SerialNumber = new(big.Int).Lsh(big.NewInt(1), 158) }, ""},
		{"serial number of 21 octets", leaf, func(c *x509.Certificate) { c.SerialNumber = new(big.Int).Lsh(big.NewInt(1), 159) }, "longer than 20 octets"},
	} {
		chain := chainOf(t)
		row.change(chain[row.which])
		_, err := (&verify.Demands{Strict: true}).Check(verify.Peer{Chains: [][]*x509.Certificate{chain}, Now: time.Now()})
		says(t, row.id, err, row.text)
	}
}

// says checks an error's text; "" is for no error.
func says(t *testing.T, id string, err error, text string) {
	t.Helper()
	switch {
	case text == "" && err != nil:
		t.Errorf("%s: %v", id, err)
	case text != "" && (err == nil || !strings.Contains(err.Error(), text)):
		t.Errorf("%s: the error does not say %q: %v", id, text, err)
	}
}

// TestProfileTakesPublicRoots: a chain to any authority that Mozilla trusts
// can keep to the profile.
func TestProfileTakesPublicRoots(t *testing.T) {
	chain := chainOf(t)[:2]
	roots := 0
	for u := range bundle.Roots() {
		root, err := x509.ParseCertificate(u.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		roots++
		_, err = (&verify.Demands{Strict: true}).Check(verify.Peer{Chains: [][]*x509.Certificate{append(chain, root)}, Now: time.Now()})
		says(t, root.Subject.String(), err, "")
	}
	if roots < 100 {
		t.Errorf("only %d roots", roots)
	}
}

// TestBestChain: the error is of the chain that came furthest, and one chain
// that meets everything is enough.
func TestBestChain(t *testing.T) {
	weak, fine := chainOf(t), chainOf(t)
	weak[1].AuthorityKeyId = nil
	d := &verify.Demands{Strict: true, Pins: [][32]byte{{}}}
	peer := verify.Peer{Chains: [][]*x509.Certificate{weak, fine, weak}, Now: time.Now()}
	_, err := d.Check(peer)
	says(t, "one chain fails early, one late", err, "pins: ")
	d.Pins = nil
	_, err = d.Check(peer)
	says(t, "the second chain is fine", err, "")
	peer.Chains = nil
	_, err = d.Check(peer)
	says(t, "no chain", err, "no verified chain")
	_, err = new(verify.Demands).Check(peer)
	says(t, "no chain, no demands", err, "")
}
