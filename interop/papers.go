package interop

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"

	"golang.org/x/crypto/ocsp"

	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// papers are the certificates of a [Meeting], as files.
type papers struct {
	root    string          // the authority that clients trust
	leaves  map[string]leaf // of the servers
	staples map[string]string
	crl     string // what the servers' authority has revoked
	clients *identities
}

// The servers' leaves and staples.
const (
	valid   = "valid"
	invalid = "revoked"
)

// identities are what clients may show, and how servers know them.
type identities struct {
	ca    string // the authority that servers know
	crl   string // what it has revoked
	shown map[string]leaf
}

// The identities, which are the common names of their certificates.
const (
	rightful = "alice"   // known to every server
	revoked  = "bob"     // on the authority's list
	unknown  = "mallory" // of another authority
)

func newPapers(dir string) (*papers, error) {
	root := wasitlstest.NewCA()
	ca := root.Intermediate()
	good, bad := ca.Leaf(), ca.Leaf()
	p := &papers{
		root:   filepath.Join(dir, "root.pem"),
		leaves: map[string]leaf{},
		staples: map[string]string{
			valid:   filepath.Join(dir, "valid.ocsp"),
			invalid: filepath.Join(dir, "revoked.ocsp"),
		},
		crl: filepath.Join(dir, "servers.crl"),
	}
	revoke := func(r *ocsp.Response) { r.Status, r.RevokedAt = ocsp.Revoked, r.ThisUpdate }
	for file, text := range map[string][]byte{
		p.root:             root.PEM(),
		p.staples[valid]:   ca.OCSP(good),
		p.staples[invalid]: ca.OCSP(bad, revoke),
		p.crl:              crl(ca, bad),
	} {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return nil, err
		}
	}
	var err error
	for name, c := range map[string]tls.Certificate{valid: good, invalid: bad} {
		if p.leaves[name], err = writeCertificate(filepath.Join(dir, name), c); err != nil {
			return nil, err
		}
	}
	p.clients, err = newIdentities(dir)
	return p, err
}

func newIdentities(dir string) (*identities, error) {
	known, other := wasitlstest.NewCA(), wasitlstest.NewCA()
	all := &identities{ca: filepath.Join(dir, "clients.pem"), crl: filepath.Join(dir, "clients.crl"), shown: map[string]leaf{}}
	if err := os.WriteFile(all.ca, known.PEM(), 0o644); err != nil {
		return nil, err
	}
	for name, by := range map[string]*wasitlstest.CA{rightful: known, revoked: known, unknown: other} {
		made := by.Leaf(wasitlstest.Names(), wasitlstest.Usage(x509.ExtKeyUsageClientAuth),
			wasitlstest.Modify(func(t *x509.Certificate) { t.Subject.CommonName = name }))
		var err error
		if all.shown[name], err = writeCertificate(filepath.Join(dir, name), made); err != nil {
			return nil, err
		}
		if name == revoked {
			if err := os.WriteFile(all.crl, crl(known, made), 0o644); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

func crl(by *wasitlstest.CA, revoked tls.Certificate) []byte {
	return pemBlocks("X509 CRL", by.CRL([]tls.Certificate{revoked}).Raw)
}
