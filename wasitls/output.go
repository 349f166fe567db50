package wasitls

import (
	"sync"
	"time"
)

// Output is the half of a connection that sends.
//
// What Write accepts is sent without further calls; Flush is for those who
// want to know when. It is gathered into full records while the transport is
// slower than the guest. An idle half holds neither buffer nor goroutine.
//
// It is ready when Permit would return anything but (0, nil).
type Output struct {
	conn *Conn

	mu       sync.Mutex
	queue    queue
	flying   int   // bytes taken from queue and not yet with the transport
	total    int64 // bytes sent
	notified bool  // close_notify was sent
	given    bool  // up by Conn.Close: what fails since is no failure to tell of
	flushing bool  // since Flush, until everything accepted is with the transport
	closing  bool  // close_notify was asked for
	closed   bool  // and is sent; or the half was abandoned or has reported its failure
	err      error
	running  bool // the sender's goroutine
	dropped  bool
	waiters  waiters
	ends     waiters // for NotifyEnd
	watch    watch   // of WriteAndFlush
}

func (o *Output) init(c *Conn) { o.conn = c }

// Permit returns how many bytes may be written now, in one or more writes.
// It is 0 while the buffer is more than half full, while a flush is in progress and
// after Close until close_notify is sent; then, and for a dropped half, it is
// ErrClosed. When sending failed it is a *StreamError once, then ErrClosed.
func (o *Output) Permit() (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.failure(); err != nil {
		return 0, err
	}
	if o.flushing || o.closing {
		return 0, nil
	}
	// Waking the guest for a few bytes would cost as much as for many.
	free := o.free()
	if free < o.conn.rule.limits.WriteBuffer/2 {
		return 0, nil
	}
	return free, nil
}

// failure returns the error of a half that is of no more use. A failure is
// reported once.
func (o *Output) failure() error {
	if o.err != nil && !o.closed {
		o.closed = true
		return o.err
	}
	if o.closed || o.dropped {
		return ErrClosed
	}
	return nil
}

func (o *Output) free() int {
	return o.conn.rule.limits.WriteBuffer - o.queue.size - o.flying
}

// Write accepts all of p or, with an error, nothing: ErrPermit if p is larger
// than the permit, ErrClosed after Close, and the errors of Permit. p is copied.
func (o *Output) Write(p []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.failure(); err != nil {
		return err
	}
	switch {
	case o.closing:
		return ErrClosed
	case len(p) == 0:
		return nil
	case o.flushing || len(p) > o.free():
		return ErrPermit
	}
	o.queue.write(p)
	o.run()
	return nil
}

// Flush asks that everything accepted be handed to the transport. Permit is 0
// until that is done. It returns the errors of Permit, and nil while the half
// is closing.
func (o *Output) Flush() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.failure(); err != nil {
		return err
	}
	o.flushing = o.pending() && !o.closing
	return nil
}

// Close sends close_notify after everything accepted. It does not block: the
// half is ready when that is done. The transport stays open, and the input
// half is not touched. It is idempotent.
func (o *Output) Close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closing || o.closed || o.err != nil {
		return
	}
	o.closing, o.flushing = true, false
	if o.dropped {
		o.bound()
	}
	o.run()
}

// Ready tells whether Permit would return anything but (0, nil).
func (o *Output) Ready() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ready()
}

func (o *Output) ready() bool {
	if o.closed || o.dropped || o.err != nil {
		return true
	}
	return !o.flushing && !o.closing && o.free() >= o.conn.rule.limits.WriteBuffer/2
}

// Notify calls f once when the half is ready, before it returns if that is so
// already. It returns a function that takes f back; f may still be running
// then. f runs on any goroutine and must not block. Being called is a hint:
// ask Ready.
func (o *Output) Notify(f func()) (stop func()) {
	return o.notify(&o.waiters, o.ready, f)
}

func (o *Output) notify(list *waiters, already func() bool, f func()) (stop func()) {
	o.mu.Lock()
	if already() {
		o.mu.Unlock()
		f()
		return func() {}
	}
	x := list.add(f)
	o.mu.Unlock()
	return func() {
		o.mu.Lock()
		list.remove(x)
		o.mu.Unlock()
	}
}

