package wasitlstest

import (
	"errors"
	"io"

	"github.com/wasitls/wasitls/wasitls"
)

// Blocking makes an ordinary connection of a TLS connection's halves, for
// tests that want to wait. Reads return io.EOF at a clean end.
type Blocking struct {
	Conn *wasitls.Conn

	readable, writable chan struct{}
}

// NewBlocking returns a Blocking on c.
func NewBlocking(c *wasitls.Conn) *Blocking {
	return &Blocking{c, make(chan struct{}, 1), make(chan struct{}, 1)}
}

// Read waits for plaintext.
func (b *Blocking) Read(p []byte) (int, error) {
	for {
		n, err := b.Conn.Input().Read(p)
		if errors.Is(err, wasitls.ErrClosed) {
			return n, io.EOF
		}
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
		wait(b.Conn.Input().Notify, b.readable)
	}
}

// Write waits until all of p is accepted.
func (b *Blocking) Write(p []byte) (written int, err error) {
	for written < len(p) {
		n, err := b.Conn.Output().Permit()
		if err != nil {
			return written, err
		}
		if n == 0 {
			wait(b.Conn.Output().Notify, b.writable)
			continue
		}
		n = min(n, len(p)-written)
		if err := b.Conn.Output().Write(p[written : written+n]); err != nil {
			return written, err
		}
		written += n
	}
	return written, nil
}

// Flush waits until what was written is with the transport.
func (b *Blocking) Flush() error {
	if err := b.Conn.Output().Flush(); err != nil {
		return err
	}
	for {
		n, err := b.Conn.Output().Permit()
		if n > 0 || err != nil {
			return err
		}
		wait(b.Conn.Output().Notify, b.writable)
	}
}

// CloseWrite waits until close_notify is sent.
func (b *Blocking) CloseWrite() error {
	b.Conn.CloseOutput()
	for {
		_, err := b.Conn.Output().Permit()
		if errors.Is(err, wasitls.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		wait(b.Conn.Output().Notify, b.writable)
	}
}

// Close drops everything and waits for the end of the connection.
func (b *Blocking) Close() error {
	b.Conn.Input().Drop()
	b.Conn.Output().Drop()
	b.Conn.Drop()
	<-b.Conn.Done()
	return nil
}

func wait(notify func(func()) func(), event chan struct{}) {
	stop := notify(func() {
		select {
		case event <- struct{}{}:
		default:
		}
	})
	<-event
	stop()
}
