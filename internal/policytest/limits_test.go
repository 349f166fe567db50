package policytest

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
)

func limits(change func(*wasitls.Limits)) func(*wasitls.Policy) {
	return func(p *wasitls.Policy) { change(&p.Limits) }
}

// refusedBeside starts a guest with a connection that lasts, then one more
// that is refused with that text, and the same again once the first has gone.
func refusedBeside(t *testing.T, d draft, c *wasitls.Client, shared *wasitls.Guest, says string) (first *process, one, two *server) {
	t.Helper()
	one, two = site{handle: (*conn).late}.serve(t), site{}.serve(t)
	i := instance{client: c, user: shared}
	first = i.start(t, d.get, one.url("a.test"))
	one.greeted(t)
	i.start(t, d.get, two.url("b.test")).fails(t, says)
	v := two.visited(t)
	want(t, "bytes sent", v.wire.Load(), 0)
	return first, one, two
}

// connectionsPerGuest: two instances share a wasitls.Guest, as one program
// would that does two things at a time.
func connectionsPerGuest(t *testing.T, d draft) {
	c := client(t, limits(func(l *wasitls.Limits) { l.ConnectionsPerGuest = 1 }))
	shared := c.NewGuest(wasitls.GuestConfig{})
	first, one, two := refusedBeside(t, d, c, shared, "wasitls: handshake: the guest has 1 connections, which is the limit")
	instance{client: c}.start(t, d.get, two.url("b.test")).works(t, reply) // another guest has its own
	close(one.release)
	first.works(t, reply)
	instance{client: c, user: shared}.start(t, d.get, two.url("b.test")).works(t, reply)
}

// connectionsOfOne is the same with the two connections of one instance.
func connectionsOfOne(t *testing.T, d draft) {
	refused := make(chan struct{})
	c := client(t, limits(func(l *wasitls.Limits) { l.ConnectionsPerGuest = 1 }), func(e wasitls.Event) {
		if e.Kind == wasitls.Refused {
			close(refused)
		}
	})
	one := site{handle: func(tc *conn) {
		if d.is03() { // where the guest does both at a time
			<-refused
		}
		tc.keep()
	}}.serve(t)
	two := site{}.serve(t)
	i := instance{client: c, lookup: func(ctx context.Context, name string) ([]netip.Addr, error) {
		if name == "b.test" {
			one.greeted(t)
		}
		return loopback(ctx, name)
	}}
	i.start(t, d.get, one.url("a.test"), two.url("b.test")).fails(t, "the guest has 1 connections, which is the limit")
	want(t, "bytes sent", two.visited(t).wire.Load(), 0)
}

func connections(t *testing.T, d draft) {
	c := client(t, limits(func(l *wasitls.Limits) { l.Connections = 1 }))
	first, one, two := refusedBeside(t, d, c, nil, "wasitls: handshake: the host has 1 connections, which is the limit")
	close(one.release)
	first.works(t, reply)
	instance{client: c}.start(t, d.get, two.url("b.test")).works(t, reply)
}

func buffered(t *testing.T, d draft) {
	c := client(t, limits(func(l *wasitls.Limits) {
		l.WriteBuffer, l.ReadBuffer, l.Buffered = 4<<10, 4<<10, 60<<10
	}))
	first, one, two := refusedBeside(t, d, c, nil, "wasitls: handshake: the connections of the host may buffer 40960 bytes, which is the limit")
	close(one.release)
	first.works(t, reply)
	instance{client: c}.start(t, d.get, two.url("b.test")).works(t, reply)
}

