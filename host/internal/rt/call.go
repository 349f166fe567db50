package rt

import (
	"context"

	"github.com/wasitls/wasitls/host/internal/abi"
	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/types"
)

// HostFunc is a function of the host, as a guest calls it: flat holds the
// guest's flat arguments, and the pointer for a result that does not fit.
type HostFunc interface {
	Call(s *Store, cx *abi.Context, flat []uint64) (uint64, error)
}

// Callee is how the host passes arguments to a guest's function and takes its
// result. Lower returns the flat arguments. Lift takes the flat results; the
// result is in memory if it would take more than maxFlat of them.
type Callee interface {
	Lower(cx *abi.Context) ([]uint64, error)
	Lift(cx *abi.Context, maxFlat int, flat []uint64) error
}

// Invoke calls a guest's function from the host. The error of a call that did
// not return is a *Trap, and the end of the store.
func (s *Store) Invoke(ctx context.Context, f *Func, c Callee) error {
	return s.within(ctx, func() error {
		if f.Host != nil {
			return trapf("function is the host's own")
		}
		return s.invoke(f, nil, c, nil)
	})
}

// invoke is canon lift: it enters the instance, lowers the arguments, runs
// the function, lifts the result, delivers it, and lets the guest clean up.
func (s *Store) invoke(f *Func, caller *Instance, c Callee, deliver func() error) error {
	in := f.inst
	if err := in.enter(caller); err != nil {
		return s.die(err)
	}
	t := &task{fn: f}
	t.scope = newScope(in, &f.opts, t)
	t.resolve = func(flat []uint64) error {
		return t.settle(c, flat, deliver)
	}
	defer s.switchTask(t)()
	flat, err := c.Lower(&t.scope.cx)
	if err != nil {
		return s.die(asTrap(err))
	}
	fiber, err := s.core.Call(f.core, flat)
	if err != nil {
		return s.die(asTrap(err))
	}
	defer fiber.Close()
	if err := s.run(fiber); err != nil {
		return err
	}
	if err := s.finish(t, fiber.Results()); err != nil {
		return s.die(asTrap(err))
	}
	in.leave(caller)
	return nil
}

// switchTask makes t the task that runs, until the function it returns is called.
func (s *Store) switchTask(t *task) func() {
	outer := s.task
	s.task = t
	return func() { s.task = outer }
}

// finish ends a task whose core function has returned.
func (s *Store) finish(t *task, results []uint64) error {
	o := &t.fn.opts
	if o.async {
		if o.callback && results[0]&0xf != callbackExit {
			return errAsync
		}
		if !t.done {
			return trapf("task ended without task.return")
		}
		return nil
	}
	if err := t.resolve(results); err != nil {
		return err
	}
	if o.postReturn == nil {
		return nil
	}
	_, err := t.fn.inst.callLocked(o.postReturn, results...)
	return err
}

// callbackExit is what the core function of a callback lift returns when its
// task is over (CanonicalABI.md, "canon lift").
const callbackExit = 0

// settle lifts a task's result and delivers it.
func (t *task) settle(c Callee, flat []uint64, deliver func() error) error {
	maxFlat := abi.MaxFlatResults
	if t.fn.opts.async {
		maxFlat = abi.MaxFlatParams // as task.return passes it
	}
	if t.done {
		return trapf("task has returned already")
	}
	if err := c.Lift(&t.scope.cx, maxFlat, flat); err != nil {
		return err
	}
	if t.borrows > 0 {
		return trapf("borrow handles still remain at the end of the call")
	}
	t.done = true
	if deliver == nil {
		return nil
	}
	return deliver()
}

// lower is canon lower: the core function through which an instance calls f.
func (in *Instance) lower(f *Func, st *types.StepLower) (core.Extern, error) {
	o := in.options(&st.Options)
	if f.Host != nil {
		if o.async {
			return nil, errAsync
		}
		return in.store.hostFunc(st.Core, in.lowerHost(f, &o))
	}
	return in.store.hostFunc(st.Core, in.lowerGuest(f, st.Type, &o))
}

func (in *Instance) lowerHost(f *Func, o *options) func([]uint64) (uint64, error) {
	fresh := func() *scope {
		sc := newScope(in, o, nil)
		sc.types = f.Resources
		return sc
	}
	shared := fresh()
	return func(flat []uint64) (uint64, error) {
		if !in.mayLeave {
			return 0, in.checkLeave()
		}
		sc := shared
		if sc.busy {
			sc = fresh()
		}
		sc.begin()
		defer sc.end()
		return f.Host.Call(in.store, &sc.cx, flat)
	}
}

// lowerGuest passes values from one guest to another: lifted from the caller,
// lowered into the callee, and the result the other way. The async form
// serves calls that return at once.
func (in *Instance) lowerGuest(f *Func, t *types.Func, o *options) func([]uint64) (uint64, error) {
	p := newTransfer(f, t, o.async)
	return func(flat []uint64) (uint64, error) {
		if err := in.checkLeave(); err != nil {
			return 0, err
		}
		x := &crossing{transfer: p, caller: newScope(in, o, nil), flat: flat}
		x.caller.cx.KeepText = true
		defer x.caller.end()
		if err := in.store.invoke(f, in, x, x.deliver); err != nil {
			return 0, err
		}
		if o.async {
			return subtaskReturned, nil
		}
		if len(x.out) == 0 {
			return 0, nil
		}
		return x.out[0], nil
	}
}

// subtaskReturned is the state that an async call has when its result was
// delivered before it came back (CanonicalABI.md, "Subtask State").
const subtaskReturned = 2

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
		maxParams: abi.MaxFlatParams, maxResults: abi.MaxFlatResults,
	}
	if async {
		p.maxParams, p.maxResults = maxFlatAsyncParams, 0
	}
	return p
}

// maxFlatAsyncParams is MAX_FLAT_ASYNC_PARAMS of the canonical ABI.
const maxFlatAsyncParams = 4

// crossing is one call from a guest to another, as a Callee.
type crossing struct {
	*transfer
	caller *scope
	flat   []uint64 // arguments, and the address of a result that is not flat
	values []abi.Value
	out    []uint64
}

func (x *crossing) Lower(cx *abi.Context) ([]uint64, error) {
	args, err := abi.LiftValues(&x.caller.cx, x.maxParams, x.params, x.flat)
	if err != nil {
		return nil, err
	}
	return abi.LowerValues(cx, abi.MaxFlatParams, x.calleeParams, args, nil, nil)
}

func (x *crossing) Lift(cx *abi.Context, maxFlat int, flat []uint64) (err error) {
	cx.KeepText = true
	x.values, err = abi.LiftValues(cx, maxFlat, x.calleeResult, flat)
	return err
}

func (x *crossing) deliver() (err error) {
	var to *uint32
	if x.result.NumFlat > x.maxResults {
		p := uint32(x.flat[len(x.flat)-1])
		to = &p
	}
	x.out, err = abi.LowerValues(&x.caller.cx, x.maxResults, x.result, x.values, to, nil)
	return err
}
