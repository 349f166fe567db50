package rt

import (
	"errors"
	"slices"

	"github.com/wasitls/wasitls/host/internal/core"
)

// thread is a guest's thread of execution: fibers of core code, one after the
// other, between which the runtime works for it. It runs, or is suspended
// until somebody resumes it, or waits until a condition holds
// (CanonicalABI.md, "Thread State").
//
// Nothing in Go waits while a thread does. A thread that blocks leaves a
// continuation behind, and control goes back to whoever resumed it.
type thread struct {
	task        *task
	slots       [numSlots]uint64 // context.get and context.set, while another thread runs
	index       uint32           // in the instance's table of threads
	cancellable bool

	// proceed continues a thread that does not run; nil while it runs. It
	// returns when the thread blocks again or has ended.
	proceed func(cancelled bool) error
	// ready is the condition that a waiting thread waits for.
	ready func() bool
	// answer ends the host call in which the thread blocked.
	answer func(cancelled bool) (uint64, error)
	// next is the thread that runs when this one has blocked, nil for whoever
	// resumed it.
	next *thread
}

// errBlocked is what a host call returns whose thread has blocked: its result
// comes later, from thread.answer.
var errBlocked = errors.New("rt: thread has blocked")

func (th *thread) suspended() bool { return th.blocked() && th.ready == nil }

func (th *thread) blocked() bool { return th.proceed != nil || th.answer != nil }

// park blocks the thread between two fibers until ready holds. If it holds
// already, resume continues the thread at once: a thread that never has to
// wait must not go deeper with each step. k continues it.
func (th *thread) park(s *Store, ready func() bool, cancellable bool, k func(cancelled bool) error) error {
	if th.task.takeCancel(cancellable) {
		return k(true)
	}
	th.cancellable, th.proceed = cancellable, k
	if ready() {
		th.next = th
		return nil
	}
	s.wait(th, ready)
	return nil
}

// yield is park that lets other threads go first. Only what is ready later
// can keep the thread from going on.
func (th *thread) yield(s *Store, ready func() bool, k func(cancelled bool) error) error {
	if th.task.takeCancel(true) {
		return k(true)
	}
	th.cancellable, th.proceed = true, k
	s.wait(th, ready)
	return nil
}

// block is park within a host call: k gives the call's result.
func (th *thread) block(s *Store, ready func() bool, cancellable bool, k func(cancelled bool) (uint64, error)) (uint64, error) {
	if ready() && !(cancellable && th.task.state == taskPendingCancel) {
		return k(false)
	}
	return th.leave(s, ready, cancellable, k)
}

// leave is block that lets other threads go first: until ready holds, or for
// nil until the thread is resumed.
func (th *thread) leave(s *Store, ready func() bool, cancellable bool, k func(cancelled bool) (uint64, error)) (uint64, error) {
	if th.task.takeCancel(cancellable) {
		return k(true)
	}
	th.cancellable, th.answer = cancellable, k
	s.wait(th, ready)
	return 0, errBlocked
}

func (s *Store) wait(th *thread, ready func() bool) {
	if ready != nil {
		th.ready = ready
		s.waiting = append(s.waiting, th)
	}
}

func (s *Store) unwait(th *thread) {
	th.ready = nil
	for i, w := range s.waiting {
		if w == th {
			s.waiting = append(s.waiting[:i], s.waiting[i+1:]...)
			return
		}
	}
}

// resume runs a thread until it blocks or ends, and after it those it
// switches to. Threads can do that for ever without being preempted, so the
// context is looked at here.
func (s *Store) resume(th *thread, cancelled bool) error {
	for th != nil {
		if err := s.stopped(); err != nil {
			return err
		}
		if th.ready != nil {
			s.unwait(th)
		}
		proceed := th.proceed
		th.proceed = nil
		outer := s.current
		s.current = th
		err := proceed(cancelled)
		s.current = outer
		if err != nil {
			return s.die(asTrap(err))
		}
		th, th.next, cancelled = th.next, nil, false
	}
	return nil
}

// drive runs a fiber of a thread until it has returned, when done gets its
// results, or the thread has blocked in a host call.
func (s *Store) drive(th *thread, f core.Fiber, done func(results []uint64) error) error {
	blocked, err := s.runFiber(f)
	if blocked {
		th.proceed = func(cancelled bool) error { return s.answered(th, f, done, cancelled) }
		return nil
	}
	if err != nil {
		f.Close()
		return err
	}
	results := slices.Clone(f.Results())
	f.Close() // what follows may begin other fibers
	return done(results)
}

// answered continues a fiber that blocked in a host call, with the call's result.
func (s *Store) answered(th *thread, f core.Fiber, done func(results []uint64) error, cancelled bool) error {
	answer := th.answer
	th.answer = nil
	v, err := answer(cancelled)
	if err != nil {
		return err
	}
	s.reply(f, v)
	return s.drive(th, f, done)
}

// reply gives a fiber the result of its host call.
func (s *Store) reply(f core.Fiber, v uint64) {
	s.result[0] = v
	f.Return(s.result[:s.builtins[f.ID()].results]...)
}

// checkBlock traps where a synchronous call that may have to wait would do so
// in a task that may not: one of a function that is not async, before it has
// returned, while no other thread of the instance could go on.
func (s *Store) checkBlock() error {
	t := s.current.task
	if t.fn != nil && (t.fn.Type.Async || t.state == taskResolved) {
		return nil
	}
	if t.fn != nil && s.firstReady(t.sibling) != nil {
		return nil
	}
	if len(s.waiting) > 0 {
		return errDeadlock
	}
	return errBlock
}

var errBlock = trapf("cannot block a synchronous task before returning")

// firstReady returns the thread that has waited longest of those whose
// condition holds and that pick accepts, nil if there is none. The order makes
// what a guest sees deterministic.
func (s *Store) firstReady(pick func(*thread) bool) *thread {
	for _, th := range s.waiting {
		if th.ready() && pick(th) {
			return th
		}
	}
	return nil
}

// tick resumes a ready thread from the host; it reports whether there was one.
// Those of instances that are entered, where a guest has called the host that
// now calls another, go on when they are left.
func (s *Store) tick() (bool, error) {
	th := s.firstReady(func(th *thread) bool { return th.task.fn.inst.mayEnterFrom(nil) })
	if th == nil {
		return false, nil
	}
	in := th.task.fn.inst
	if err := in.enter(nil); err != nil {
		return false, s.die(err)
	}
	if err := s.resume(th, false); err != nil {
		return false, err
	}
	in.leave(nil)
	return true, nil
}
