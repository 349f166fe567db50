package wasitlstest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"slices"
	"sync"
	"time"
)

// Name is the name that leaves are valid for unless told otherwise, beside the
// loopback addresses.
const Name = "server.test"

// CA is a certificate authority that exists in memory only.
type CA struct {
	Certificate *x509.Certificate
	key         crypto.Signer
	chain       [][]byte // certificates between the root and this one, this one first; empty for a root
}

// NewCA makes a root.
func NewCA() *CA {
	key := p256()
	der := sign(caTemplate("wasitls test root"), nil, key, key)
	return &CA{Certificate: parse(der), key: key}
}

// Intermediate makes a CA below c. Leaves of it come with the whole chain but
// the root. Each change is applied to the template.
func (c *CA) Intermediate(changes ...func(*x509.Certificate)) *CA {
	template := caTemplate("wasitls test intermediate")
	for _, change := range changes {
		change(template)
	}
	key := p256()
	der := sign(template, c.Certificate, key, c.key)
	return &CA{Certificate: parse(der), key: key, chain: append([][]byte{der}, c.chain...)}
}

// CrossSign returns a certificate of c for another CA's name and key.
func (c *CA) CrossSign(other *CA) *x509.Certificate {
	template := caTemplate(other.Certificate.Subject.CommonName)
	return parse(must(x509.CreateCertificate(rand.Reader, template, c.Certificate, other.key.Public(), c.key)))
}

// Pool returns a pool that trusts this CA only.
func (c *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(c.Certificate)
	return pool
}

// PEM returns the CA's certificate.
func (c *CA) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate.Raw})
}

// Server returns a server's configuration with a leaf of the options.
func (c *CA) Server(options ...Option) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{c.Leaf(options...)}}
}

// Leaf makes a server certificate: ECDSA P-256, valid for Name, localhost,
// 127.0.0.1 and ::1 from an hour ago until tomorrow, unless options differ.
func (c *CA) Leaf(options ...Option) tls.Certificate {
	l := leaf{key: p256, template: &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: "wasitls test leaf"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{Name, "localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}}
	for _, option := range options {
		option(&l)
	}
	key := l.key()
	parent, parentKey := c.Certificate, c.key
	if l.selfSigned {
		parent, parentKey = nil, key
	}
	der := sign(l.template, parent, key, parentKey)
	chain := [][]byte{der}
	if !l.selfSigned {
		chain = append(chain, c.chain...)
	}
	if l.chain != nil {
		chain = l.chain(slices.Clone(chain))
	}
	return tls.Certificate{Certificate: chain, PrivateKey: key}
}

// Option changes a leaf.
type Option func(*leaf)

type leaf struct {
	template   *x509.Certificate
	key        func() crypto.Signer
	selfSigned bool
	chain      func([][]byte) [][]byte
}

// Names makes the leaf valid for these DNS names and IP addresses only.
func Names(names ...string) Option {
	return Modify(func(t *x509.Certificate) {
		t.DNSNames, t.IPAddresses = nil, nil
		for _, name := range names {
			if ip := net.ParseIP(name); ip != nil {
				t.IPAddresses = append(t.IPAddresses, ip)
			} else {
				t.DNSNames = append(t.DNSNames, name)
			}
		}
	})
}

// Expired ends the leaf's validity a minute ago.
func Expired() Option {
	return Modify(func(t *x509.Certificate) { t.NotAfter = time.Now().Add(-time.Minute) })
}

// NotYetValid begins the leaf's validity in an hour.
func NotYetValid() Option {
	return Modify(func(t *x509.Certificate) { t.NotBefore = time.Now().Add(time.Hour) })
}

// NoSAN leaves the names out and puts Name where they were written long ago.
func NoSAN() Option {
	return Modify(func(t *x509.Certificate) {
		t.Subject.CommonName, t.DNSNames, t.IPAddresses = Name, nil, nil
	})
}

// Usage sets the extended key usages, none if none is given.
func Usage(usages ...x509.ExtKeyUsage) Option {
	return Modify(func(t *x509.Certificate) { t.ExtKeyUsage = usages })
}

// KeyUsage sets the key usage.
func KeyUsage(usage x509.KeyUsage) Option {
	return Modify(func(t *x509.Certificate) { t.KeyUsage = usage })
}

// Modify changes the template of the certificate.
func Modify(change func(*x509.Certificate)) Option {
	return func(l *leaf) { change(l.template) }
}

// Chain changes the list of certificates that the server sends, the leaf first.
func Chain(change func([][]byte) [][]byte) Option {
	return func(l *leaf) { l.chain = change }
}

// SelfSigned makes the leaf its own issuer.
func SelfSigned() Option {
	return func(l *leaf) { l.selfSigned = true }
}

// RSA gives the leaf a key of that size. Keys of a size are shared, since they
// take long to make. Sizes that crypto/rsa refuses need its GODEBUG setting.
func RSA(bits int) Option {
	return func(l *leaf) {
		l.key = func() crypto.Signer { return rsaKey(bits) }
		l.template.KeyUsage |= x509.KeyUsageKeyEncipherment
	}
}

// Key gives the leaf this key, which need not be one that can sign: some
// clients refuse a public key before they see a signature.
func Key(key crypto.Signer) Option {
	return func(l *leaf) { l.key = func() crypto.Signer { return key } }
}

// ECDSA gives the leaf a key on that curve.
func ECDSA(curve elliptic.Curve) Option {
	return func(l *leaf) {
		l.key = func() crypto.Signer { return must(ecdsa.GenerateKey(curve, rand.Reader)) }
	}
}

// Ed25519 gives the leaf such a key.
func Ed25519() Option {
	return func(l *leaf) {
		l.key = func() crypto.Signer {
			_, key, err := ed25519.GenerateKey(rand.Reader)
			return must(key, err)
		}
	}
}

func caTemplate(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(1, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
}

func sign(template, parent *x509.Certificate, key, parentKey crypto.Signer) []byte {
	if parent == nil {
		parent = template
	}
	return must(x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey))
}

func p256() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

func serial() *big.Int { return must(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))) }

func parse(der []byte) *x509.Certificate { return must(x509.ParseCertificate(der)) }

var rsaKeys struct {
	sync.Mutex
	bySize map[int]*rsa.PrivateKey
}

func rsaKey(bits int) *rsa.PrivateKey {
	rsaKeys.Lock()
	defer rsaKeys.Unlock()
	if key := rsaKeys.bySize[bits]; key != nil {
		return key
	}
	if rsaKeys.bySize == nil {
		rsaKeys.bySize = make(map[int]*rsa.PrivateKey)
	}
	key := must(rsa.GenerateKey(rand.Reader, bits))
	rsaKeys.bySize[bits] = key
	return key
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("wasitlstest: %v", err))
	}
	return v
}
