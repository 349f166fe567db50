package wt

/*
#cgo noescape wt_fiber_resume
#cgo nocallback wt_fiber_resume
#include "fiber.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/core"
)

type state byte

const (
	ready   state = iota // Resume may run the guest
	calling              // a host call waits for its answer
	done
	failed
)

// Fiber implements core.Fiber.
type Fiber struct {
	store  *Store
	c      *C.wt_fiber // nil when closed
	index  int         // in store.fibers
	module *compiled   // of an instantiation

	state   state
	event   core.Event
	trapped bool // Trap answered the last host call
	message string
	err     error
	inst    *Instance
}

var _ core.Fiber = (*Fiber)(nil)

// Resume runs the guest until its next event. A pending host call that was
// not answered, or with a wrong number of results, becomes a trap. On a fiber
// that is done or closed it returns EventTrap.
func (f *Fiber) Resume() core.Event {
	s := f.store
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case f.c == nil:
		return f.fail(fmt.Errorf("wt: resume: fiber: %w", core.ErrClosed))
	case f.state == done || f.state == failed:
		return f.fail(errors.New("wt: resume: the fiber has ended"))
	case f.state == calling && !bool(f.c.answered):
		f.answer(nil)
	}
	s.gen++
	s.engine.clock.enter()
	why := C.wt_fiber_resume(f.c)
	s.engine.clock.leave()
	switch why {
	case C.WT_HOST_CALL:
		f.state = calling
		return core.EventHostCall
	case C.WT_PREEMPTED:
		f.state = ready
		return core.EventPreempted
	case C.WT_DONE:
		f.finish()
		return core.EventDone
	case C.WT_OUT_OF_MEMORY:
		C.wt_fiber_reset(f.c)
		f.c.store = s.p
		return f.fail(&core.Trap{Code: core.TrapOutOfMemory, Message: "the memories together exceed the limit"})
	}
	return f.fail(f.failure())
}

func (f *Fiber) finish() {
	f.state = done
	if f.module != nil {
		f.inst = &Instance{store: f.store, c: f.c.instance, exports: f.module.sections.exports}
		f.module.release()
		f.module = nil
	}
}

func (f *Fiber) fail(err error) core.Event {
	f.state = failed
	if f.err == nil {
		f.err = err
	}
	return core.EventTrap
}

func (f *Fiber) failure() error {
	if f.c.trap != nil {
		return trapOf(f.c.trap)
	}
	e := f.c.error
	f.c.error = nil
	return errorOf(e, f.trapped, f.message)
}

// ID is 0 without a pending host call.
func (f *Fiber) ID() uint32 {
	if f.state != calling || f.c == nil {
		return 0
	}
	return uint32(f.c.callee.id)
}

// Args is nil without a pending host call. It is C memory: it must not be
// used after the next Resume or Close.
func (f *Fiber) Args() []uint64 {
	if f.state != calling || f.c == nil {
		return nil
	}
	return f.values()
}

// Results is nil before EventDone. It is C memory like Args.
func (f *Fiber) Results() []uint64 {
	if f.state != done || f.c == nil {
		return nil
	}
	return f.values()
}

func (f *Fiber) values() []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(&f.c.values)), int(f.c.nvalues))
}

// Return is ignored without a pending host call, and after Trap.
func (f *Fiber) Return(results ...uint64) {
	f.store.mu.Lock()
	defer f.store.mu.Unlock()
	if f.state == calling && f.c != nil && !bool(f.c.answered) {
		f.answer(results)
	}
}

func (f *Fiber) answer(results []uint64) {
	if n := int(f.c.callee.nresults); len(results) != n {
		f.trap(fmt.Sprintf("host function returned %d results, its type has %d", len(results), n))
		return
	}
	copy(unsafe.Slice((*uint64)(unsafe.Pointer(&f.c.values)), maxValues), results)
	f.c.answered = true
}

// Trap is ignored without a pending host call, and after Return.
func (f *Fiber) Trap(message string) {
	f.store.mu.Lock()
	defer f.store.mu.Unlock()
	if f.state == calling && f.c != nil && !bool(f.c.answered) {
		f.trap(message)
	}
}

func (f *Fiber) trap(message string) {
	f.trapped, f.message = true, message
	C.wt_fiber_trap(f.c, chars(message), C.size_t(len(message)))
}

// Err is nil unless the last event was EventTrap.
func (f *Fiber) Err() error { return f.err }

// Instance is nil but for an instantiation that is done.
func (f *Fiber) Instance() core.Instance {
	if f.inst == nil {
		return nil
	}
	return f.inst
}

// Close ends the fiber. What Instance returned stays valid.
func (f *Fiber) Close() {
	f.store.mu.Lock()
	defer f.store.mu.Unlock()
	if f.c == nil {
		return
	}
	if f.state == ready || f.state == calling { // as in Store.Close
		f.store.engine.clock.enter()
		defer f.store.engine.clock.leave()
	}
	f.end()
}

// end kills the guest if it is not at its end, and frees the fiber.
func (f *Fiber) end() {
	s, c := f.store, f.c
	if f.state == ready || f.state == calling {
		s.gen++ // nothing runs, but views are not to outlive a fiber that was
	}
	C.wt_fiber_reset(c)
	if len(s.spare) < spareFibers {
		s.spare = append(s.spare, c)
	} else {
		C.wt_fiber_delete(c)
	}
	f.c = nil
	if f.module != nil {
		f.module.release()
		f.module = nil
	}
	last := s.fibers[len(s.fibers)-1]
	s.fibers[f.index], last.index = last, f.index
	s.fibers = s.fibers[:len(s.fibers)-1]
	s.releaseStack()
}
