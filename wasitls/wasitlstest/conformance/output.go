package conformance

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// recorder returns a connection to a peer that reads to the end, and a function
// that waits for what it got and whether a close_notify came.
func recorder(t *testing.T) (near wasitlstest.Conn, received func() (data string, clean bool)) {
	type result struct {
		data  string
		clean bool
	}
	results := make(chan result, 1)
	near, far := wasitlstest.Pipe()
	below := &noticing{Conn: far}
	go wasitlstest.Peer{Config: good(), Handle: func(tc *tls.Conn, _ wasitlstest.Conn) {
		data, err := io.ReadAll(tc)
		results <- result{string(data), err == nil && !below.sawEnd}
		io.Copy(io.Discard, far)
	}}.Serve(below)
	return near, func() (string, bool) {
		t.Helper()
		select {
		case r := <-results:
			return r.data, r.clean
		case <-time.After(patience):
			t.Fatal("the peer does not get to the end")
			panic("unreachable")
		}
	}
}

// noticing tells a server what its crypto/tls does not: that its transport ended.
type noticing struct {
	wasitlstest.Conn
	sawEnd bool
}

func (n *noticing) Read(p []byte) (int, error) {
	m, err := n.Conn.Read(p)
	n.sawEnd = n.sawEnd || err == io.EOF
	return m, err
}

// TestP2_50Permit: bounded, honest, and nothing above it is accepted (P2-52, P2-53).
func (s suite) TestP2_50Permit(t *testing.T) {
	c := s.config()
	c.Policy.Limits.WriteBuffer = 4096
	near, received := recorder(t)
	conn := connect(t, c, near)
	out := conn.Conn.Output()
	n, err := out.Permit()
	noError(t, err)
	want(t, "permit", n, 4096)
	want(t, "too large", out.Write(make([]byte, 4097)), wasitls.ErrPermit)
	noError(t, out.Write(make([]byte, 4096)))
	noError(t, conn.CloseWrite())
	data, _ := received()
	want(t, "received", len(data), 4096)
}

// TestP2_54EmptyWrite changes nothing.
func (s suite) TestP2_54EmptyWrite(t *testing.T) {
	conn := s.to(t, nil)
	noError(t, conn.Conn.Output().Write(nil))
	want(t, "ready", conn.Conn.Output().Ready(), true)
}

// TestP2_56Flush: the peer has everything without further calls.
func (s suite) TestP2_56Flush(t *testing.T) {
	got := make(chan string, 1)
	conn := s.to(t, func(tc *tls.Conn, _ wasitlstest.Conn) {
		p := make([]byte, 5)
		io.ReadFull(tc, p)
		got <- string(p)
		io.Copy(io.Discard, tc)
	})
	out := conn.Conn.Output()
	noError(t, out.Write([]byte("hello")))
	noError(t, out.Flush())
	want(t, "received", <-got, "hello")
	eventually(t, "flushed", out.Ready)
	n, err := out.Permit()
	noError(t, err)
	want(t, "permit", n, wasitls.DefaultWriteBuffer)
}

// TestP2_55FlushInProgress: no permit, no writes, and flushing again is fine.
func (s suite) TestP2_55FlushInProgress(t *testing.T) {
	proceed := make(chan struct{})
	conn := s.to(t, func(tc *tls.Conn, _ wasitlstest.Conn) {
		<-proceed
		io.Copy(io.Discard, tc)
	})
	out := conn.Conn.Output()
	fill(t, out)
	for range 2 {
		noError(t, out.Flush())
	}
	want(t, "ready", out.Ready(), false)
	n, err := out.Permit()
	noError(t, err)
	want(t, "permit", n, 0)
	want(t, "write", out.Write([]byte("x")), wasitls.ErrPermit)
	close(proceed)
	eventually(t, "flushed", out.Ready)
	noError(t, out.Write([]byte("x")))
	noError(t, out.Flush())
}

// TestP2_57FailureOnce: reported once, by whichever call comes first, then closed.
func (s suite) TestP2_57FailureOnce(t *testing.T) {
	calls := map[string]func(*wasitls.Output) error{
		"permit": func(o *wasitls.Output) error { _, err := o.Permit(); return err },
		"write":  func(o *wasitls.Output) error { return o.Write([]byte("x")) },
		"flush":  func(o *wasitls.Output) error { return o.Flush() },
	}
	for name, call := range calls {
		s.run(t, name, func(t *testing.T) {
			near, far := wasitlstest.Pipe()
			go wasitlstest.Peer{Config: good(), Handle: func(*tls.Conn, wasitlstest.Conn) {}}.Serve(far)
			conn := connect(t, s.config(), near)
			out := conn.Conn.Output()
			readAll(t, conn) // the peer is gone
			noError(t, out.Write([]byte("x")))
			noError(t, ignore(out.Flush(), wasitls.ClassTransport))
			eventually(t, "ready", out.Ready)
			err := call(out)
			if err != wasitls.ErrClosed { // unless Flush had it
				streamError(t, err, wasitls.ClassTransport, "broken pipe")
			}
			for _, call := range calls {
				want(t, "afterwards", call(out), wasitls.ErrClosed)
			}
			conn.Conn.CloseOutput()
			want(t, "ready", out.Ready(), true)
		})
	}
}

