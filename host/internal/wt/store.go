package wt

/*
#include "fiber.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/core"
)

// Store implements core.Store. A lock makes a wrong use by two goroutines
// wait instead of corrupting memory; a guest never waits under it.
type Store struct {
	engine *Engine

	mu     sync.Mutex
	p      *C.wt_store // nil when closed
	gen    uint64      // changes with each resume: views of memory die
	hot    *extern     // the memory that p.hot_memory is
	fibers []*Fiber    // the live ones
	spare  []*C.wt_fiber
	maps   int64 // mappings booked, without those of fibers
	kept   bool  // Wasmtime keeps the stack of a fiber that ended for the next one
}

var _ core.Store = (*Store)(nil)

// HostFunc returns a function that suspends its caller. Its type may have at
// most 24 values in all, all of them numbers.
func (s *Store) HostFunc(t core.FuncType, id uint32) (core.Extern, error) {
	if err := crossable(t); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.p == nil {
		return nil, fmt.Errorf("wt: host function: store: %w", core.ErrClosed)
	}
	x, err := s.engine.hostExtern(s, t, id)
	if err != nil {
		return nil, err
	}
	return x, nil
}

// Call begins a call. The function's type is bound like a host function's.
func (s *Store) Call(f core.Extern, args []uint64) (core.Fiber, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, err := s.own(f)
	if err != nil {
		return nil, fmt.Errorf("wt: call: %w", err)
	}
	if x.kind != core.Func {
		return nil, errors.New("wt: call: the extern is no function")
	}
	if err := crossable(x.typ); err != nil {
		return nil, err
	}
	if len(args) != len(x.typ.Params) {
		return nil, fmt.Errorf("wt: call: %d arguments for %d parameters", len(args), len(x.typ.Params))
	}
	fiber, err := s.newFiber()
	if err != nil {
		return nil, err
	}
	c := fiber.c
	*(*[16]byte)(unsafe.Pointer(&c._func)) = [16]byte(x.c.of[:16])
	c.nargs, c.nresults = C.uint32_t(len(args)), C.uint32_t(len(x.typ.Results))
	for i, a := range args {
		c.call[i].kind = valKind(x.typ.Params[i])
		*(*uint64)(unsafe.Pointer(&c.call[i].of)) = a
	}
	return fiber, nil
}

// Instantiate begins an instantiation. Imports that repeat both names of an
// earlier one must be the same extern.
func (s *Store) Instantiate(m core.Module, imports []core.Extern) (core.Fiber, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	module, ok := m.(*Module)
	if !ok || module == nil || module.engine != s.engine {
		return nil, errors.New("wt: instantiate: a module of another engine")
	}
	items, err := s.match(module, imports)
	if err != nil {
		return nil, fmt.Errorf("wt: instantiate: %w", err)
	}
	fiber, err := s.newFiber()
	if err != nil {
		return nil, err
	}
	maps := module.sections.maps(s.engine.mapsPerData)
	if err := reserveMaps(maps, mapsForStores); err != nil {
		fiber.end()
		return nil, err
	}
	s.maps += maps
	if !module.retain() {
		fiber.end()
		return nil, fmt.Errorf("wt: instantiate: module: %w", core.ErrClosed)
	}
	fiber.module, fiber.c.module, fiber.c.nmemories = module.compiled, module.p, C.uint32_t(module.sections.memories)
	err = takeError(C.wt_fiber_bind(fiber.c, s.engine.p, module.imports, unsafe.SliceData(items), C.size_t(len(items))))
	if err != nil {
		fiber.end()
		return nil, err
	}
	return fiber, nil
}

// match checks imports against what the module asks for and lays them out for C.
func (s *Store) match(m *Module, imports []core.Extern) ([]C.wasmtime_extern_t, error) {
	want := m.sections.imports
	if len(imports) != len(want) {
		return nil, fmt.Errorf("%d imports for %d", len(imports), len(want))
	}
	if s.p == nil {
		return nil, fmt.Errorf("store: %w", core.ErrClosed)
	}
	items := make([]C.wasmtime_extern_t, len(want))
	for i, imp := range imports {
		x, err := s.own(imp)
		if err != nil {
			return nil, fmt.Errorf("import %q %q: %w", want[i].Module, want[i].Name, err)
		}
		if x.kind != want[i].Kind {
			return nil, fmt.Errorf("import %q %q: a different kind of extern", want[i].Module, want[i].Name)
		}
		items[i] = x.c
	}
	for _, t := range m.twins {
		if !imports[t[0]].(*extern).same(imports[t[1]].(*extern)) {
			return nil, fmt.Errorf("import %q %q: two different externs of this name", want[t[0]].Module, want[t[0]].Name)
		}
	}
	return items, nil
}

// own returns an extern if it belongs to the store and the store is open.
func (s *Store) own(e core.Extern) (*extern, error) {
	if s.p == nil {
		return nil, fmt.Errorf("store: %w", core.ErrClosed)
	}
	x, ok := e.(*extern)
	if !ok || x == nil || x.store != s {
		return nil, errors.New("an extern of another store")
	}
	return x, nil
}

func (s *Store) newFiber() (*Fiber, error) {
	if err := s.bookStack(); err != nil {
		return nil, err
	}
	var c *C.wt_fiber
	if n := len(s.spare); n > 0 {
		c, s.spare = s.spare[n-1], s.spare[:n-1]
	} else if c = C.wt_fiber_new(); c == nil {
		s.releaseStack()
		return nil, fmt.Errorf("wt: new fiber: %w", core.ErrNoRoom)
	}
	c.store = s.p
	f := &Fiber{store: s, c: c, index: len(s.fibers)}
	s.fibers = append(s.fibers, f)
	return f, nil
}

// bookStack books the mappings of a fiber's stack, or takes the one that is kept.
func (s *Store) bookStack() error {
	if s.kept {
		s.kept = false
		return nil
	}
	return reserveMaps(mapsPerFiber, mapsForFibers)
}

// releaseStack leaves one stack booked: that one is kept.
func (s *Store) releaseStack() {
	if s.kept {
		releaseMaps(mapsPerFiber)
	}
	s.kept = true
}

// Close ends every fiber and frees the store. Many stores that are closed at
// the same time take turns, as running guests do: unmapping memory takes time,
// and Go would start a thread for each.
func (s *Store) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.p == nil {
		return
	}
	s.engine.clock.enter()
	defer s.engine.clock.leave()
	for len(s.fibers) > 0 {
		s.fibers[len(s.fibers)-1].end()
	}
	for _, c := range s.spare {
		C.wt_fiber_delete(c)
	}
	C.wt_store_delete(s.p)
	releaseMaps(s.maps)
	if s.kept {
		releaseMaps(mapsPerFiber)
	}
	s.p, s.spare, s.hot = nil, nil, nil
	s.gen++
	s.engine.unuse()
}
