package wasitls_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// demand is a case of what a rule demands of a peer: field and text are what
// the error must say, both "" if the peer meets the demand.
type demand struct {
	id          string
	rule        func(*wasitls.Rule)
	server      *tls.Config
	field, text string
}

// check runs the case with TLS 1.2 and 1.3. A server that was refused must
// have been told, and nothing may have passed.
func (d demand) check(t *testing.T) {
	t.Helper()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		server := d.server.Clone()
		server.MinVersion, server.MaxVersion = version, version
		var served atomic.Bool
		told := make(chan error, 1)
		peer := wasitlstest.Peer{
			Config: server,
			Handle: func(tc *tls.Conn, below wasitlstest.Conn) {
				served.Store(true)
				wasitlstest.Say("hello")(tc, below)
			},
			Failed: func(err error) { told <- err },
		}
		c := ruled(d.rule)
		if d.field == "" {
			data, err := readAll(t, connect(t, c, peer.Pipe()))
			noError(t, err)
			want(t, "data", data, "hello")
			continue
		}
		refusedFor(t, fails(t, c, peer.Pipe(), wasitlstest.Name, wasitls.ClassCertificate), d.field, d.text)
		select {
		case err := <-told:
			says(t, err, "bad certificate")
		case <-time.After(patience):
			t.Error("the server does not notice")
		}
		want(t, "served", served.Load(), false)
	}
}

// refusedFor checks that an error names the rule, the field and a reason.
func refusedFor(t *testing.T, err error, field, text string) {
	t.Helper()
	var refused *wasitls.VerificationError
	if !errors.As(err, &refused) {
		t.Fatalf("no VerificationError in %v", err)
	}
	want(t, "rule", refused.Rule, "every server")
	want(t, "field", refused.Field, field)
	says(t, err, text)
}

func demands(t *testing.T, rows ...demand) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.id, row.check)
	}
}

// parsed returns the first certificate of a chain.
func parsed(t testing.TB, c tls.Certificate) *x509.Certificate {
	t.Helper()
	x, err := x509.ParseCertificate(c.Certificate[0])
	noError(t, err)
	return x
}

func serving(c tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{c}} }

// TestPins: one pinned key anywhere in the verified chain is enough; one that
// is only in what the server sends is not.
func TestPins(t *testing.T) {
	middle := ca().Intermediate()
	stranger := wasitlstest.NewCA()
	leaf := middle.Leaf(wasitlstest.Chain(func(c [][]byte) [][]byte { return append(c, stranger.Certificate.Raw) }))
	pins := func(of ...*x509.Certificate) func(*wasitls.Rule) {
		return func(r *wasitls.Rule) {
			for _, c := range of {
				r.Pins = append(r.Pins, wasitls.PinOf(c))
			}
		}
	}
	demands(t,
		demand{"the leaf's key", pins(parsed(t, leaf)), serving(leaf), "", ""},
		demand{"the intermediate's", pins(middle.Certificate), serving(leaf), "", ""},
		demand{"the root's", pins(ca().Certificate), serving(leaf), "", ""},
		demand{"one of several", pins(stranger.Certificate, parsed(t, leaf)), serving(leaf), "", ""},
		demand{"another's", pins(parsed(t, middle.Leaf())), serving(leaf), "pins", "no certificate of the chain has a pinned key; the server's key is " + wasitls.PinOf(parsed(t, leaf)).String()},
		demand{"of a certificate that is no part of the chain", pins(stranger.Certificate), serving(leaf), "pins", "no certificate of the chain"},
	)
}

// TestPinsAnyChain: where several chains lead to a root, one that has the
// pinned key is enough.
func TestPinsAnyChain(t *testing.T) {
	middle := ca().Intermediate()
	other := wasitlstest.NewCA()
	leaf := middle.Leaf(wasitlstest.Chain(func(c [][]byte) [][]byte { return append(c, other.CrossSign(middle).Raw) }))
	both := ca().Pool()
	both.AddCert(other.Certificate)
	for _, root := range []*wasitlstest.CA{ca(), other} {
		demand{"", func(r *wasitls.Rule) {
			r.Roots.Pool, r.Pins = both, []wasitls.Pin{wasitls.PinOf(root.Certificate)}
		}, serving(leaf), "", ""}.check(t)
	}
}

