package wasitls_test

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"testing"
	"weak"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// world is a policy and the only server that goes with it, which knows every
// field that could come of another.
type world struct {
	name   string // of the rule, the protocol, and the client
	policy *wasitls.Policy
	server *tls.Config
}

func newWorld(t testing.TB, name string, version uint16, limits wasitls.Limits) *world {
	t.Helper()
	authority := wasitlstest.NewCA()
	leaf := authority.Leaf(wasitlstest.Usage(x509.ExtKeyUsageClientAuth), wasitlstest.Modify(func(x *x509.Certificate) {
		x.Subject = pkix.Name{CommonName: name}
	}))
	x, err := x509.ParseCertificate(leaf.Certificate[0])
	noError(t, err)
	identity, err := wasitls.NewIdentity([]*x509.Certificate{x}, leaf.PrivateKey.(crypto.Signer))
	noError(t, err)
	server := authority.Server()
	server.MinVersion, server.MaxVersion = version, version
	server.NextProtos = []string{name}
	server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, authority.Pool()
	server.SetSessionTicketKeys([][32]byte{{name[0]}})
	return &world{
		name: name,
		policy: &wasitls.Policy{
			Rules: []wasitls.Rule{{
				Name: name, Servers: []string{"*"}, Roots: wasitls.Roots{Pool: authority.Pool()},
				MinVersion: version, MaxVersion: version, ALPN: []string{name}, Identity: name, Resumption: true,
			}},
			Default:    wasitls.Deny,
			Identities: map[string]*wasitls.Identity{name: identity},
			Limits:     limits,
		},
		server: server,
	}
}

