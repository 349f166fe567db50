package interop

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"

	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// identities is what clients of a run may show, and how servers know them.
type identities struct {
	ca    string // file: the authority that servers know
	crl   string // file: what it has revoked
	shown map[string]leaf
}

// The names of the identities, which are the common names of their certificates.
const (
	rightful = "alice"   // known to every server
	revoked  = "bob"     // on the authority's list
	unknown  = "mallory" // of another authority
)

// newIdentities writes the files of the clients' certificates to dir.
func newIdentities(dir string) (*identities, error) {
	known, other := wasitlstest.NewCA(), wasitlstest.NewCA()
	all := &identities{ca: filepath.Join(dir, "clients.pem"), crl: filepath.Join(dir, "clients.crl"), shown: map[string]leaf{}}
	for name, by := range map[string]*wasitlstest.CA{rightful: known, revoked: known, unknown: other} {
		made := by.Leaf(wasitlstest.Names(), wasitlstest.Usage(x509.ExtKeyUsageClientAuth),
			wasitlstest.Modify(func(t *x509.Certificate) { t.Subject.CommonName = name }))
		key, err := x509.MarshalPKCS8PrivateKey(made.PrivateKey)
		if err != nil {
			return nil, err
		}
		if all.shown[name], err = writeLeaf(filepath.Join(dir, name), made.Certificate, key); err != nil {
			return nil, err
		}
		if name != revoked {
			continue
		}
		list := pemBlocks("X509 CRL", known.CRL([]tls.Certificate{made}).Raw)
		if err := os.WriteFile(all.crl, list, 0o644); err != nil {
			return nil, err
		}
	}
	return all, os.WriteFile(all.ca, known.PEM(), 0o644)
}
