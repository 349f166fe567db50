package rt

import (
	"github.com/wasitls/wasitls/host/internal/types"
)

// copyResult is how a copy through a stream or future ended.
type copyResult uint32

const (
	copyCompleted copyResult = iota
	copyDropped
	copyCancelled
)

// buffer is one side of a copy: guest memory that elements are read from or
// written to, or what the host has for that. A stream has no buffer of its
// own: elements go from the writer's buffer to the reader's.
type buffer interface {
	// remain is how many elements may still be copied.
	remain() int
	// empty tells whether the buffer was made for no elements.
	empty() bool
}

// channel is what a stream or future is: the meeting place of its two ends. It
// is implemented for guests, where both ends may move between instances, and
// by the host for streams that it fills or takes itself.
type channel interface {
	// read and write begin a copy into or out of a buffer on behalf of an
	// instance. copied is called when some of it is done, with a function
	// that ends the copy; done when the copy is over. Either may be called
	// before they return.
	read(in *Instance, dst buffer, copied func(reclaim func()), done func(copyResult)) error
	write(in *Instance, src buffer, copied func(reclaim func()), done func(copyResult)) error
	// cancel ends the copy of that buffer if it is pending; its done may be
	// called later.
	cancel(buf buffer)
	// drop tells that an end is gone.
	drop() error
}

// pendingCopy is the copy of the end that came first.
type pendingCopy struct {
	in     *Instance
	buf    buffer
	copied func(reclaim func())
	done   func(copyResult)
}

// stream is a channel between guests.
type stream struct {
	t       *types.Type
	dropped bool
	pending *pendingCopy
}

// settle ends the pending copy.
func (st *stream) settle(r copyResult) {
	p := st.pending
	st.pending = nil
	p.done(r)
}

func (st *stream) cancel(buf buffer) {
	if st.pending != nil && st.pending.buf == buf {
		st.settle(copyCancelled)
	}
}

func (st *stream) drop() error {
	if !st.dropped {
		st.dropped = true
		if st.pending != nil {
			st.settle(copyDropped)
		}
	}
	return nil
}

func (st *stream) read(in *Instance, dst buffer, copied func(func()), done func(copyResult)) error {
	return st.meet(pendingCopy{in, dst, copied, done}, func(other buffer, n int) error { return transferElems(st.t, dst, other, n) }, false)
}

func (st *stream) write(in *Instance, src buffer, copied func(func()), done func(copyResult)) error {
	return st.meet(pendingCopy{in, src, copied, done}, func(other buffer, n int) error { return transferElems(st.t, other, src, n) }, true)
}

// meet copies as much as both sides have room for, or leaves c pending.
func (st *stream) meet(c pendingCopy, move func(other buffer, n int) error, writing bool) error {
	p := st.pending
	switch {
	case st.dropped:
		c.done(copyDropped)
	case p == nil:
		st.pending = &c
	case p.in == c.in && c.in != nil && !numeric(st.t):
		return trapf("cannot read from and write to intra-component stream")
	case p.buf.remain() > 0:
		if n := min(c.buf.remain(), p.buf.remain()); n > 0 {
			if err := move(p.buf, n); err != nil {
				return err
			}
			p.copied(func() { st.pending = nil })
		}
		c.done(copyCompleted)
	case writing && c.buf.empty() && p.buf.empty():
		c.done(copyCompleted)
	default:
		st.settle(copyCompleted)
		st.pending = &c
	}
	return nil
}

// numeric tells whether elements are numbers or nothing: those may be copied
// within one instance.
func numeric(t *types.Type) bool { return t == nil || t.Kind >= types.S8 && t.Kind <= types.F64 }

// future is a channel for one value between guests.
type future struct {
	t       *types.Type
	dropped bool
	pending *pendingCopy
}

func (f *future) settle(r copyResult) {
	p := f.pending
	f.pending = nil
	p.done(r)
}

func (f *future) cancel(buf buffer) {
	if f.pending != nil && f.pending.buf == buf {
		f.settle(copyCancelled)
	}
}

func (f *future) drop() error {
	if !f.dropped {
		f.dropped = true
		if f.pending != nil {
			f.settle(copyDropped)
		}
	}
	return nil
}

func (f *future) read(in *Instance, dst buffer, _ func(func()), done func(copyResult)) error {
	return f.meet(pendingCopy{in, dst, nil, done}, func(other buffer) error { return transferElems(f.t, dst, other, 1) })
}

func (f *future) write(in *Instance, src buffer, _ func(func()), done func(copyResult)) error {
	if f.dropped {
		done(copyDropped)
		return nil
	}
	return f.meet(pendingCopy{in, src, nil, done}, func(other buffer) error { return transferElems(f.t, other, src, 1) })
}

func (f *future) meet(c pendingCopy, move func(other buffer) error) error {
	p := f.pending
	if p == nil {
		f.pending = &c
		return nil
	}
	if p.in == c.in && c.in != nil && !numeric(f.t) {
		return trapf("cannot read from and write to intra-component future")
	}
	if err := move(p.buf); err != nil {
		return err
	}
	f.settle(copyCompleted)
	c.done(copyCompleted)
	return nil
}

// copyState is what an end is doing.
type copyState uint8

const (
	copyIdle copyState = iota
	copying
	copyCancelling
	copyDone
)

// end is an end of a stream or future in a guest's handle table.
type end struct {
	waitable
	ch       channel
	t        *types.Type     // stream<T> or future<T>
	types    []*ResourceType // of the resource variables in t, by slot
	writable bool
	future   bool
	state    copyState
	buf      buffer // of the copy in progress
}

func (e *end) busy() bool { return e.state == copying || e.state == copyCancelling }

func (e *end) event() eventCode {
	switch {
	case e.future && e.writable:
		return eventFutureWrite
	case e.future:
		return eventFutureRead
	case e.writable:
		return eventStreamWrite
	}
	return eventStreamRead
}

func (e *end) noun() string {
	if e.future {
		return "future"
	}
	return "stream"
}

// drop ends the end, whose handle is gone.
func (e *end) drop() error {
	switch {
	case e.busy() && e.writable:
		return trapf("cannot drop busy %s", e.noun())
	case e.busy():
		return trapf("cannot remove busy %s", e.noun())
	case e.future && e.writable && e.state != copyDone:
		return trapf("cannot drop future write end without first writing a value")
	}
	e.join(nil)
	return e.ch.drop()
}

// liftable tells whether a readable end may be passed on.
func (e *end) liftable() error {
	switch {
	case e.busy():
		return trapf("cannot remove busy %s", e.noun())
	case e.state == copyDone && e.future:
		return trapf("cannot lift future after previous read succeeded")
	case e.state == copyDone:
		return trapf("cannot lift stream after being notified that the writable end dropped")
	case e.set != nil:
		return trapf("cannot lift %s while it's in a waitable set", e.noun())
	}
	return nil
}

// startable tells whether a copy may begin.
func (e *end) startable() error {
	switch {
	case e.busy():
		return trapf("cannot have concurrent operations active on a future/stream")
	case e.state != copyDone:
		return nil
	case e.future && e.writable:
		return trapf("cannot write to future after previous write succeeded or readable end dropped")
	case e.future:
		return trapf("cannot read from future after previous read succeeded")
	case e.writable:
		return trapf("cannot write to stream after being notified that the readable end dropped")
	}
	return trapf("cannot read from stream after being notified that the writable end dropped")
}
