package stream

import (
	"io"
	"sync"
)

// Reader is an Input on an io.Reader that may block. It reads only when it is
// asked: while somebody waits, or after a Read that found nothing. Then one
// goroutine is in Read of the source, until that returns; a source that blocks
// for long should be closed when the stream is dropped for good. What it
// returned is kept for the next Read.
type Reader struct {
	src io.Reader

	mu      sync.Mutex
	chunk   *[ChunkBytes]byte
	rest    []byte // of chunk
	err     error
	reading bool
	waiters Waiters
}

// NewReader returns an Input on src. Its end is io.EOF.
func NewReader(src io.Reader) *Reader { return &Reader{src: src} }

// Read implements Input.
func (r *Reader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.rest) > 0 {
		n := copy(p, r.rest)
		if r.rest = r.rest[n:]; len(r.rest) == 0 {
			FreeChunk(r.chunk)
			r.chunk, r.rest = nil, nil
		}
		return n, nil
	}
	if r.err != nil {
		err := r.err
		r.err = ErrClosed
		return 0, err
	}
	r.start()
	return 0, nil
}

func (r *Reader) start() {
	if !r.reading {
		r.reading = true
		go r.fill()
	}
}

func (r *Reader) fill() {
	c := NewChunk()
	n, err := r.src.Read(c[:])
	if err == io.EOF {
		err = ErrClosed
	}
	r.mu.Lock()
	r.reading = false
	if n > 0 {
		r.chunk, r.rest = c, c[:n]
	} else {
		FreeChunk(c)
	}
	if r.err == nil {
		r.err = err
	}
	r.mu.Unlock()
	r.waiters.Wake()
}

// Ready implements Pollable.
func (r *Reader) Ready() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.rest) > 0 || r.err != nil
}

// Notify implements Pollable.
func (r *Reader) Notify(f func()) (stop func()) {
	r.mu.Lock()
	if len(r.rest) == 0 && r.err == nil {
		defer r.mu.Unlock()
		r.start()
		return r.waiters.Add(f)
	}
	r.mu.Unlock()
	f()
	return func() {}
}

// Drop implements Input.
func (r *Reader) Drop() {
	r.mu.Lock()
	if r.err == nil {
		r.err = ErrClosed
	}
	r.mu.Unlock()
	r.waiters.Wake()
}

// Reading tells whether Read of the source is in progress.
func (r *Reader) Reading() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reading
}
