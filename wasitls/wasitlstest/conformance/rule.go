package conformance

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// What else a rule says that the provider has to do.

// TestRuleRootsDefault: without roots the system's are asked, which do not
// know the CA of the tests.
func (s suite) TestRuleRootsDefault(t *testing.T) {
	c := s.ruled(func(r *wasitls.Rule) { r.Roots = wasitls.Roots{} })
	fails(t, c, wasitlstest.Peer{Config: good()}.Pipe(), wasitlstest.Name, wasitls.ClassCertificate)
}

// TestRuleIdentity: the certificate is sent to a server that asks, with its
// chain, and to no other.
func (s suite) TestRuleIdentity(t *testing.T) {
	clients := wasitlstest.NewCA()
	leaf := clients.Intermediate().Leaf(wasitlstest.Usage(x509.ExtKeyUsageClientAuth))
	var chain []*x509.Certificate
	for _, der := range leaf.Certificate {
		x, err := x509.ParseCertificate(der)
		noError(t, err)
		chain = append(chain, x)
	}
	c := s.ruled(func(r *wasitls.Rule) { r.Identity = "me" })
	me, err := wasitls.NewIdentity(chain, leaf.PrivateKey.(crypto.Signer))
	noError(t, err)
	c.Policy.Identities = map[string]*wasitls.Identity{"me": me}

	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, asks := range []bool{true, false} {
			s.run(t, fmt.Sprint(tls.VersionName(version), " asks ", asks), func(t *testing.T) {
				server := good().Clone()
				server.MaxVersion, server.ClientCAs = version, clients.Pool()
				if asks {
					server.ClientAuth = tls.RequireAndVerifyClientCert
				}
				sent := make(chan int, 1)
				conn := connect(t, c, wasitlstest.Peer{Config: server, Handle: func(tc *tls.Conn, below wasitlstest.Conn) {
					sent <- len(tc.ConnectionState().PeerCertificates)
					wasitlstest.Say("hello")(tc, below)
				}}.Pipe())
				data, err := readAll(t, conn)
				noError(t, err)
				want(t, "data", data, "hello")
				count, label := 0, ""
				if asks {
					count, label = 2, "me"
				}
				want(t, "certificates sent", <-sent, count)
				want(t, "identity", conn.Conn.State().Identity, label)
			})
		}
	}

	// Whom a server of TLS 1.2 refuses is told, though the peer was looked at
	// before it asked.
	events := make(chan wasitls.Event, 1)
	c.Audit = func(e wasitls.Event) { events <- e }
	server := good().Clone()
	server.MaxVersion, server.ClientAuth, server.ClientCAs = tls.VersionTLS12, tls.RequireAndVerifyClientCert, wasitlstest.NewCA().Pool()
	fails(t, c, wasitlstest.Peer{Config: server}.Pipe(), wasitlstest.Name, wasitls.ClassAlert)
	want(t, "identity refused", (<-events).State.Identity, "me")
}

// TestRuleResumption: sessions are resumed where the rule lets them, only by the
// guest that made them, and not where the provider cannot.
func (s suite) TestRuleResumption(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, allow := range []bool{true, false} {
			s.run(t, fmt.Sprint(tls.VersionName(version), " allowed ", allow), func(t *testing.T) {
				server := good().Clone()
				server.MaxVersion = version
				c := s.ruled(func(r *wasitls.Rule) { r.Resumption = allow })
				client, err := wasitls.NewClient(c)
				noError(t, err)
				mine, other := client.NewGuest(wasitls.GuestConfig{}), client.NewGuest(wasitls.GuestConfig{})
				want(t, "the first", resumed(t, mine, server), false)
				want(t, "the second", resumed(t, mine, server), allow)
				want(t, "of another guest", resumed(t, other, server), false)
			})
		}
	}
}

// resumed tells whether a connection resumes a session, and reads to its end,
// since tickets come with the first data.
func resumed(t *testing.T, guest *wasitls.Guest, server *tls.Config) bool {
	t.Helper()
	peer := wasitlstest.Peer{Config: server, Handle: wasitlstest.Say("hello")}
	conn, err := guest.Start(peer.Pipe(), wasitlstest.Name).Wait(timeout(t))
	noError(t, err)
	defer closeNow(t, conn)
	data, err := readAll(t, wasitlstest.NewBlocking(conn))
	noError(t, err)
	want(t, "data", data, "hello")
	want(t, "certificates", len(conn.State().PeerCertificates), 1)
	return conn.State().Resumed
}

// TestKeyLog: the secrets of a connection in the format of RFC 9850, if they
// are asked for.
func (s suite) TestKeyLog(t *testing.T) {
	var log strings.Builder
	c := s.config()
	c.KeyLog = &log
	conn := connect(t, c, wasitlstest.Peer{Config: good(), Handle: wasitlstest.Say("hello")}.Pipe())
	_, err := io.ReadAll(conn)
	noError(t, err)
	for _, label := range []string{
		"CLIENT_HANDSHAKE_TRAFFIC_SECRET ", "SERVER_HANDSHAKE_TRAFFIC_SECRET ",
		"CLIENT_TRAFFIC_SECRET_0 ", "SERVER_TRAFFIC_SECRET_0 ",
	} {
		want(t, label, strings.Count(log.String(), label), 1)
	}
}