// TestReload replaces the policy all the time while guests make connections
// and use them. Each handshake follows one policy in everything: the server
// picks its part by the protocol that was offered, and would refuse, or be
// refused, for any field of another. Nothing is left.
func TestReload(t *testing.T) {
	worlds := []*world{
		newWorld(t, "one", tls.VersionTLS12, wasitls.Limits{WriteBuffer: 4 << 10, ReadBuffer: 2 << 10}),
		newWorld(t, "two", tls.VersionTLS13, wasitls.Limits{HandshakesPerGuest: 2, Handshakes: 3}),
		newWorld(t, "three", tls.VersionTLS13, wasitls.Limits{Buffered: 1 << 30}),
	}
	config := ca().Server()
	config.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		for _, w := range worlds {
			if len(h.SupportedProtos) == 1 && h.SupportedProtos[0] == w.name {
				return w.server, nil
			}
		}
		return nil, fmt.Errorf("protocols %q", h.SupportedProtos)
	}
	peer := wasitlstest.Peer{Config: config, Handle: func(tc *tls.Conn, below wasitlstest.Conn) {
		s := tc.ConnectionState()
		if client := s.PeerCertificates[0].Subject.CommonName; client != s.NegotiatedProtocol {
			t.Errorf("client %s of policy %s", client, s.NegotiatedProtocol)
		}
		wasitlstest.Echo(tc, below)
	}}
	var resumptions, connections int
	var events sync.Mutex
	c, err := wasitls.NewClient(wasitls.Config{Policy: worlds[0].policy, Audit: func(e wasitls.Event) {
		events.Lock()
		defer events.Unlock()
		switch {
		case e.Kind == wasitls.Refused:
			t.Errorf("refused by %s: %v", e.Rule, e.Err)
		case e.Kind == wasitls.Connected:
			connections++
			if e.State.Resumed {
				resumptions++
			}
			if e.Rule != e.State.ALPN || !e.State.Resumed && e.State.Identity != e.Rule {
				t.Errorf("rule %s, protocol %s, identity %s", e.Rule, e.State.ALPN, e.State.Identity)
			}
		}
	}})
	noError(t, err)

	done := make(chan struct{})
	var reloads sync.WaitGroup
	reloads.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			if err := c.SetPolicy(worlds[i%len(worlds)].policy); err != nil {
				t.Error(err)
			}
			runtime.Gosched()
		}
	})
	var guests []*wasitls.Guest
	var work sync.WaitGroup
	for range 4 {
		g := c.NewGuest(wasitls.GuestConfig{})
		guests = append(guests, g)
		for range 3 {
			work.Go(func() {
				for range 15 {
					if err := talk(t, g, peer.Pipe()); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	work.Wait()
	close(done)
	reloads.Wait()
	want(t, "connections", connections, 4*3*15)
	t.Logf("%d of %d resumed", resumptions, connections)
	unused(t, c, guests...)
}

// talk sends some bytes to an echo, and gets them back.
func talk(t *testing.T, g *wasitls.Guest, wire wasitls.Transport) error {
	conn, err := g.Handshake(timeout(t), wire, wasitlstest.Name)
	if err != nil {
		return err
	}
	b := wasitlstest.NewBlocking(conn)
	defer b.Close()
	const text = "a policy is followed as a whole"
	if _, err := io.WriteString(b, text); err != nil {
		return err
	}
	if err := b.CloseWrite(); err != nil {
		return err
	}
	back, err := io.ReadAll(b)
	if err == nil && string(back) != text {
		err = errors.New("not the echo: " + string(back))
	}
	return err
}

// TestSessionsGo: with the policy under which they were made, and with their
// guest. A guest that does nothing keeps neither them nor the old policy.
func TestSessionsGo(t *testing.T) {
	peer := wasitlstest.Peer{Config: good(), Handle: wasitlstest.Say("hello")}
	old := ruled(func(r *wasitls.Rule) { r.Resumption = true })
	c, err := wasitls.NewClient(old)
	noError(t, err)
	greet := func(g *wasitls.Guest) {
		t.Helper()
		conn, err := g.Handshake(timeout(t), peer.Pipe(), wasitlstest.Name)
		noError(t, err)
		text, err := readAll(t, wasitlstest.NewBlocking(conn))
		noError(t, err)
		want(t, "text", text, "hello")
		closeNow(t, conn)
	}
	idle := c.NewGuest(wasitls.GuestConfig{})
	greet(idle)
	pool := weak.Make(old.Policy.Rules[0].Roots.Pool)
	want(t, "guests with sessions", c.Sessions(), 1)
	func() { greet(c.NewGuest(wasitls.GuestConfig{})) }()
	want(t, "guests with sessions", c.Sessions(), 2)
	eventually(t, "a guest that is gone loses its sessions", func() bool {
		runtime.GC()
		return c.Sessions() == 1
	})

	noError(t, c.SetPolicy(ruled(func(r *wasitls.Rule) { r.Resumption = true }).Policy))
	want(t, "guests with sessions", c.Sessions(), 0)
	runtime.KeepAlive(old)
	old = wasitls.Config{}
	eventually(t, "the old policy goes", func() bool {
		runtime.GC()
		return pool.Value() == nil
	})
	greet(idle)
	want(t, "guests with sessions", c.Sessions(), 1)
	runtime.KeepAlive(idle)
}

// TestConnectionKeepsItsRule, and of a policy that was replaced nothing else.
func TestConnectionKeepsItsRule(t *testing.T) {
	old := config()
	old.Policy.Rules = append(old.Policy.Rules, wasitls.Rule{Servers: []string{"*"}, Roots: wasitls.Roots{Pool: ca().Pool()}})
	other := weak.Make(old.Policy.Rules[1].Roots.Pool)
	c, err := wasitls.NewClient(old)
	noError(t, err)
	conn, err := c.NewGuest(wasitls.GuestConfig{}).Handshake(timeout(t), wasitlstest.Peer{Config: good()}.Pipe(), wasitlstest.Name)
	noError(t, err)
	defer closeNow(t, conn)
	noError(t, c.SetPolicy(config().Policy))
	old = wasitls.Config{}
	eventually(t, "the other rule goes", func() bool {
		runtime.GC()
		return other.Value() == nil
	})
}

// TestSetPolicyNil changes nothing.
func TestSetPolicyNil(t *testing.T) {
	g := guest(t, config())
	want(t, "an error", g.Client().SetPolicy(nil) != nil, true)
	conn, err := g.Handshake(timeout(t), wasitlstest.Peer{Config: good()}.Pipe(), wasitlstest.Name)
	noError(t, err)
	closeNow(t, conn)
}
