package sock

import (
	"errors"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

// Bind is StartBind and FinishBind.
func (t *TCP) Bind(to Addr) error {
	if err := t.StartBind(to); err != nil {
		return err
	}
	return t.FinishBind()
}

// any is the address that leaves the choice of one to the system.
func (f Family) any() Addr {
	if f == IPv4 {
		return Addr{AddrPort: netip.AddrPortFrom(netip.IPv4Unspecified(), 0)}
	}
	return Addr{AddrPort: netip.AddrPortFrom(netip.IPv6Unspecified(), 0)}
}

// Listen makes the socket a listener, on a port of the system's choice if it
// is not bound, and returns the connections. The socket stays open until they
// are dropped too.
func (t *TCP) Listen() (*Listener, error) {
	if t.state == unbound && t.pending == nothing {
		if !t.net.Grants.Listen(t.family.any().AddrPort) {
			return nil, AccessDenied
		}
		if err := t.Bind(t.family.any()); err != nil {
			return nil, err
		}
	}
	if err := t.StartListen(); err != nil {
		return nil, err
	}
	t.fd.acquire()
	return &Listener{tcp: t}, t.FinishListen()
}

// Listener is the connections that a socket accepts.
type Listener struct {
	tcp     *TCP
	dropped bool
	// retry is set when there is no room for another connection.
	retry atomic.Bool
}

// Connection is an accepted connection. What is not used of it must be dropped.
type Connection struct {
	*TCP
	In  stream.Input
	Out stream.Output
}

// Next returns the next connection, false if there is none yet. Connections
// that fail before they are accepted are passed over. An error is the end.
func (l *Listener) Next() (Connection, bool, error) {
	for range maxFailedAccepts {
		t, in, out, err := l.tcp.Accept()
		switch {
		case err == nil:
			return Connection{t, in, out}, true, nil
		case errors.Is(err, WouldBlock):
			return Connection{}, false, nil
		case errors.Is(err, NewSocketLimit), errors.Is(err, OutOfMemory):
			l.retry.Store(true)
			return Connection{}, false, nil
		case errors.Is(err, InvalidState):
			return Connection{}, false, err
		}
	}
	l.retry.Store(true)
	return Connection{}, false, nil
}

// Ready implements stream.Pollable.
func (l *Listener) Ready() bool { return !l.retry.Load() && l.tcp.fd.readable.Ready() }

// Notify implements stream.Pollable. The one who has no room for a connection
// that waits already looks again after acceptDelay.
func (l *Listener) Notify(f func()) (stop func()) {
	if l.retry.Swap(false) {
		x := time.AfterFunc(acceptDelay, f)
		return func() { x.Stop() }
	}
	return l.tcp.fd.readable.Notify(f)
}

// Drop gives the connections up that are still to come. It is idempotent.
func (l *Listener) Drop() {
	if !l.dropped {
		l.dropped = true
		l.tcp.fd.release()
	}
}
