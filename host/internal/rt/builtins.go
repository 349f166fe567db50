package rt

import (
	"errors"

	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/types"
)

// errAsync ends a guest that needs to wait by the means of component-model
// async.
var errAsync = errors.New("component uses component-model async, which is not supported yet")

// builtin makes the core function of a canonical built-in.
func (in *Instance) builtin(st *types.StepBuiltin) (core.Extern, error) {
	call := in.asyncBuiltin
	switch st.Op {
	case binary.CanonResourceNew:
		call = in.resourceNew(st.Resource)
	case binary.CanonResourceRep:
		call = in.resourceRep(st.Resource)
	case binary.CanonResourceDrop:
		call = in.resourceDrop(st.Resource)
	case binary.CanonContextGet:
		call = in.contextGet(st.Index)
	case binary.CanonContextSet:
		call = in.contextSet(st.Index)
	case binary.CanonBackpressureInc:
		call = in.backpressure(1)
	case binary.CanonBackpressureDec:
		call = in.backpressure(-1)
	case binary.CanonTaskReturn:
		call = in.taskReturn(st)
	}
	return in.store.hostFunc(st.Core, call)
}

// asyncBuiltin stands for the built-ins of component-model async that are not
// supported: a component may have them as long as it does not call them.
func (in *Instance) asyncBuiltin([]uint64) (uint64, error) {
	if err := in.checkLeave(); err != nil {
		return 0, err
	}
	return 0, errAsync
}

// contextGet is canon context.get. Code that runs outside of any task, as a
// core start function does, has no slots.
func (in *Instance) contextGet(slot int) func([]uint64) (uint64, error) {
	return func([]uint64) (uint64, error) {
		if in.store.task == nil {
			return 0, nil
		}
		return in.store.task.slots[slot], nil
	}
}

// contextSet is canon context.set.
func (in *Instance) contextSet(slot int) func([]uint64) (uint64, error) {
	return func(flat []uint64) (uint64, error) {
		if in.store.task != nil {
			in.store.task.slots[slot] = flat[0]
		}
		return 0, nil
	}
}

// backpressure is canon backpressure.inc and backpressure.dec.
func (in *Instance) backpressure(step int) func([]uint64) (uint64, error) {
	return func([]uint64) (uint64, error) {
		n := int(in.pressure) + step
		if n < 0 || n > 0xffff {
			return 0, trapf("backpressure counter overflow")
		}
		in.pressure = uint16(n)
		return 0, nil
	}
}

// taskReturn is canon task.return: it resolves the task that runs.
func (in *Instance) taskReturn(st *types.StepBuiltin) func([]uint64) (uint64, error) {
	o := in.options(&st.Options)
	return func(flat []uint64) (uint64, error) {
		if err := in.checkLeave(); err != nil {
			return 0, err
		}
		t := in.store.task
		if t == nil || t.fn == nil || t.fn.inst != in || !t.fn.opts.async {
			return 0, trapf("task.return outside of an async task")
		}
		if !sameResult(st, t.fn.Type) || o.encoding != t.fn.opts.encoding || o.memory != t.fn.opts.memory {
			return 0, trapf("task.return with other types or options than the task's")
		}
		return 0, t.resolve(flat)
	}
}

func sameResult(st *types.StepBuiltin, f *types.Func) bool {
	if !st.HasValue || f.Result == nil {
		return !st.HasValue && f.Result == nil
	}
	return types.Equal(st.Value, f.Result)
}
