package wasitls_test

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// gated returns a client that trusts the test CA within limits, and where its
// events go.
func gated(t *testing.T, l wasitls.Limits) (*wasitls.Client, <-chan wasitls.Event) {
	t.Helper()
	events := make(chan wasitls.Event, 1000)
	c := config()
	c.Policy.Limits = l
	c.Audit = func(e wasitls.Event) { events <- e }
	client, err := wasitls.NewClient(c)
	noError(t, err)
	return client, events
}

// unused demands that nothing is counted any more.
func unused(t *testing.T, c *wasitls.Client, guests ...*wasitls.Guest) {
	t.Helper()
	connections, handshakes, waiting, buffered := c.Usage()
	if connections != 0 || handshakes != 0 || waiting != 0 || buffered != 0 {
		t.Errorf("still counted: %d connections, %d handshakes, %d waiting, %d bytes", connections, handshakes, waiting, buffered)
	}
	for _, g := range guests {
		if connections, handshakes := g.Usage(); connections != 0 || handshakes != 0 {
			t.Errorf("still counted for a guest: %d connections, %d handshakes", connections, handshakes)
		}
	}
}

// begun tells whether a handshake has sent something, waiting a while for it.
func begun(t *testing.T, w *wasitlstest.Watched) {
	t.Helper()
	eventually(t, "ClientHello", func() bool { return w.Writes.Load() > 0 })
}

func failsAs(t *testing.T, h *wasitls.Handshake, class wasitls.Class, text string) {
	t.Helper()
	_, err := h.Wait(timeout(t))
	var failure *wasitls.HandshakeError
	if !errors.As(err, &failure) || failure.Class != class {
		t.Fatalf("not %v: %v", class, err)
	}
	says(t, err, text)
}

// TestWaitingHandshakeCanceled frees its place, sends nothing, and is told.
func TestWaitingHandshakeCanceled(t *testing.T) {
	c, events := gated(t, wasitls.Limits{Handshakes: 1})
	g := c.NewGuest(wasitls.GuestConfig{})
	silent, other := stuck(t), stuck(t)
	first := g.Start(silent, wasitlstest.Name)
	begun(t, silent)
	second := g.Start(other, wasitlstest.Name)
	_, _, waiting, _ := c.Usage()
	want(t, "waiting", waiting, 1)
	second.Cancel()
	failsAs(t, second, wasitls.ClassCanceled, "canceled")
	e := <-events
	want(t, "event", e.Kind, wasitls.Refused)
	want(t, "event's rule", e.Rule, "every server")
	var failure *wasitls.HandshakeError
	want(t, "event's error", errors.As(e.Err, &failure) && failure.Class == wasitls.ClassCanceled, true)
	want(t, "bytes sent", other.Sent.Load(), 0)
	connections, handshakes, waiting, _ := c.Usage()
	want(t, "connections", connections, 1)
	want(t, "handshakes", handshakes, 1)
	want(t, "waiting", waiting, 0)
	first.Cancel()
	<-first.Done()
	unused(t, c, g)
}

// TestWaitingHandshakeTimesOut: the deadline runs, and the peer gets no blame.
func TestWaitingHandshakeTimesOut(t *testing.T) {
	c := config()
	c.Policy.Limits.Handshakes = 1
	quick := c.Policy.Rules[0]
	quick.Servers, quick.HandshakeTimeout = []string{"quick.test"}, 20*time.Millisecond
	c.Policy.Rules = append([]wasitls.Rule{quick}, c.Policy.Rules...)
	g := guest(t, c)
	silent, other := stuck(t), stuck(t)
	first := g.Start(silent, wasitlstest.Name)
	failsAs(t, g.Start(other, "quick.test"), wasitls.ClassTimeout, "deadline exceeded: too many other handshakes for 20ms")
	want(t, "bytes sent", other.Sent.Load(), 0)
	first.Cancel()
	<-first.Done()
	unused(t, g.Client(), g)
}

// TestGuestsTakeTurns: a guest with many handshakes that wait is not before
// another with one.
func TestGuestsTakeTurns(t *testing.T) {
	c, _ := gated(t, wasitls.Limits{Handshakes: 1})
	greedy, modest := c.NewGuest(wasitls.GuestConfig{}), c.NewGuest(wasitls.GuestConfig{})
	var wires []*wasitlstest.Watched
	var all []*wasitls.Handshake
	start := func(g *wasitls.Guest) {
		wires = append(wires, stuck(t))
		all = append(all, g.Start(wires[len(wires)-1], wasitlstest.Name))
	}
	for range 4 {
		start(greedy)
	}
	start(modest)
	start(modest)
	for _, next := range []int{0, 4, 1, 5, 2, 3} {
		begun(t, wires[next])
		_, handshakes, _, _ := c.Usage()
		want(t, "handshakes", handshakes, 1)
		all[next].Cancel()
		<-all[next].Done()
	}
	unused(t, c, greedy, modest)
}

// TestOwnLimitHoldsNobodyElse: one guest's handshakes that wait for its own
// limit stand in nobody's way.
func TestOwnLimitHoldsNobodyElse(t *testing.T) {
	c, _ := gated(t, wasitls.Limits{HandshakesPerGuest: 1, Handshakes: 2})
	greedy, modest := c.NewGuest(wasitls.GuestConfig{}), c.NewGuest(wasitls.GuestConfig{})
	one, two := greedy.Start(stuck(t), wasitlstest.Name), greedy.Start(stuck(t), wasitlstest.Name)
	conn, err := modest.Start(wasitlstest.Peer{Config: good()}.Pipe(), wasitlstest.Name).Wait(timeout(t))
	noError(t, err)
	closeNow(t, conn)
	want(t, "pending", one.Ready() || two.Ready(), false)
	one.Cancel()
	two.Cancel()
	<-one.Done()
	<-two.Done()
	unused(t, c, greedy, modest)
}

