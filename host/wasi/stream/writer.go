package stream

import (
	"context"
	"io"
	"sync"
)

// Writer is an Output on an io.Writer that may block. It holds a goroutine and
// a buffer only while something accepted is not written yet.
type Writer struct {
	dst io.Writer
	try func([]byte) (int, error)

	mu      sync.Mutex
	chunk   *[ChunkBytes]byte
	lo, hi  int // what of chunk is accepted and not written
	err     error
	closed  bool
	onIdle  []func() // called once nothing is pending any more
	waiters Waiters
}

// NewWriter returns an Output on dst. try, if not nil, writes what it can
// without waiting; dst gets the rest.
func NewWriter(dst io.Writer, try func([]byte) (int, error)) *Writer {
	return &Writer{dst: dst, try: try}
}

// Permit implements Output.
func (w *Writer) Permit() (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.err != nil:
		return 0, w.fail()
	case w.closed:
		return 0, ErrClosed
	case w.hi > 0:
		return 0, nil
	}
	return ChunkBytes, nil
}

// fail returns the error, which is reported once.
func (w *Writer) fail() error {
	err := w.err
	w.err, w.closed = nil, true
	return err
}

// Write implements Output. One permit is good for several writes.
func (w *Writer) Write(p []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.err != nil:
		return w.fail()
	case w.closed:
		return ErrClosed
	case len(p) > ChunkBytes-w.hi:
		return ErrPermit
	case w.hi > 0:
		w.hi += copy(w.chunk[w.hi:], p)
		return nil
	}
	if w.try != nil {
		n, err := w.try(p)
		if err != nil {
			w.closed = true
			return err
		}
		p = p[n:]
	}
	if len(p) > 0 {
		w.chunk = NewChunk()
		w.hi = copy(w.chunk[:], p)
		go w.drain()
	}
	return nil
}

// drain writes what is accepted, also what is added meanwhile.
func (w *Writer) drain() {
	w.mu.Lock()
	for w.lo < w.hi && w.err == nil {
		p := w.chunk[w.lo:w.hi]
		w.mu.Unlock()
		_, err := w.dst.Write(p)
		w.mu.Lock()
		w.lo += len(p)
		w.err = err
	}
	FreeChunk(w.chunk)
	w.chunk, w.lo, w.hi = nil, 0, 0
	idle := w.onIdle
	w.onIdle = nil
	w.mu.Unlock()
	for _, f := range idle {
		f()
	}
	w.waiters.Wake()
}

// Flush implements Output: what is accepted is on its way already, and Permit
// is 0 as long as it is.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.fail()
	}
	if w.closed {
		return ErrClosed
	}
	return nil
}

// Ready implements Pollable.
func (w *Writer) Ready() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ready()
}

func (w *Writer) ready() bool { return w.hi == 0 || w.closed || w.err != nil }

// Notify implements Pollable.
func (w *Writer) Notify(f func()) (stop func()) {
	w.mu.Lock()
	if !w.ready() {
		defer w.mu.Unlock()
		return w.waiters.Add(f)
	}
	w.mu.Unlock()
	f()
	return func() {}
}

// Close refuses further writes. then, if not nil, is called once when what was
// accepted is written, at once if it is.
func (w *Writer) Close(then func()) {
	w.mu.Lock()
	w.closed = true
	now := w.hi == 0
	if !now && then != nil {
		w.onIdle = append(w.onIdle, then)
	}
	w.mu.Unlock()
	w.waiters.Wake()
	if now && then != nil {
		then()
	}
}

// Drop implements Output.
func (w *Writer) Drop() { w.Close(nil) }

// End implements Ender.
func (w *Writer) End(done func(error)) { w.Close(func() { done(w.Err()) }) }

// Err returns the failure of what was accepted, if it was not reported yet.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Pending tells whether something accepted is not written yet.
func (w *Writer) Pending() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hi > 0
}

// Idle tells whether the stream is open, without failure, and nothing is pending.
func (w *Writer) Idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hi == 0 && !w.closed && w.err == nil
}

// Drain waits until nothing is pending.
func (w *Writer) Drain(ctx context.Context) error { return Wait(ctx, drained{w}) }

// drained is the condition that nothing is pending.
type drained struct{ w *Writer }

func (d drained) Ready() bool { return !d.w.Pending() }

func (d drained) Notify(f func()) func() {
	d.w.mu.Lock()
	if d.w.hi > 0 {
		defer d.w.mu.Unlock()
		return d.w.waiters.Add(f)
	}
	d.w.mu.Unlock()
	f()
	return func() {}
}
