package binary

import (
	"fmt"
	"unicode/utf8"
)

// Error is a fault in a component's binary form.
type Error struct {
	Offset int // in the file
	Msg    string
}

func (e *Error) Error() string { return fmt.Sprintf("binary: %s (at offset %#x)", e.Msg, e.Offset) }

// reader reads b[pos:end]. The first error sticks: from then on every read
// gives zero and moves nowhere, so that callers check once per definition.
type reader struct {
	b        []byte // the whole file, so that positions are offsets
	pos, end int
	err      *Error
	depth    int
	counts   *counts
}

// counts are the definitions of the whole file so far.
type counts struct{ modules, components, instances, defs int }

func (r *reader) fail(at int, format string, args ...any) {
	if r.err == nil {
		r.err = &Error{at, fmt.Sprintf(format, args...)}
	}
}

// left is how many bytes are unread; 0 after an error, which ends all loops.
func (r *reader) left() int {
	if r.err != nil {
		return 0
	}
	return r.end - r.pos
}

// eof records a read beyond the end and gives the position of the end.
func (r *reader) eof() { r.fail(r.end, "unexpected end-of-file") }

func (r *reader) peek() byte {
	if r.left() == 0 {
		r.eof()
		return 0
	}
	return r.b[r.pos]
}

func (r *reader) byte() byte {
	c := r.peek()
	if r.err == nil {
		r.pos++
	}
	return c
}

// unknown reports that the byte just read is none of those that may begin what.
func (r *reader) unknown(c byte, what string) {
	r.fail(r.pos-1, "invalid leading byte (%#x) for %s", c, what)
}

// zero reads a byte that must be 0.
func (r *reader) zero(what string) {
	if c := r.byte(); c != 0 {
		r.unknown(c, what)
	}
}

func (r *reader) bool() bool {
	at := r.pos
	c := r.byte()
	if c > 1 {
		r.fail(at, "invalid boolean value %#x", c)
	}
	return c == 1
}

// optional reads a presence byte.
func (r *reader) optional(what string) bool {
	c := r.byte()
	if c > 1 {
		r.unknown(c, what)
	}
	return c == 1
}

// leb reads an unsigned LEB128 number of at most that many bits.
func (r *reader) leb(bits uint) uint64 {
	at := r.pos
	v := uint64(0)
	for shift := uint(0); ; shift += 7 {
		c := r.byte()
		if r.err != nil {
			return 0
		}
		if shift+7 > bits {
			if c&0x80 != 0 {
				r.fail(at, "invalid number: integer representation too long")
				return 0
			}
			if c>>(bits-shift) != 0 {
				r.fail(at, "invalid number: integer too large")
				return 0
			}
		}
		v |= uint64(c&0x7f) << shift
		if c&0x80 == 0 {
			return v
		}
	}
}

func (r *reader) u32() uint32 { return uint32(r.leb(32)) }

// sleb skips a signed LEB128 number and returns it, for at most 64 bits.
func (r *reader) sleb(bits uint) int64 {
	at := r.pos
	v := int64(0)
	for shift := uint(0); shift < bits; shift += 7 {
		c := r.byte()
		if r.err != nil {
			return 0
		}
		v |= int64(c&0x7f) << shift
		if c&0x80 == 0 {
			if shift+7 < 64 && c&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			if min, max := int64(-1)<<(bits-1), int64(1)<<(bits-1)-1; v < min || v > max {
				r.fail(at, "invalid number: integer too large")
			}
			return v
		}
	}
	r.fail(at, "invalid number: integer representation too long")
	return 0
}

// bytes takes n bytes, aliasing the file.
func (r *reader) bytes(n int) []byte {
	if n < 0 || n > r.left() {
		r.eof()
		return nil
	}
	r.pos += n
	return r.b[r.pos-n : r.pos : r.pos]
}

func (r *reader) skip(n int) { r.bytes(n) }

// name reads a length and that many bytes of UTF-8.
func (r *reader) name() string {
	at := r.pos
	n := r.u32()
	if n > MaxName {
		r.fail(at, "name is longer than %d bytes", MaxName)
		return ""
	}
	at = r.pos
	b := r.bytes(int(n))
	if !utf8.Valid(b) {
		r.fail(at, "malformed UTF-8 encoding")
		return ""
	}
	return string(b)
}

// count reads the length of a vector whose elements take at least one byte
// each, so that more elements than bytes are an error before any is made.
func (r *reader) count(what string, max int) int {
	at := r.pos
	n := r.u32()
	if int64(n) > int64(r.left()) {
		r.eof()
		return 0
	}
	if int64(n) > int64(max) {
		r.fail(at, "%d %s exceed the limit of %d", n, what, max)
		return 0
	}
	return int(n)
}

// vec reads a vector.
func vec[T any](r *reader, what string, max int, item func() T) []T {
	n := r.count(what, max)
	if n == 0 {
		return nil
	}
	// An element of a slice is larger than its smallest encoding: grow into
	// large vectors instead of trusting the count.
	ts := make([]T, 0, min(n, 1024))
	for range n {
		t := item()
		if r.err != nil {
			return nil
		}
		ts = append(ts, t)
	}
	return ts
}

// within reads a length and gives f that many bytes, which it must use up.
func (r *reader) within(what string, f func()) {
	n := r.u32()
	if int64(n) > int64(r.left()) {
		r.eof()
		return
	}
	end := r.end
	r.end = r.pos + int(n)
	f()
	if r.err == nil && r.pos != r.end {
		r.fail(r.pos, "unexpected content after the end of %s", what)
	}
	r.end = end
}

// nest runs f one level deeper.
func (r *reader) nest(f func()) {
	if r.depth >= MaxNesting {
		r.fail(r.pos, "nesting exceeds the limit of %d", MaxNesting)
		return
	}
	r.depth++
	f()
	r.depth--
}

// tally counts one more definition of the file against its limit.
func (r *reader) tally(n *int, what string, max int) {
	if *n++; *n > max {
		r.fail(r.pos, "the file's %s exceed the limit of %d", what, max)
	}
}
