package rt

import (
	"github.com/wasitls/wasitls/host/internal/abi"
	"github.com/wasitls/wasitls/host/internal/core"
)

// taskState is how far a call into a guest has come (CanonicalABI.md, "Task
// State").
type taskState uint8

const (
	taskInitial taskState = iota
	taskStarted
	taskPendingCancel
	taskCancelDelivered
	taskResolved
)

// Callee is how a caller passes arguments to a guest's function and takes its
// result. Lower returns the flat arguments. Lift takes the flat results; the
// result is in memory if it would take more than maxFlat of them. Resolve
// delivers what Lift took; with cancelled set there is no result.
type Callee interface {
	Lower(cx *abi.Context) ([]uint64, error)
	Lift(cx *abi.Context, maxFlat int, flat []uint64) error
	Resolve(cancelled bool) error
}

// task is a call into a guest's function, and the scope of the borrows it was
// given.
type task struct {
	fn       *Func
	callee   Callee
	scope    *scope
	state    taskState
	borrows  int
	implicit *thread
	threads  []*thread
}

// start is canon lift: it enters the instance and runs the function until it
// blocks or has ended. A function that is not async has returned by then.
func (s *Store) start(f *Func, caller *Instance, c Callee) (*task, error) {
	in := f.inst
	if caller != nil && (in.isSelfOrAncestorOf(caller) || caller.isSelfOrAncestorOf(in)) {
		// The rules would let a parent call its child; the official tests want
		// a trap for now.
		return nil, s.die(trapf("cannot enter component instance"))
	}
	if err := in.enter(caller); err != nil {
		return nil, s.die(err)
	}
	t := &task{fn: f, callee: c}
	t.scope = newScope(in, &f.opts, t)
	t.implicit = &thread{task: t}
	t.implicit.proceed = t.begin
	if err := s.resume(t.implicit, false); err != nil {
		return nil, err
	}
	if !f.Type.Async {
		if err := s.finishSync(t); err != nil {
			return nil, err
		}
	}
	in.leave(caller)
	return t, nil
}

// finishSync runs other threads of the instance until a function that may not
// block has returned.
func (s *Store) finishSync(t *task) error {
	for t.state != taskResolved {
		th := s.firstReady(t.sibling)
		if th == nil {
			return s.die(errDeadlock)
		}
		if err := s.resume(th, false); err != nil {
			return err
		}
	}
	return nil
}

// sibling tells whether a thread may run while the task, which is not async,
// is blocked: one of the same instance, whose core code excludes no other.
func (t *task) sibling(th *thread) bool {
	exclusive := th == th.task.implicit && th.task.fn.Type.Async && th.task.needsExclusive()
	return th.task.fn.inst == t.fn.inst && !exclusive
}

// needsExclusive tells whether the task's core code excludes that of other
// such tasks of the instance: all but stackful ones.
func (t *task) needsExclusive() bool { return !t.fn.opts.async || t.fn.opts.callback != nil }

// held tells whether the task must wait before it may begin.
func (t *task) held() bool {
	in := t.fn.inst
	return in.pressure > 0 || t.needsExclusive() && in.exclusive != nil
}

// begin enters the implicit thread, behind those that wait for the same.
func (t *task) begin(bool) error {
	in := t.fn.inst
	if !t.fn.Type.Async {
		return t.enter()
	}
	// Threads of the instance that can go on do so first, each once: one of them
	// may be what holds this task, and one that only yields may need the store
	// itself. None of them can need the caller, who is entered: instances import
	// each other without cycles.
	for n := len(in.store.waiting); n > 0 && (t.held() || in.waiting > 0); n-- {
		th := in.store.firstReady(func(th *thread) bool { return th.task.fn.inst == in })
		if th == nil {
			break
		}
		if err := in.store.resume(th, false); err != nil {
			return err
		}
	}
	if !t.held() && in.waiting == 0 {
		return t.enter()
	}
	in.waiting++
	return t.implicit.park(in.store, func() bool { return !t.held() }, true, func(cancelled bool) error {
		in.waiting--
		if cancelled {
			return t.cancel()
		}
		return t.enter()
	})
}

func (t *task) enter() error {
	in := t.fn.inst
	if t.fn.Type.Async && t.needsExclusive() {
		in.exclusive = t.implicit
	}
	if err := t.register(t.implicit); err != nil {
		return err
	}
	t.state = taskStarted
	flat, err := t.callee.Lower(&t.scope.cx)
	if err != nil {
		return err
	}
	return t.call(t.fn.core, flat, t.returned)
}

// call runs a core function on the implicit thread.
func (t *task) call(f core.Extern, args []uint64, done func([]uint64) error) error {
	s := t.fn.inst.store
	fiber, err := s.core.Call(f, args)
	if err != nil {
		return err
	}
	return s.drive(t.implicit, fiber, done)
}

