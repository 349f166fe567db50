package wasitls

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// Handshake is a handshake in progress or its result. It runs by itself: no
// call is needed for it to proceed. It is safe for concurrent use.
type Handshake struct {
	client *Client
	name   ServerName
	wire   *wire
	start  time.Time
	timer  *time.Timer
	done   chan struct{} // closed when the result is there

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

// Start begins a handshake with the server called name on t, which belongs to
// the handshake from here on, and later to the connection. An invalid name is
// a failed handshake; nothing is sent then, and t is closed.
func (c *Client) Start(t Transport, name string) *Handshake {
	h := c.begin(t, name)
	if !h.ended {
		go h.run()
	}
	return h
}

// Handshake is Start and Wait on the caller's goroutine, which saves handing
// over what is there. When ctx ends first the handshake is cancelled, and the
// cause returned.
func (c *Client) Handshake(ctx context.Context, t Transport, name string) (*Conn, error) {
	h := c.begin(t, name)
	if !h.ended {
		stop := context.AfterFunc(ctx, h.Cancel)
		h.run()
		if !stop() {
			h.Cancel() // AfterFunc may not have got to it yet
			return nil, context.Cause(ctx)
		}
	}
	return h.Result()
}

// begin makes a handshake that is to be run, or has ended already.
func (c *Client) begin(t Transport, name string) *Handshake {
	h := &Handshake{client: c, wire: &wire{t: t}, start: time.Now(), done: make(chan struct{})}
	server, err := ParseServerName(name)
	if err != nil {
		h.finish(nil, &HandshakeError{Class: ClassName, Err: err})
		return h
	}
	h.name = server
	h.timer = time.AfterFunc(c.config.HandshakeTimeout, func() {
		h.stop(fmt.Errorf("%w: no connection within %v", ErrTimeout, c.config.HandshakeTimeout))
	})
	return h
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
	h.wire.t.Close() // run notices
}

// run is the handshake's goroutine. It ends with the handshake: its stack has
// grown by then, and an idle connection shall not keep it.
func (h *Handshake) run() {
	growStack()
	conn := tls.Client(h.wire, h.client.tlsFor(h.name))
	// The transport is closed by stop; a context would cost a goroutine more.
	err := conn.HandshakeContext(context.Background())
	h.timer.Stop()

	h.mu.Lock()
	h.settled = true
	if h.cause != nil {
		err = h.cause
	}
	h.mu.Unlock()

	if err != nil {
		h.finish(nil, h.failure(err))
		return
	}
	h.finish(newConn(conn, h.wire, &h.client.config), nil)
}

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
func (h *Handshake) finish(conn *Conn, err error) {
	if err != nil {
		h.wire.t.Close()
	}
	h.audit(conn, err)

	h.mu.Lock()
	h.settled, h.ended = true, true
	if h.canceled && conn != nil {
		conn.Close()
		conn, h.taken = nil, true
	}
	h.conn, h.err = conn, err
	list := h.waiters.take()
	h.mu.Unlock()
	close(h.done)
	wake(list)
}

func (h *Handshake) audit(conn *Conn, err error) {
	if h.client.config.Audit == nil {
		return
	}
	e := Event{ServerName: h.name.String(), Duration: time.Since(h.start), Err: err}
	if conn != nil {
		e.State = conn.State()
	}
	h.client.config.Audit(e)
}