func (o *Output) over() bool { return o.closed || o.err != nil }

// End returns nil while the half may still send. Then it returns, always the
// same, ErrClosed after close_notify was sent or Conn.Close, else the
// *StreamError that Permit reports once.
func (o *Output) End() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.err != nil:
		return o.err
	case o.closed:
		return ErrClosed
	}
	return nil
}

// NotifyEnd calls f once when End returns an error, as Notify does.
func (o *Output) NotifyEnd(f func()) (stop func()) {
	return o.notify(&o.ends, o.over, f)
}

// Drop gives the half up. What was accepted is still delivered, and
// close_notify after it if Close was called, within Limits.CloseTimeout. It is
// idempotent.
//
// Without Close no close_notify is sent: a guest that went away in the middle
// of a message must not look like one that has said everything.
func (o *Output) Drop() {
	o.mu.Lock()
	if o.dropped {
		o.mu.Unlock()
		return
	}
	o.dropped = true
	if o.running {
		o.bound()
	}
	list := o.waiters.take()
	o.mu.Unlock()
	wake(list)
	o.watch.forget()
	o.conn.dropHandle()
}

// bound limits the time for what a dropped half still has to send.
func (o *Output) bound() {
	o.conn.wire.t.SetWriteDeadline(time.Now().Add(o.conn.rule.limits.CloseTimeout))
}

// abandon drops the half and what it had accepted.
func (o *Output) abandon() {
	o.mu.Lock()
	o.queue.reset()
	o.given = o.given || o.err == nil
	o.closed = true
	list := o.ends.take()
	o.mu.Unlock()
	wake(list)
	o.Drop()
}

// busy tells whether something accepted is still to be sent.
func (o *Output) busy() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.running
}

func (o *Output) pending() bool { return o.queue.size+o.flying > 0 }

// run starts the sender unless it runs.
func (o *Output) run() {
	if !o.running {
		o.running = true
		o.conn.workerStarted()
		go o.send()
	}
}

// send is the goroutine of the half while there is something to send.
func (o *Output) send() {
	for {
		burst, more := o.next()
		if !more {
			break
		}
		if len(burst) == 0 {
			o.sent("close", o.conn.tls.CloseWrite())
			continue
		}
		o.sent("write", o.conn.writeBurst(burst))
	}
	o.conn.releaseUnused()
	o.conn.workerEnded(1)
}

// writeBurst sends and frees chunks. Several records go to the transport in one
// write: the peer is woken once, and so is the network.
func (c *Conn) writeBurst(burst []*chunk) (err error) {
	if len(burst) > 1 {
		c.wire.hold()
		defer func() {
			if e := c.wire.release(); err == nil {
				err = e
			}
		}()
	}
	for _, x := range burst {
		if err == nil {
			_, err = c.tls.Write(x.data())
		}
		x.free()
	}
	return err
}

// next returns the next chunks to send, none for close_notify; more is false
// when there is nothing to do and the goroutine ends.
func (o *Output) next() (burst []*chunk, more bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		if burst = o.queue.popAll(maxBurst); burst != nil {
			for _, c := range burst {
				o.flying += c.len()
			}
			return burst, true
		}
		if o.closing && !o.closed {
			return nil, true
		}
	}
	o.running = false
	if o.dropped && o.err == nil {
		// The receiver may have to answer a KeyUpdate later.
		o.conn.wire.t.SetWriteDeadline(time.Time{})
	}
	return nil, false
}

// sent records what became of what was on its way.
func (o *Output) sent(op string, err error) {
	o.mu.Lock()
	if err == nil {
		o.total += int64(o.flying)
	}
	o.flying = 0
	switch {
	case err != nil:
		class, cause := classify(err)
		o.err = &StreamError{class, op, cause}
		o.queue.reset()
	case op == "close":
		o.closed, o.notified = true, true
	}
	if !o.pending() {
		o.flushing = false
	}
	var list []*waiter
	if o.ready() {
		list = o.waiters.take()
	}
	if o.over() {
		list = append(list, o.ends.take()...)
	}
	o.mu.Unlock()
	wake(list)
}