// returned goes on when the core function has returned.
func (t *task) returned(results []uint64) error {
	o := &t.fn.opts
	switch {
	case o.callback != nil:
		return t.next(uint32(results[0]))
	case o.async:
		return t.exit()
	}
	if err := t.resolve(abi.MaxFlatResults, results); err != nil {
		return err
	}
	if o.postReturn != nil {
		if _, err := t.fn.inst.callLocked(o.postReturn, results...); err != nil {
			return err
		}
	}
	return t.exit()
}

// resolve lifts the task's result and delivers it.
func (t *task) resolve(maxFlat int, flat []uint64) error {
	if t.state == taskResolved {
		return trapf("`task.return` or `task.cancel` called more than once for current task")
	}
	if err := t.callee.Lift(&t.scope.cx, maxFlat, flat); err != nil {
		return err
	}
	return t.settle(false)
}

// cancel resolves a task without a result.
func (t *task) cancel() error {
	if t.state != taskCancelDelivered {
		return trapf("`task.cancel` called by task which has not been cancelled")
	}
	return t.settle(true)
}

func (t *task) settle(cancelled bool) error {
	if t.borrows > 0 {
		return trapf("borrow handles still remain at the end of the call")
	}
	if err := t.callee.Resolve(cancelled); err != nil {
		return err
	}
	t.state = taskResolved
	return nil
}

// exit ends the implicit thread.
func (t *task) exit() error {
	if t.fn.Type.Async && t.needsExclusive() {
		t.fn.inst.exclusive = nil
	}
	return t.unregister(t.implicit)
}

func (t *task) register(th *thread) error {
	t.threads = append(t.threads, th)
	var err error
	th.index, err = t.fn.inst.threads.add(th)
	return err
}

// unregister ends a thread; the last one must leave a task that has returned.
func (t *task) unregister(th *thread) error {
	for i, x := range t.threads {
		if x == th {
			t.threads = append(t.threads[:i], t.threads[i+1:]...)
			break
		}
	}
	t.fn.inst.threads.remove(th.index)
	if len(t.threads) == 0 && t.state != taskResolved {
		return trapf("async-lifted export failed to produce a result")
	}
	return nil
}

// Codes that a callback returns (CanonicalABI.md, "canon lift").
const (
	callbackExit = iota
	callbackYield
	callbackWait
)

// next does what the guest's function or callback has asked for.
func (t *task) next(packed uint32) error {
	in := t.fn.inst
	free := func() bool { return in.exclusive == nil }
	switch packed & 0xf {
	case callbackExit:
		return t.exit()
	case callbackYield:
		in.exclusive = nil
		return t.implicit.yield(in.store, free, func(cancelled bool) error {
			if cancelled {
				return t.callback(event{code: eventTaskCancelled})
			}
			return t.callback(event{})
		})
	case callbackWait:
		set, err := handleOf[*waitableSet](in, packed>>4)
		if err != nil {
			return err
		}
		in.exclusive = nil
		set.waiting++
		ready := func() bool { return free() && set.pending() != nil }
		return t.implicit.park(in.store, ready, true, func(cancelled bool) error {
			set.waiting--
			if cancelled {
				return t.callback(event{code: eventTaskCancelled})
			}
			return t.callback(set.pending().take())
		})
	}
	return trapf("unsupported callback code: %d", packed&0xf)
}

func (t *task) callback(e event) error {
	t.fn.inst.exclusive = t.implicit
	return t.call(t.fn.opts.callback, []uint64{uint64(e.code), uint64(e.p1), uint64(e.p2)}, func(r []uint64) error {
		return t.next(uint32(r[0]))
	})
}

// takeCancel delivers a cancellation that was asked for before.
func (t *task) takeCancel(cancellable bool) bool {
	if !cancellable || t.state != taskPendingCancel {
		return false
	}
	t.state = taskCancelDelivered
	return true
}

// requestCancel asks the task to end early, on behalf of caller: at once if a
// thread of it can take the news, else when one blocks.
func (t *task) requestCancel(caller *Instance) error {
	in := t.fn.inst
	s := in.store
	if t.state == taskInitial {
		t.state = taskCancelDelivered
		return s.resume(t.implicit, true)
	}
	excluded := t.needsExclusive() && in.exclusive != nil && in.exclusive != t.implicit
	for _, th := range t.threads {
		if !th.cancellable || !th.blocked() || excluded && th == t.implicit {
			continue
		}
		if !in.mayEnterFrom(caller) {
			break
		}
		t.state = taskCancelDelivered
		if err := in.enter(caller); err != nil {
			return err
		}
		if err := s.resume(th, true); err != nil {
			return err
		}
		in.leave(caller)
		return nil
	}
	t.state = taskPendingCancel
	return nil
}
