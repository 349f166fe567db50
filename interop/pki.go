package interop

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"

	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// pki is the throw-away certificate tree of one run: a root that clients trust,
// and the leaves by name, each below an intermediate.
type pki struct {
	root   string // file with the trusted root
	leaves map[string]leaf
}

// leaf is a server certificate as the files that the servers want.
type leaf struct {
	der   []byte // the leaf certificate
	sent  int    // certificates in chain
	cert  string // file: leaf alone
	chain string // file: leaf and intermediate, as sent
	above string // file: what chain holds above the leaf
	key   string // file: PKCS #8
	both  string // file: key, then chain
}

// newDir makes the folder of a run and in it the files of its certificates. The
// caller removes it.
func newDir() (string, *pki, error) { return inDir(newPKI) }

// inDir makes a folder for a run and fills it.
func inDir[T any](fill func(dir string) (*T, error)) (string, *T, error) {
	dir, err := os.MkdirTemp("", "wasitls-interop-")
	if err != nil {
		return "", nil, err
	}
	// Servers that give up root must still reach their files.
	if err = os.Chmod(dir, 0o755); err == nil {
		var filled *T
		if filled, err = fill(dir); err == nil {
			return dir, filled, nil
		}
	}
	os.RemoveAll(dir)
	return "", nil, err
}

func newPKI(dir string) (*pki, error) {
	root := wasitlstest.NewCA()
	trusted, untrusted := root.Intermediate(), wasitlstest.NewCA().Intermediate()
	p := &pki{root: filepath.Join(dir, "root.pem"), leaves: map[string]leaf{}}
	if err := os.WriteFile(p.root, root.PEM(), 0o644); err != nil {
		return nil, err
	}
	for _, l := range []struct {
		name   string
		by     *wasitlstest.CA
		option wasitlstest.Option
	}{
		{"ecdsa", trusted, nil},
		{"rsa", trusted, wasitlstest.RSA(2048)},
		{"ed25519", trusted, wasitlstest.Ed25519()},
		{"untrusted", untrusted, nil},
		{"no-chain", trusted, wasitlstest.Chain(func(c [][]byte) [][]byte { return c[:1] })},
		{"wrong-name", trusted, wasitlstest.Names("other.example")},
		{"expired", trusted, wasitlstest.Expired()},
		{"too-early", trusted, wasitlstest.NotYetValid()},
	} {
		options := []wasitlstest.Option{wasitlstest.Modify(func(t *x509.Certificate) { t.Subject.CommonName = l.name })}
		if l.option != nil {
			options = append(options, l.option)
		}
		var err error
		if p.leaves[l.name], err = writeCertificate(filepath.Join(dir, l.name), l.by.Leaf(options...)); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// writeCertificate writes a certificate with its chain and key to files that begin
// with base.
func writeCertificate(base string, c tls.Certificate) (leaf, error) {
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return leaf{}, err
	}
	return writeLeaf(base, c.Certificate, key)
}

// writeLeaf writes a leaf's chain, the leaf first, and its key to files that
// begin with base.
func writeLeaf(base string, sent [][]byte, key []byte) (leaf, error) {
	l := leaf{
		der: sent[0], sent: len(sent),
		cert: base + ".pem", chain: base + ".chain.pem", above: base + ".above.pem", key: base + ".key", both: base + ".all.pem",
	}
	cert, above := pemBlocks("CERTIFICATE", sent[0]), pemBlocks("CERTIFICATE", sent[1:]...)
	chain, secret := slices.Concat(cert, above), pemBlocks("PRIVATE KEY", key)
	for file, text := range map[string][]byte{
		l.cert: cert, l.chain: chain, l.above: above, l.key: secret, l.both: slices.Concat(secret, chain),
	} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return leaf{}, err
		}
	}
	return l, nil
}

func pemBlocks(kind string, ders ...[]byte) []byte {
	var out []byte
	for _, der := range ders {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
	}
	return out
}
