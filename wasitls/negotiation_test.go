package wasitls_test

import (
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// serverWith returns a server with nothing wrong, changed.
func serverWith(change func(*tls.Config)) *tls.Config {
	c := good().Clone()
	change(c)
	return c
}

// unserved returns a peer that must never finish a handshake.
func unserved(t *testing.T, c *tls.Config) net.Conn {
	var served atomic.Bool
	t.Cleanup(func() { want(t, "served", served.Load(), false) })
	return wasitlstest.Peer{Config: c, Handle: func(*tls.Conn, wasitlstest.Conn) { served.Store(true) }}.Pipe()
}

// TestVersions: a rule's bounds meet those of a server, or there is no
// connection.
func TestVersions(t *testing.T) {
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
		c := ruled(func(r *wasitls.Rule) { r.MinVersion, r.MaxVersion = row.ruleMin, row.ruleMax })
		server := serverWith(func(s *tls.Config) { s.MinVersion, s.MaxVersion = row.serverMin, row.serverMax })
		if row.got == 0 {
			says(t, fails(t, c, unserved(t, server), wasitlstest.Name, wasitls.ClassAlert), "protocol version not supported")
			continue
		}
		conn := connect(t, c, wasitlstest.Peer{Config: server}.Pipe())
		want(t, "version", conn.Conn.State().Version, row.got)
	}
}

// TestGroups: what a rule offers and what a server has, in one go or with a
// HelloRetryRequest.
func TestGroups(t *testing.T) {
	type groups = []tls.CurveID
	for _, row := range []struct {
		rule, server groups
		version      uint16
		got          tls.CurveID
	}{
		{nil, nil, tls.VersionTLS13, tls.X25519MLKEM768},
		{nil, groups{tls.CurveP256}, tls.VersionTLS13, tls.CurveP256},
		{groups{tls.CurveP384}, nil, tls.VersionTLS13, tls.CurveP384},
		{groups{tls.X25519, tls.CurveP521}, groups{tls.CurveP521}, tls.VersionTLS13, tls.CurveP521},
		{groups{tls.SecP256r1MLKEM768}, nil, tls.VersionTLS13, tls.SecP256r1MLKEM768},
		{groups{tls.CurveP256}, nil, tls.VersionTLS12, tls.CurveP256},
		{groups{tls.X25519}, groups{tls.CurveP256}, tls.VersionTLS13, 0},
		{groups{tls.X25519}, groups{tls.CurveP256}, tls.VersionTLS12, 0},
	} {
		c := ruled(func(r *wasitls.Rule) { r.Groups = row.rule })
		server := serverWith(func(s *tls.Config) {
			s.CurvePreferences, s.MinVersion, s.MaxVersion = row.server, row.version, row.version
		})
		if row.got == 0 {
			says(t, fails(t, c, unserved(t, server), wasitlstest.Name, wasitls.ClassAlert), "handshake failure")
			continue
		}
		conn := connect(t, c, wasitlstest.Peer{Config: server}.Pipe())
		want(t, "group", wasitls.GroupName(conn.Conn.State().Group), wasitls.GroupName(row.got))
	}
}

// TestPostQuantum: where it is required, nothing else comes about, and that
// also when a session is resumed.
func TestPostQuantum(t *testing.T) {
	required := func(r *wasitls.Rule) { r.RequirePostQuantum, r.Resumption = true, true }
	for _, classical := range []*tls.Config{
		serverWith(func(s *tls.Config) { s.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256} }),
		serverWith(func(s *tls.Config) { s.MaxVersion = tls.VersionTLS12 }),
	} {
		fails(t, ruled(required), unserved(t, classical), wasitlstest.Name, wasitls.ClassAlert)
	}
	g := guest(t, ruled(required))
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

// careless is a provider that does what it likes with what it is told.
type careless struct{ change func(*tls.Config) }

func (p careless) Client(transport net.Conn, c *tls.Config) wasitls.Session {
	p.change(c)
	return tls.Client(transport, c)
}

// TestPostQuantumOfProviders: a provider is not believed to have offered what
// it was told.
func TestPostQuantumOfProviders(t *testing.T) {
	for _, change := range []func(*tls.Config){
		func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519} },
		func(c *tls.Config) { c.CurvePreferences, c.MinVersion, c.MaxVersion = nil, 0, tls.VersionTLS12 },
	} {
		c := ruled(func(r *wasitls.Rule) { r.RequirePostQuantum = true })
		c.Provider = careless{change}
		refusedFor(t, fails(t, c, unserved(t, good()), wasitlstest.Name, wasitls.ClassProtocol), "post-quantum", "is not post-quantum")
	}
}

// TestALPN: the server's choice shows in the state. A server that knows none
// of the protocols refuses; one that knows nothing of ALPN does not.
func TestALPN(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		server := func(protocols ...string) *tls.Config {
			return serverWith(func(s *tls.Config) { s.NextProtos, s.MinVersion, s.MaxVersion = protocols, version, version })
		}
		c := ruled(func(r *wasitls.Rule) { r.ALPN = []string{"h2", "http/1.1"} })
		for _, row := range []struct {
			server *tls.Config
			got    string
		}{{server("http/1.1"), "http/1.1"}, {server("http/1.1", "h2"), "http/1.1"}, {server("h2"), "h2"}, {server(), ""}} {
			want(t, "protocol", connect(t, c, wasitlstest.Peer{Config: row.server}.Pipe()).Conn.State().ALPN, row.got)
		}
		says(t, fails(t, c, unserved(t, server("imap")), wasitlstest.Name, wasitls.ClassAlert), "no application protocol")
		want(t, "nothing offered", connect(t, config(), wasitlstest.Peer{Config: server("h2")}.Pipe()).Conn.State().ALPN, "")
	}
}

// TestHandshakeTimeoutPerRule: each rule has its own deadline.
func TestHandshakeTimeoutPerRule(t *testing.T) {
	p := wasitls.Trust(ca().Pool())
	hasty := p.Rules[0]
	hasty.Name, hasty.Servers, hasty.HandshakeTimeout = "hasty", []string{"hasty.test"}, 20*time.Millisecond
	p.Rules = append([]wasitls.Rule{hasty}, p.Rules...)
	c := wasitls.Config{Policy: p}
	patient := guest(t, c).Start(stuck(t), wasitlstest.Name)
	err := fails(t, c, stuck(t), "hasty.test", wasitls.ClassTimeout)
	says(t, err, "no connection within 20ms")
	want(t, "timed out", errors.Is(err, wasitls.ErrTimeout), true)
	want(t, "the other has ended", patient.Ready(), false)
	patient.Cancel()
	<-patient.Done()
}
