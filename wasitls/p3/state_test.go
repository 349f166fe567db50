package p3

import (
	"testing"

	"github.com/wasitls/wasitls/host"
)

func newStore(t *testing.T) *host.Store {
	t.Helper()
	engine, err := host.NewEngine(host.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	s, err := engine.NewStore(host.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestMaxConnections refuses one connection too many, until another has ended.
func TestMaxConnections(t *testing.T) {
	s, client := newStore(t), newClient(t)
	Attach(s)
	var first *connector
	for range MaxConnections {
		c := newConnector(client)
		track(s, c)
		if err := admit(s, c); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = c
		}
	}
	c := newConnector(client)
	track(s, c)
	_, err := connect(limited(t), s, &connectArgs{This: c})
	failsWith(t, "connect", err, "too many connections")
	first.fail(errDropped)
	c = newConnector(client)
	track(s, c)
	_, err = connect(limited(t), s, &connectArgs{This: c})
	failsWith(t, "connect", err, "send() must be called")
	want(t, "connected", host.State[open](s).connected, MaxConnections-1)
}

// TestClose ends what a guest has left, with its store.
func TestClose(t *testing.T) {
	s := newStore(t)
	Attach(s)
	connected := newGuest(t, newClient(t))
	track(s, connected.c)
	connected.pump(peerFor(nil))
	if err := connected.connect("localhost"); err != nil {
		t.Fatal(err)
	}
	waiting := newGuest(t, newClient(t))
	track(s, waiting.c)
	done := newTold("connect")
	go func() { done.set(waiting.connect("localhost")) }()
	eventually(t, "ClientHello", waiting.cipherOut.Ready)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	done.fails(t, "the guest has ended")
	for _, g := range []*guest{connected, waiting} {
		g.sent.fails(t, "the guest has ended")
		g.received.fails(t, "the guest has ended")
	}
	want(t, "open", len(host.State[open](s).connectors), 0)
}

// TestNotAttached works without a state, if the embedder wants none.
func TestNotAttached(t *testing.T) {
	s := newStore(t)
	c := newConnector(newClient(t))
	track(s, c)
	if err := admit(s, c); err != nil {
		t.Error(err)
	}
	c.drop()
}
