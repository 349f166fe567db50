package policytest

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest/checkpeer"
)

// bound requires that addresses were looked up.
func bound(p *wasitls.Policy) { p.Rules[0].RequireResolved = true }

func notLookedUp(name string) string {
	return `the connection is not to an address that was looked up for "` + name + `"`
}

const addressUnknown = "the address of the connection is not known"

func resolvedByName(t *testing.T, d draft) {
	r := site{}.serve(t)
	asked := make(chan string, 9)
	i := instance{client: client(t, bound), lookup: func(ctx context.Context, name string) ([]netip.Addr, error) {
		asked <- name
		return loopback(ctx, name)
	}}
	i.start(t, d.get, r.url("A.test")).works(t, reply)
	want(t, "looked up", receive(t, asked, "lookup"), "a.test")
}

// connecting is a guest that connects to one host with the name of another.
func (i instance) connecting(t *testing.T, d draft, to, name string) *process {
	t.Helper()
	if d.is03() {
		return i.start(t, "tlscheck-p3", to, name, "P3-50c")
	}
	return i.start(t, "democli", to, name)
}

// resolvedOtherName: fronting, a connection to one server in the name of
// another, and an address that the guest has from elsewhere.
func resolvedOtherName(t *testing.T, d draft) {
	for _, host := range []string{"127.0.0.1", "b.test"} {
		r := site{}.serve(t)
		instance{client: client(t, bound)}.connecting(t, d, host+":"+r.port, "a.test").fails(t, notLookedUp("a.test"))
		want(t, "bytes sent", r.visited(t).wire.Load(), 0)
	}
	// The same guest in its own name, and without the rule.
	if d.is03() {
		peer := newCheckpeer(t)
		with, without := checking(t, peer, bound), checking(t, peer, nil)
		with.start(t, "tlscheck-p3", "localhost:"+portOf(t, peer.Addr()), "localhost", "P3-50c").works(t, "P3-50c ok")
		without.start(t, "tlscheck-p3", peer.Addr(), "localhost", "P3-50c").works(t, "P3-50c ok")
		return
	}
	r := site{}.serve(t)
	instance{client: client(t, bound)}.start(t, "democli", "a.test:"+r.port, "a.test").works(t, "HTTP/1.1 200 OK")
	instance{client: client(t, nil)}.start(t, "democli", "127.0.0.1:"+r.port, "a.test").works(t, "HTTP/1.1 200 OK")
}

// resolvedByAddress: an address is its own, and no other's.
func resolvedByAddress(t *testing.T, d draft) {
	r := site{}.serve(t)
	i := instance{client: client(t, bound)}
	i.start(t, d.get, r.url("127.0.0.1")).works(t, reply)
	r.visited(t)
	i.connecting(t, d, "127.0.0.1:"+r.port, "::1").fails(t, notLookedUp("::1"))
	want(t, "bytes sent", r.visited(t).wire.Load(), 0)
}

// resolvedPumped: of bytes that the guest moves itself the host cannot know
// where they go.
func resolvedPumped(t *testing.T, d draft) {
	peer := newCheckpeer(t)
	at := "localhost:" + portOf(t, peer.Addr())
	program, args := "tlscheck", []string{at, "localhost", "P2-04"} // TLS in TLS
	if d.is03() {
		program, args = "tlspump-p3", []string{at, "localhost", "--bytes", "1000"}
	}
	checking(t, peer, nil).start(t, program, args...).works(t, "ok")
	checking(t, peer, bound).start(t, program, args...).fails(t, addressUnknown)
	if !d.is03() {
		return
	}
	r := site{}.serve(t)
	instance{client: client(t, bound)}.start(t, program, "a.test:"+r.port, "a.test").fails(t, addressUnknown)
	for range 4 { // it makes four connections
		want(t, "bytes sent", r.visited(t).wire.Load(), 0)
	}
}

func newCheckpeer(t *testing.T) *checkpeer.Peer {
	t.Helper()
	peer, err := checkpeer.Listen()
	noError(t, err)
	t.Cleanup(peer.Close)
	return peer
}

// checking is what guests are that talk to that peer.
func checking(t *testing.T, peer *checkpeer.Peer, change func(*wasitls.Policy)) instance {
	t.Helper()
	return instance{client: client(t, func(p *wasitls.Policy) {
		p.Rules[0].Roots.Pool = peer.Pool()
		if change != nil {
			change(p)
		}
	})}
}

func portOf(t *testing.T, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	noError(t, err)
	return port
}
