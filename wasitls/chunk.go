package wasitls

import (
	"slices"
	"sync"
)

// chunk is a piece of plaintext on its way. Idle connections hold none.
type chunk struct {
	lo, hi int // buf[lo:hi] is data
	buf    [chunkSize]byte
}

var chunks = sync.Pool{New: func() any { return new(chunk) }}

func newChunk() *chunk {
	c := chunks.Get().(*chunk)
	c.lo, c.hi = 0, 0
	return c
}

// free gives c back, without the guest's data in it.
func (c *chunk) free() {
	clear(c.buf[:c.hi])
	chunks.Put(c)
}

func (c *chunk) len() int     { return c.hi - c.lo }
func (c *chunk) data() []byte { return c.buf[c.lo:c.hi] }
func (c *chunk) room() []byte { return c.buf[c.hi:] }

// fill copies as much of p as there is room for.
func (c *chunk) fill(p []byte) int {
	n := copy(c.room(), p)
	c.hi += n
	return n
}

// queue is a list of chunks that are not empty, and the sum of their lengths.
type queue struct {
	list []*chunk
	size int
}

// push appends c, or copies it into the last chunk if it is small.
func (q *queue) push(c *chunk) {
	n := c.len()
	if last := len(q.list) - 1; n <= smallData && last >= 0 && len(q.list[last].room()) >= n {
		q.list[last].fill(c.data())
		c.free()
	} else {
		q.list = append(q.list, c)
	}
	q.size += n
}

// write copies all of p to the end.
func (q *queue) write(p []byte) {
	q.size += len(p)
	if last := len(q.list) - 1; last >= 0 {
		p = p[q.list[last].fill(p):]
	}
	for len(p) > 0 {
		c := newChunk()
		p = p[c.fill(p):]
		q.list = append(q.list, c)
	}
}

// popAll removes and returns the first chunks, at most n of them, nil if there
// are none.
func (q *queue) popAll(n int) []*chunk {
	n = min(n, len(q.list))
	if n == 0 {
		return nil
	}
	all := slices.Clone(q.list[:n])
	for _, c := range all {
		q.size -= c.len()
	}
	q.list = slices.Delete(q.list, 0, n)
	return all
}

// drop removes the first chunk from the list.
func (q *queue) drop() {
	n := copy(q.list, q.list[1:])
	q.list[n] = nil
	q.list = q.list[:n]
}

// read moves up to len(p) bytes from the front to p.
func (q *queue) read(p []byte) (n int) {
	for n < len(p) && len(q.list) > 0 {
		c := q.list[0]
		m := copy(p[n:], c.data())
		q.consume(c, m)
		n += m
	}
	return n
}

// skip drops up to n bytes from the front.
func (q *queue) skip(n int) (skipped int) {
	for skipped < n && len(q.list) > 0 {
		c := q.list[0]
		m := min(n-skipped, c.len())
		q.consume(c, m)
		skipped += m
	}
	return skipped
}

func (q *queue) consume(first *chunk, n int) {
	first.lo += n
	q.size -= n
	if first.len() == 0 {
		q.drop()
		first.free()
	}
}

// reset frees everything.
func (q *queue) reset() {
	for _, c := range q.list {
		c.free()
	}
	*q = queue{}
}
