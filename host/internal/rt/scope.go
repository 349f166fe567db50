package rt

import (
	"github.com/wasitls/wasitls/host/internal/abi"
	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/types"
)

// options are canonical options with their indices resolved.
type options struct {
	encoding   binary.Encoding
	memory     core.Extern
	realloc    core.Extern
	postReturn core.Extern
	callback   core.Extern
	async      bool
}

// scope is one guest's side of a call: the abi.Context to lift and lower
// with, the borrows it lends and those it was lent. It is reused from call to
// call.
type scope struct {
	cx      abi.Context
	inst    *Instance
	types   []*ResourceType // by slot, of the side whose types values are lifted or lowered with
	task    *task           // nil on the calling side
	lenders []*handle
	busy    bool
}

func newScope(in *Instance, o *options, t *task) *scope {
	sc := &scope{inst: in, types: in.resources, task: t}
	sc.cx = abi.Context{
		Memory:   o.memory,
		Encoding: o.encoding,
		Handles:  sc,
		Owner:    in.store,
		Budget:   in.store.limits.LiftBytes,
	}
	if o.realloc != nil {
		realloc := o.realloc
		sc.cx.Realloc = func(old, oldSize, align, newSize uint32) (uint32, error) {
			defer in.store.onFreshThread()()
			p, err := in.callLocked(realloc, uint64(old), uint64(oldSize), uint64(align), uint64(newSize))
			return uint32(p), err
		}
	}
	return sc
}

// begin readies a scope for another call.
func (sc *scope) begin() {
	sc.busy = true
	sc.cx.Budget = sc.inst.store.limits.LiftBytes
}

// end gives back what the call was lent.
func (sc *scope) end() {
	for i, h := range sc.lenders {
		h.lends--
		sc.lenders[i] = nil
	}
	sc.lenders = sc.lenders[:0]
	if cap(sc.lenders) > keptLenders {
		sc.lenders = nil
	}
	sc.busy = false
}

func (sc *scope) lookup(r *types.Resource, i uint32) (*handle, error) {
	h, err := handleOf[*handle](sc.inst, i)
	if err != nil {
		return nil, err
	}
	if want := sc.types[r.Slot]; h.typ != want {
		return nil, trapf("handle index %d used with the wrong type, expected %s but found %s", i, want.describe(""), h.typ.describe("a different "))
	}
	return h, nil
}

// LiftOwn implements abi.Handles.
func (sc *scope) LiftOwn(r *types.Resource, i uint32) (abi.Ref, error) {
	h, err := sc.lookup(r, i)
	switch {
	case err != nil:
		return abi.Ref{}, err
	case !h.own:
		return abi.Ref{}, trapf("cannot lift own resource from borrowed handle %d", i)
	case h.lends != 0:
		return abi.Ref{}, trapf("cannot remove owned resource while borrowed")
	}
	sc.inst.handles.remove(i)
	return abi.Ref{Type: h.typ, Rep: h.rep}, nil
}

// LiftBorrow implements abi.Handles.
func (sc *scope) LiftBorrow(r *types.Resource, i uint32) (abi.Ref, error) {
	h, err := sc.lookup(r, i)
	if err != nil {
		return abi.Ref{}, err
	}
	h.lends++
	sc.lenders = append(sc.lenders, h)
	return abi.Ref{Type: h.typ, Rep: h.rep}, nil
}

// LowerOwn implements abi.Handles.
func (sc *scope) LowerOwn(r *types.Resource, ref abi.Ref) (uint32, error) {
	t, err := sc.fit(r, ref)
	if err != nil {
		return 0, err
	}
	return sc.inst.handles.add(&handle{typ: t, rep: ref.Rep, own: true})
}

// LowerBorrow implements abi.Handles: the instance that implements the type
// gets the bare representation.
func (sc *scope) LowerBorrow(r *types.Resource, ref abi.Ref) (uint32, error) {
	t, err := sc.fit(r, ref)
	if err != nil {
		return 0, err
	}
	if t.impl == sc.inst {
		return ref.Rep, nil
	}
	if sc.task == nil {
		return 0, trapf("borrow of %s outside of a call", t.Name)
	}
	sc.task.borrows++
	return sc.inst.handles.add(&handle{typ: t, rep: ref.Rep, scope: sc.task})
}

// fit checks that a reference is of the type that the guest expects; only the
// host can get this wrong.
func (sc *scope) fit(r *types.Resource, ref abi.Ref) (*ResourceType, error) {
	t := sc.types[r.Slot]
	if ref.Type != any(t) {
		return nil, trapf("host passed a handle of the wrong resource type for %s", t.Name)
	}
	return t, nil
}

// LiftChannel implements abi.Handles.
func (sc *scope) LiftChannel(t *types.Type, i uint32) (any, error) {
	e, err := sc.inst.endOf(t, sc.types, false, i)
	if err != nil {
		return nil, err
	}
	if err := e.liftable(); err != nil {
		return nil, err
	}
	sc.inst.handles.remove(i)
	return e.ch, nil
}

// LowerChannel implements abi.Handles.
func (sc *scope) LowerChannel(t *types.Type, v any) (uint32, error) {
	ch, ok := v.(channel)
	if !ok {
		return 0, trapf("host passed a %T for a stream or future", v)
	}
	return sc.inst.handles.add(&end{ch: ch, t: t, types: sc.types, future: t.Kind == types.Future})
}
