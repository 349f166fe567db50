package wt

/*
#include <stdlib.h>
#include "fiber.h"
*/
import "C"

import (
	"cmp"
	"errors"
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/modcache"
)

// compiled is a module that all users of equal bytes share. It is freed when
// the last of its references goes.
type compiled struct {
	engine *Engine
	key    modcache.Key
	refs   int           // guarded by engine.mu
	ready  chan struct{} // closed when what follows is set
	err    error

	p        *C.wasmtime_module_t
	sections *sections
	imports  *C.wt_import // in C, with the names behind; nil if there are none
	twins    [][2]int     // imports of the same two names
}

// Module is a reference to a compiled module.
type Module struct {
	*compiled
	closed atomic.Bool
}

var _ core.Module = (*Module)(nil)

// Compile validates and compiles a core module. Modules of equal bytes are
// compiled once per engine while one of them is open, and once per cache
// folder. It is safe for concurrent use.
func (e *Engine) Compile(wasm []byte) (core.Module, error) {
	c, first, err := e.claim(modcache.KeyOf(e.conf, wasm))
	if err != nil {
		return nil, err
	}
	if first {
		c.err = c.load(wasm)
		close(c.ready)
		e.unuse()
	}
	<-c.ready
	if c.err != nil {
		c.release()
		return nil, c.err
	}
	return &Module{compiled: c}, nil
}

// claim takes a reference to the module with that key. The first to do so loads it.
func (e *Engine) claim(key modcache.Key) (c *compiled, first bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, false, fmt.Errorf("wt: compile: engine: %w", core.ErrClosed)
	}
	c, ok := e.modules[key]
	if !ok {
		c = &compiled{engine: e, key: key, ready: make(chan struct{})}
		e.modules[key] = c
		e.users++
	}
	c.refs++
	return c, !ok, nil
}

func (e *Engine) unuse() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.users--
}

// retain takes another reference, unless this one was given up.
func (m *Module) retain() bool {
	m.engine.mu.Lock()
	defer m.engine.mu.Unlock()
	if m.closed.Load() {
		return false
	}
	m.refs++
	return true
}

func (c *compiled) release() {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	if c.refs--; c.refs > 0 {
		return
	}
	delete(c.engine.modules, c.key)
	C.free(unsafe.Pointer(c.imports))
	if c.p != nil {
		C.wasmtime_module_delete(c.p)
	}
	c.imports, c.p = nil, nil
}

// load fills c: from the cache if it can, by compiling if not.
func (c *compiled) load(wasm []byte) error {
	if len(wasm) < 8 || string(wasm[:8]) != "\x00asm\x01\x00\x00\x00" {
		return errors.New("wt: not a core module")
	}
	var err error
	if c.sections, err = readSections(wasm); err != nil {
		return cmp.Or(c.compile(wasm), err) // the engine says better what is wrong
	}
	cache := c.engine.cache
	if cache == nil || !cache.Load(c.key, c.deserialize) {
		exposed, err := c.sections.expose(wasm)
		if err != nil {
			return err
		}
		if err := c.compile(exposed); err != nil {
			return err
		}
		if cache != nil {
			c.serialize(cache)
		}
	}
	c.nameImports()
	return nil
}

func (c *compiled) compile(wasm []byte) error {
	return takeError(C.wasmtime_module_new(c.engine.p, (*C.uint8_t)(unsafe.SliceData(wasm)), C.size_t(len(wasm)), &c.p))
}

func (c *compiled) deserialize(path string) error {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	return takeError(C.wasmtime_module_deserialize_file(c.engine.p, p, &c.p))
}

// serialize stores the module. A cache that cannot be written is no failure.
func (c *compiled) serialize(cache *modcache.Cache) {
	var v C.wasm_byte_vec_t
	if err := takeError(C.wasmtime_module_serialize(c.p, &v)); err != nil {
		return
	}
	defer C.wasm_byte_vec_delete(&v)
	_ = cache.Store(c.key, unsafe.Slice((*byte)(unsafe.Pointer(v.data)), int(v.size)))
}

// memoryName is the name under which expose exports a module's nth memory.
func memoryName(n int) string {
	var b [C.WT_NAME_SIZE]C.char
	return C.GoStringN(&b[0], C.int(C.wt_memory_name(&b[0], C.uint32_t(n))))
}

// nameImports puts the names of the imports where C can use them, in one
// block, and finds those that share both names.
func (c *compiled) nameImports() {
	list := c.sections.imports
	if len(list) == 0 {
		return
	}
	size := len(list) * int(unsafe.Sizeof(C.wt_import{}))
	for _, i := range list {
		size += len(i.Module) + len(i.Name)
	}
	c.imports = (*C.wt_import)(C.malloc(C.size_t(size)))
	entries := unsafe.Slice(c.imports, len(list))
	text := unsafe.Slice((*byte)(unsafe.Pointer(c.imports)), size)[len(list)*int(unsafe.Sizeof(C.wt_import{})):]
	put := func(s string) (*C.char, C.size_t) {
		if s == "" {
			return (*C.char)(unsafe.Pointer(c.imports)), 0
		}
		p := (*C.char)(unsafe.Pointer(&text[0]))
		text = text[copy(text, s):]
		return p, C.size_t(len(s))
	}
	seen := map[[2]string]int{}
	for n, i := range list {
		e := &entries[n]
		e.module, e.module_len = put(i.Module)
		e.name, e.name_len = put(i.Name)
		if first, ok := seen[[2]string{i.Module, i.Name}]; ok {
			c.twins = append(c.twins, [2]int{first, n})
			continue
		}
		seen[[2]string{i.Module, i.Name}] = n
	}
}

// Imports lists the module's imports in order, also of a closed module. The
// slice is the module's own.
func (m *Module) Imports() []core.Import { return m.sections.imports }

// Close gives the reference up. The compiled code lives as long as a store
// uses it. It is idempotent.
func (m *Module) Close() {
	if m.closed.CompareAndSwap(false, true) {
		m.release()
	}
}
