package rt

import (
	"errors"

	"github.com/wasitls/wasitls/host/internal/abi"
	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/types"
)

// errUnsupported ends a guest that calls a built-in that this runtime lacks.
var errUnsupported = errors.New("component calls a built-in that is not supported yet: shared-everything threads or error contexts")

// HelperOf returns the core module, not of the component, that a built-in is
// made with; nil for most.
func HelperOf(st *types.StepBuiltin) *types.StepModule {
	switch st.Op {
	case binary.CanonContextGet, binary.CanonContextSet:
		return ContextSlots
	case binary.CanonThreadNewIndirect:
		return IndirectCaller
	}
	return nil
}

// helper instantiates a module that HelperOf named.
func (in *Instance) helper(m *types.StepModule, imports ...core.Extern) (core.Instance, error) {
	f, err := in.store.core.Instantiate(in.modules[m], imports)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := in.store.run(f); err != nil {
		return nil, err
	}
	return f.Instance(), nil
}

// builtin makes the core function of a canonical built-in.
func (in *Instance) builtin(st *types.StepBuiltin) (core.Extern, error) {
	if HelperOf(st) == ContextSlots {
		return in.contextFunc(st)
	}
	call, err := in.builtinCall(st)
	if err != nil {
		return nil, err
	}
	switch st.Op {
	case binary.CanonResourceRep, binary.CanonBackpressureInc, binary.CanonBackpressureDec: // allowed at any time
	default:
		call = in.leaving(call)
	}
	return in.store.hostFunc(st.Core, call)
}

func (in *Instance) builtinCall(st *types.StepBuiltin) (hostCall, error) {
	switch st.Op {
	case binary.CanonResourceNew:
		return in.resourceNew(st.Resource), nil
	case binary.CanonResourceRep:
		return in.resourceRep(st.Resource), nil
	case binary.CanonResourceDrop:
		return in.resourceDrop(st.Resource), nil
	case binary.CanonBackpressureInc:
		return in.backpressure(1), nil
	case binary.CanonBackpressureDec:
		return in.backpressure(-1), nil
	case binary.CanonTaskReturn:
		return in.taskReturn(st), nil
	case binary.CanonTaskCancel:
		return in.taskCancel, nil
	case binary.CanonSubtaskCancel:
		return in.blocking(st.Async, in.subtaskCancel(st.Async)), nil
	case binary.CanonSubtaskDrop:
		return in.subtaskDrop, nil
	case binary.CanonWaitableSetNew:
		return in.waitableSetNew, nil
	case binary.CanonWaitableSetWait:
		return in.blocking(false, in.waitableSetWait(in.coreItems[core.Memory][st.Index], st.Cancellable)), nil
	case binary.CanonWaitableSetPoll:
		return in.waitableSetPoll(in.coreItems[core.Memory][st.Index], st.Cancellable), nil
	case binary.CanonWaitableSetDrop:
		return in.waitableSetDrop, nil
	case binary.CanonWaitableJoin:
		return in.waitableJoin, nil
	case binary.CanonThreadYield:
		return in.threadYield(st.Cancellable), nil
	case binary.CanonThreadIndex:
		return in.threadIndex, nil
	case binary.CanonThreadNewIndirect:
		return in.threadNew(st)
	case binary.CanonThreadResumeLater:
		return in.threadResumeLater, nil
	case binary.CanonThreadSuspend:
		return in.blocking(false, in.threadSuspend(st.Cancellable)), nil
	case binary.CanonThreadSuspendResume:
		return in.threadSwitch(st.Cancellable, nil), nil
	case binary.CanonThreadYieldResume:
		return in.threadSwitch(st.Cancellable, always), nil
	case binary.CanonThreadSuspendPromo:
		return in.threadPromote(st.Cancellable, nil), nil
	case binary.CanonThreadYieldPromo:
		return in.threadPromote(st.Cancellable, always), nil
	}
	if st.Op >= binary.CanonStreamNew && st.Op <= binary.CanonFutureDropWritable {
		return in.channelBuiltin(st), nil
	}
	return func([]uint64) (uint64, error) { return 0, errUnsupported }, nil
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
func (in *Instance) taskReturn(st *types.StepBuiltin) hostCall {
	o := in.options(&st.Options)
	return func(flat []uint64) (uint64, error) {
		t, err := in.asyncTask()
		if err != nil {
			return 0, err
		}
		if !sameResult(st, t.fn.Type) || !o.liftsLike(&t.fn.opts) {
			return 0, trapf("invalid `task.return` signature and/or options for current task")
		}
		return 0, t.resolve(abi.MaxFlatParams, flat)
	}
}

// taskCancel is canon task.cancel.
func (in *Instance) taskCancel([]uint64) (uint64, error) {
	t, err := in.asyncTask()
	if err != nil {
		return 0, err
	}
	return 0, t.cancel()
}

// asyncTask returns the task that runs, which must be lifted as async.
func (in *Instance) asyncTask() (*task, error) {
	t := in.store.current.task
	if t.fn == nil || t.fn.inst != in || !t.fn.opts.async {
		return nil, trapf("`task.return` or `task.cancel` called for a task that is not async")
	}
	return t, nil
}

func sameResult(st *types.StepBuiltin, f *types.Func) bool {
	if !st.HasValue || f.Result == nil {
		return !st.HasValue && f.Result == nil
	}
	return types.Equal(st.Value, f.Result)
}

// liftsLike tells whether the options of a task.return fit those of the task.
// One that needs no memory need not name it.
func (o *options) liftsLike(t *options) bool {
	return o.memory == nil || o.memory == t.memory && o.encoding == t.encoding
}
