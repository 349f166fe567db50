package rt

import (
	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/types"
)

// hostCall is what a built-in is for the guest: flat arguments to a result.
type hostCall = func(flat []uint64) (uint64, error)

// leaving wraps a built-in that a guest may not call while it may not leave.
func (in *Instance) leaving(f hostCall) hostCall {
	return func(flat []uint64) (uint64, error) {
		if !in.mayLeave {
			return 0, in.checkLeave()
		}
		return f(flat)
	}
}

// blocking wraps a built-in in the form that waits for its result.
func (in *Instance) blocking(async bool, f hostCall) hostCall {
	if async {
		return f
	}
	return func(flat []uint64) (uint64, error) {
		if err := in.store.checkBlock(); err != nil {
			return 0, err
		}
		return f(flat)
	}
}

// waitableSetNew is canon waitable-set.new.
func (in *Instance) waitableSetNew([]uint64) (uint64, error) {
	i, err := in.handles.add(&waitableSet{})
	return uint64(i), err
}

// waitableSetWait is canon waitable-set.wait.
func (in *Instance) waitableSetWait(mem core.Extern, cancellable bool) hostCall {
	return func(flat []uint64) (uint64, error) {
		set, err := handleOf[*waitableSet](in, uint32(flat[0]))
		if err != nil {
			return 0, err
		}
		ptr := uint32(flat[1])
		set.waiting++
		give := func(cancelled bool) (uint64, error) {
			set.waiting--
			if cancelled {
				return storeEvent(mem, ptr, event{code: eventTaskCancelled})
			}
			return storeEvent(mem, ptr, set.pending().take())
		}
		return in.store.current.block(in.store, func() bool { return set.pending() != nil }, cancellable, give)
	}
}

// waitableSetPoll is canon waitable-set.poll.
func (in *Instance) waitableSetPoll(mem core.Extern, cancellable bool) hostCall {
	return func(flat []uint64) (uint64, error) {
		set, err := handleOf[*waitableSet](in, uint32(flat[0]))
		if err != nil {
			return 0, err
		}
		ptr := uint32(flat[1])
		if in.store.current.task.takeCancel(cancellable) {
			return storeEvent(mem, ptr, event{code: eventTaskCancelled})
		}
		w := set.pending()
		if w == nil {
			return storeEvent(mem, ptr, event{})
		}
		return storeEvent(mem, ptr, w.take())
	}
}

func storeEvent(mem core.Extern, ptr uint32, e event) (uint64, error) {
	b := mem.Bytes()
	if ptr%4 != 0 {
		return 0, trapf("unaligned pointer")
	}
	if uint64(ptr)+8 > uint64(len(b)) {
		return 0, trapf("pointer out of bounds of memory")
	}
	putU32(b[ptr:], e.p1)
	putU32(b[ptr+4:], e.p2)
	return uint64(e.code), nil
}

