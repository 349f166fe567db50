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
// result. Lower returns the flat arguments, Lift takes the flat results.
type Callee interface {
	Lower(cx *abi.Context) ([]uint64, error)
	Lift(cx *abi.Context, flat []uint64) error
}

// Invoke calls a guest's function from the host. The error of a call that did
// not return is a *Trap, and the end of the store.
func (s *Store) Invoke(ctx context.Context, f *Func, c Callee) error {
	return s.within(ctx, func() error {
		if f.Host != nil {
			return trapf("function is the host's own")
		}
		return s.invoke(f, nil, c.Lower, c.Lift, nil)
	})
}

// invoke is canon lift: it enters the instance, lowers the arguments, runs
// the function, lifts the result, delivers it, and lets the guest clean up.
func (s *Store) invoke(f *Func, caller *Instance, lower func(*abi.Context) ([]uint64, error), lift func(*abi.Context, []uint64) error, deliver func() error) error {
	in := f.inst
	if err := in.enter(caller); err != nil {
		return s.die(err)
	}
	t := &task{}
	sc := newScope(in, &f.opts, t)
	flat, err := lower(&sc.cx)
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
	results := fiber.Results()
	if err := s.resolve(sc, results, lift, deliver); err != nil {
		return s.die(asTrap(err))
	}
	if f.opts.postReturn != nil {
		if _, err := in.callLocked(f.opts.postReturn, results...); err != nil {
			return err
		}
	}
	in.leave(caller)
	return nil
}

func (s *Store) resolve(sc *scope, results []uint64, lift func(*abi.Context, []uint64) error, deliver func() error) error {
	if err := lift(&sc.cx, results); err != nil {
		return err
	}
	if sc.task.borrows > 0 {
		return trapf("borrow handles still remain at the end of the call")
	}
	if deliver == nil {
		return nil
	}
	return deliver()
}

// lower is canon lower: the core function through which an instance calls f.
func (in *Instance) lower(f *Func, st *types.StepLower) (core.Extern, error) {
	o, err := in.options(&st.Options)
	if err != nil {
		return nil, err
	}
	if f.Host != nil {
		return in.store.hostFunc(st.Core, in.lowerHost(f.Host, &o))
	}
	return in.store.hostFunc(st.Core, in.lowerGuest(f, st.Type, &o))
}

func (in *Instance) lowerHost(f HostFunc, o *options) func([]uint64) (uint64, error) {
	shared := newScope(in, o, nil)
	return func(flat []uint64) (uint64, error) {
		if !in.mayLeave {
			return 0, in.checkLeave()
		}
		sc := shared
		if sc.busy {
			sc = newScope(in, o, nil)
		}
		sc.begin()
		defer sc.end()
		return f.Call(in.store, &sc.cx, flat)
	}
}

// lowerGuest passes values from one guest to another: lifted from the caller,
// lowered into the callee, and the result the other way.
func (in *Instance) lowerGuest(f *Func, t *types.Func, o *options) func([]uint64) (uint64, error) {
	return func(flat []uint64) (uint64, error) {
		if err := in.checkLeave(); err != nil {
			return 0, err
		}
		sc := newScope(in, o, nil)
		defer sc.end()
		params, result := paramTypes(t), resultTypes(t)
		calleeParams, calleeResult := paramTypes(f.Type), resultTypes(f.Type)
		var values []abi.Value
		var out uint64
		err := in.store.invoke(f, in,
			func(cx *abi.Context) ([]uint64, error) {
				args, err := abi.LiftValues(&sc.cx, types.MaxFlat, params, flat)
				if err != nil {
					return nil, err
				}
				return abi.LowerValues(cx, types.MaxFlat, calleeParams, args, nil)
			},
			func(cx *abi.Context, results []uint64) (err error) {
				values, err = abi.LiftValues(cx, 1, calleeResult, results)
				return err
			},
			func() error {
				lowered, err := abi.LowerValues(&sc.cx, 1, result, values, outPointer(t, flat))
				if err == nil && len(lowered) > 0 {
					out = lowered[0]
				}
				return err
			})
		return out, err
	}
}

func paramTypes(t *types.Func) []*types.Type {
	ts := make([]*types.Type, len(t.Params))
	for i := range t.Params {
		ts[i] = t.Params[i].Type
	}
	return ts
}

func resultTypes(t *types.Func) []*types.Type {
	if t.Result == nil {
		return nil
	}
	return []*types.Type{t.Result}
}

// outPointer is where the caller wants a result that does not fit: its last
// flat argument.
func outPointer(t *types.Func, flat []uint64) *uint32 {
	if t.Result == nil || t.Result.NumFlat <= 1 {
		return nil
	}
	p := uint32(flat[len(flat)-1])
	return &p
}
