package interop

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// pki is the throw-away certificate tree of one run: a root that clients trust,
// one that they do not, an intermediate below each, and the leaves by name.
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

// issuer signs certificates.
type issuer struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newPKI(dir string) (*pki, error) {
	p := &pki{root: filepath.Join(dir, "root.pem"), leaves: map[string]leaf{}}
	trusted, top, err := newAuthority("interop root")
	if err != nil {
		return nil, err
	}
	other, _, err := newAuthority("another root")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(p.root, pemCert(top.cert.Raw), 0o644); err != nil {
		return nil, err
	}
	now := time.Now()
	day := 24 * time.Hour
	for _, l := range []struct {
		name       string
		by         issuer
		key        func() (crypto.Signer, error)
		host       string
		begin, end time.Time
		sent       int
	}{
		{"ecdsa", trusted, ecdsaKey, "localhost", now.Add(-day), now.Add(day), 2},
		{"rsa", trusted, rsaKey, "localhost", now.Add(-day), now.Add(day), 2},
		{"ed25519", trusted, ed25519Key, "localhost", now.Add(-day), now.Add(day), 2},
		{"untrusted", other, ecdsaKey, "localhost", now.Add(-day), now.Add(day), 2},
		{"no-chain", trusted, ecdsaKey, "localhost", now.Add(-day), now.Add(day), 1},
		{"wrong-name", trusted, ecdsaKey, "other.example", now.Add(-day), now.Add(day), 2},
		{"expired", trusted, ecdsaKey, "localhost", now.Add(-9 * day), now.Add(-day), 2},
		{"too-early", trusted, ecdsaKey, "localhost", now.Add(day), now.Add(9 * day), 2},
	} {
		key, err := l.key()
		if err != nil {
			return nil, err
		}
		cert, err := l.by.sign(&x509.Certificate{
			Subject:     pkix.Name{CommonName: l.name},
			NotBefore:   l.begin,
			NotAfter:    l.end,
			KeyUsage:    x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
			DNSNames:    []string{l.host},
			IPAddresses: addresses(l.host),
		}, key.Public())
		if err != nil {
			return nil, err
		}
		sent := []*x509.Certificate{cert, l.by.cert}[:l.sent]
		if p.leaves[l.name], err = writeLeaf(filepath.Join(dir, l.name), sent, key); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// addresses gives the leaves for localhost their IP addresses; a leaf for
// another name must not match by address.
func addresses(host string) []net.IP {
	if host != "localhost" {
		return nil
	}
	return []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
}

// newAuthority makes a root and the intermediate below it that signs leaves.
func newAuthority(name string) (intermediate, root issuer, err error) {
	ca := func(name string, by *issuer) (issuer, error) {
		key, err := ecdsaKey()
		if err != nil {
			return issuer{}, err
		}
		t := &x509.Certificate{
			Subject:               pkix.Name{CommonName: name},
			NotBefore:             time.Now().Add(-30 * 24 * time.Hour),
			NotAfter:              time.Now().Add(30 * 24 * time.Hour),
			KeyUsage:              x509.KeyUsageCertSign,
			IsCA:                  true,
			BasicConstraintsValid: true,
		}
		if by == nil {
			by = &issuer{cert: t, key: key}
		}
		cert, err := by.sign(t, key.Public())
		return issuer{cert: cert, key: key}, err
	}
	if root, err = ca(name, nil); err != nil {
		return issuer{}, issuer{}, err
	}
	intermediate, err = ca(name+", intermediate", &root)
	return intermediate, root, err
}

func (i issuer) sign(t *x509.Certificate, pub crypto.PublicKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	t.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, t, i.cert, pub, i.key)
	if err != nil {
		return nil, fmt.Errorf("interop: sign %s: %w", t.Subject.CommonName, err)
	}
	return x509.ParseCertificate(der)
}

func writeLeaf(base string, sent []*x509.Certificate, key crypto.Signer) (leaf, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return leaf{}, err
	}
	l := leaf{
		der: sent[0].Raw, sent: len(sent),
		cert: base + ".pem", chain: base + ".chain.pem", above: base + ".above.pem", key: base + ".key", both: base + ".all.pem",
	}
	var above []byte
	for _, c := range sent[1:] {
		above = append(above, pemCert(c.Raw)...)
	}
	chain := slices.Concat(pemCert(l.der), above)
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	for file, text := range map[string][]byte{
		l.cert: pemCert(l.der), l.chain: chain, l.above: above, l.key: keyPEM, l.both: slices.Concat(keyPEM, chain),
	} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return leaf{}, err
		}
	}
	return l, nil
}

func pemCert(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func ecdsaKey() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }
func rsaKey() (crypto.Signer, error)   { return rsa.GenerateKey(rand.Reader, 2048) }
func ed25519Key() (crypto.Signer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return key, err
}
