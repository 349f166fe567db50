package tlstest

import (
	"crypto/tls"
	"net"
	"sync/atomic"
	"testing"

	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// Stuck returns a transport to a peer that says nothing.
func Stuck(t *testing.T) *wasitlstest.Watched {
	near, far := wasitlstest.Pipe()
	t.Cleanup(func() { far.Close() })
	return wasitlstest.Watch(near)
}

// Unserved returns a transport to a peer that must never finish a handshake.
func Unserved(t *testing.T, c *tls.Config) net.Conn {
	var served atomic.Bool
	t.Cleanup(func() { Want(t, "served", served.Load(), false) })
	return wasitlstest.Peer{Config: c, Handle: func(*tls.Conn, wasitlstest.Conn) { served.Store(true) }}.Pipe()
}

// Source is a peer that sends without end.
func Source(t *tls.Conn, _ wasitlstest.Conn) {
	p := make([]byte, 64<<10)
	for {
		if _, err := t.Write(p); err != nil {
			return
		}
	}
}

// ServerWith returns a server with nothing wrong, changed.
func ServerWith(change func(*tls.Config)) *tls.Config {
	c := Good().Clone()
	change(c)
	return c
}
