package conformance

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// dropAll gives every handle up.
func dropAll(c *wasitls.Conn) {
	c.Output().Drop()
	c.Input().Drop()
	c.Drop()
}

// TestP2_32DropConnection: the halves go on, and nothing is sent.
func (s suite) TestP2_32DropConnection(t *testing.T) {
	watched := wasitlstest.Watch(wasitlstest.Peer{Config: good(), Handle: wasitlstest.Echo}.Pipe())
	conn := connect(t, s.config(), watched)
	sent := watched.Sent.Load()
	conn.Conn.Drop()
	conn.Conn.Drop()
	want(t, "sent", watched.Sent.Load(), sent)
	_, err := io.WriteString(conn, "hello")
	noError(t, err)
	p := make([]byte, 5)
	_, err = io.ReadFull(conn, p)
	noError(t, err)
	want(t, "echo", string(p), "hello")
}

// TestP2_33WriteThenDrop: accepted data is delivered, and close_notify if and
// only if it was asked for.
func (s suite) TestP2_33WriteThenDrop(t *testing.T) {
	text := strings.Repeat("deliver me ", 5000)
	for _, closing := range []bool{false, true} {
		s.run(t, fmt.Sprint("close ", closing), func(t *testing.T) {
			near, received := recorder(t)
			watched := wasitlstest.Watch(wasitlstest.Trickle(near, 1000))
			conn := connect(t, s.config(), watched)
			noError(t, conn.Conn.Output().Write([]byte(text)))
			if closing {
				conn.Conn.CloseOutput()
			}
			dropAll(conn.Conn)
			data, clean := received()
			want(t, "data", data == text, true)
			want(t, "close_notify", clean, closing)
			ended(t, conn.Conn)
			want(t, "closed", watched.Closed.Load(), 1)
			_, err := conn.Conn.Output().Permit()
			want(t, "permit", err, wasitls.ErrClosed)
			want(t, "write", conn.Conn.Output().Write(nil), wasitls.ErrClosed)
		})
	}
}

// TestP2_34DropInput: writing goes on, and the peer's data does not matter.
func (s suite) TestP2_34DropInput(t *testing.T) {
	near, received := recorder(t)
	conn := connect(t, s.config(), near)
	in := conn.Conn.Input()
	woken := make(chan struct{})
	in.Notify(func() { close(woken) })
	in.Drop()
	in.Drop()
	<-woken
	closedForEver(t, in)
	_, err := io.WriteString(conn, "one way")
	noError(t, err)
	noError(t, conn.CloseWrite())
	data, _ := received()
	want(t, "received", data, "one way")
}

// TestP2_35AnyOrder: the transport is released when the third handle goes,
// whichever it is (E7, E8).
func (s suite) TestP2_35AnyOrder(t *testing.T) {
	for _, order := range []string{"ioc", "ico", "oic", "oci", "cio", "coi"} {
		s.run(t, order, func(t *testing.T) {
			watched := wasitlstest.Watch(wasitlstest.Peer{Config: good(), Handle: wasitlstest.Echo}.Pipe())
			conn := connect(t, s.config(), watched).Conn
			drops := map[rune]func(){'i': conn.Input().Drop, 'o': conn.Output().Drop, 'c': conn.Drop}
			for _, handle := range order {
				want(t, "closed before the last", watched.Closed.Load(), 0)
				drops[handle]()
				drops[handle]()
			}
			ended(t, conn)
			want(t, "closed", watched.Closed.Load(), 1)
		})
	}
}

// TestCloseOutputAfterDrop: the connection's handle can still ask for it.
func (s suite) TestCloseOutputAfterDrop(t *testing.T) {
	near, received := recorder(t)
	conn := connect(t, s.config(), near)
	_, err := io.WriteString(conn, "hello")
	noError(t, err)
	conn.Conn.Output().Drop()
	conn.Conn.CloseOutput()
	data, clean := received()
	want(t, "received", data, "hello")
	want(t, "close_notify", clean, true)
}

// TestCloseTimeout: data that the peer does not take is given up in time.
func (s suite) TestCloseTimeout(t *testing.T) {
	now := time.Now()
	good()
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		peer := wasitlstest.Peer{Config: good(), Handle: func(*tls.Conn, wasitlstest.Conn) { <-stop }}
		c := s.config()
		c.Time = func() time.Time { return now }
		conn := connect(t, c, peer.Pipe())
		fill(t, conn.Conn.Output())
		conn.Conn.CloseOutput()
		start := time.Now()
		dropAll(conn.Conn)
		ended(t, conn.Conn)
		want(t, "took", time.Since(start), wasitls.DefaultCloseTimeout)
		close(stop)
		synctest.Wait()
	})
}

// TestCloseIsImmediate, in every state, and from any goroutine.
func (s suite) TestCloseIsImmediate(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	conn := s.to(t, func(*tls.Conn, wasitlstest.Conn) { <-stop })
	fill(t, conn.Conn.Output())
	start := time.Now()
	for range 2 {
		conn.Conn.Close()
	}
	ended(t, conn.Conn)
	if took := time.Since(start); took > time.Second {
		t.Errorf("took %v", took)
	}
	_, err := conn.Conn.Output().Permit()
	want(t, "permit", err, wasitls.ErrClosed)
	closedForEver(t, conn.Conn.Input())
}

// TestCloseWithFullReadBuffer: a receiver that waits for room ends, too.
func (s suite) TestCloseWithFullReadBuffer(t *testing.T) {
	conn := s.to(t, source)
	time.Sleep(20 * time.Millisecond)
	closeNow(t, conn.Conn)
}

// TestP2_04TLSInTLS: the halves of one connection carry another.
func (s suite) TestP2_04TLSInTLS(t *testing.T) {
	outer := s.to(t, func(tc *tls.Conn, _ wasitlstest.Conn) {
		inner := tls.Server(tc, good())
		wasitlstest.Echo(inner, nil)
	})
	transport := wasitls.Streams(outer.Conn.Input(), outer.Conn.Output())
	outer.Conn.Drop()
	inner := connect(t, s.config(), transport)
	text := bytes.Repeat([]byte("turtles "), 50_000)
	go func() {
		inner.Write(text)
		inner.CloseWrite()
	}()
	data, err := readAll(t, inner)
	noError(t, err)
	want(t, "echo", data == string(text), true)
	dropAll(inner.Conn)
	ended(t, inner.Conn)
	ended(t, outer.Conn)
}

// TestStreamsDeadline: cancelling works over streams that never answer.
func (s suite) TestStreamsDeadline(t *testing.T) {
	outer := s.to(t, nil) // takes everything and says nothing
	c := s.config()
	c.Policy.Rules[0].HandshakeTimeout = 50 * time.Millisecond
	transport := wasitls.Streams(outer.Conn.Input(), outer.Conn.Output())
	fails(t, c, noAddr{transport}, wasitlstest.Name, wasitls.ClassTimeout)
	noError(t, transport.SetReadDeadline(time.Unix(1, 0)))
}
