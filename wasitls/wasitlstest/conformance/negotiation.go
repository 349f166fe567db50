package conformance

import (
	"crypto/tls"
	"testing"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// What is negotiated within the bounds of a rule.

// TestVersions: a rule's bounds meet those of a server, or there is no
// connection.
func (s suite) TestVersions(t *testing.T) {
	const v12, v13 = tls.VersionTLS12, tls.VersionTLS13
	for _, row := range []struct{ ruleMin, ruleMax, serverMin, serverMax, got uint16 }{
		{0, 0, v12, v13, v13},
		{0, v12, v12, v13, v12},
		{v12, v13, v12, v12, v12},
		{v13, 0, v12, v13, v13},
		{v13, 0, v12, v12, 0},
		{v13, v13, v12, v12, 0},
		{0, v12, v13, v13, 0},
		{v12, v12, v13, v13, 0},
	} {
		c := s.ruled(func(r *wasitls.Rule) { r.MinVersion, r.MaxVersion = row.ruleMin, row.ruleMax })
		server := serverWith(func(c *tls.Config) { c.MinVersion, c.MaxVersion = row.serverMin, row.serverMax })
		if row.got == 0 {
			s.words(t, fails(t, c, unserved(t, server), wasitlstest.Name, wasitls.ClassAlert), "protocol version not supported")
			continue
		}
		conn := connect(t, c, wasitlstest.Peer{Config: server}.Pipe())
		want(t, "version", conn.Conn.State().Version, row.got)
	}
}

// TestGroups: what a rule offers and what a server has, in one go or with a
// HelloRetryRequest.
func (s suite) TestGroups(t *testing.T) {
	type groups = []tls.CurveID
	for _, row := range []struct {
		id           string
		rule, server groups
		version      uint16
		got          tls.CurveID
	}{
		{"default", nil, nil, tls.VersionTLS13, tls.X25519MLKEM768},
		{"default and retry", nil, groups{tls.CurveP256}, tls.VersionTLS13, tls.CurveP256},
		{"P-384", groups{tls.CurveP384}, nil, tls.VersionTLS13, tls.CurveP384},
		{"P-521 of two", groups{tls.X25519, tls.CurveP521}, groups{tls.CurveP521}, tls.VersionTLS13, tls.CurveP521},
		{"SecP256r1MLKEM768", groups{tls.SecP256r1MLKEM768}, nil, tls.VersionTLS13, tls.SecP256r1MLKEM768},
		{"P-256 of TLS 1.2", groups{tls.CurveP256}, nil, tls.VersionTLS12, tls.CurveP256},
		{"none in common", groups{tls.X25519}, groups{tls.CurveP256}, tls.VersionTLS13, 0},
		{"none in common of TLS 1.2", groups{tls.X25519}, groups{tls.CurveP256}, tls.VersionTLS12, 0},
	} {
		s.run(t, row.id, func(t *testing.T) {
			c := s.ruled(func(r *wasitls.Rule) { r.Groups = row.rule })
			server := serverWith(func(c *tls.Config) {
				c.CurvePreferences, c.MinVersion, c.MaxVersion = row.server, row.version, row.version
			})
			if row.got == 0 {
				s.words(t, fails(t, c, unserved(t, server), wasitlstest.Name, wasitls.ClassAlert), "handshake failure")
				return
			}
			conn := connect(t, c, wasitlstest.Peer{Config: server}.Pipe())
			want(t, "group", wasitls.GroupName(conn.Conn.State().Group), wasitls.GroupName(row.got))
		})
	}
}

// TestPostQuantum: where it is required, nothing else comes about, and that
// also when a session is resumed.
func (s suite) TestPostQuantum(t *testing.T) {
	required := func(r *wasitls.Rule) { r.RequirePostQuantum, r.Resumption = true, true }
	for _, classical := range []*tls.Config{
		serverWith(func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256} }),
		serverWith(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }),
	} {
		fails(t, s.ruled(required), unserved(t, classical), wasitlstest.Name, wasitls.ClassAlert)
	}
	g := guest(t, s.ruled(required))
	for _, resumed := range []bool{false, true} {
		conn, err := g.Start(wasitlstest.Peer{Config: good(), Handle: wasitlstest.Say("hello")}.Pipe(), wasitlstest.Name).Wait(timeout(t))
		noError(t, err)
		_, err = readAll(t, wasitlstest.NewBlocking(conn))
		noError(t, err)
		want(t, "group", conn.State().Group, tls.X25519MLKEM768)
		want(t, "resumed", conn.State().Resumed, resumed)
		closeNow(t, conn)
	}
}

// TestALPN: the server's choice shows in the state. A server that knows none
// of the protocols refuses; one that knows nothing of ALPN does not.
func (s suite) TestALPN(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		server := func(protocols ...string) *tls.Config {
			return serverWith(func(c *tls.Config) { c.NextProtos, c.MinVersion, c.MaxVersion = protocols, version, version })
		}
		c := s.ruled(func(r *wasitls.Rule) { r.ALPN = []string{"h2", "http/1.1"} })
		for _, row := range []struct {
			server *tls.Config
			got    string
		}{{server("http/1.1"), "http/1.1"}, {server("http/1.1", "h2"), "http/1.1"}, {server("h2"), "h2"}, {server(), ""}} {
			want(t, "protocol", connect(t, c, wasitlstest.Peer{Config: row.server}.Pipe()).Conn.State().ALPN, row.got)
		}
		s.words(t, fails(t, c, unserved(t, server("imap")), wasitlstest.Name, wasitls.ClassAlert), "no application protocol")
		want(t, "nothing offered", connect(t, s.config(), wasitlstest.Peer{Config: server("h2")}.Pipe()).Conn.State().ALPN, "")
	}
}