func putU32(b []byte, v uint32) {
	b[0], b[1], b[2], b[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}

// waitableSetDrop is canon waitable-set.drop.
func (in *Instance) waitableSetDrop(flat []uint64) (uint64, error) {
	i := uint32(flat[0])
	set, err := handleOf[*waitableSet](in, i)
	if err != nil {
		return 0, err
	}
	in.handles.remove(i)
	return 0, set.drop()
}

// waitableJoin is canon waitable.join.
func (in *Instance) waitableJoin(flat []uint64) (uint64, error) {
	w, err := handleOf[asWaitable](in, uint32(flat[0]))
	if err != nil {
		return 0, err
	}
	if w.waits().syncWait {
		return 0, errInSet
	}
	var set *waitableSet
	if i := uint32(flat[1]); i != 0 {
		if set, err = handleOf[*waitableSet](in, i); err != nil {
			return 0, err
		}
	}
	w.waits().join(set)
	return 0, nil
}

// subtaskCancel is canon subtask.cancel.
func (in *Instance) subtaskCancel(async bool) hostCall {
	return func(flat []uint64) (uint64, error) {
		h, err := handleOf[isSubtask](in, uint32(flat[0]))
		if err != nil {
			return 0, err
		}
		st := h.self()
		switch {
		case st.told:
			return 0, trapf("`subtask.cancel` called after terminal status delivered")
		case st.canceled:
			return 0, trapf("`subtask.cancel` called twice")
		case st.set != nil && !async:
			return 0, errInSet
		}
		if !st.resolved() {
			st.canceled = true
			if err := st.cancel(in); err != nil {
				return 0, err
			}
		}
		if !st.resolved() {
			if async {
				return blocked, nil
			}
			st.happened = nil // that the call has begun: the caller waits for its end
		}
		return in.awaitEvent(&st.waitable, async)
	}
}

// isSubtask finds the subtask in what embeds one.
type isSubtask interface{ self() *subtask }

func (st *subtask) self() *subtask { return st }

var errInSet = trapf("waitable cannot be used synchronously while added to a waitable set")

// subtaskDrop is canon subtask.drop.
func (in *Instance) subtaskDrop(flat []uint64) (uint64, error) {
	i := uint32(flat[0])
	h, err := handleOf[isSubtask](in, i)
	if err != nil {
		return 0, err
	}
	st := h.self()
	if !st.told {
		return 0, trapf("cannot drop a subtask which has not yet resolved")
	}
	in.handles.remove(i)
	st.join(nil)
	return 0, nil
}

// channelNew is canon stream.new and future.new.
func (in *Instance) channelNew(t *types.Type) hostCall {
	return func([]uint64) (uint64, error) {
		var ch channel = &stream{t: t.Elem}
		isFuture := t.Kind == types.Future
		if isFuture {
			ch = &future{t: t.Elem}
		}
		r, err := in.handles.add(&end{ch: ch, t: t, types: in.resources, future: isFuture})
		if err != nil {
			return 0, err
		}
		w, err := in.handles.add(&end{ch: ch, t: t, types: in.resources, future: isFuture, writable: true})
		return uint64(r) | uint64(w)<<32, err
	}
}

// endOf returns the end of a stream or future with that handle; vars are the
// resource types that t speaks of, by slot.
func (in *Instance) endOf(t *types.Type, vars []*ResourceType, writable bool, i uint32) (*end, error) {
	e, err := handleOf[*end](in, i)
	if err != nil {
		return nil, err
	}
	if e.writable != writable || e.future != (t.Kind == types.Future) || !e.carries(t.Elem, vars) {
		return nil, trapf("handle index %d used with the wrong type", i)
	}
	e.t, e.types = t, vars // the next comparison is one of pointers
	return e, nil
}

// carries tells whether elements of the end are of type t. The end came with
// the types of another component if a host function of that one returned it.
func (e *end) carries(t *types.Type, vars []*ResourceType) bool {
	if e.t.Elem == t {
		return true
	}
	return types.EqualUnder(e.t.Elem, t, func(a, b *types.Resource) bool { return e.types[a.Slot] == vars[b.Slot] })
}

// channelCopy is canon stream.read, stream.write, future.read and future.write.
func (in *Instance) channelCopy(t *types.Type, writable bool, o options) hostCall {
	return func(flat []uint64) (uint64, error) {
		i := uint32(flat[0])
		e, err := in.endOf(t, in.resources, writable, i)
		if err != nil {
			return 0, err
		}
		if err := e.startable(); err != nil {
			return 0, err
		}
		if e.set != nil && !o.async {
			return 0, errInSet
		}
		n := uint32(1)
		if !e.future {
			n = uint32(flat[2])
		}
		buf, err := newGuestBuffer(newScope(in, &o, nil), t.Elem, uint32(flat[1]), n)
		if err != nil {
			return 0, err
		}
		if err := in.copy(e, i, buf); err != nil {
			return 0, err
		}
		return in.awaitEvent(&e.waitable, o.async)
	}
}

// copy begins a copy; the end's event tells what becomes of it.
func (in *Instance) copy(e *end, i uint32, buf *guestBuffer) error {
	tell := func(r copyResult, reclaim func()) {
		e.happened = func() event {
			if reclaim != nil {
				reclaim()
			}
			e.state = copyIdle
			if r == copyDropped || e.future && r == copyCompleted {
				e.state = copyDone
			}
			packed := uint32(r)
			if !e.future {
				packed |= uint32(buf.progress) << 4
			}
			return event{e.event(), i, packed}
		}
	}
	copied := func(reclaim func()) { tell(copyCompleted, reclaim) }
	done := func(r copyResult) { tell(r, nil) }
	e.state, e.buf = copying, buf
	if e.writable {
		return e.ch.write(in, buf, copied, done)
	}
	return e.ch.read(in, buf, copied, done)
}

// channelCancel is canon stream.cancel-read and its three relatives.
func (in *Instance) channelCancel(t *types.Type, writable, async bool) hostCall {
	return func(flat []uint64) (uint64, error) {
		e, err := in.endOf(t, in.resources, writable, uint32(flat[0]))
		switch {
		case err != nil:
			return 0, err
		case e.state != copying || e.syncWait:
			return 0, trapf("cannot cancel a copy that is not in progress")
		case e.set != nil && !async:
			return 0, errInSet
		}
		e.state = copyCancelling
		e.ch.cancel(e.buf)
		return in.awaitEvent(&e.waitable, async)
	}
}

// channelDrop is canon stream.drop-readable and its three relatives.
func (in *Instance) channelDrop(t *types.Type, writable bool) hostCall {
	return func(flat []uint64) (uint64, error) {
		i := uint32(flat[0])
		e, err := in.endOf(t, in.resources, writable, i)
		if err != nil {
			return 0, err
		}
		in.handles.remove(i)
		return 0, e.drop()
	}
}

// threadYield is canon thread.yield.
func (in *Instance) threadYield(cancellable bool) hostCall {
	return func([]uint64) (uint64, error) {
		return in.store.current.leave(in.store, always, cancellable, cancelledFlag)
	}
}

func always() bool { return true }

func cancelledFlag(cancelled bool) (uint64, error) {
	if cancelled {
		return 1, nil
	}
	return 0, nil
}

// channelBuiltin makes the built-ins of streams and futures.
func (in *Instance) channelBuiltin(st *types.StepBuiltin) hostCall {
	t := st.Value
	kind := types.NewStream
	if st.Op >= binary.CanonFutureNew {
		kind = types.NewFuture
	}
	t = kind(t)
	o := in.options(&st.Options)
	switch st.Op {
	case binary.CanonStreamNew, binary.CanonFutureNew:
		return in.channelNew(t)
	case binary.CanonStreamRead, binary.CanonFutureRead:
		return in.blocking(o.async, in.channelCopy(t, false, o))
	case binary.CanonStreamWrite, binary.CanonFutureWrite:
		return in.blocking(o.async, in.channelCopy(t, true, o))
	case binary.CanonStreamCancelRead, binary.CanonFutureCancelRead:
		return in.blocking(st.Async, in.channelCancel(t, false, st.Async))
	case binary.CanonStreamCancelWrite, binary.CanonFutureCancelWrite:
		return in.blocking(st.Async, in.channelCancel(t, true, st.Async))
	case binary.CanonStreamDropReadable, binary.CanonFutureDropReadable:
		return in.channelDrop(t, false)
	}
	return in.channelDrop(t, true)
}
