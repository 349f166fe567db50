package compare

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// authority makes the certificates of one run.
type authority struct {
	root    *wasitlstest.CA
	trusted *wasitlstest.CA // an intermediate below root
	files   Trust
}

// Trust are the files of certificates that a run gives to Python.
type Trust struct {
	Root       string // what clients trust
	Own        string // the same certificates, as roots of a program's own
	ClientCert string // a client certificate and its key
	ClientKey  string
}

func newAuthority(dir string) (*authority, error) {
	a := &authority{root: wasitlstest.NewCA(), files: Trust{
		Root: filepath.Join(dir, "root.pem"), Own: filepath.Join(dir, "own.pem"),
		ClientCert: filepath.Join(dir, "client.pem"), ClientKey: filepath.Join(dir, "client.key"),
	}}
	a.trusted = a.root.Intermediate()
	for _, file := range []string{a.files.Root, a.files.Own} {
		if err := os.WriteFile(file, a.root.PEM(), 0o644); err != nil {
			return nil, err
		}
	}
	client := a.trusted.Leaf(wasitlstest.Names("client.test"), wasitlstest.Usage(x509.ExtKeyUsageClientAuth))
	return a, writeLeaf(client, certFiles{a.files.ClientCert, a.files.ClientKey})
}

// writeLeaf writes a certificate with its chain, and its key.
func writeLeaf(c tls.Certificate, to certFiles) error {
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return err
	}
	var chain []byte
	for _, der := range c.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	secret := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	return errors.Join(os.WriteFile(to.cert, chain, 0o644), os.WriteFile(to.key, secret, 0o600))
}

// good is the configuration of a server that everybody trusts.
func (a *authority) good(changes ...func(*tls.Config)) *tls.Config {
	config := a.trusted.Server(wasitlstest.Names("localhost", "127.0.0.1", "::1", wasitlstest.Name, "server2.test"))
	for _, change := range changes {
		change(config)
	}
	return config
}

// named are servers whose certificates differ in one thing from a good one.
func (a *authority) named() map[string]*tls.Config {
	leaf := a.trusted.Server
	old := a.root.Intermediate(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	last := a.root.Intermediate(func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true })
	constrained := a.root.Intermediate(func(c *x509.Certificate) {
		c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"inside.test"}
	})
	return map[string]*tls.Config{
		"rsa":              leaf(wasitlstest.RSA(2048)),
		"ed25519":          leaf(wasitlstest.Ed25519()),
		"idn":              leaf(wasitlstest.Names("xn--bcher-kva.test")),
		"wildcard":         leaf(wasitlstest.Names("*.wild.test")),
		"wrong-name":       leaf(wasitlstest.Names("other.example")),
		"no-names":         leaf(wasitlstest.NoSAN()),
		"expired":          leaf(wasitlstest.Expired()),
		"too-early":        leaf(wasitlstest.NotYetValid()),
		"for-clients":      leaf(wasitlstest.Usage(x509.ExtKeyUsageClientAuth)),
		"no-chain":         leaf(wasitlstest.Chain(func(c [][]byte) [][]byte { return c[:1] })),
		"self-signed":      leaf(wasitlstest.SelfSigned()),
		"unknown-ca":       wasitlstest.NewCA().Intermediate().Server(),
		"old-intermediate": old.Server(),
		"path-too-long":    last.Intermediate(func(c *x509.Certificate) { c.Subject.CommonName = "one too many" }).Server(),
		"constrained":      constrained.Server(wasitlstest.Names("localhost")),
	}
}

func version(v uint16) func(*tls.Config) {
	return func(c *tls.Config) { c.MinVersion, c.MaxVersion = v, v }
}