// TestNewLimitsForThoseWaiting: a policy that allows more lets them begin.
func TestNewLimitsForThoseWaiting(t *testing.T) {
	c, _ := gated(t, wasitls.Limits{Handshakes: 1})
	g := c.NewGuest(wasitls.GuestConfig{})
	one, two := stuck(t), stuck(t)
	first := g.Start(one, wasitlstest.Name)
	begun(t, one)
	second := g.Start(two, wasitlstest.Name)
	want(t, "bytes sent", two.Sent.Load(), 0)
	noError(t, c.SetPolicy(wasitls.Trust(ca().Pool())))
	begun(t, two)
	for _, h := range []*wasitls.Handshake{first, second} {
		h.Cancel()
		<-h.Done()
	}
	unused(t, c, g)
}

// TestHandshakeWithoutTime: a context that is done sends nothing.
func TestHandshakeWithoutTime(t *testing.T) {
	c, events := gated(t, wasitls.Limits{})
	g := c.NewGuest(wasitls.GuestConfig{})
	ctx, cancel := context.WithCancelCause(context.Background())
	cause := errors.New("no time")
	cancel(cause)
	for range 20 {
		wire := stuck(t)
		conn, err := g.Handshake(ctx, wire, wasitlstest.Name)
		if conn != nil || err != cause {
			t.Fatalf("%v, %v", conn, err)
		}
		want(t, "bytes sent", wire.Sent.Load(), 0)
		want(t, "closed", wire.Closed.Load() > 0, true)
		want(t, "event", (<-events).Kind, wasitls.Refused)
	}
	unused(t, c, g)
}

// TestEveryEndIsCounted ends handshakes and connections in every way, by
// chance and at the same time, while the limits change. Nothing is left.
func TestEveryEndIsCounted(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	policy := func(n int) *wasitls.Policy {
		p := wasitls.Trust(ca().Pool())
		p.Rules[0].HandshakeTimeout = 30 * time.Millisecond
		p.Rules = append([]wasitls.Rule{{Servers: []string{"denied.test"}, Action: wasitls.Deny}}, p.Rules...)
		p.Limits = wasitls.Limits{
			ConnectionsPerGuest: 3 + n, Connections: 6 + n, HandshakesPerGuest: 1 + n%3, Handshakes: 2 + n%4,
			Buffered: 16 << 20, CloseTimeout: 20 * time.Millisecond,
		}
		return p
	}
	config := wasitls.Config{Policy: policy(0)}
	c, err := wasitls.NewClient(config)
	noError(t, err)
	var guests []*wasitls.Guest
	for range 3 {
		guests = append(guests, c.NewGuest(wasitls.GuestConfig{}))
	}
	var work sync.WaitGroup
	for i := range 12 {
		work.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			for range 40 {
				if random.IntN(10) == 0 {
					if err := c.SetPolicy(policy(random.IntN(8))); err != nil {
						t.Error(err)
					}
				}
				end(t, random, guests[random.IntN(len(guests))])
			}
		})
	}
	work.Wait()
	unused(t, c, guests...)
}

// end makes a connection, or tries to, and ends it in one of many ways.
func end(t *testing.T, random *rand.Rand, g *wasitls.Guest) {
	peer := wasitlstest.Peer{Config: good(), Handle: []func(*tls.Conn, wasitlstest.Conn){
		wasitlstest.Echo, wasitlstest.Say("hello"), wasitlstest.Truncate("x"), wasitlstest.CorruptRecord("x"),
	}[random.IntN(4)]}
	name := []string{wasitlstest.Name, wasitlstest.Name, wasitlstest.Name, wasitlstest.Name, "denied.test", "not a name", "wrong.test"}[random.IntN(7)]
	var wire net.Conn
	switch random.IntN(5) {
	case 0:
		wire = wasitlstest.Peer{Handle: wasitlstest.Silent}.Pipe()
	case 1:
		wire = wasitlstest.Peer{Handle: wasitlstest.Plain("HTTP/1.0 400\r\n\r\n")}.Pipe()
	default:
		wire = peer.Pipe()
	}
	var (
		conn *wasitls.Conn
		err  error
	)
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(random.IntN(4000))*time.Microsecond)
	defer cancel()
	switch random.IntN(3) {
	case 0:
		conn, err = g.Handshake(ctx, wire, name)
	case 1:
		h := g.Start(wire, name)
		<-ctx.Done()
		h.Cancel()
		<-h.Done()
		conn, err = h.Result()
	default:
		h := g.Start(wire, name)
		<-h.Done()
		conn, err = h.Result()
	}
	if err != nil {
		return
	}
	if random.IntN(2) == 0 {
		conn.Output().Write([]byte("hello"))
	}
	switch random.IntN(3) {
	case 0:
		conn.Close()
	case 1:
		conn.CloseOutput()
		fallthrough
	default:
		conn.Input().Drop()
		conn.Output().Drop()
		conn.Drop()
	}
	<-conn.Done()
}