// TestProfile: a sample of the profile over a whole handshake; each of its
// demands is a case of internal/verify.TestProfile.
func TestProfile(t *testing.T) {
	webpki := func(r *wasitls.Rule) { r.Profile = wasitls.ProfileWebPKI }
	lenient := func(r *wasitls.Rule) {}
	named := wasitlstest.Modify(func(c *x509.Certificate) { c.Subject.CommonName = wasitlstest.Name })
	authority := wasitlstest.Modify(func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid = true, true
		c.KeyUsage |= x509.KeyUsageCertSign
	})
	demands(t,
		demand{"P-256", webpki, ca().Server(named), "", ""},
		demand{"below an intermediate", webpki, ca().Intermediate().Server(named), "", ""},
		demand{"RSA 2048", webpki, ca().Server(named, wasitlstest.RSA(2048)), "", ""},
		demand{"Ed25519", webpki, ca().Server(named, wasitlstest.Ed25519()), "", ""},
		demand{"A18 RSA 1024", webpki, ca().Server(named, wasitlstest.RSA(1024)), "profile", "an RSA key of 1024 bits"},
		demand{"A13 no purpose", webpki, ca().Server(named, wasitlstest.Usage()), "profile", "does not say what it is for"},
		demand{"A13 any purpose", webpki, ca().Server(named, wasitlstest.Usage(x509.ExtKeyUsageAny)), "profile", "any purpose"},
		demand{"A14 no signatures", webpki, ca().Server(named, wasitlstest.KeyUsage(x509.KeyUsageKeyAgreement)), "profile", "may not sign handshakes"},
		demand{"A15 an authority", webpki, ca().Server(named, authority), "profile", "that of an authority"},
		demand{"A17 everything below a public suffix", webpki, ca().Server(named, wasitlstest.Names(wasitlstest.Name, "*.co.uk")), "profile", `"*.co.uk"`},
		demand{"common name is no name", webpki, ca().Server(), "profile", `common name "wasitls test leaf"`},
		demand{"all of it without the profile", lenient, ca().Server(wasitlstest.RSA(1024), wasitlstest.Usage(), authority), "", ""},
	)
}

// TestProfileAddress: server names that are addresses.
func TestProfileAddress(t *testing.T) {
	c := ruled(func(r *wasitls.Rule) { r.Profile = wasitls.ProfileWebPKI })
	named := func(name string) *tls.Config {
		return ca().Server(wasitlstest.Names("192.0.2.7", "2001:db8::7"), wasitlstest.Modify(func(c *x509.Certificate) { c.Subject.CommonName = name }))
	}
	for _, name := range []string{"192.0.2.7", "2001:db8::7"} {
		conn, err := guest(t, c).Start(wasitlstest.Peer{Config: named(name)}.Pipe(), name).Wait(timeout(t))
		noError(t, err)
		closeNow(t, conn)
	}
	err := fails(t, c, wasitlstest.Peer{Config: named("192.0.2.8")}.Pipe(), "192.0.2.7", wasitls.ClassCertificate)
	refusedFor(t, err, "profile", "common name")
}

// TestVerificationErrorIsPrintable: what the peer's certificate says reaches
// the error in bounds.
func TestVerificationErrorIsPrintable(t *testing.T) {
	wild := wasitlstest.Modify(func(c *x509.Certificate) {
		c.Subject.CommonName = strings.Repeat("\x1b[2J", 9000)
	})
	demand{"", func(r *wasitls.Rule) { r.Profile = wasitls.ProfileWebPKI }, ca().Server(wild), "profile", "none of its alternative names"}.check(t)
}
