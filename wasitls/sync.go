package wasitls

import (
	"context"
	"sync"
)

// WriteAndFlush writes p and returns when it and everything before it is with
// the transport. It does not need a permit, and blocks. It returns the errors
// of Write.
//
// It is for guests that block in a write anyway: when nothing else is being
// sent, p goes to crypto/tls on the caller's goroutine, with neither a copy
// nor a hand-off. For writes of 4 KiB that is worth a third of the time. p must
// not change meanwhile.
//
// When ctx ends first the connection is closed, as part of a record may have
// been sent, and the cause is returned.
func (o *Output) WriteAndFlush(ctx context.Context, p []byte) error {
	direct, err := o.claim(len(p))
	if err != nil || len(p) == 0 && direct {
		return err
	}
	o.watch.begin(ctx, o.conn.Close)
	if direct {
		err = o.sendDirect(p)
	} else {
		err = o.sendQueued(ctx, p)
	}
	o.watch.end()
	if ctx.Err() != nil {
		o.conn.Close() // the watch may not have got to it
		return context.Cause(ctx)
	}
	return err
}

// watch does something when a context ends during a call. It stays with the
// context from call to call, which costs less than context.AfterFunc for each.
type watch struct {
	mu     sync.Mutex
	done   <-chan struct{} // of the context
	stop   func() bool
	during bool
}

// begin begins a call during which the end of ctx is to do f.
func (w *watch) begin(ctx context.Context, f func()) {
	done := ctx.Done()
	w.mu.Lock()
	w.during = true
	if done != w.done {
		w.leave()
		w.done = done
		w.stop = context.AfterFunc(ctx, func() { w.ended(done, f) })
	}
	w.mu.Unlock()
	if ctx.Err() != nil { // perhaps long ago
		f()
	}
}

func (w *watch) end() {
	w.mu.Lock()
	w.during = false
	w.mu.Unlock()
}

func (w *watch) ended(done <-chan struct{}, f func()) {
	w.mu.Lock()
	now := w.during && w.done == done
	w.mu.Unlock()
	if now {
		f()
	}
}

// forget frees what the context holds of the watch.
func (w *watch) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.leave()
}

func (w *watch) leave() {
	if w.stop != nil {
		w.stop()
	}
	w.done, w.stop = nil, nil
}

// claim makes the caller the sender if there is nothing to be sent before n
// bytes of its own.
func (o *Output) claim(n int) (direct bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.failure(); err != nil {
		return false, err
	}
	if o.closing {
		return false, ErrClosed
	}
	if o.running {
		return false, nil
	}
	if n > 0 {
		o.running, o.flying = true, n
		o.conn.workerStarted()
	}
	return true, nil
}

func (o *Output) sendDirect(p []byte) error {
	_, err := o.conn.tls.Write(p)
	o.sent("write", err)
	o.send() // close_notify, if it was asked for meanwhile
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return o.failure()
	}
	return nil
}

func (o *Output) sendQueued(ctx context.Context, p []byte) error {
	for len(p) > 0 {
		n, err := o.Permit()
		if err != nil {
			return err
		}
		n = min(n, len(p))
		if err := o.Write(p[:n]); err != nil {
			return err
		}
		p = p[n:]
		if n == 0 && !o.wait(ctx) {
			return nil
		}
	}
	if err := o.Flush(); err != nil {
		return err
	}
	for {
		n, err := o.Permit()
		if n > 0 || err != nil {
			return err
		}
		if !o.wait(ctx) {
			return nil
		}
	}
}

// wait returns when the half is ready, or false when ctx has ended.
func (o *Output) wait(ctx context.Context) bool {
	ready := make(chan struct{})
	defer o.Notify(func() { close(ready) })()
	select {
	case <-ready:
		return true
	case <-ctx.Done():
		return false
	}
}
