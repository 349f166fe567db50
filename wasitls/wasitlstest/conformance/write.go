package conformance

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// TestWriteAndFlush keeps the order with writes that are still queued.
func (s suite) TestWriteAndFlush(t *testing.T) {
	near, received := recorder(t)
	conn := connect(t, s.config(), wasitlstest.Trickle(near, 100))
	out := conn.Conn.Output()
	var text strings.Builder
	for i := range 50 {
		part := strings.Repeat(string(rune('a'+i%26)), 1+i*400)
		text.WriteString(part)
		if i%3 == 0 {
			if _, err := io.WriteString(conn, part); err != nil {
				t.Fatal(err)
			}
			continue
		}
		noError(t, out.WriteAndFlush(timeout(t), []byte(part)))
		n, err := out.Permit()
		noError(t, err)
		want(t, "permit", n, wasitls.DefaultWriteBuffer)
	}
	noError(t, out.WriteAndFlush(timeout(t), nil))
	conn.Conn.CloseOutput()
	want(t, "write", out.WriteAndFlush(timeout(t), []byte("x")), wasitls.ErrClosed)
	data, clean := received()
	want(t, "received", data == text.String(), true)
	want(t, "close_notify", clean, true)
}

// TestWriteAndFlushFails: once with the reason, then closed.
func (s suite) TestWriteAndFlushFails(t *testing.T) {
	conn := s.to(t, func(*tls.Conn, wasitlstest.Conn) {})
	readAll(t, conn)
	out := conn.Conn.Output()
	streamError(t, out.WriteAndFlush(timeout(t), []byte("x")), wasitls.ClassTransport, "broken pipe")
	want(t, "again", out.WriteAndFlush(timeout(t), []byte("x")), wasitls.ErrClosed)
}

// TestWriteAndFlushCanceled, both when it sends itself and when it waits.
func (s suite) TestWriteAndFlushCanceled(t *testing.T) {
	for _, queued := range []bool{false, true} {
		stop := make(chan struct{})
		conn := s.to(t, func(*tls.Conn, wasitlstest.Conn) { <-stop })
		if queued {
			fill(t, conn.Conn.Output())
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		err := conn.Conn.Output().WriteAndFlush(ctx, make([]byte, 1<<20))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("queued %v: %v", queued, err)
		}
		cancel()
		dropAll(conn.Conn)
		ended(t, conn.Conn)
		close(stop)
	}
}

// TestWriteAndFlushThenCloseOutput: close_notify asked for while a write blocks
// goes out after it.
func (s suite) TestWriteAndFlushThenCloseOutput(t *testing.T) {
	proceed, got := make(chan struct{}), make(chan int, 1)
	conn := s.to(t, func(tc *tls.Conn, _ wasitlstest.Conn) {
		<-proceed
		data, _ := io.ReadAll(tc)
		got <- len(data)
	})
	written := make(chan error, 1)
	go func() { written <- conn.Conn.Output().WriteAndFlush(timeout(t), make([]byte, 1<<20)) }()
	eventually(t, "writing", func() bool { return !conn.Conn.Output().Ready() })
	conn.Conn.CloseOutput()
	close(proceed)
	noError(t, <-written)
	want(t, "received", <-got, 1<<20)
}

// TestWriteAndFlushCanceledLater: the context of earlier calls still ends a
// later one, and having ended ends the next at once.
func (s suite) TestWriteAndFlushCanceledLater(t *testing.T) {
	stop := make(chan struct{})
	conn := s.to(t, func(*tls.Conn, wasitlstest.Conn) { <-stop })
	defer close(stop)
	out := conn.Conn.Output()
	cause := errors.New("enough")
	for range 3 { // another context in between
		ctx, cancel := context.WithCancelCause(context.Background())
		noError(t, out.WriteAndFlush(ctx, []byte("x")))
		noError(t, out.WriteAndFlush(ctx, []byte("x")))
		cancel(nil)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	noError(t, out.WriteAndFlush(ctx, []byte("x")))
	time.AfterFunc(20*time.Millisecond, func() { cancel(cause) })
	want(t, "blocked write", out.WriteAndFlush(ctx, make([]byte, 1<<20)), cause)
	ended(t, conn.Conn)

	conn = s.to(t, func(*tls.Conn, wasitlstest.Conn) { <-stop })
	ctx, cancel = context.WithCancelCause(context.Background())
	noError(t, conn.Conn.Output().WriteAndFlush(ctx, []byte("x")))
	cancel(cause)
	want(t, "write after the end", conn.Conn.Output().WriteAndFlush(ctx, make([]byte, 1<<20)), cause)
	ended(t, conn.Conn)
}
