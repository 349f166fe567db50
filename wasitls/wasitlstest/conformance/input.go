package conformance

import (
	"crypto/tls"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// TestP2_40ReadAheadIsBounded: a guest that does not read holds the peer up.
func (s suite) TestP2_40ReadAheadIsBounded(t *testing.T) {
	c := s.config()
	c.Policy.Limits.ReadBuffer = 32 << 10
	near, far := wasitlstest.Pipe()
	sent := wasitlstest.Watch(far)
	go wasitlstest.Peer{Config: good(), Handle: source}.Serve(asConn{sent, far})
	conn := connect(t, c, near)
	before := int64(-1)
	eventually(t, "the peer is held up", func() bool {
		now := sent.Sent.Load()
		defer func() { before = now }()
		time.Sleep(20 * time.Millisecond)
		return now == before && now > 0
	})
	if most := int64(c.Policy.Limits.ReadBuffer + 3*(16<<10) + wasitlstest.DefaultCapacity + 8<<10); before > most {
		t.Errorf("took %d bytes, more than %d", before, most)
	}
	_, err := io.CopyN(io.Discard, conn, 1<<20) // and it goes on
	noError(t, err)
}

// asConn is a watched end of a pipe with the pipe's other methods.
type asConn struct {
	*wasitlstest.Watched
	end wasitlstest.Conn
}

func (a asConn) CloseWrite() error { return a.end.CloseWrite() }
func (a asConn) Reset() error      { return a.end.Reset() }

// TestP2_41PartialReads: nothing there is 0; less than there is keeps the rest.
func (s suite) TestP2_41PartialReads(t *testing.T) {
	proceed := make(chan struct{})
	conn := s.to(t, func(tc *tls.Conn, _ wasitlstest.Conn) {
		<-proceed
		io.WriteString(tc, "hello world")
		tc.Read(make([]byte, 1))
	})
	in, p := conn.Conn.Input(), make([]byte, 3)
	n, err := in.Read(p)
	noError(t, err)
	want(t, "read", n, 0)
	close(proceed)
	eventually(t, "data", in.Ready)
	n, _ = in.Read(nil)
	want(t, "empty read", n, 0)
	n, _ = in.Read(p)
	want(t, "read", string(p[:n]), "hel")
	n, _ = in.Skip(3)
	want(t, "skipped", n, 3)
	n, _ = in.Read(p)
	want(t, "read", string(p[:n]), "wor")
	n, _ = in.Skip(1 << 30)
	want(t, "skipped", n, 2)
	want(t, "ready", in.Ready(), false)
}

// TestP2_42CleanEnd: data, then closed for ever; also P2-44.
func (s suite) TestP2_42CleanEnd(t *testing.T) {
	conn := s.to(t, wasitlstest.Say("hello"))
	data, err := readAll(t, conn)
	noError(t, err)
	want(t, "data", data, "hello")
	closedForEver(t, conn.Conn.Input())
	_, err = conn.Conn.Input().Read(nil)
	want(t, "empty read", err, wasitls.ErrClosed)
	_, err = conn.Conn.Input().Skip(1)
	want(t, "skip", err, wasitls.ErrClosed)
}

// TestP2_43Truncation: the failure once, then closed. D06 has the details.
func (s suite) TestP2_43Truncation(t *testing.T) {
	conn := s.to(t, wasitlstest.Truncate("hello"))
	data, err := readAll(t, conn)
	want(t, "data", data, "hello")
	if !errors.Is(err, wasitls.ErrTruncated) {
		t.Error(err)
	}
	closedForEver(t, conn.Conn.Input())
}

// TestTicketsDoNotMakeReady: a server of TLS 1.3 sends session tickets and
// KeyUpdates at will; they are handled and nobody is woken.
func (s suite) TestTicketsDoNotMakeReady(t *testing.T) {
	handled := make(chan struct{})
	peer := wasitlstest.RecordsPeer(good(), func(r *wasitlstest.Records, tc *tls.Conn, _ wasitlstest.Conn) {
		r.Ticket(200)
		r.KeyUpdate(true)
		tc.Read(make([]byte, 1)) // the answer to KeyUpdate came before
		close(handled)
		hello(r)
		io.Copy(io.Discard, tc)
	})
	conn := connect(t, s.config(), peer.Pipe())
	in := conn.Conn.Input()
	woken := make(chan struct{})
	in.Notify(func() { close(woken) })
	time.Sleep(20 * time.Millisecond)
	select {
	case <-woken:
		t.Fatal("woken by a ticket")
	default:
	}
	want(t, "ready", in.Ready(), false)
	_, err := io.WriteString(conn, "x")
	noError(t, err)
	<-handled
	<-woken
	p := make([]byte, 5)
	_, err = io.ReadFull(conn, p)
	noError(t, err)
	want(t, "data", string(p), "hello")
}

// TestNotifyIsTakenBack and fires only once.
func (s suite) TestNotifyIsTakenBack(t *testing.T) {
	conn := s.to(t, wasitlstest.Echo)
	in := conn.Conn.Input()
	stop := in.Notify(func() { t.Error("called after it was taken back") })
	stop()
	calls := make(chan struct{}, 10)
	in.Notify(func() { calls <- struct{}{} })
	for range 3 {
		_, err := io.WriteString(conn, "x")
		noError(t, err)
		_, err = io.ReadFull(conn, make([]byte, 1))
		noError(t, err)
	}
	want(t, "calls", len(calls), 1)
}
