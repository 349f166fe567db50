package rt

import (
	"context"
	"sync"

	"github.com/wasitls/wasitls/host/internal/abi"
)

// AsyncFunc is a function of the host that takes its time.
type AsyncFunc interface {
	HostFunc
	// IsAsync tells whether Begin serves the function, and not Call.
	IsAsync() bool
	// Begin lifts the arguments and starts the function. When it is done, on
	// whatever goroutine, done is called once with what lowers its result into
	// the caller.
	Begin(ctx context.Context, s *Store, cx *abi.Context, maxParams int, flat []uint64, done func(Lowering)) (Begun, error)
}

// Lowering lowers the result of an async function, or returns its error: flat
// arguments in, flat result out.
type Lowering func(cx *abi.Context, maxResults int, flat []uint64) (uint64, error)

// Begun is a call of an AsyncFunc that has begun.
type Begun struct {
	// Done is set when it has ended, too; done is not called then.
	Done Lowering
	// Cancel ends it at once; done is not called any more. Only who runs the
	// store may call it. Nil says that the context alone ends the call, when the
	// function takes notice.
	Cancel func()
}

// operation is an async function of the host that a guest has called: the
// guest's subtask.
type operation struct {
	subtask
	flat       []uint64
	maxResults int
	stop       context.CancelFunc
	begun      Begun
	once       sync.Once
	lowering   Lowering // once the function is done, nil if it never will be
}

// lowerHostAsync is how an instance calls an async function of the host.
func (in *Instance) lowerHostAsync(f *Func, host AsyncFunc, o *options) hostCall {
	s := in.store
	params, results := maxFlat(o.async)
	return func(flat []uint64) (uint64, error) {
		if err := in.checkLeave(); err != nil {
			return 0, err
		}
		if !o.async {
			if err := s.checkBlock(); err != nil {
				return 0, err
			}
		}
		if len(s.operations) >= s.limits.Operations {
			return 0, trapf("too many calls of the host in progress: limit of %d", s.limits.Operations)
		}
		ctx, stop := context.WithCancel(s.life)
		op := &operation{flat: append([]uint64(nil), flat...), maxResults: results, stop: stop}
		op.scope, op.async = newScope(in, o, nil), o.async
		op.scope.types = f.Resources
		op.subtask.cancel = func(*Instance) error {
			if op.cancel() {
				op.end()
				op.progress(subtaskCancelledBeforeReturned)
			}
			return nil
		}
		s.operations[op] = struct{}{}
		s.outstanding++
		s.working.Add(1)
		var err error
		op.begun, err = host.Begin(ctx, s, &op.scope.cx, params, op.flat, func(l Lowering) {
			op.done(l, func() { s.Post(op.finish) })
		})
		if err != nil {
			s.working.Done()
			op.end()
			return 0, err
		}
		op.progress(subtaskStarted)
		if op.begun.Done != nil {
			op.done(op.begun.Done, func() { err = op.finish() })
		}
		if err != nil {
			return 0, err
		}
		return op.outcome()
	}
}

// done notes that the function has ended, the first time, and then calls next.
func (op *operation) done(l Lowering, next func()) {
	op.once.Do(func() {
		op.lowering = l
		next()
		op.inst.store.working.Done()
	})
}

// end takes the operation off the store's books.
func (op *operation) end() {
	s := op.inst.store
	if _, there := s.operations[op]; there {
		delete(s.operations, op)
		s.outstanding--
	}
	op.stop()
}

// cancel tells the function to end. It reports whether it has ended by that,
// without a result.
func (op *operation) cancel() (ended bool) {
	op.stop()
	if op.begun.Cancel != nil {
		op.done(nil, func() { ended = true })
	}
	if ended {
		op.begun.Cancel()
	}
	return ended
}

// finish delivers the result to the guest. A function that was cancelled and
// gave in has none.
func (op *operation) finish() error {
	op.end()
	op.scope.begin()
	v, err := op.lowering(&op.scope.cx, op.maxResults, op.flat)
	if err != nil {
		if op.canceled && context.Cause(op.inst.store.life) == nil {
			op.progress(subtaskCancelledBeforeReturned)
			return nil
		}
		return err
	}
	op.out = []uint64{v}
	op.progress(subtaskReturned)
	return nil
}
