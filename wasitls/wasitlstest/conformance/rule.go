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

// The fields of a rule that the provider has to obey.

func (s suite) TestRuleVersions(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		only := s.ruled(func(r *wasitls.Rule) { r.MinVersion, r.MaxVersion = version, version })
		conn := connect(t, only, wasitlstest.Peer{Config: good()}.Pipe())
		want(t, "version", conn.Conn.State().Version, version)

		other := good().Clone()
		other.MinVersion = tls.VersionTLS12 + tls.VersionTLS13 - version
		other.MaxVersion = other.MinVersion
		fails(t, only, wasitlstest.Peer{Config: other}.Pipe(), wasitlstest.Name, wasitls.ClassAlert)
	}
}

// TestRuleRootsDefault: without roots the system's are asked, which do not
// know the CA of the tests.
func (s suite) TestRuleRootsDefault(t *testing.T) {
	c := s.ruled(func(r *wasitls.Rule) { r.Roots = wasitls.Roots{} })
	fails(t, c, wasitlstest.Peer{Config: good()}.Pipe(), wasitlstest.Name, wasitls.ClassCertificate)
}

// TestRuleGroups: what is not named is not offered, and so cannot be agreed on.
func (s suite) TestRuleGroups(t *testing.T) {
	server := func(groups ...tls.CurveID) wasitlstest.Peer {
		c := good().Clone()
		c.CurvePreferences = groups
		return wasitlstest.Peer{Config: c}
	}
	for _, group := range []tls.CurveID{tls.X25519MLKEM768, tls.SecP256r1MLKEM768, tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521} {
		s.run(t, wasitls.GroupName(group), func(t *testing.T) {
			c := s.ruled(func(r *wasitls.Rule) { r.Groups, r.MinVersion = []tls.CurveID{group}, tls.VersionTLS13 })
			conn := connect(t, c, server(group, tls.X25519, tls.CurveP256).Pipe())
			want(t, "group", conn.Conn.State().Group, group)
			other := tls.X25519
			if group == tls.X25519 {
				other = tls.CurveP256
			}
			fails(t, c, server(other).Pipe(), wasitlstest.Name, wasitls.ClassAlert)
		})
	}
	s.run(t, "post-quantum", func(t *testing.T) {
		c := s.ruled(func(r *wasitls.Rule) { r.RequirePostQuantum = true })
		connect(t, c, server(tls.X25519, tls.X25519MLKEM768).Pipe())
		fails(t, c, server(tls.X25519, tls.CurveP256).Pipe(), wasitlstest.Name, wasitls.ClassAlert)
	})
}

// TestRuleALPN: the first of the server's protocols that is offered, none if
// the server has none, and an alert if it has only others (RFC 7301, section
// 3.2).
func (s suite) TestRuleALPN(t *testing.T) {
	c := s.ruled(func(r *wasitls.Rule) { r.ALPN = []string{"h2", "http/1.1"} })
	server := func(protocols ...string) wasitlstest.Peer {
		c := good().Clone()
		c.NextProtos = protocols
		return wasitlstest.Peer{Config: c}
	}
	for has, agreed := range map[string]string{"http/1.1 h2": "http/1.1", "other h2": "h2", "": ""} {
		conn := connect(t, c, server(strings.Fields(has)...).Pipe())
		want(t, "with "+has, conn.Conn.State().ALPN, agreed)
	}
	fails(t, c, server("other").Pipe(), wasitlstest.Name, wasitls.ClassAlert)
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