// handshaking has one handshake in progress that lasts until the returned
// server is released, and another guest's that has to wait for it.
func handshaking(t *testing.T, d draft, shared bool, limit func(*wasitls.Limits), timeout time.Duration, args ...string) (first, second *process, one, two *server, c *wasitls.Client) {
	t.Helper()
	c = client(t, func(p *wasitls.Policy) {
		limit(&p.Limits)
		other := p.Rules[0]
		p.Rules[0].Servers = []string{"a.test"}
		other.HandshakeTimeout = timeout
		p.Rules = append(p.Rules, other)
	})
	i := instance{client: c}
	if shared {
		i.user = c.NewGuest(wasitls.GuestConfig{})
	}
	one, two = site{held: true}.serve(t), site{}.serve(t)
	first = i.start(t, d.get, one.url("a.test"))
	one.greeted(t)
	second = i.start(t, d.get, append(args, two.url("b.test"))...)
	return first, second, one, two, c
}

// waits: one more handshake waits until another has ended, and goes on then.
func waits(t *testing.T, d draft, shared bool, limit func(*wasitls.Limits)) *wasitls.Client {
	t.Helper()
	first, second, one, two, c := handshaking(t, d, shared, limit, patience)
	none(t, two.hellos, "a ClientHello that should have waited")
	if shared { // which nobody else has to
		another := site{}.serve(t)
		instance{client: c}.start(t, d.get, another.url("b.test")).works(t, reply)
	}
	close(one.release)
	first.works(t, reply)
	second.works(t, reply)
	two.greeted(t)
	return c
}

// timesOut: its deadline runs while it waits.
func timesOut(t *testing.T, d draft, shared bool, limit func(*wasitls.Limits)) {
	t.Helper()
	first, second, one, two, _ := handshaking(t, d, shared, limit, moment)
	second.fails(t, "wasitls: handshake: deadline exceeded: too many other handshakes for 50ms")
	want(t, "bytes sent", two.visited(t).wire.Load(), 0)
	close(one.release)
	first.works(t, reply)
}

// givenUp: a guest that waits may stop waiting, or be stopped. It sends nothing
// then, and its place is free.
func givenUp(t *testing.T, d draft) {
	limit := func(l *wasitls.Limits) { l.Handshakes, l.Connections = 1, 2 }
	for _, how := range []struct {
		args []string
		end  func(*process)
	}{
		{[]string{"--timeout", "0.05"}, func(p *process) { p.fails(t, "") }},
		{nil, func(p *process) { p.cancel(); p.wait(t) }},
	} {
		first, second, one, two, c := handshaking(t, d, false, limit, patience, how.args...)
		none(t, two.hellos, "a ClientHello that should have waited")
		how.end(second)
		want(t, "bytes sent", two.visited(t).wire.Load(), 0)
		third := instance{client: c}.start(t, d.get, two.url("b.test")) // beside the first, as the second was
		none(t, two.hellos, "a ClientHello that should have waited")
		close(one.release)
		first.works(t, reply)
		third.works(t, reply)
	}
}

func perGuest(l *wasitls.Limits) { l.HandshakesPerGuest = 1 }
func ofAll(l *wasitls.Limits)    { l.Handshakes = 1 }

func handshakesPerGuest(t *testing.T, d draft)        { waits(t, d, true, perGuest) }
func handshakesPerGuestTimeout(t *testing.T, d draft) { timesOut(t, d, true, perGuest) }
func handshakes(t *testing.T, d draft)                { waits(t, d, false, ofAll) }
func handshakesTimeout(t *testing.T, d draft)         { timesOut(t, d, false, ofAll) }

// writeBuffer: no record is longer than what may be buffered, and everything
// arrives.
func writeBuffer(t *testing.T, d draft) {
	for _, size := range []int{wasitls.MinBuffer, wasitls.DefaultWriteBuffer} {
		r := site{handle: (*conn).counting}.serve(t)
		c := client(t, limits(func(l *wasitls.Limits) { l.WriteBuffer = size }))
		instance{client: c}.start(t, d.get, r.url("a.test"), "--data", strings.Repeat("x", 100_000)).works(t, "100000 bytes")
		if most := r.visited(t).most; most > size || size > 16<<10 && most <= wasitls.MinBuffer {
			t.Errorf("a record of %d bytes with a buffer of %d", most, size)
		}
	}
}

