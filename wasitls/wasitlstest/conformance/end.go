package conformance

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
func (s suite) TestEnd(t *testing.T) {
	s.run(t, "close_notify", func(t *testing.T) {
		conn := s.to(t, wasitlstest.Say("text")).Conn
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
	s.run(t, "truncation", func(t *testing.T) {
		in := s.to(t, wasitlstest.Truncate("")).Conn.Input()
		<-inputEnd(in)
		for range 2 {
			if !errors.Is(in.End(), wasitls.ErrTruncated) {
				t.Errorf("end: %v", in.End())
			}
			in.Read(make([]byte, 9))
		}
		<-inputEnd(in) // at once
	})
	s.run(t, "dropped", func(t *testing.T) {
		in := s.to(t, wasitlstest.Echo).Conn.Input()
		end := inputEnd(in)
		in.NotifyEnd(func() { t.Error("told although taken back") })()
		in.Drop()
		<-end
		want(t, "end", in.End(), wasitls.ErrClosed)
	})
	s.run(t, "output", func(t *testing.T) {
		out := s.to(t, wasitlstest.Echo).Conn.Output()
		want(t, "end", out.End(), nil)
		end := notified(out.NotifyEnd)
		out.Close()
		<-end
		want(t, "end", out.End(), wasitls.ErrClosed)
	})
	s.run(t, "failed output", func(t *testing.T) {
		conn := s.to(t, func(_ *tls.Conn, below wasitlstest.Conn) { below.Reset() })
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
func (s suite) TestDiscard(t *testing.T) {
	for _, early := range []bool{true, false} {
		in := s.to(t, func(c *tls.Conn, _ wasitlstest.Conn) {
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
