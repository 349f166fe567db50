package wasitls

import (
	"errors"
	"io"
	"sync"
)

// Input is the half of a connection that receives.
//
// It is ready when there is plaintext, when the peer has ended its half, or
// when receiving has failed; never for anything else that arrives. The peer's
// data is read ahead up to Config.ReadBuffer; an idle half holds no buffer.
type Input struct {
	conn *Conn

	mu      sync.Mutex
	queue   queue
	end     error // nil, ErrClosed or an error not yet reported
	cause   error // what end was at first
	dropped bool
	discard bool
	stopped bool      // the connection was released
	full    bool      // the receiver waits for room
	space   sync.Cond // ends that wait
	waiters waiters
	ends    waiters // for NotifyEnd
	first   [1]byte // receiver only
}

func (in *Input) init(c *Conn) {
	in.conn = c
	in.space.L = &in.mu
}

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
	n, err, list := in.takeSome(f)
	wake(list)
	return n, err
}

func (in *Input) takeSome(f func() int) (n int, err error, list []*waiter) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.dropped {
		return 0, ErrClosed, nil
	}
	if in.queue.size == 0 {
		err := in.end
		if err != nil {
			in.end = ErrClosed
		}
		return 0, err, nil
	}
	n = f()
	// Waking the receiver costs more than a record: let some room gather.
	if in.full && in.queue.size <= in.conn.config.ReadBuffer/2 {
		in.full = false
		in.space.Signal()
	}
	if in.over() {
		list = in.ends.take()
	}
	return n, nil, list
}

// over tells whether there will never be anything more to read.
func (in *Input) over() bool {
	return in.dropped || in.end != nil && in.queue.size == 0
}

// End returns nil while there is or may be something to read. Then it returns,
// always the same, ErrClosed if the peer had sent close_notify or the half was
// dropped, else the *StreamError that Read reports once.
func (in *Input) End() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	switch {
	case !in.over():
		return nil
	case in.cause == nil:
		return ErrClosed
	}
	return in.cause
}

// NotifyEnd calls f once when End returns an error, as Notify does.
func (in *Input) NotifyEnd(f func()) (stop func()) {
	return in.notify(&in.ends, in.over, f)
}

// Discard discards what was received and all that will be. Reading from the
// transport goes on, so that key updates, close_notify and failures are
// noticed. It is idempotent.
func (in *Input) Discard() {
	in.mu.Lock()
	in.discard = true
	in.queue.reset()
	in.space.Signal()
	var list []*waiter
	if in.over() {
		list = in.ends.take()
	}
	in.mu.Unlock()
	wake(list)
}

// Ready tells whether Read would return anything but (0, nil).
func (in *Input) Ready() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.ready()
}

func (in *Input) ready() bool {
	return in.queue.size > 0 || in.end != nil || in.dropped
}

// Notify calls f once when the half is ready, before it returns if that is so
// already. It returns a function that takes f back; f may still be running
// then. f runs on any goroutine and must not block. Being called is a hint:
// ask Ready.
func (in *Input) Notify(f func()) (stop func()) {
	return in.notify(&in.waiters, in.ready, f)
}

func (in *Input) notify(list *waiters, already func() bool, f func()) (stop func()) {
	in.mu.Lock()
	if already() {
		in.mu.Unlock()
		f()
		return func() {}
	}
	x := list.add(f)
	in.mu.Unlock()
	return func() {
		in.mu.Lock()
		list.remove(x)
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
	in.space.Signal()
	list := append(in.waiters.take(), in.ends.take()...)
	in.mu.Unlock()
	wake(list)
	in.conn.wire.t.SetReadDeadline(past)
	in.conn.dropHandle()
}

// stop ends a receiver that waits for room.
func (in *Input) stop() {
	in.mu.Lock()
	in.stopped = true
	in.space.Signal()
	in.mu.Unlock()
}

// receive is the goroutine of the half. It waits in a read of one byte, for
// which no buffer is needed, and then takes what crypto/tls has decrypted. It
// reads that byte before it waits for room: so key updates and close_notify
// are handled while the guest does not read, up to the next data.
func (in *Input) receive() {
	defer in.conn.workerEnded(1)
	for {
		n, err := in.conn.tls.Read(in.first[:])
		if n > 0 {
			if !in.waitForRoom() {
				return
			}
			c := newChunk()
			c.fill(in.first[:n])
			if err == nil {
				err = in.drain(c)
			}
			in.push(c)
		}
		if err != nil {
			in.finish(err)
			return
		}
	}
}

// waitForRoom reports whether reading shall go on.
func (in *Input) waitForRoom() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	for in.queue.size >= in.conn.config.ReadBuffer && !in.dropped && !in.stopped {
		in.full = true
		in.space.Wait()
	}
	return !in.dropped && !in.stopped
}

// drain fills c with what is decrypted without waiting for the transport.
func (in *Input) drain(c *chunk) error {
	in.conn.wire.noWait = true
	defer func() { in.conn.wire.noWait = false }()
	for len(c.room()) > 0 {
		n, err := in.conn.tls.Read(c.room())
		c.hi += n
		if errors.Is(err, errWouldBlock) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (in *Input) push(c *chunk) {
	in.mu.Lock()
	var list []*waiter
	if in.dropped || in.discard {
		c.free()
	} else {
		in.queue.push(c)
		list = in.waiters.take()
	}
	in.mu.Unlock()
	wake(list)
}

// finish ends the half with an error of crypto/tls.
func (in *Input) finish(err error) {
	end := in.ending(err)
	in.mu.Lock()
	in.end = end
	if !in.dropped {
		in.cause = end
	}
	list := in.waiters.take()
	if in.over() {
		list = append(list, in.ends.take()...)
	}
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