// readBuffer: with the smallest buffer everything arrives, and for a guest that
// stands still not much more than it is received.
func readBuffer(t *testing.T, d draft) {
	r := sending(256<<10, func() {}).serve(t)
	instance{client: client(t, smallReads)}.start(t, d.get, r.url("a.test")).works(t, strings.Repeat("x", 256<<10))

	// A guest of 0.3 reads whatever else it waits for: all of it is stopped,
	// and the host reads ahead. One of 0.2 reads when it can print, and what it
	// and its standard output hold comes on top.
	sent, most := 64<<10, wasitls.MinBuffer+3*(16<<10) // the buffer, two records, and one that the guest has taken
	if !d.is03() {
		sent, most = 8<<20, 1<<20
	}
	events := make(chan wasitls.Event, 9)
	stuck := &stuckWriter{entered: make(chan struct{}), release: make(chan struct{})}
	i := instance{client: client(t, smallReads, func(e wasitls.Event) { events <- e })}
	var guest *process
	started := make(chan struct{})
	resume := func() { close(stuck.release) }
	r = sending(sent, func() {
		if <-started; d.is03() {
			resume = guest.stop()
		}
	}).serve(t)
	if !d.is03() {
		i.stdout = stuck
	}
	guest = i.start(t, d.get, r.url("a.test"))
	close(started)
	if d.is03() {
		receive(t, r.said, "end of what the server says")
	} else {
		receive(t, stuck.entered, "output")
	}
	time.Sleep(moment) // in which the host may read ahead
	guest.cancel()
	resume()
	guest.wait(t)
	want(t, "first", receive(t, events, "event").Kind, wasitls.Connected)
	e := receive(t, events, "event")
	want(t, "then", e.Kind, wasitls.Closed)
	if e.Received > int64(most) || e.Received == 0 {
		t.Errorf("received %d of %d bytes, not at most %d", e.Received, sent, most)
	}
}

var smallReads = limits(func(l *wasitls.Limits) { l.ReadBuffer = wasitls.MinBuffer })

// sending is a site that answers with so many bytes. It calls head when it has
// sent the head.
func sending(n int, head func()) site {
	return site{handle: func(c *conn) {
		if _, err := c.request(); err != nil {
			return
		}
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", n)
		head()
		io.WriteString(c, strings.Repeat("x", n))
		c.CloseWrite()
		c.said <- struct{}{}
		c.linger()
	}}
}

// stuckWriter takes nothing until it is released.
type stuckWriter struct {
	entered, release chan struct{}
	once             sync.Once
}

func (w *stuckWriter) Write(p []byte) (int, error) {
	w.once.Do(func() { close(w.entered) })
	<-w.release
	return len(p), nil
}

// closeTimeout: a peer that does not end its side, or does not read, holds
// nothing up for longer than this.
func closeTimeout(t *testing.T, d draft) {
	for _, timeout := range []time.Duration{moment, time.Second} {
		c := client(t, limits(func(l *wasitls.Limits) { l.CloseTimeout = timeout }))
		began := time.Now()
		if d.is03() {
			r := site{handle: func(c *conn) {
				if _, err := c.request(); err == nil {
					fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%s", reply)
					c.CloseWrite()
				}
				<-c.release
			}}.serve(t)
			instance{client: c}.start(t, d.get, r.url("a.test")).works(t, reply)
			took := time.Since(began)
			close(r.release)
			if took < timeout || took > timeout+patience/4 {
				t.Errorf("the guest took %v with a timeout of %v", took, timeout)
			}
			continue
		}
		r := site{handle: func(c *conn) { <-c.release }}.serve(t)
		guest := instance{client: c}.start(t, d.get, r.url("a.test"), "--timeout", "0.2", "--data", strings.Repeat("x", 12<<20))
		guest.fails(t, "timeout")
		close(r.release)
		if guest.closing < timeout/2 || guest.closing > timeout+patience/4 {
			t.Errorf("closing took %v with a timeout of %v", guest.closing, timeout)
		}
	}
}
