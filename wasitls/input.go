package wasitls

import (
	"context"
	"errors"
	"io"
	"sync"
)

// Input is the half of a connection that receives.
//
// It is ready when there is plaintext, when the peer has ended its half, or
// when receiving has failed; never for anything else that arrives.
//
// Something is received only while somebody waits, by Await or Notify, or asks
// in vain again and again; then as much as comes without waiting, and no more
// than Config.ReadBuffer is kept. Who waits by Await receives on its own
// goroutine: handing data from one to another costs as much as decrypting it.
// An idle half holds no buffer, and without waiters no goroutine.
type Input struct {
	conn *Conn

	mu        sync.Mutex
	queue     queue
	end       error // nil, ErrClosed or an error not yet reported
	dropped   bool
	stopped   bool // the connection was released
	receiving bool // somebody is the receiver
	asked     bool // in vain, since somebody received
	waiters   waiters
	first     [1]byte // receiver only
}

func (in *Input) init(c *Conn) { in.conn = c }

// Read moves plaintext to p. It returns 0 and no error when there is none yet,
// ErrClosed after the peer's close_notify, and a *StreamError once, then
// ErrClosed, when receiving has failed; always after all data that came before.
func (in *Input) Read(p []byte) (int, error) {
	return in.take(func() int { return in.queue.read(p) })
}

// Skip drops up to n bytes of plaintext. It returns what Read would.
func (in *Input) Skip(n int) (int, error) {
	return in.take(func() int { return in.queue.skip(n) })
}

func (in *Input) take(f func() int) (int, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.dropped {
		return 0, ErrClosed
	}
	if in.queue.size == 0 {
		err := in.end
		if err != nil {
			in.end = ErrClosed
		} else {
			in.ask()
		}
		return 0, err
	}
	return f(), nil
}

// Ready tells whether Read would return anything but (0, nil).
func (in *Input) Ready() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.ready() {
		return true
	}
	in.ask()
	return false
}

func (in *Input) ready() bool {
	return in.queue.size > 0 || in.end != nil || in.dropped
}

// Notify calls f once when the half is ready, before it returns if that is so
// already. It returns a function that takes f back; f may still be running
// then. f runs on any goroutine and must not block. Being called is a hint:
// ask Ready.
func (in *Input) Notify(f func()) (stop func()) {
	in.mu.Lock()
	if in.ready() {
		in.mu.Unlock()
		f()
		return func() {}
	}
	x := in.waiters.add(f)
	in.start()
	in.mu.Unlock()
	return func() {
		in.mu.Lock()
		in.waiters.remove(x)
		in.mu.Unlock()
	}
}

// Drop gives the half up: what was received is discarded and nothing more is
// read from the transport. The output half goes on. It is idempotent.
func (in *Input) Drop() {
	in.mu.Lock()
	if in.dropped {
		in.mu.Unlock()
		return
	}
	in.dropped = true
	in.queue.reset()
	list := in.waiters.take()
	in.mu.Unlock()
	wake(list)
	in.conn.wire.t.SetReadDeadline(past)
	in.conn.dropHandle()
}

// stop keeps new receivers from starting.
func (in *Input) stop() {
	in.mu.Lock()
	in.stopped = true
	in.mu.Unlock()
}

// ask notes that somebody has asked in vain. Who does so twice may be going to
// ask for ever, and never wait.
func (in *Input) ask() {
	if in.asked {
		in.start()
	}
	in.asked = true
}

// start starts a goroutine that receives, unless somebody does.
func (in *Input) start() {
	if in.claim() {
		go in.receive()
	}
}

// claim makes the caller the receiver, if there is none and can be one.
func (in *Input) claim() bool {
	if in.receiving || in.stopped || in.ready() {
		return false
	}
	in.receiving, in.asked = true, false
	in.conn.workerStarted()
	return true
}

// Await returns when the half is ready. It is Notify for callers that have
// nothing else to wait for. When ctx ends first the connection is closed, and
// the cause returned.
func (in *Input) Await(ctx context.Context) error {
	in.mu.Lock()
	direct, ready := in.claim(), in.ready()
	in.mu.Unlock()
	if ready {
		return nil
	}
	stop := context.AfterFunc(ctx, in.conn.Close)
	if direct {
		in.receive()
	} else {
		in.wait(ctx)
	}
	if !stop() {
		in.conn.Close() // AfterFunc may not have got to it yet
		return context.Cause(ctx)
	}
	return nil
}

// wait leaves receiving to the receiver there is.
func (in *Input) wait(ctx context.Context) {
	woken := make(chan struct{})
	defer in.Notify(func() { close(woken) })()
	select {
	case <-woken:
	case <-ctx.Done():
	}
}

// receive receives until the half is ready. It waits in a read of one byte, for
// which no buffer is needed, and then takes what can be had without waiting.
func (in *Input) receive() {
	defer in.conn.workerEnded(1)
	for {
		n, err := in.conn.tls.Read(in.first[:])
		if n > 0 {
			err = in.gather(err)
		}
		if n > 0 || err != nil {
			in.received(err)
			return
		}
	}
}

// gather queues the first byte and what more there is, as far as there is room.
// err is that of the first byte's read.
func (in *Input) gather(err error) error {
	in.conn.wire.noWait = true
	defer func() { in.conn.wire.noWait = false }()
	c := newChunk()
	c.fill(in.first[:])
	for {
		if err == nil {
			err = in.fill(c)
		}
		if !in.push(c) || err != nil {
			break
		}
		c = newChunk()
	}
	if errors.Is(err, errWouldBlock) {
		return nil
	}
	return err
}

// fill fills c with what can be had without waiting.
func (in *Input) fill(c *chunk) error {
	for len(c.room()) > 0 {
		n, err := in.conn.tls.Read(c.room())
		c.hi += n
		if err != nil {
			return err
		}
	}
	return nil
}

// push queues c. It tells whether there is room for more.
func (in *Input) push(c *chunk) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.dropped || c.len() == 0 {
		c.free()
		return false
	}
	in.queue.push(c)
	return in.queue.size < in.conn.config.ReadBuffer
}

// received ends receiving, with an error of crypto/tls or nil.
func (in *Input) received(err error) {
	if err != nil {
		err = in.ending(err)
	}
	in.mu.Lock()
	in.receiving = false
	if err != nil {
		in.end = err
	}
	list := in.waiters.take()
	in.mu.Unlock()
	wake(list)
}

// ending tells a clean end from a failure. crypto/tls says io.EOF for both
// close_notify and a transport that ended between two records.
func (in *Input) ending(err error) error {
	clean := err == io.EOF
	if clean && (!in.conn.wire.sawEnd.Load() || in.conn.config.AllowTruncation) {
		return ErrClosed
	}
	if clean || errors.Is(err, io.ErrUnexpectedEOF) {
		return &StreamError{ClassTruncated, "read", ErrTruncated}
	}
	class, cause := classify(err)
	return &StreamError{class, "read", cause}
}
