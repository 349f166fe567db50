package wasitls_test

import (
	"crypto/tls"
	"errors"
	"io"
	"testing"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

func inputEnd(in *wasitls.Input) chan struct{} { return notified(in.NotifyEnd) }

func notified(notify func(func()) func()) chan struct{} {
	c := make(chan struct{})
	notify(func() { close(c) })
	return c
}

// TestEnd tells the end of each half, once nothing is left to read and
// without anybody reading.
func TestEnd(t *testing.T) {
	t.Run("close_notify", func(t *testing.T) {
		conn := to(t, wasitlstest.Say("text")).Conn
		in := conn.Input()
		end := inputEnd(in)
		eventually(t, "text", in.Ready)
		want(t, "end before it was read", in.End(), nil)
		select {
		case <-end:
			t.Error("told before it was read")
		default:
		}
		b := make([]byte, 9)
		n, err := in.Read(b)
		noError(t, err)
		want(t, "text", string(b[:n]), "text")
		<-end
		for range 2 {
			want(t, "end", in.End(), wasitls.ErrClosed)
			in.Read(b)
		}
	})
	t.Run("truncation", func(t *testing.T) {
		in := to(t, wasitlstest.Truncate("")).Conn.Input()
		<-inputEnd(in)
		for range 2 {
			if !errors.Is(in.End(), wasitls.ErrTruncated) {
				t.Errorf("end: %v", in.End())
			}
			in.Read(make([]byte, 9))
		}
		<-inputEnd(in) // at once
	})
	t.Run("dropped", func(t *testing.T) {
		in := to(t, wasitlstest.Echo).Conn.Input()
		end := inputEnd(in)
		in.NotifyEnd(func() { t.Error("told although taken back") })()
		in.Drop()
		<-end
		want(t, "end", in.End(), wasitls.ErrClosed)
	})
	t.Run("output", func(t *testing.T) {
		out := to(t, wasitlstest.Echo).Conn.Output()
		want(t, "end", out.End(), nil)
		end := notified(out.NotifyEnd)
		out.Close()
		<-end
		want(t, "end", out.End(), wasitls.ErrClosed)
	})
	t.Run("failed output", func(t *testing.T) {
		conn := to(t, func(_ *tls.Conn, below wasitlstest.Conn) { below.Reset() })
		out := conn.Conn.Output()
		end := notified(out.NotifyEnd)
		eventually(t, "reset", func() bool { return out.Write([]byte("x")) != nil })
		<-end
		var failure *wasitls.StreamError
		for range 2 {
			if !errors.As(out.End(), &failure) || failure.Class != wasitls.ClassTransport {
				t.Errorf("end: %v", out.End())
			}
			out.Permit()
		}
	})
}

// TestDiscard reads on, in bounded memory, and finds the end.
func TestDiscard(t *testing.T) {
	for _, early := range []bool{true, false} {
		in := to(t, func(c *tls.Conn, _ wasitlstest.Conn) {
			for range 200 {
				c.Write(make([]byte, 16<<10))
			}
			c.CloseWrite()
			io.Copy(io.Discard, c)
		}).Conn.Input()
		if !early {
			<-notified(in.Notify)
		}
		in.Discard()
		in.Discard()
		<-inputEnd(in)
		want(t, "end", in.End(), wasitls.ErrClosed)
		n, err := in.Read(make([]byte, 9))
		if n != 0 || err != wasitls.ErrClosed {
			t.Errorf("read: %d, %v", n, err)
		}
	}
}

// TestClientCloseTimeout tells the configured time, or the default.
func TestClientCloseTimeout(t *testing.T) {
	want(t, "default", to(t, nil).Conn.CloseTimeout(), wasitls.DefaultCloseTimeout)
	c := config()
	c.Policy.Limits.CloseTimeout = 7
	want(t, "configured", connect(t, c, wasitlstest.Peer{Config: good()}.Pipe()).Conn.CloseTimeout(), 7)
}
