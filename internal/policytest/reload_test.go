package policytest

import (
	"crypto/tls"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// world is a policy, and the part of the server that goes with it alone.
type world struct {
	name   string // of the rule, the protocol, and the client
	policy *wasitls.Policy
	server *tls.Config
}

func newWorld(t *testing.T, name string, version uint16, limits wasitls.Limits) world {
	t.Helper()
	authority := wasitlstest.NewCA()
	server := authority.Server(wasitlstest.Names(names...))
	server.MinVersion, server.MaxVersion = version, version
	server.NextProtos = []string{name}
	server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, authority.Pool()
	return world{name, &wasitls.Policy{
		Rules: []wasitls.Rule{{
			Name: name, Servers: []string{"*.test"}, Roots: wasitls.Roots{Pool: authority.Pool()}, RequireResolved: true,
			MinVersion: version, MaxVersion: version, ALPN: []string{name}, Identity: "me", Resumption: name == "two",
		}},
		Default:    wasitls.Deny,
		Identities: map[string]*wasitls.Identity{"me": identity(t, authority, name)},
		Limits:     limits,
	}, server}
}

// TestReload replaces the policy all the time while guests of both drafts make
// connections. Each handshake follows one policy in everything, the old or the
// new: the server takes its part by the protocol that is offered, and refuses
// any field of another, or is refused. No guest notices.
func TestReload(t *testing.T) {
	worlds := []world{
		newWorld(t, "one", tls.VersionTLS12, wasitls.Limits{WriteBuffer: 4 << 10, ReadBuffer: 2 << 10}),
		newWorld(t, "two", tls.VersionTLS13, wasitls.Limits{HandshakesPerGuest: 1, Handshakes: 2}),
		newWorld(t, "three", tls.VersionTLS13, wasitls.Limits{Buffered: 1 << 30}),
		newWorld(t, "last", tls.VersionTLS13, wasitls.Limits{Connections: 1, Handshakes: 1}),
	}
	last := worlds[3] // after all
	site := site{
		change: func(c *tls.Config) {
			c.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
				for _, w := range worlds {
					if strings.Join(h.SupportedProtos, " ") == w.name {
						return w.server, nil
					}
				}
				return nil, fmt.Errorf("protocols %q", h.SupportedProtos)
			}
		},
		handle: func(c *conn) {
			if client := c.visit.state.PeerCertificates[0].Subject.CommonName; client != c.visit.state.NegotiatedProtocol {
				t.Errorf("client %s by policy %s", client, c.visit.state.NegotiatedProtocol)
			}
			c.counting()
		},
	}
	followed := map[string]int{}
	var events sync.Mutex
	c, err := wasitls.NewClient(wasitls.Config{Policy: worlds[0].policy, Audit: func(e wasitls.Event) {
		events.Lock()
		defer events.Unlock()
		if e.Kind == wasitls.Refused {
			t.Errorf("refused by %s: %v", e.Rule, e.Err)
		}
		if e.Kind == wasitls.Connected {
			followed[e.Rule]++
			want(t, "protocol of "+e.Rule, e.State.ALPN, e.Rule)
		}
	}})
	noError(t, err)

	done := make(chan struct{})
	var reloads sync.WaitGroup
	reloads.Go(func() {
		next := time.NewTicker(200 * time.Microsecond)
		defer next.Stop()
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			case <-next.C:
			}
			if err := c.SetPolicy(worlds[i%3].policy); err != nil {
				t.Error(err)
			}
		}
	})
	const guests, requests = 4, 8
	r := site.serve(t)
	var all []*process
	for range guests {
		for _, d := range drafts {
			var args []string
			for range requests {
				args = append(args, r.url("a.test"))
			}
			all = append(all, instance{client: c}.start(t, d.get, append(args, "--data", strings.Repeat("x", 50_000))...))
		}
	}
	for _, guest := range all {
		guest.wait(t)
		if n := strings.Count(guest.out.String(), "50000 bytes"); n != requests || guest.status != 0 {
			t.Errorf("%s: %d replies: status %d, %v: %s", guest.name, n, guest.status, guest.err, guest.errs.String())
		}
	}
	close(done)
	reloads.Wait()
	t.Log(followed)

	// Nothing is counted any more: there is room for exactly one.
	noError(t, c.SetPolicy(last.policy))
	for _, d := range drafts {
		instance{client: c}.start(t, d.get, r.url("a.test")).works(t, "0 bytes")
	}
	want(t, "by the last policy", followed["last"], len(drafts))
}
