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
// has returned. The error of a call that did not return is a *Trap, and the
// end of the store.
func (s *Store) Invoke(ctx context.Context, f *Func, c Callee) error {
	return s.within(ctx, func() error {
		if f.Host != nil {
			return trapf("function is the host's own")
		}
		t, err := s.start(f, nil, c)
		if err != nil {
			return err
		}
		for t.state != taskResolved {
			ran, err := s.tick()
			if err != nil {
				return err
			}
			if !ran {
				return s.die(errDeadlock)
			}
			if err := s.stopped(); err != nil {
				return err
			}
		}
		return nil
	})
}

var errDeadlock = trapf("deadlock detected: event loop cannot make further progress")

// lowerHost is how an instance calls a function of the host that runs to its
// end at once.
func (in *Instance) lowerHost(f HostFunc, o *options) hostCall {
	shared := newScope(in, o, nil)
	params, results := maxFlat(o.async)
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
		v, err := f.Call(in.store, &sc.cx, params, results, flat)
		if o.async {
			v = uint64(subtaskReturned)
		}
		return v, err
	}
}