func ignore(err error, class wasitls.Class) error {
	var failure *wasitls.StreamError
	if errors.As(err, &failure) && failure.Class == class {
		return nil
	}
	return err
}

// TestP2_59TransportOutputClosed: that is a failure of this half, not its end.
func (s suite) TestP2_59TransportOutputClosed(t *testing.T) {
	outer := s.to(t, func(tc *tls.Conn, _ wasitlstest.Conn) {
		wasitlstest.Echo(tls.Server(tc, good()), nil)
	})
	inner := connect(t, s.config(), wasitls.Streams(outer.Conn.Input(), outer.Conn.Output()))
	noError(t, outer.CloseWrite())
	_, err := io.WriteString(inner, "x")
	noError(t, err)
	err = inner.Flush()
	streamError(t, err, wasitls.ClassTransport, "transport closed")
	want(t, "is closed", errors.Is(err, wasitls.ErrClosed), false)
}

// TestP2_60WriteAfterPeersClose is D09: half-close from the other side.
func (s suite) TestP2_60WriteAfterPeersClose(t *testing.T) {
	got := make(chan string, 1)
	conn := s.to(t, func(tc *tls.Conn, _ wasitlstest.Conn) {
		tc.CloseWrite()
		data, _ := io.ReadAll(tc)
		got <- string(data)
	})
	_, err := readAll(t, conn)
	noError(t, err)
	_, err = io.WriteString(conn, "still here")
	noError(t, err)
	noError(t, conn.CloseWrite())
	want(t, "received", <-got, "still here")
}

// TestP2_70CloseOutput is P2-70 to P2-72 and P2-74: after all data, not
// blocking, once, and the transport stays open.
func (s suite) TestP2_70CloseOutput(t *testing.T) {
	proceed := make(chan struct{})
	got := make(chan string, 1)
	near, far := wasitlstest.Pipe()
	go wasitlstest.Peer{Config: good(), Handle: func(tc *tls.Conn, below wasitlstest.Conn) {
		<-proceed
		data, _ := io.ReadAll(tc)
		below.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		_, err := below.Read(make([]byte, 1))
		got <- fmt.Sprint(len(data), " ", errors.Is(err, io.EOF))
	}}.Serve(far)
	conn := connect(t, s.config(), near)
	out := conn.Conn.Output()
	accepted := fill(t, out)
	for range 3 {
		conn.Conn.CloseOutput()
		n, err := out.Permit()
		noError(t, err)
		want(t, "permit", n, 0)
		want(t, "ready", out.Ready(), false)
		want(t, "write", out.Write([]byte("x")), wasitls.ErrClosed)
		noError(t, out.Flush())
	}
	close(proceed)
	eventually(t, "closed", out.Ready)
	for range 3 {
		_, err := out.Permit()
		want(t, "permit", err, wasitls.ErrClosed)
		want(t, "flush", out.Flush(), wasitls.ErrClosed)
		conn.Conn.CloseOutput()
	}
	want(t, "data, and whether the transport ended", <-got, fmt.Sprint(accepted, " ", false))
}

// TestP2_73CloseFails: once as failure, then closed.
func (s suite) TestP2_73CloseFails(t *testing.T) {
	conn := s.to(t, func(*tls.Conn, wasitlstest.Conn) {})
	readAll(t, conn)
	err := conn.CloseWrite()
	streamError(t, err, wasitls.ClassTransport, "broken pipe")
	_, err = conn.Conn.Output().Permit()
	want(t, "permit", err, wasitls.ErrClosed)
}

// TestP2_75ReadAfterCloseOutput is D10, with the KeyUpdate that crypto/tls
// would not survive on a connection whose deadlines it sets itself.
func (s suite) TestP2_75ReadAfterCloseOutput(t *testing.T) {
	peer := wasitlstest.RecordsPeer(good(), func(r *wasitlstest.Records, tc *tls.Conn, below wasitlstest.Conn) {
		io.Copy(io.Discard, tc) // to the client's close_notify
		hello(r)
		r.KeyUpdate(true)
		hello(r)
		r.CloseNotify()
		io.Copy(io.Discard, below)
	})
	conn := connect(t, s.config(), peer.Pipe())
	noError(t, conn.CloseWrite())
	data, err := readAll(t, conn)
	noError(t, err)
	want(t, "data", data, "hellohello")
}
