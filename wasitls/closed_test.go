package wasitls_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// audited returns a configuration whose events are sent to the channel.
func audited() (wasitls.Config, chan wasitls.Event) {
	events := make(chan wasitls.Event, 9)
	c := config()
	c.Audit = func(e wasitls.Event) { events <- e }
	return c, events
}

// ledger checks that events come in their order: for each connection one
// Refused, or one Connected and then one Closed.
type ledger struct {
	t *testing.T

	mu   sync.Mutex
	last map[uint64]wasitls.Event
}

func newLedger(t *testing.T) *ledger { return &ledger{t: t, last: map[uint64]wasitls.Event{}} }

func (l *ledger) event(e wasitls.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before, seen := l.last[e.Connection]
	switch {
	case e.Kind == wasitls.Closed && (!seen || before.Kind != wasitls.Connected),
		e.Kind != wasitls.Closed && seen:
		l.t.Errorf("connection %d: %v after %v (seen: %v)", e.Connection, e.Kind, before.Kind, seen)
	}
	if (e.Kind == wasitls.Refused) != (e.Class() != "") && e.End() != "failed" && e.End() != "truncated" {
		l.t.Errorf("connection %d: %v of class %q, %v", e.Connection, e.Kind, e.Class(), e.Err)
	}
	if e.Kind == wasitls.Closed && e.State.Version == 0 {
		l.t.Errorf("connection %d: closed without a state", e.Connection)
	}
	l.last[e.Connection] = e
}

// all returns the last event of each connection, none of which is open.
func (l *ledger) all(n int) map[uint64]wasitls.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	want(l.t, "connections", len(l.last), n)
	for number, e := range l.last {
		if e.Kind == wasitls.Connected {
			l.t.Errorf("connection %d: never closed", number)
		}
	}
	return l.last
}

// TestAuditOfMany makes thousands of connections end in every way, at any time:
// each is told of exactly once.
func TestAuditOfMany(t *testing.T) {
	n := 3000
	if testing.Short() {
		n = 300
	}
	l := newLedger(t)
	c := config()
	c.Audit = l.event
	g := guest(t, c)
	slots := make(chan struct{}, 64)
	var all sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			endSomehow(t, g, rand.New(rand.NewPCG(uint64(i), 5)))
		})
	}
	all.Wait()
	ends := map[string]int{}
	for _, e := range l.all(n) {
		ends[e.End()]++
	}
	for _, end := range []string{"", "closed", "dropped", "truncated"} {
		if ends[end] == 0 {
			t.Errorf("none ended %q: %v", end, ends)
		}
	}
}

// endSomehow makes a connection and ends it as chance has it.
func endSomehow(t *testing.T, g *wasitls.Guest, chance *rand.Rand) {
	handlers := []func(*tls.Conn, wasitlstest.Conn){
		wasitlstest.Echo, wasitlstest.Say("hello"), wasitlstest.Truncate("hello"), wasitlstest.CorruptRecord("hello"), wasitlstest.Silent,
	}
	near, far := wasitlstest.Pipe()
	defer far.Close()
	go wasitlstest.Peer{Config: good(), Handle: handlers[chance.IntN(len(handlers))]}.Serve(far)
	names := []string{wasitlstest.Name, wasitlstest.Name, wasitlstest.Name, "other.test", "not a name"}
	h := g.Start(near, names[chance.IntN(len(names))])
	switch chance.IntN(4) {
	case 0: // dropped, perhaps in the middle
		time.AfterFunc(time.Duration(chance.IntN(3000))*time.Microsecond, h.Cancel)
		<-h.Done()
		h.Cancel()
		return
	case 1: // stopped from two sides at once
		go h.Cancel()
	}
	conn, err := h.Wait(timeout(t))
	if err != nil {
		return
	}
	b := wasitlstest.NewBlocking(conn)
	io.WriteString(b, "there")
	switch chance.IntN(4) {
	case 0:
		go conn.Close()
		conn.Close()
	case 1:
		conn.CloseOutput()
		b.Close()
	case 2:
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(chance.IntN(3000))*time.Microsecond)
		for err = nil; err == nil; err = conn.Input().Await(ctx) {
			if _, err := conn.Input().Read(make([]byte, 9)); err != nil {
				break
			}
		}
		cancel()
		conn.Close()
	case 3:
		conn.Input().Discard()
		b.Close()
	}
	ended(t, conn)
}

// TestAuditAbandoned: a guest that is stopped while it writes to a peer that
// does not read has dropped its connection; that is no failure of it.
func TestAuditAbandoned(t *testing.T) {
	c, events := audited()
	conn := connect(t, c, wasitlstest.Peer{Config: good(), Handle: func(_ *tls.Conn, below wasitlstest.Conn) {
		below.Read(make([]byte, 1))
		<-t.Context().Done()
	}}.Pipe())
	<-events
	ctx, cancel := context.WithCancel(t.Context())
	full := make(chan error)
	go func() { full <- conn.Conn.Output().WriteAndFlush(ctx, make([]byte, 4<<20)) }()
	cancel()
	if err := <-full; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	ended(t, conn.Conn)
	e := <-events
	want(t, "kind", e.Kind, wasitls.Closed)
	want(t, "end", e.End(), "dropped")
	noError(t, e.Err)
	want(t, "close_notify sent", e.CloseSent, false)
}

// TestAuditShown: a refusal tells what the peer has shown.
func TestAuditShown(t *testing.T) {
	c, events := audited()
	leaf := ca().Leaf()
	server := good().Clone()
	server.Certificates = []tls.Certificate{leaf}
	fails(t, c, wasitlstest.Peer{Config: server}.Pipe(), "other.test", wasitls.ClassCertificate)
	e := <-events
	want(t, "class", e.Class(), "certificate")
	if len(e.State.PeerCertificates) == 0 || !bytes.Equal(e.State.PeerCertificates[0].Raw, leaf.Certificate[0]) {
		t.Errorf("certificates: %d", len(e.State.PeerCertificates))
	}

	// What the rule refuses was negotiated before.
	c, events = audited()
	c.Policy.Rules[0].Pins = []wasitls.Pin{{}}
	fails(t, c, wasitlstest.Peer{Config: server}.Pipe(), wasitlstest.Name, wasitls.ClassCertificate)
	e = <-events
	want(t, "kind", e.Kind, wasitls.Refused)
	want(t, "certificates", len(e.State.PeerCertificates), 1)
	want(t, "version", e.State.Version, tls.VersionTLS13)
	want(t, "group", e.State.Group, tls.X25519MLKEM768)
}

// TestAuditHoldsNoLock: a handshake can be asked for its result while the event
// of its connection is written.
func TestAuditHoldsNoLock(t *testing.T) {
	asked := make(chan bool, 1)
	var h *wasitls.Handshake
	ready := make(chan struct{})
	c := config()
	c.Audit = func(e wasitls.Event) {
		<-ready
		if e.Kind == wasitls.Connected {
			h.Cancel()
		} else {
			asked <- h.Ready()
		}
	}
	h = guest(t, c).Start(wasitlstest.Peer{Config: good(), Handle: wasitlstest.Silent}.Pipe(), wasitlstest.Name)
	close(ready)
	select {
	case <-asked:
	case <-time.After(patience):
		t.Fatal("asking for the result of a handshake waits for the event of its connection")
	}
	<-h.Done()
}
