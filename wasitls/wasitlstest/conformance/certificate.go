package conformance

import (
	"crypto"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

func dnsOnly(names ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = names, nil }
}

// repeat returns a chain option that sends the intermediate n times.
func repeat(n int) wasitlstest.Option {
	return wasitlstest.Chain(func(chain [][]byte) [][]byte {
		for range n - 1 {
			chain = append(chain, chain[1])
		}
		return chain
	})
}

func many(n int) wasitlstest.Option {
	return wasitlstest.Modify(func(c *x509.Certificate) {
		for i := range n {
			c.DNSNames = append(c.DNSNames, fmt.Sprintf("h%d.example", i))
		}
	})
}

// TestA is group A of the fault catalogue: certificates, chains, names. Text is
// what the error must say; "" means the certificate is accepted. Notes tell
// where crypto/x509 is more lenient than others; wasitls.TestProfile has the profile
// that is not.
func (s suite) TestA(t *testing.T) {
	intermediate := ca().Intermediate()
	other := wasitlstest.NewCA()
	junk := other.Leaf().Certificate[0]
	for _, row := range []struct {
		id     string
		server *tls.Config
		text   string
	}{
		{"A00 nothing wrong", good(), ""},
		{"A01 expired", ca().Server(wasitlstest.Expired()), "expired"},
		{"A02 not yet valid", ca().Server(wasitlstest.NotYetValid()), "not yet valid"},
		{"A03 wrong host", ca().Server(wasitlstest.Names("other.test")), "certificate is valid for other.test, not server.test"},
		{"A04 self-signed", ca().Server(wasitlstest.SelfSigned()), "unknown authority"},
		{"A05 untrusted root", other.Server(), "unknown authority"},
		{"A06 missing intermediate", intermediate.Server(wasitlstest.Chain(leafOnly)), "unknown authority"},
		{"A06 with intermediate", intermediate.Server(), ""},
		{"A07 unordered chain with junk", intermediate.Server(wasitlstest.Chain(func(c [][]byte) [][]byte {
			return [][]byte{c[0], junk, ca().Certificate.Raw, c[1]}
		})), ""},
		{"A08 400 copies of the intermediate", intermediate.Server(repeat(400)), ""},
		{"A10 CN only", ca().Server(wasitlstest.NoSAN()), "legacy Common Name"},
		{"A11 empty subject, no SAN", ca().Server(wasitlstest.Modify(func(c *x509.Certificate) {
			c.Subject, c.DNSNames, c.IPAddresses = pkix.Name{}, nil, nil
		})), "not valid for any names"},
		{"A12 client authentication only", ca().Server(wasitlstest.Usage(x509.ExtKeyUsageClientAuth)), "incompatible key usage"},
		// Accepted by crypto/x509; webpki and x509-limbo reject.
		{"A13 no extended key usage", ca().Server(wasitlstest.Usage()), ""},
		{"A13 any extended key usage", ca().Server(wasitlstest.Usage(x509.ExtKeyUsageAny)), ""},
		// Accepted by crypto/x509, which does not look at keyUsage of leaves.
		{"A14 no digitalSignature", ca().Server(wasitlstest.KeyUsage(x509.KeyUsageKeyAgreement)), ""},
		// Accepted by crypto/x509; webpki rejects.
		{"A15 CA as leaf", ca().Server(wasitlstest.Modify(func(c *x509.Certificate) {
			c.IsCA, c.BasicConstraintsValid = true, true
			c.KeyUsage |= x509.KeyUsageCertSign
		})), ""},
		{"A16 unknown critical extension", ca().Server(wasitlstest.WithExtension(true, 1, 2, 3, 4)), "unhandled critical extension"},
		{"A16 unknown extension", ca().Server(wasitlstest.WithExtension(false, 1, 2, 3, 4)), ""},
		{"A17 wildcard below the name", ca().Server(wasitlstest.Names("*.server.test")), "not server.test"},
		// crypto/x509 knows no public suffixes.
		{"A17 wildcard of a top-level domain", ca().Server(wasitlstest.Names("*.test")), ""},
		{"A17 partial wildcard", ca().Server(wasitlstest.Names("s*.test")), "not server.test"},
		{"A18 RSA 2048", ca().Server(wasitlstest.RSA(2048)), ""},
		// Accepted by crypto/tls; rustls needs 2048.
		{"A18 RSA 1024", ca().Server(wasitlstest.RSA(1024)), ""},
		{"A20 Ed25519", ca().Server(wasitlstest.Ed25519()), ""},
		{"A20 P-384", ca().Server(wasitlstest.ECDSA(elliptic.P384())), ""},
		{"A20 P-521", ca().Server(wasitlstest.ECDSA(elliptic.P521())), ""},
		{"A21 10,000 names", ca().Server(many(10_000)), ""},
		{"A22 certificate message of 380 KB", ca().Server(many(25_000)), "exceeds maximum"},
		{"A23 garbage", ca().Server(wasitlstest.Chain(func([][]byte) [][]byte { return [][]byte{[]byte("no certificate")} })), "failed to parse certificate"},
		{"A23 bytes after the certificate", ca().Server(wasitlstest.Chain(func(c [][]byte) [][]byte { return [][]byte{append(c[0], 0)} })), "failed to parse certificate"},
		{"A23 duplicate extension", ca().Server(wasitlstest.WithExtension(false, 1, 2, 3, 4), wasitlstest.WithExtension(false, 1, 2, 3, 4)), "duplicate extension"},
		{"A25 only other addresses", ca().Server(wasitlstest.Names("192.0.2.7")), "not valid for any names"},
		{"A27 name constraints broken", constrained("other.test").Server(), "not permitted"},
		{"A27 name constraints kept", constrained("test").Server(wasitlstest.Modify(dnsOnly("server.test"))), ""},
	} {
		s.run(t, row.id, func(t *testing.T) {
			start := time.Now()
			s.accepted(t, row.server, row.text)
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func constrained(domain string) *wasitlstest.CA {
	return ca().Intermediate(func(c *x509.Certificate) {
		c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{domain}, true
	})
}

func leafOnly(chain [][]byte) [][]byte { return chain[:1] }

// accepted checks the result of a handshake with a server. On refusal the
// server must have been told by an alert (P2-25).
func (s suite) accepted(t *testing.T, server *tls.Config, text string) {
	t.Helper()
	told := make(chan error, 1)
	peer := wasitlstest.Peer{Config: server, Handle: wasitlstest.Say("hello"), Failed: func(err error) { told <- err }}
	if text == "" {
		conn := connect(t, s.config(), peer.Pipe())
		data, err := readAll(t, conn)
		noError(t, err)
		want(t, "data", data, "hello")
		return
	}
	// In TLS 1.3 the server has finished when the alert arrives, so the alert
	// is looked for in TLS 1.2.
	server = server.Clone()
	server.MaxVersion = tls.VersionTLS12
	peer.Config = server
	class := wasitls.ClassCertificate
	if strings.Contains(text, "exceeds") {
		class = wasitls.ClassProtocol
	}
	s.words(t, fails(t, s.config(), peer.Pipe(), wasitlstest.Name, class), text)
	select {
	case err := <-told:
		if class == wasitls.ClassCertificate && !strings.Contains(err.Error(), "remote error: tls:") {
			t.Errorf("the server got no alert: %v", err)
		}
	case <-time.After(patience):
		t.Error("the server does not notice")
	}
	server = server.Clone()
	server.MaxVersion = tls.VersionTLS13
	peer = wasitlstest.Peer{Config: server}
	fails(t, s.config(), peer.Pipe(), wasitlstest.Name, class)
}

// TestA03WrapsX509: callers can look at the reason.
func (s suite) TestA03WrapsX509(t *testing.T) {
	err := fails(t, s.config(), wasitlstest.Peer{Config: ca().Server(wasitlstest.Names("other.test"))}.Pipe(), wasitlstest.Name, wasitls.ClassCertificate)
	var hostname x509.HostnameError
	if !errors.As(err, &hostname) {
		t.Errorf("no x509.HostnameError in %v", err)
	}
	s.words(t, err, "wasitls: handshake: tls: failed to verify certificate: x509: certificate is valid for other.test, not server.test")
}

// TestA02ClockOfTheHost: the host's clock decides.
func (s suite) TestA02ClockOfTheHost(t *testing.T) {
	c := s.config()
	c.Time = func() time.Time { return time.Now().Add(48 * time.Hour) }
	fails(t, c, wasitlstest.Peer{Config: good()}.Pipe(), wasitlstest.Name, wasitls.ClassCertificate)
}

// TestA09PathBuilding: many intermediates of one name and key that all could
// have signed each other.
func (s suite) TestA09PathBuilding(t *testing.T) {
	chain := ca().Intermediate()
	bridges := [][]byte{}
	for range 60 {
		chain = chain.Intermediate()
	}
	leaf := chain.Leaf(wasitlstest.Chain(func(c [][]byte) [][]byte {
		bridges = c[1:]
		return append(c, bridges...)
	}))
	start := time.Now()
	peer := wasitlstest.Peer{Config: &tls.Config{Certificates: []tls.Certificate{leaf}}}
	conn, err := guest(t, s.config()).Start(peer.Pipe(), wasitlstest.Name).Wait(timeout(t))
	if err == nil {
		closeNow(t, conn)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	t.Logf("crypto/x509 says: %v", err)
}

// TestA24StaplesAreIgnored is OCSPOff, the default: a stapled OCSP response is
// neither required nor checked. wasitls.TestOCSP has the other modes.
func (s suite) TestA24StaplesAreIgnored(t *testing.T) {
	mustStaple := ca().Server(wasitlstest.WithExtension(false, 1, 3, 6, 1, 5, 5, 7, 1, 24))
	s.accepted(t, mustStaple, "")
	leaf := ca().Leaf()
	leaf.OCSPStaple = []byte("no OCSP response at all")
	s.accepted(t, &tls.Config{Certificates: []tls.Certificate{leaf}}, "")
}

// TestA26ClientCertificateDemanded: in TLS 1.2 the handshake fails; in TLS 1.3
// it succeeds, and the refusal arrives as the first thing read (P2-46).
func (s suite) TestA26ClientCertificateDemanded(t *testing.T) {
	server := good().Clone()
	server.ClientAuth = tls.RequireAnyClientCert
	conn := connect(t, s.config(), wasitlstest.Peer{Config: server}.Pipe())
	_, err := readAll(t, conn)
	streamError(t, err, wasitls.ClassAlert, "")
	s.words(t, err, "certificate required")

	server = server.Clone()
	server.MaxVersion = tls.VersionTLS12
	fails(t, s.config(), wasitlstest.Peer{Config: server}.Pipe(), wasitlstest.Name, wasitls.ClassAlert)
}

// TestA18RSASizes: keys that crypto/tls refuses before it looks at a signature.
func (s suite) TestA18RSASizes(t *testing.T) {
	for bits, text := range map[int]string{8200: "larger than 8192 bits", 1016: "keys are insecure"} {
		s.run(t, fmt.Sprint(bits), func(t *testing.T) {
			key := hollow{&rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), bits-1, 1), E: 65537}}
			server := ca().Server(wasitlstest.Key(key))
			_, err := guest(t, s.config()).Start(wasitlstest.Peer{Config: server}.Pipe(), wasitlstest.Name).Wait(timeout(t))
			if err == nil {
				t.Fatal("handshake succeeded")
			}
			s.words(t, err, text)
		})
	}
}

// hollow is a key that signs with zeros.
type hollow struct{ public *rsa.PublicKey }

func (h hollow) Public() crypto.PublicKey { return h.public }

func (h hollow) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return make([]byte, h.public.Size()), nil
}

// TestA19SHA1: signatures with SHA-1 are refused, by crypto/x509.
func (s suite) TestA19SHA1(t *testing.T) {
	sha1 := wasitlstest.Modify(func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 })
	s.accepted(t, ca().Server(sha1), "insecure algorithm ECDSA-SHA1")
}
