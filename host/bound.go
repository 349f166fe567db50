package host

import (
	"context"
	"reflect"
	"runtime/debug"
	"sync"
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/abi"
	"github.com/wasitls/wasitls/host/internal/rt"
)

// boundFunc is a host function with the plan to lift its arguments from, and
// lower its result into, the guests of one component.
type boundFunc struct {
	iface, item string // its name: an item of an interface, or iface by itself
	fn          Fn
	plan        *abi.FuncPlan
	frames      sync.Pool // of *frame
}

// frame holds the Go side of one call.
type frame struct {
	args, result unsafe.Pointer
	// zero clears them for the next call.
	zero func()
	call Call
}

func newBoundFunc(iface, item string, f Fn, plan *abi.FuncPlan) *boundFunc {
	b := &boundFunc{iface: iface, item: item, fn: f, plan: plan}
	b.frames.New = func() any {
		args, result := reflect.New(f.args), reflect.New(f.result)
		return &frame{
			args:   args.UnsafePointer(),
			result: result.UnsafePointer(),
			zero:   func() { args.Elem().SetZero(); result.Elem().SetZero() },
		}
	}
	return b
}

func (b *boundFunc) name() string {
	if b.item == "" {
		return printable(b.iface)
	}
	return printable(b.iface) + "#" + printable(b.item)
}

// IsAsync implements rt.AsyncFunc.
func (b *boundFunc) IsAsync() bool { return b.fn.isAsync() }

// Begin implements rt.AsyncFunc.
func (b *boundFunc) Begin(ctx context.Context, s *rt.Store, cx *abi.Context, maxParams int, flat []uint64, done func(rt.Lowering)) (rt.Begun, error) {
	f := b.frames.New().(*frame)
	err := b.plan.LiftArgs(cx, maxParams, flat, f.args)
	if s.Settle(err); err != nil {
		return rt.Begun{}, err
	}
	lowering := func(err error) rt.Lowering {
		return func(cx *abi.Context, maxResults int, flat []uint64) (uint64, error) {
			if err != nil {
				return 0, err
			}
			return b.lower(s, cx, maxResults, flat, f.result)
		}
	}
	if b.fn.await != nil {
		f.call = Call{ctx: s.Context(), store: s.Owner.(*Store)}
		return b.await(s, f, lowering, done), nil
	}
	go func() {
		done(lowering(b.protected(func() error { return b.fn.async(ctx, s.Owner.(*Store), f.args, f.result) })))
	}()
	return rt.Begun{}, nil
}

// await begins a call of a function made by Await.
func (b *boundFunc) await(s *rt.Store, f *frame, lowering func(error) rt.Lowering, done func(rt.Lowering)) rt.Begun {
	var try func() (Condition, error)
	var until Condition
	step := func() error {
		return b.protected(func() (err error) {
			if try == nil {
				try = b.fn.await(&f.call, f.args, f.result)
			}
			until, err = try()
			return err
		})
	}
	if err := step(); err != nil || until == nil {
		return rt.Begun{Done: lowering(err)}
	}
	stop, canceled := func() {}, false
	var wait func()
	wait = func() {
		stop = until.Notify(func() {
			s.Post(func() error {
				if canceled {
					return nil
				}
				if err := step(); err != nil || until == nil {
					done(lowering(err))
					return nil
				}
				wait()
				return nil
			})
		})
	}
	wait()
	return rt.Begun{Cancel: func() { canceled = true; stop() }}
}

// protected calls f and makes an error of a panic.
func (b *boundFunc) protected(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{b.name(), p, debug.Stack()}
		}
	}()
	return f()
}

// Call implements rt.HostFunc.
func (b *boundFunc) Call(s *rt.Store, cx *abi.Context, maxParams, maxResults int, flat []uint64) (v uint64, err error) {
	f := b.frames.Get().(*frame)
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{b.name(), p, debug.Stack()}
			return // the frame may be in use by what panicked
		}
		f.zero()
		f.call = Call{}
		b.frames.Put(f)
	}()
	f.call = Call{ctx: s.Context(), store: s.Owner.(*Store)}
	err = b.plan.LiftArgs(cx, maxParams, flat, f.args)
	if s.Settle(err); err != nil {
		return 0, err
	}
	if err := b.fn.call(&f.call, f.args, f.result); err != nil {
		return 0, err
	}
	return b.lower(s, cx, maxResults, flat, f.result)
}

// lower lowers the result. If that fails the store gets the resources in it
// that the guest was to own, but for those that it has: they are dropped with it.
func (b *boundFunc) lower(s *rt.Store, cx *abi.Context, maxResults int, flat []uint64, result unsafe.Pointer) (uint64, error) {
	before := s.Puts()
	v, _, err := b.plan.LowerResult(cx, maxResults, flat, result)
	if err == nil {
		return v, nil
	}
	done := s.Puts() - before
	b.plan.Owned(result, func(r abi.GoResource, src unsafe.Pointer) {
		if done > 0 {
			done--
			return
		}
		_, _ = r.Ref(cx, true, src)
	})
	return 0, err
}
