package wasitls

import "sync"

// NewPipe returns the two ends of a queue of at most capacity bytes, which is
// at least 1. Neither blocks: what one goroutine writes within its permit
// another reads. An empty pipe holds no buffer.
//
// With Streams, two pipes are a transport whose other side somebody else
// moves, such as a guest.
func NewPipe(capacity int) (*PipeReader, *PipeWriter) {
	p := &pipe{capacity: max(1, capacity)}
	return &PipeReader{p}, &PipeWriter{p}
}

type pipe struct {
	capacity int

	mu       sync.Mutex
	queue    queue
	finished bool // the writer was dropped
	unread   bool // the reader was dropped
	take     func([]byte) int
	readers  waiters
	writers  waiters
}

func (p *pipe) readable() bool { return p.queue.size > 0 || p.finished || p.unread }

func (p *pipe) over() bool { return p.finished || p.unread }

// permit is 0 while less than half is free: waking a writer for a few bytes
// costs as much as for many.
func (p *pipe) permit() int {
	free := p.capacity - p.queue.size
	if free < p.capacity/2 {
		return 0
	}
	return free
}

// PipeReader is a Source: the end of a pipe that gives what was written.
type PipeReader struct{ p *pipe }

// Read moves bytes to b: 0 and no error when there are none yet, ErrClosed
// after the writer was dropped and everything was read, or after Drop.
func (r *PipeReader) Read(b []byte) (int, error) {
	p := r.p
	p.mu.Lock()
	n := p.queue.read(b)
	var err error
	if n == 0 && p.queue.size == 0 && p.over() {
		err = ErrClosed
	}
	var list []*waiter
	if n > 0 && p.permit() > 0 {
		list = p.writers.take()
	}
	p.mu.Unlock()
	wake(list)
	return n, err
}

// Offer has what is written passed to take first while the pipe is empty: so
// many bytes as take returns are gone, the others are for Read. take is called
// by the writer; it must not call the pipe's Write, nor keep p.
func (r *PipeReader) Offer(take func(p []byte) int) {
	r.p.mu.Lock()
	r.p.take = take
	r.p.mu.Unlock()
}

// Ready tells whether Read would return anything but (0, nil).
func (r *PipeReader) Ready() bool {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	return r.p.readable()
}

// Notify is as that of Input.
func (r *PipeReader) Notify(f func()) (stop func()) {
	return r.p.notify(&r.p.readers, r.p.readable, f)
}

// Drop gives the end up: what was written is discarded, and the writer's
// permit is ErrClosed. It is idempotent.
func (r *PipeReader) Drop() {
	p := r.p
	p.mu.Lock()
	p.unread, p.take = true, nil
	p.queue.reset()
	p.end()
}

// PipeWriter is a Sink: the end of a pipe that takes bytes.
type PipeWriter struct{ p *pipe }

// Permit returns how many bytes may be written now: 0 while the pipe is more
// than half full, ErrClosed when either end was dropped.
func (w *PipeWriter) Permit() (int, error) {
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	if w.p.over() {
		return 0, ErrClosed
	}
	return w.p.permit(), nil
}

// Write accepts all of b or, with an error, nothing: ErrPermit if it is more
// than there is room for, ErrClosed as Permit. b is copied, unless Offer took it.
func (w *PipeWriter) Write(b []byte) error {
	p := w.p
	p.mu.Lock()
	switch {
	case p.over():
		p.mu.Unlock()
		return ErrClosed
	case len(b) > p.capacity-p.queue.size:
		p.mu.Unlock()
		return ErrPermit
	case p.take != nil && p.queue.size == 0:
		take := p.take
		p.mu.Unlock()
		b = b[take(b):]
		p.mu.Lock()
	}
	if len(b) == 0 || p.over() {
		p.mu.Unlock()
		return nil
	}
	p.queue.write(b)
	list := p.readers.take()
	p.mu.Unlock()
	wake(list)
	return nil
}

// Flush does nothing: what is written can be read at once.
func (w *PipeWriter) Flush() error { return nil }

// Ready tells whether Permit would return anything but (0, nil).
func (w *PipeWriter) Ready() bool {
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	return w.p.writable()
}

func (p *pipe) writable() bool { return p.over() || p.permit() > 0 }

// Notify is as that of Output.
func (w *PipeWriter) Notify(f func()) (stop func()) {
	return w.p.notify(&w.p.writers, w.p.writable, f)
}

// Drop ends what can be read, after everything that was written. It is
// idempotent.
func (w *PipeWriter) Drop() {
	w.p.mu.Lock()
	w.p.finished = true
	w.p.end()
}

// end releases the mutex and tells both ends.
func (p *pipe) end() {
	readers, writers := p.readers.take(), p.writers.take()
	p.mu.Unlock()
	wake(readers)
	wake(writers)
}

func (p *pipe) notify(list *waiters, ready func() bool, f func()) (stop func()) {
	p.mu.Lock()
	if ready() {
		p.mu.Unlock()
		f()
		return func() {}
	}
	x := list.add(f)
	p.mu.Unlock()
	return func() {
		p.mu.Lock()
		list.remove(x)
		p.mu.Unlock()
	}
}
