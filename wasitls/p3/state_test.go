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

// TestClose ends what a guest has left, with its store.
func TestClose(t *testing.T) {
	s := newStore(t)
	Attach(s, newClient(t))
	o := host.State[open](s)
	connected := newGuest(t, newClient(t))
	o.track(connected.c)
	connected.pump(peerFor(nil))
	if err := connected.connect("localhost"); err != nil {
		t.Fatal(err)
	}
	waiting := newGuest(t, newClient(t))
	o.track(waiting.c)
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
	want(t, "open", len(o.connectors), 0)
}
