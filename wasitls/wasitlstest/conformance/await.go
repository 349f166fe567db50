package conformance

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// readAwait reads to the end, with Await alone.
func readAwait(t *testing.T, in *wasitls.Input) string {
	t.Helper()
	var text strings.Builder
	p := make([]byte, 10_000)
	for {
		n, err := in.Read(p)
		text.Write(p[:n])
		if errors.Is(err, wasitls.ErrClosed) {
			return text.String()
		}
		noError(t, err)
		if n == 0 {
			noError(t, in.Await(timeout(t)))
			want(t, "ready", in.Ready(), true)
		}
	}
}

// TestAwait receives without a goroutine of the connection.
func (s suite) TestAwait(t *testing.T) {
	text := strings.Repeat("await ", 100_000)
	proceed := make(chan struct{})
	conn := s.to(t, func(tc *tls.Conn, _ wasitlstest.Conn) {
		<-proceed
		io.WriteString(tc, text)
		tc.CloseWrite()
	}).Conn
	got := make(chan string, 1)
	go func() { got <- readAwait(t, conn.Input()) }()
	eventually(t, "waiting", func() bool { return awaiting(t) })
	if stacks := allStacks(); strings.Contains(stacks, "created by github.com/wasitls/wasitls/wasitls.(*Input)") {
		t.Errorf("a goroutine receives:\n%s", stacks)
	}
	close(proceed)
	want(t, "received", <-got == text, true)
}

func allStacks() string {
	stacks := make([]byte, 1<<20)
	return string(stacks[:runtime.Stack(stacks, true)])
}

func awaiting(t *testing.T) bool {
	t.Helper()
	return strings.Contains(allStacks(), "(*Input).Await")
}

// TestAwaitCanceled, both when it receives itself and when another does.
func (s suite) TestAwaitCanceled(t *testing.T) {
	for _, another := range []bool{false, true} {
		conn := s.to(t, func(_ *tls.Conn, below wasitlstest.Conn) { io.Copy(io.Discard, below) }).Conn
		if another {
			conn.Input().Notify(func() {})
		}
		cause := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(context.Background(), 20*time.Millisecond, cause)
		want(t, "await", conn.Input().Await(ctx), cause)
		cancel()
		ended(t, conn)
	}
}

// TestAwaitBesideNotify: who waits by Await is served by the receiver there is.
func (s suite) TestAwaitBesideNotify(t *testing.T) {
	proceed := make(chan struct{})
	conn := s.to(t, func(tc *tls.Conn, _ wasitlstest.Conn) {
		<-proceed
		io.WriteString(tc, "hello")
		tc.CloseWrite()
	}).Conn
	notified := make(chan struct{})
	conn.Input().Notify(func() { close(notified) })
	time.AfterFunc(20*time.Millisecond, func() { close(proceed) })
	noError(t, conn.Input().Await(timeout(t)))
	<-notified
	want(t, "text", readAwait(t, conn.Input()), "hello")
}

// TestReadWithoutWaiting: a guest that only ever asks gets its data, too.
func (s suite) TestReadWithoutWaiting(t *testing.T) {
	for name, ask := range map[string]func(in *wasitls.Input) bool{
		"read": func(in *wasitls.Input) bool {
			n, err := in.Read(make([]byte, 1))
			return n > 0 && err == nil
		},
		"ready": func(in *wasitls.Input) bool { return in.Ready() },
	} {
		conn := s.to(t, wasitlstest.Say("hello")).Conn
		eventually(t, name, func() bool { return ask(conn.Input()) })
	}
}

// TestNowReader: what has arrived is received at once, records and their end.
func (s suite) TestNowReader(t *testing.T) {
	near, far := tcp(t)
	text := strings.Repeat("now ", 10_000)
	sent := make(chan struct{})
	go wasitlstest.Peer{Config: good(), Handle: func(tc *tls.Conn, _ wasitlstest.Conn) {
		io.WriteString(tc, text)
		tc.CloseWrite()
		close(sent)
		io.Copy(io.Discard, tc)
	}}.Serve(wasitlstest.TCP(far))
	conn := connect(t, s.config(), nowReader{near}).Conn
	<-sent
	noError(t, conn.Input().Await(timeout(t)))
	p := make([]byte, len(text)+1)
	n, err := conn.Input().Read(p)
	noError(t, err)
	want(t, "received", string(p[:n]) == text, true)
	_, err = conn.Input().Read(p)
	want(t, "end", err, wasitls.ErrClosed)
}

// TestLook: asked once, and never before, Look knows that an idle connection was
// ended, and is not misled by session tickets.
func (s suite) TestLook(t *testing.T) {
	for _, ends := range []bool{false, true} {
		near, far := tcp(t)
		sent := make(chan struct{})
		go wasitlstest.Peer{Config: good(), Handle: func(tc *tls.Conn, _ wasitlstest.Conn) {
			if ends {
				tc.CloseWrite()
			}
			close(sent)
			io.Copy(io.Discard, tc)
		}}.Serve(wasitlstest.TCP(far))
		conn := connect(t, s.config(), nowReader{near}).Conn
		<-sent
		want(t, "ready", conn.Input().Look(), ends)
	}
}

// TestLookDoesNotWait: a transport that takes its time for what it has does not
// keep those who look.
func (s suite) TestLookDoesNotWait(t *testing.T) {
	near, far := tcp(t)
	go wasitlstest.Peer{Config: good(), Handle: wasitlstest.Echo}.Serve(wasitlstest.TCP(far))
	conn := connect(t, s.config(), newSlowReader(near)).Conn
	asked := make(chan bool)
	go func() { asked <- conn.Input().Look() }()
	select {
	case ready := <-asked:
		want(t, "ready", ready, false)
	case <-timeout(t).Done():
		t.Fatal("still waiting")
	}
	conn.Close()
}

// slowReader is a NowReader that waits nevertheless, until it is closed.
type slowReader struct {
	*net.TCPConn
	closed chan struct{}
	close  func()
}

func newSlowReader(c *net.TCPConn) slowReader {
	closed := make(chan struct{})
	return slowReader{c, closed, sync.OnceFunc(func() { close(closed) })}
}

func (r slowReader) ReadNow([]byte) (int, error) {
	<-r.closed
	return 0, net.ErrClosed
}

func (r slowReader) Close() error {
	r.close()
	return r.TCPConn.Close()
}

// tcp returns the ends of a connection.
func tcp(t *testing.T) (near, far *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	noError(t, err)
	s, err := l.Accept()
	noError(t, err)
	t.Cleanup(func() { c.Close(); s.Close() })
	return c.(*net.TCPConn), s.(*net.TCPConn)
}

// nowReader is a NowReader of what arrives soon.
type nowReader struct{ *net.TCPConn }

func (r nowReader) ReadNow(p []byte) (int, error) {
	r.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	n, err := r.Read(p)
	r.SetReadDeadline(time.Time{})
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		err = nil
	}
	return n, err
}
