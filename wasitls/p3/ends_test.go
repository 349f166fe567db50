package p3

import (
	"crypto/tls"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// TestP3_40: send is over when close_notify was sent and the ciphertext was
// read to its end.
func TestP3_40(t *testing.T) {
	g := newGuest(t, newClient(t))
	peer := peerFor(wasitlstest.Echo)
	g.pumpIn(peer)
	out := g.pumpSome(peer)
	if err := g.connect(wasitlstest.Name); err != nil {
		t.Fatal(err)
	}
	g.write("x")
	want(t, "echo", g.read(1), "x")
	g.sent.pending(t) // plaintext goes on
	out.stop()
	g.end()
	eventually(t, "close_notify", g.cipherOut.Ready)
	g.sent.pending(t) // close_notify was not read
	b := make([]byte, 1<<10)
	n, err := g.cipherOut.Read(b)
	if n == 0 || err != nil {
		t.Fatalf("close_notify: %d, %v", n, err)
	}
	peer.Write(b[:n])
	g.sent.pending(t) // nor the end
	if _, err := g.cipherOut.Read(b); err == nil {
		t.Error("the ciphertext has not ended")
	}
	g.sent.ok(t)
	want(t, "rest", g.readAll(), "")

	// The end may also be seen by dropping there.
	g = good(t, wasitlstest.Echo)
	g.end()
	g.sent.ok(t)
}

// some is a pump that can be stopped.
type some struct {
	t    testing.TB
	read wasitls.Transport
	done chan struct{}
}

// pumpSome moves the ciphertext to the peer until it is stopped.
func (g *guest) pumpSome(peer io.Writer) *some {
	s := &some{g.t, wasitls.Streams(keep{g.cipherOut}, nowhere{}), make(chan struct{})}
	go func() {
		defer close(s.done)
		io.Copy(peer, s.read)
	}()
	return s
}

func (s *some) stop() {
	s.read.Close()
	<-s.done
}

// keep is a source that its user cannot drop.
type keep struct{ *outgoing }

func (keep) Drop() {}

// pumpIn moves what the peer sends.
func (g *guest) pumpIn(peer wasitlstest.Conn) {
	g.peer = peer
	in := wasitls.Streams(nothing{}, g.cipherIn)
	g.pumps.Go(func() {
		io.Copy(in, peer)
		g.cipherIn.Drop()
	})
}

// TestP3_41: receive is over when the plaintext was read to its end and the
// ciphertext has ended.
func TestP3_41(t *testing.T) {
	finish := make(chan struct{})
	g := good(t, func(c *tls.Conn, below wasitlstest.Conn) {
		io.WriteString(c, "text")
		c.CloseWrite()
		<-finish
		io.WriteString(below, "whatever follows close_notify")
		below.CloseWrite()
		io.Copy(io.Discard, c)
	})
	g.received.pending(t)
	want(t, "text", g.readAll(), "text")
	g.received.pending(t) // the ciphertext goes on
	close(finish)
	g.received.ok(t)

	// The ciphertext has ended, and the plaintext waits.
	g = good(t, func(c *tls.Conn, below wasitlstest.Conn) {
		io.WriteString(c, "text")
		c.CloseWrite()
		below.CloseWrite()
		io.Copy(io.Discard, c)
	})
	g.received.pending(t)
	want(t, "text", g.readAll(), "text")
	g.received.ok(t)
}

// TestP3_41_bounded: when the guest is done with both directions, a peer
// cannot keep the connection.
func TestP3_41_bounded(t *testing.T) {
	for _, closed := range []bool{true, false} {
		// Certificates do not live in the bubble's time.
		now, config := time.Now(), ca().Server()
		synctest.Test(t, func(t *testing.T) {
			over := make(chan struct{})
			defer close(over)
			peer := peerWith(config, func(c *tls.Conn, _ wasitlstest.Conn) {
				if closed {
					c.CloseWrite()
					<-over
				}
				for {
					if _, err := io.WriteString(c, "blah"); err != nil {
						return
					}
					select {
					case <-time.After(time.Second):
					case <-over:
						return
					}
				}
			})
			g := newGuest(t, newClient(t, func(c *wasitls.Config) { c.Time = func() time.Time { return now } }))
			g.pump(peer.Pipe())
			if err := g.connect(wasitlstest.Name); err != nil {
				t.Fatal(err)
			}
			g.end()
			g.sent.ok(t)
			began := time.Now()
			g.source.Drop()
			err := g.received.get(t)
			if (err == nil) != closed {
				t.Errorf("closed is %v: %v", closed, err)
			}
			want(t, "time", time.Since(began), wasitls.DefaultCloseTimeout)
			synctest.Wait() // the outcome is told first
			if _, err := g.cipherIn.Permit(); err == nil {
				t.Error("ciphertext is still taken")
			}
		})
	}
}

// TestP3_42: nobody needs to look at the outcomes.
func TestP3_42(t *testing.T) {
	g := newGuest(t, newClient(t))
	g.sent.c, g.received.c = make(chan error, 1), make(chan error, 1) // never read
	g.pump(peerFor(wasitlstest.Echo))
	if err := g.connect(wasitlstest.Name); err != nil {
		t.Fatal(err)
	}
	g.write("hello")
	g.end()
	want(t, "echo", g.readAll(), "hello")
}

// TestP3_43: close_notify and then the end of the ciphertext is a clean end.
func TestP3_43(t *testing.T) {
	g := good(t, func(c *tls.Conn, below wasitlstest.Conn) {
		io.WriteString(c, "all of it")
		c.CloseWrite()
		below.CloseWrite()
		io.Copy(io.Discard, c)
	})
	want(t, "text", g.readAll(), "all of it")
	g.received.ok(t)
}

// TestP3_44: an end without close_notify is an error, after all data. Sending
// is none of it.
func TestP3_44(t *testing.T) {
	for what, handle := range map[string]handler{
		"between records": wasitlstest.Truncate("half of it"),
		"within a record": wasitlstest.HalfRecord("half of it"),
	} {
		t.Run(what, func(t *testing.T) {
			g := good(t, handle)
			g.received.pending(t)
			want(t, "text", g.readAll(), "half of it")
			g.received.fails(t, "peer closed the connection without sending close_notify")
			g.write("still here")
			g.sent.pending(t)
			g.end()
			g.sent.ok(t)
		})
	}
	t.Run("allowed", func(t *testing.T) {
		g := goodWith(t, newClient(t, func(c *wasitls.Config) { c.Policy.Rules[0].AllowTruncation = true }), wasitlstest.Truncate("all of it"))
		want(t, "text", g.readAll(), "all of it")
		g.received.ok(t)
	})
}

// TestP3_45: the end of the plaintext is close_notify, then the end of the
// ciphertext.
func TestP3_45(t *testing.T) {
	got, tail := newTold("plaintext"), newTold("end below")
	g := good(t, func(c *tls.Conn, below wasitlstest.Conn) {
		data, err := io.ReadAll(c) // an error unless close_notify came, or the end below
		if err == nil && string(data) != "bye" {
			t.Errorf("peer got %q", data)
		}
		got.set(err)
		_, err = below.Read(make([]byte, 1))
		if err == io.EOF {
			err = nil
		}
		tail.set(err)
	})
	g.write("bye")
	g.end()
	got.ok(t)
	tail.ok(t)
	g.sent.ok(t)

	// close_notify was there before the end.
	g = newGuest(t, newClient(t))
	peer := peerFor(wasitlstest.Echo)
	g.pumpIn(peer)
	out := g.pumpSome(peer)
	if err := g.connect(wasitlstest.Name); err != nil {
		t.Fatal(err)
	}
	out.stop()
	g.end()
	record, err := within(t, func() ([]byte, error) { return io.ReadAll(wasitls.Streams(g.cipherOut, nowhere{})) })
	if err != nil || len(record) != 24 || record[0] != wasitlstest.RecordApplicationData {
		t.Errorf("ciphertext of close_notify: %x, %v", record, err)
	}
}

// TestP3_46: receiving goes on after that, key updates included, which can no
// longer be answered.
func TestP3_46(t *testing.T) {
	g := good(t, func(c *tls.Conn, _ wasitlstest.Conn) {
		io.Copy(io.Discard, c) // until close_notify
		wasitlstest.Say("said after your end")(c, nil)
	})
	g.end()
	g.sent.ok(t)
	want(t, "text", g.readAll(), "said after your end")
	g.received.ok(t)

	g = newGuest(t, newClient(t))
	g.pump(wasitlstest.RecordsPeer(ca().Server(), func(r *wasitlstest.Records, c *tls.Conn, below wasitlstest.Conn) {
		io.Copy(io.Discard, c)
		io.Copy(io.Discard, below)
		for range 3 {
			r.KeyUpdate(true)
			r.Write(wasitlstest.RecordApplicationData, []byte("more,"))
		}
		r.CloseNotify()
	}).Pipe())
	if err := g.connect(wasitlstest.Name); err != nil {
		t.Fatal(err)
	}
	g.end()
	g.sent.ok(t)
	want(t, "text", g.readAll(), "more,more,more,")
	g.received.ok(t)
}

// TestP3_47: when nobody reads the ciphertext, sending fails; receiving goes
// on.
func TestP3_47(t *testing.T) {
	g := newGuest(t, newClient(t))
	peer := wasitlstest.RecordsPeer(ca().Server(), func(r *wasitlstest.Records, c *tls.Conn, _ wasitlstest.Conn) {
		c.Read(make([]byte, 1))
		r.KeyUpdate(true)
		r.Write(wasitlstest.RecordApplicationData, []byte("I talk on"))
		r.CloseNotify()
	}).Pipe()
	g.pumpIn(peer)
	out := g.pumpSome(peer)
	if err := g.connect(wasitlstest.Name); err != nil {
		t.Fatal(err)
	}
	g.write("x")
	text := g.read(4)
	out.stop()
	g.cipherOut.Drop()
	g.sent.fails(t, "broken pipe")
	if _, err := g.sink.Permit(); err == nil {
		t.Error("plaintext is still taken")
	}
	want(t, "text", text+g.readAll(), "I talk on")
	g.received.ok(t)
}
