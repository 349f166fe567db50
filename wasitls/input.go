package wasitls

import (
	"context"
	"errors"
	"sync"
)

// Input is the half of a connection that receives.
//
// It is ready when there is plaintext, when the peer has ended its half, or
// when receiving has failed; never for anything else that arrives.
//
// Something is received only while somebody waits, by Await or Notify, looks,
// or asks in vain again and again; then as much as comes without waiting, and no
// more than Limits.ReadBuffer is kept. Who waits by Await receives on its own
// goroutine: handing data from one to another costs as much as decrypting it.
// An idle half holds no buffer, and without waiters no goroutine. A half whose
// end is awaited (NotifyEnd), or that discards, receives all the time: when
// there is no room, up to the next data, so that key updates and close_notify
// are handled while nobody reads.
type Input struct {
	conn *Conn

	mu        sync.Mutex
	queue     queue
	end       error // nil, ErrClosed or an error not yet reported
	cause     error // what end was at first
	dropped   bool
	discard   bool
	stopped   bool // the connection was released
	receiving bool // somebody is the receiver
	asked     bool // in vain, since somebody received
	waiters   waiters
	ends      waiters // for NotifyEnd
	total     int64   // bytes received
	held      bool    // first was received, and waits for room
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
	n, list, err := in.takeSome(f)
	wake(list)
	return n, err
}

func (in *Input) takeSome(f func() int) (n int, list []*waiter, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.dropped {
		return 0, nil, ErrClosed
	}
	if in.queue.size == 0 {
		err := in.end
		if err != nil {
			in.end = ErrClosed
		} else {
			in.ask()
		}
		return 0, nil, err
	}
	n = f()
	if in.over() {
		list = in.ends.take()
	}
	in.watch()
	return n, list, nil
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
	return in.notify(&in.ends, in.over, in.watch, f)
}

// Discard discards what was received and all that will be. Reading from the
// transport goes on, so that key updates, close_notify and failures are
// noticed. It is idempotent.
func (in *Input) Discard() {
	in.mu.Lock()
	in.discard = true
	in.queue.reset()
	var list []*waiter
	if in.over() {
		list = in.ends.take()
	}
	in.watch()
	in.mu.Unlock()
	wake(list)
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
	return in.notify(&in.waiters, in.ready, in.start, f)
}

// notify adds f to a list, unless what it waits for is so already, and starts
// receiving.
func (in *Input) notify(list *waiters, already func() bool, start, f func()) (stop func()) {
	in.mu.Lock()
	if already() {
		in.mu.Unlock()
		f()
		return func() {}
	}
	x := list.add(f)
	start()
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
	list := append(in.waiters.take(), in.ends.take()...)
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
		go in.receive(true)
	}
}

// watched tells whether somebody wants to know of the end, and there is one to
// come.
func (in *Input) watched() bool {
	return (in.discard || len(in.ends.list) > 0) && in.end == nil && !in.dropped && !in.stopped
}

func (in *Input) room() bool { return in.queue.size < in.conn.rule.limits.ReadBuffer }

// watch starts a goroutine that receives for those who wait for the end.
func (in *Input) watch() {
	if in.receiving || !in.watched() || in.held && !in.room() {
		return
	}
	in.receiving, in.asked = true, false
	in.conn.workerStarted()
	go in.receive(true)
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
		in.receive(false)
	} else {
		in.wait(ctx)
	}
	if !stop() || ctx.Err() != nil { // wait may see the end before AfterFunc does
		in.conn.Close()
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

// receive receives until the half is ready, and if it may go on, for those who
// wait for the end, while there is room. It waits in a read of one byte, for
// which no buffer is needed, and then takes what can be had without waiting.
func (in *Input) receive(goOn bool) {
	defer in.conn.workerEnded(1)
	for more := true; more; {
		var err error
		got := in.held
		if !got {
			var n int
			n, err = in.conn.tls.Read(in.first[:])
			got = n > 0
		}
		switch {
		case got && in.hold(err):
			return
		case got:
			c := newChunk()
			c.fill(in.first[:])
			more = in.received(in.gather(c, err), goOn)
		case err != nil:
			more = in.received(err, goOn)
		}
	}
}

// hold keeps the first byte for later if there is no room.
func (in *Input) hold(err error) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.held = err == nil && !in.room() && !in.dropped && !in.discard
	if in.held {
		in.receiving = false
	}
	return in.held
}

// gather queues c and what more there is, as far as there is room. err is that
// of the read before.
func (in *Input) gather(c *chunk, err error) error {
	in.conn.wire.noWait = true
	defer func() { in.conn.wire.noWait = false }()
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
	in.total += int64(c.len())
	if in.discard && !in.dropped {
		c.free()
		return true
	}
	if in.dropped || c.len() == 0 {
		c.free()
		return false
	}
	in.queue.push(c)
	return in.queue.size < in.conn.rule.limits.ReadBuffer
}

// received ends receiving, with an error of crypto/tls or nil, unless somebody
// waits for the end and there is room.
func (in *Input) received(err error, goOn bool) (more bool) {
	if err != nil {
		err = in.failure(err)
	}
	in.mu.Lock()
	if err != nil {
		in.end = err
		if !in.dropped {
			in.cause = err
		}
	}
	more = goOn && in.watched()
	in.receiving = more
	in.watch()
	list := in.waiters.take()
	if in.over() {
		list = append(list, in.ends.take()...)
	}
	in.mu.Unlock()
	wake(list)
	return more
}
