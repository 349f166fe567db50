package wt

/*
#include "fiber.h"
*/
import "C"

import (
	"strconv"
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/core"
)

// extern is an extern of a store, with what Go knows of it.
type extern struct {
	store *Store
	c     C.wasmtime_extern_t
	kind  core.Kind
	typ   core.FuncType

	gen  uint64 // the store's generation in which view was taken
	view []byte
}

var _ core.Extern = (*extern)(nil)

func (x *extern) Kind() core.Kind { return x.kind }

func (x *extern) FuncType() (core.FuncType, bool) { return x.typ, x.kind == core.Func }

func (x *extern) Bytes() []byte {
	if x.kind != core.Memory {
		return nil
	}
	if x.gen != x.store.gen {
		x.store.look(x)
	}
	return x.view
}

func (x *extern) Exchange(v uint64) uint64 {
	s := x.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if x.kind != core.Global || s.p == nil {
		return 0
	}
	return uint64(C.wt_global_exchange(s.p, &x.c, C.uint64_t(v)))
}

// kinds maps the externs of core to those of the library.
var kinds = map[core.Kind]C.uint8_t{
	core.Func:   C.WASMTIME_EXTERN_FUNC,
	core.Table:  C.WASMTIME_EXTERN_TABLE,
	core.Memory: C.WASMTIME_EXTERN_MEMORY,
	core.Global: C.WASMTIME_EXTERN_GLOBAL,
	core.Tag:    C.WASMTIME_EXTERN_TAG,
}

// same reports whether two externs are one thing. A function that was exported
// again by another instance counts as a second one.
func (x *extern) same(y *extern) bool {
	a, b := x.c.of[:], y.c.of[:]
	if x.kind != y.kind {
		return false
	}
	switch x.kind {
	case core.Func:
		return string(a[:16]) == string(b[:16])
	case core.Global:
		return string(a[:20]) == string(b[:20])
	}
	return string(a[:12]) == string(b[:12]) && string(a[16:20]) == string(b[16:20]) // padding between
}

// look refreshes the view of a memory. It costs a call into C unless the
// memory is the one that was looked at last.
func (s *Store) look(x *extern) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x.view, x.gen = nil, s.gen
	if s.p == nil {
		return
	}
	if s.hot != x {
		C.wt_memory(s.p, &x.c)
		s.hot = x
	}
	x.view = []byte{} // a memory without pages is one still
	if s.p.hot_size > 0 {
		x.view = unsafe.Slice((*byte)(unsafe.Pointer(s.p.hot_base)), int(s.p.hot_size))
	}
}

// hostFunc identifies a host function of an engine: the suspension that it
// makes carries no more than its id.
type hostFunc struct {
	typ string // value types, with a colon between parameters and results
	id  uint32
}

func hostFuncOf(t core.FuncType, id uint32) hostFunc {
	b := make([]byte, 0, maxValues+1)
	for _, v := range t.Params {
		b = append(b, byte(v))
	}
	b = append(b, ':')
	for _, v := range t.Results {
		b = append(b, byte(v))
	}
	return hostFunc{string(b), id}
}

// hostExtern puts the function into a store. Definitions are shared by all
// stores of the engine and made on demand.
func (e *Engine) hostExtern(s *Store, t core.FuncType, id uint32) (*extern, error) {
	h := hostFuncOf(t, id)
	name := strconv.FormatUint(uint64(id), 10)
	x := &extern{store: s, kind: core.Func, typ: t}
	e.mu.RLock()
	if _, ok := e.funcs[h]; ok {
		h.get(e.linker, s, name, x)
		e.mu.RUnlock()
		return x, nil
	}
	e.mu.RUnlock()

	e.mu.Lock()
	defer e.mu.Unlock()
	linker := e.linker
	if _, ok := e.funcs[h]; !ok {
		if len(e.funcs) >= maxSharedFuncs {
			linker = C.wasmtime_linker_new(e.p)
			defer C.wasmtime_linker_delete(linker)
		}
		if err := h.define(linker, t, name); err != nil {
			return nil, err
		}
		if linker == e.linker {
			e.funcs[h] = struct{}{}
		}
	}
	h.get(linker, s, name, x)
	return x, nil
}

func (h hostFunc) get(l *C.wasmtime_linker_t, s *Store, name string, x *extern) {
	C.wasmtime_linker_get(l, s.p.context, chars(h.typ), C.size_t(len(h.typ)), chars(name), C.size_t(len(name)), &x.c)
}

func (h hostFunc) define(l *C.wasmtime_linker_t, t core.FuncType, name string) error {
	params, results := valKinds(t.Params), valKinds(t.Results)
	return takeError(C.wt_host_func_define(l, chars(h.typ), C.size_t(len(h.typ)), chars(name), C.size_t(len(name)),
		C.uint32_t(h.id), unsafe.SliceData(params), C.size_t(len(params)), unsafe.SliceData(results), C.size_t(len(results))))
}

// chars lends the bytes of a string to C for the length of one call.
func chars(s string) *C.char { return (*C.char)(unsafe.Pointer(unsafe.StringData(s))) }

// valKind returns the library's number of a numeric type.
func valKind(t core.ValType) C.uint8_t { return C.uint8_t(core.I32 - t) }

func valKinds(ts []core.ValType) []C.uint8_t {
	ks := make([]C.uint8_t, len(ts))
	for i, t := range ts {
		ks[i] = valKind(t)
	}
	return ks
}
