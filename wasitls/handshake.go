package wasitls

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// Handshake is a handshake in progress or its result. It runs by itself: no
// call is needed for it to proceed. It is safe for concurrent use.
type Handshake struct {
	*origin
	wire    *wire
	timer   *time.Timer
	stopped chan struct{} // closed by stop
	done    chan struct{} // closed when the result is there

	mu       sync.Mutex
	cause    error // why it was stopped from outside
	settled  bool  // too late to stop
	canceled bool  // nobody will take the result
	ended    bool  // conn and err are valid
	taken    bool
	conn     *Conn
	err      error
	waiters  waiters
}

// begin makes a handshake that is to be run, or has ended already.
func (g *Guest) begin(t Transport, name string) *Handshake {
	h := &Handshake{
		origin: &origin{guest: g, number: connections.Add(1), address: addressOf(t), start: time.Now()},
		wire:   &wire{t: t}, stopped: make(chan struct{}), done: make(chan struct{}),
	}
	if err := h.admit(name); err != nil {
		h.finish(nil, err)
		return h
	}
	h.timer = time.AfterFunc(h.rule.HandshakeTimeout, func() {
		h.stop(fmt.Errorf("%w: no connection within %v", ErrTimeout, h.rule.HandshakeTimeout))
	})
	return h
}

// admit finds the rule for the name. It fails if there is none, or if the
// connection may not be.
func (h *Handshake) admit(name string) *HandshakeError {
	server, err := ParseServerName(name)
	if err != nil {
		return &HandshakeError{ClassName, err}
	}
	h.name = server
	h.rule = h.guest.client.rules.Load().find(server)
	if err := h.permit(); err != nil {
		return &HandshakeError{ClassPolicy, err}
	}
	if h.entry, err = h.guest.client.gate.admit(&h.guest.usage, h.rule.limits.reserve()); err != nil {
		return &HandshakeError{ClassLimit, err}
	}
	return nil
}

// Ready tells whether the result is there. It stays true.
func (h *Handshake) Ready() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ended
}

// Done returns a channel that is closed when the result is there.
func (h *Handshake) Done() <-chan struct{} { return h.done }

// Notify calls f once when the result is there, before it returns if that is
// so already. It returns a function that takes f back; f may still be running
// then. f must not block.
func (h *Handshake) Notify(f func()) (stop func()) {
	h.mu.Lock()
	if h.ended {
		h.mu.Unlock()
		f()
		return func() {}
	}
	x := h.waiters.add(f)
	h.mu.Unlock()
	return func() {
		h.mu.Lock()
		h.waiters.remove(x)
		h.mu.Unlock()
	}
}

// Result gives the result away: a connection, which belongs to the caller, or
// a *HandshakeError. It is ErrPending before the handshake has ended, and
// ErrConsumed after it gave the result.
func (h *Handshake) Result() (*Conn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case !h.ended:
		return nil, ErrPending
	case h.taken:
		return nil, ErrConsumed
	}
	h.taken = true
	conn, err := h.conn, h.err
	h.conn, h.err = nil, nil
	return conn, err
}

// Wait waits for the result and gives it away like Result. When ctx ends
// first, its error is returned and the handshake goes on.
func (h *Handshake) Wait(ctx context.Context) (*Conn, error) {
	select {
	case <-h.done:
		return h.Result()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Cancel ends the handshake and frees everything: the transport, and the
// connection if the handshake had one that nobody took. It does not block. It
// is harmless after Result.
func (h *Handshake) Cancel() {
	h.mu.Lock()
	h.canceled = true
	conn := h.conn
	if conn != nil {
		h.conn, h.taken = nil, true
	}
	h.mu.Unlock()
	if conn != nil {
		conn.Close()
	}
	h.stop(ErrCanceled)
}

// stop makes a running handshake fail with cause.
func (h *Handshake) stop(cause error) {
	h.mu.Lock()
	if h.settled || h.cause != nil {
		h.mu.Unlock()
		return
	}
	h.cause = cause
	h.mu.Unlock()
	close(h.stopped)
	h.wire.t.Close() // run notices
}

// run is the handshake's goroutine. It ends with the handshake: its stack has
// grown by then, and an idle connection shall not keep it.
func (h *Handshake) run() {
	gate := &h.guest.client.gate
	var (
		session Session
		err     error
	)
	begun := gate.await(h.entry, h.stopped)
	if begun {
		growStack()
		session = h.guest.client.config.Provider.Client(h.wire, h.tlsFor())
		// The transport is closed by stop; a context would cost a goroutine more.
		err = session.HandshakeContext(context.Background())
		gate.handshakeEnded(h.entry)
		if err == nil && !h.verified {
			err = errUnverified
		}
	}
	h.timer.Stop()

	h.mu.Lock()
	h.settled = true
	if h.cause != nil { // before anything else that followed from it
		err = h.cause
	}
	h.mu.Unlock()
	if !begun && errors.Is(err, ErrTimeout) { // the peer is not to blame
		err = fmt.Errorf("%w: too many other handshakes for %v", ErrTimeout, h.rule.HandshakeTimeout)
	}

	if err != nil {
		h.finish(nil, h.failure(err))
		return
	}
	h.finish(newConn(session, h), nil)
}

// errUnverified is the fault of a provider, which must not be one of security.
var errUnverified = errors.New("the provider of TLS did not ask whether the peer is to be trusted")

// growStack makes the goroutine's stack large enough for a handshake at once:
// to double it again and again costs three times as much.
//
//go:noinline
func growStack() {
	var frame [20 << 10]byte
	touch(&frame)
}

//go:noinline
func touch(frame *[20 << 10]byte) { frame[0] = 1 }

// failure turns an error of crypto/tls into what callers get.
func (h *Handshake) failure(err error) *HandshakeError {
	switch {
	case err == io.EOF && !h.wire.sawEnd.Load():
		return &HandshakeError{ClassAlert, errors.New("peer sent close_notify instead of finishing the handshake")}
	case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF):
		return &HandshakeError{ClassTruncated, errors.New("peer closed the connection during the handshake")}
	}
	class, cause := classify(err)
	return &HandshakeError{class, cause}
}

// finish publishes the result.
func (h *Handshake) finish(conn *Conn, failure *HandshakeError) {
	if failure != nil {
		h.wire.t.Close()
		h.audit(Event{Kind: Refused, State: h.shown(failure), Err: failure})
		h.leave()
	} else {
		h.seen = State{}
		h.audit(Event{Kind: Connected, State: conn.State()})
	}

	h.mu.Lock()
	h.settled, h.ended = true, true
	var unwanted *Conn
	if h.canceled && conn != nil {
		conn, unwanted, h.taken = nil, conn, true
	}
	h.conn = conn
	if failure != nil {
		h.err = failure
	}
	list := h.waiters.take()
	h.mu.Unlock()
	if unwanted != nil {
		unwanted.Close() // without the lock, as that tells an event
	}
	close(h.done)
	wake(list)
}
