package rt

import (
	"context"

	"github.com/wasitls/wasitls/host/internal/abi"
)

// HostFunc is a function of the host, as a guest calls it: flat holds the
// guest's flat arguments, and the pointer for a result that is not flat.
// Parameters are flat if they are at most maxParams values, a result if it is
// at most maxResults.
type HostFunc interface {
	// Call runs the function to its end.
	Call(s *Store, cx *abi.Context, maxParams, maxResults int, flat []uint64) (uint64, error)
}

// Invoke calls a guest's function from the host and runs the store until it
// has returned. While there is nothing to run it waits by idle, which returns
// when the channel is closed or with an error; other calls may run the store
// meanwhile. The error of a call that did not return is a *Trap, and the end
// of the store.
func (s *Store) Invoke(ctx context.Context, f *Func, c Callee, idle func(<-chan struct{}) error) error {
	if f.Host != nil {
		return trapf("function is the host's own")
	}
	var t *task
	err := s.begin(ctx, func() (err error) {
		t, err = s.start(f, nil, c)
		return err
	})
	if err != nil {
		return err
	}
	err = s.drain(ctx, func() bool { return t.state == taskResolved }, idle)
	if err == errDeadlock {
		return s.die(err)
	}
	return err
}

// Kill ends the store.
func (s *Store) Kill(err error) { s.die(&Trap{msg: "guest stopped", err: err}) }

// Drain runs the store until nothing is left to do: no thread is ready, and
// the host awaits nothing on a guest's behalf.
func (s *Store) Drain(ctx context.Context, idle func(<-chan struct{}) error) error {
	never := func() bool { return false }
	err := s.begin(ctx, func() error { return s.work(never) })
	if err == nil {
		err = s.drain(ctx, never, idle)
	}
	if err == errDeadlock {
		return nil
	}
	return err
}

func (s *Store) drain(ctx context.Context, until func() bool, idle func(<-chan struct{}) error) error {
	for {
		if err := s.within(ctx, func() error { return s.work(until) }); err != nil {
			return err
		}
		if until() {
			return nil
		}
		if s.outstanding == 0 && s.inbox.idle() {
			return errDeadlock
		}
		if w := s.inbox.await(); w != nil {
			if err := idle(w); err != nil {
				return &Trap{msg: "guest stopped", err: err}
			}
		}
	}
}

var errDeadlock = trapf("deadlock detected: event loop cannot make further progress")

// lowerHost is how an instance calls a function of the host that runs to its
// end at once.
func (in *Instance) lowerHost(f *Func, o *options) hostCall {
	fresh := func() *scope {
		sc := newScope(in, o, nil)
		sc.types = f.Resources
		return sc
	}
	shared := fresh()
	params, results := maxFlat(o.async)
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
		v, err := f.Host.Call(in.store, &sc.cx, params, results, flat)
		if o.async {
			v = uint64(subtaskReturned)
		}
		return v, err
	}
}
