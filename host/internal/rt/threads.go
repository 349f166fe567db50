package rt

import (
	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/types"
)

// IndirectCaller is a core module that calls an entry of the table that it
// imports as "" "t": its export "f" takes the index and an i32 argument. By it
// a thread starts at a function of a table; the call checks the type.
var IndirectCaller = &types.StepModule{Bytes: []byte{
	0, 'a', 's', 'm', 1, 0, 0, 0,
	1, 10, 2, 0x60, 1, 0x7f, 0, 0x60, 2, 0x7f, 0x7f, 0, // types (i32)->(), (i32,i32)->()
	2, 8, 1, 0, 1, 't', 1, 0x70, 0, 0, // import "" "t" (table 0 funcref)
	3, 2, 1, 1, // one function of the second type
	7, 5, 1, 1, 'f', 0, 0, // export "f"
	10, 11, 1, 9, 0, 0x20, 1, 0x20, 0, 0x11, 0, 0, 0x0b, // call_indirect of the first type
}}

// threadNew is canon thread.new-indirect.
func (in *Instance) threadNew(st *types.StepBuiltin) (hostCall, error) {
	caller, err := in.helper(IndirectCaller, in.coreItems[core.Table][st.Index])
	if err != nil {
		return nil, err
	}
	x := caller.Export("f")
	return func(flat []uint64) (uint64, error) {
		t := in.store.current.task
		if t.fn == nil {
			return 0, errBlock
		}
		th := &thread{task: t}
		entry, arg := flat[0], flat[1]
		th.proceed = func(bool) error {
			fiber, err := in.store.core.Call(x, []uint64{entry, arg})
			if err != nil {
				return err
			}
			return in.store.drive(th, fiber, func([]uint64) error { return t.unregister(th) })
		}
		err := t.register(th)
		return uint64(th.index), err
	}, nil
}

// threadIndex is canon thread.index.
func (in *Instance) threadIndex([]uint64) (uint64, error) {
	return uint64(in.store.current.index), nil
}

// suspendedThread returns a thread that waits to be resumed.
func (in *Instance) suspendedThread(i uint64) (*thread, error) {
	th, err := in.threads.get(uint32(i))
	if err == nil && !th.suspended() {
		err = trapf("cannot resume thread which is not suspended")
	}
	return th, err
}

// threadResumeLater is canon thread.resume-later.
func (in *Instance) threadResumeLater(flat []uint64) (uint64, error) {
	th, err := in.suspendedThread(flat[0])
	if err == nil {
		in.store.wait(th, always)
	}
	return 0, err
}

// threadSuspend is canon thread.suspend.
func (in *Instance) threadSuspend(cancellable bool) hostCall {
	return func([]uint64) (uint64, error) {
		return in.store.current.leave(in.store, nil, cancellable, cancelledFlag)
	}
}

// threadSwitch is canon thread.suspend-then-resume and
// thread.yield-then-resume: ready is what the current thread then waits for.
func (in *Instance) threadSwitch(cancellable bool, ready func() bool) hostCall {
	return func(flat []uint64) (uint64, error) {
		next, err := in.suspendedThread(flat[0])
		if err != nil {
			return 0, err
		}
		return in.switchTo(next, cancellable, ready)
	}
}

// threadPromote is canon thread.suspend-then-promote and
// thread.yield-then-promote: the other thread goes first if it is ready.
func (in *Instance) threadPromote(cancellable bool, ready func() bool) hostCall {
	return func(flat []uint64) (uint64, error) {
		next, err := in.threads.get(uint32(flat[0]))
		if err != nil {
			return 0, err
		}
		if next.ready == nil || !next.ready() {
			return in.store.current.leave(in.store, ready, cancellable, cancelledFlag)
		}
		in.store.unwait(next)
		return in.switchTo(next, cancellable, ready)
	}
}

func (in *Instance) switchTo(next *thread, cancellable bool, ready func() bool) (uint64, error) {
	th := in.store.current
	v, err := th.leave(in.store, ready, cancellable, cancelledFlag)
	if err == errBlocked {
		th.next = next
	}
	return v, err
}
