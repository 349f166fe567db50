package rt

import (
	"slices"

	"github.com/wasitls/wasitls/host/internal/abi"
	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/types"
)

// subtaskState is how far a call has come, as its caller sees it
// (CanonicalABI.md, "Subtask State").
type subtaskState uint8

const (
	subtaskStarting subtaskState = iota
	subtaskStarted
	subtaskReturned
	subtaskCancelledBeforeStarted
	subtaskCancelledBeforeReturned
)

// subtask is a call that a guest has made.
type subtask struct {
	waitable
	*scope   // the caller's; holds what it lends until the result is delivered
	state    subtaskState
	async    bool
	out      []uint64 // flat results of a synchronous call
	index    uint32   // of its handle, 0 if it has none
	cancel   func(caller *Instance) error
	canceled bool // cancellation was requested
	told     bool // the caller knows that it is resolved
}

func (st *subtask) resolved() bool { return st.state >= subtaskReturned }

// deliver ends what the caller lent, when it learns that the call is resolved.
func (st *subtask) deliver() {
	st.told = true
	st.scope.end()
}

// progress moves the state on, and tells a caller that has a handle.
func (st *subtask) progress(state subtaskState) {
	st.state = state
	if st.index == 0 {
		return
	}
	st.happened = func() event {
		if st.resolved() {
			st.deliver()
		}
		return event{eventSubtask, st.index, uint32(st.state)}
	}
}

// outcome gives the caller what the host call returns, now or later.
func (st *subtask) outcome() (uint64, error) {
	in := st.inst
	if !st.async {
		give := func(bool) (uint64, error) {
			st.deliver()
			if len(st.out) == 0 {
				return 0, nil
			}
			return st.out[0], nil
		}
		if st.resolved() {
			return give(false)
		}
		return in.store.current.block(in.store, st.resolved, false, give)
	}
	if st.resolved() {
		st.deliver()
		return uint64(st.state), nil
	}
	var err error
	st.index, err = in.handles.add(st)
	return uint64(st.state) | uint64(st.index)<<4, err
}

// lower is canon lower: the core function through which an instance calls f.
func (in *Instance) lower(f *Func, st *types.StepLower) (core.Extern, error) {
	o := in.options(&st.Options)
	if f.Host == nil {
		return in.store.hostFunc(st.Core, in.lowerGuest(f, st.Type, &o))
	}
	if a, ok := f.Host.(AsyncFunc); ok && a.IsAsync() {
		return in.store.hostFunc(st.Core, in.lowerHostAsync(f, a, &o))
	}
	return in.store.hostFunc(st.Core, in.lowerHost(f, &o))
}

// lowerGuest passes values from one guest to another: lifted from the caller,
// lowered into the callee, and the result the other way.
func (in *Instance) lowerGuest(f *Func, t *types.Func, o *options) hostCall {
	p := newTransfer(f, t, o.async)
	return func(flat []uint64) (uint64, error) {
		if err := in.checkLeave(); err != nil {
			return 0, err
		}
		if f.Type.Async && !o.async {
			if err := in.store.checkBlock(); err != nil {
				return 0, err
			}
		}
		x := &crossing{transfer: p, flat: flat}
		if o.async {
			x.flat = slices.Clone(flat) // the guest runs on before the call has started
		}
		x.scope, x.async = newScope(in, o, nil), o.async
		x.scope.cx.KeepText = true
		t, err := in.store.start(f, in, x)
		if err != nil {
			return 0, err
		}
		x.cancel = t.requestCancel
		return x.outcome()
	}
}

// transfer is what is known in advance of calls from one guest to another:
// the types as each of them sees them.
type transfer struct {
	params, result             *types.Type // the caller's
	calleeParams, calleeResult *types.Type
	maxParams, maxResults      int // that the caller passes flat
}

func newTransfer(f *Func, t *types.Func, async bool) *transfer {
	p := &transfer{
		params: abi.ParamTuple(t), result: abi.ResultTuple(t),
		calleeParams: abi.ParamTuple(f.Type), calleeResult: abi.ResultTuple(f.Type),
	}
	p.maxParams, p.maxResults = maxFlat(async)
	return p
}

// maxFlat are how many flat parameters and results a lowered function has
// before they go through memory.
func maxFlat(async bool) (params, results int) {
	if async {
		return maxFlatAsyncParams, 0
	}
	return abi.MaxFlatParams, abi.MaxFlatResults
}

// maxFlatAsyncParams is MAX_FLAT_ASYNC_PARAMS of the canonical ABI.
const maxFlatAsyncParams = 4

// crossing is one call from a guest to another: the caller's subtask, and the
// Callee of the callee's task.
type crossing struct {
	subtask
	*transfer
	flat   []uint64 // arguments, and the address of a result that is not flat
	values []abi.Value
}

// Lower implements Callee.
func (x *crossing) Lower(cx *abi.Context) ([]uint64, error) {
	x.progress(subtaskStarted)
	args, err := abi.LiftValues(&x.scope.cx, x.maxParams, x.params, x.flat)
	if err != nil {
		return nil, err
	}
	return abi.LowerValues(cx, abi.MaxFlatParams, x.calleeParams, args, nil, nil)
}

// Lift implements Callee.
func (x *crossing) Lift(cx *abi.Context, maxFlat int, flat []uint64) (err error) {
	cx.KeepText = true
	x.values, err = abi.LiftValues(cx, maxFlat, x.calleeResult, flat)
	return err
}

// Resolve implements Callee.
func (x *crossing) Resolve(cancelled bool) (err error) {
	if cancelled {
		if x.state == subtaskStarting {
			x.progress(subtaskCancelledBeforeStarted)
		} else {
			x.progress(subtaskCancelledBeforeReturned)
		}
		return nil
	}
	var to *uint32
	if x.transfer.result.NumFlat > x.maxResults {
		p := uint32(x.flat[len(x.flat)-1])
		to = &p
	}
	if x.out, err = abi.LowerValues(&x.scope.cx, x.maxResults, x.transfer.result, x.values, to, nil); err != nil {
		return err
	}
	x.progress(subtaskReturned)
	return nil
}
