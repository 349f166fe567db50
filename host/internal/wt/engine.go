// Package wt implements package core on libwasmtime: it is the only package
// that speaks C. The archive comes with the wasmtime-go module; its Go API is
// not used.
//
// Two rules keep the process alive whatever a guest does. Every entry into a
// guest is an asynchronous call on a fiber of its own, never a plain one: a
// plain call that reaches a host function aborts the process. And every
// precondition of the C API is checked here before C sees the call, because
// the library answers a broken one by aborting.
package wt

/*
#include "fiber.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	// For its static archive of libwasmtime.
	_ "github.com/bytecodealliance/wasmtime-go/v44"

	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/modcache"
)

// version is that of libwasmtime, rewrite that of what expose does. Both are
// part of the keys of compiled modules.
const (
	version = "44.0.0"
	rewrite = 1
)

// Config configures an engine. The zero value is ready to use.
type Config struct {
	// CacheDir is the folder of compiled modules, made if it does not exist.
	// Empty: modules are compiled anew by each process.
	CacheDir string
	// StackBytes is how much native stack a guest may use. Zero means 1 MiB.
	StackBytes int
	// CopyData makes instances copy the data of their module instead of mapping
	// it. A guest then takes at most 7 memory mappings instead of 9, so that
	// 8,600 instead of 6,700 fit under the usual vm.max_map_count of 65,530;
	// but the start of a module with much data takes longer.
	CopyData bool
	// NoExceptions turns the exception handling proposal off.
	NoExceptions bool
}

// Engine compiles modules and makes stores. It is safe for concurrent use.
type Engine struct {
	cache *modcache.Cache
	conf  string // all that compiled code depends on
	clock *clock

	mapsPerData int64 // mappings of a memory with data

	mu      sync.RWMutex // of what follows, and of the linker
	p       *C.wasm_engine_t
	linker  *C.wasmtime_linker_t
	funcs   map[hostFunc]struct{} // defined in linker
	modules map[modcache.Key]*compiled
	users   int // open stores and compilations under way
	closed  bool
}

var _ core.Engine = (*Engine)(nil)

// New makes an engine. It fails if the cache folder cannot be made or could be
// written by other users.
func New(c Config) (*Engine, error) {
	stack := c.StackBytes
	if stack == 0 {
		stack = wasmStack
	}
	if stack < 64<<10 || stack > 64<<20 {
		return nil, fmt.Errorf("wt: a stack of %d bytes; from 64 KiB to 64 MiB is possible", stack)
	}
	e := &Engine{
		conf: fmt.Sprintf("wasmtime %s rewrite %d %s/%s stack %d exceptions %t copy %t", version, rewrite, runtime.GOOS, runtime.GOARCH,
			stack, !c.NoExceptions, c.CopyData),
		mapsPerData: mapsPerImage,
		funcs:       map[hostFunc]struct{}{},
		modules:     map[modcache.Key]*compiled{},
	}
	if c.CopyData {
		e.mapsPerData = mapsPerPlain
	}
	if c.CacheDir != "" {
		var err error
		if e.cache, err = modcache.Open(c.CacheDir); err != nil {
			return nil, err
		}
	}
	e.p = C.wasm_engine_new_with_config(configure(c, stack))
	if e.p == nil {
		return nil, errors.New("wt: the engine refused its configuration")
	}
	e.linker = C.wasmtime_linker_new(e.p)
	e.clock = newClock(func() { C.wasmtime_engine_increment_epoch(e.p) })
	return e, nil
}

func configure(config Config, stack int) *C.wasm_config_t {
	exceptions := C.bool(!config.NoExceptions)
	c := C.wasm_config_new()
	C.wasmtime_config_memory_init_cow_set(c, C.bool(!config.CopyData))
	C.wasmtime_config_epoch_interruption_set(c, true)
	C.wasmtime_config_max_wasm_stack_set(c, C.size_t(stack))
	C.wasmtime_config_async_stack_size_set(c, C.uint64_t(stack+hostStack))
	C.wasmtime_config_wasm_exceptions_set(c, exceptions)
	C.wasmtime_config_gc_support_set(c, exceptions) // exceptions live on its heap
	C.wasmtime_config_wasm_gc_set(c, false)
	C.wasmtime_config_wasm_function_references_set(c, false)
	C.wasmtime_config_wasm_memory64_set(c, false)
	C.wasmtime_config_wasm_threads_set(c, false)
	C.wasmtime_config_shared_memory_set(c, false)
	C.wasmtime_config_wasm_custom_page_sizes_set(c, false)
	C.wasmtime_config_wasm_stack_switching_set(c, false)
	C.wasmtime_config_wasm_wide_arithmetic_set(c, false)
	C.wasmtime_config_wasm_multi_memory_set(c, true)
	C.wasmtime_config_wasm_tail_call_set(c, true)
	C.wasmtime_config_wasm_component_model_set(c, false)
	return c
}

// Close frees the engine. It fails, and does nothing, while the engine has
// open stores or compiles. Modules may still be closed afterwards. It is idempotent.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil
	}
	if e.users > 0 {
		return fmt.Errorf("wt: close: the engine has %d open stores and compilations", e.users)
	}
	e.closed = true
	e.clock.close()
	C.wasmtime_linker_delete(e.linker)
	C.wasm_engine_delete(e.p)
	e.p, e.linker, e.funcs = nil, nil, nil
	return nil
}

// NewStore makes a store. Its error wraps core.ErrNoRoom when the process
// comes near the number of memory mappings that the system allows.
func (e *Engine) NewStore(l core.StoreLimits) (core.Store, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, fmt.Errorf("wt: new store: engine: %w", core.ErrClosed)
	}
	if err := reserveMaps(0, mapsForStores); err != nil {
		return nil, err
	}
	l = withDefaults(l)
	p := C.wt_store_new(e.p, sliceTicks, &C.wt_limits{C.int64_t(l.MemoryBytes), C.int64_t(l.TableElements),
		C.int64_t(l.Instances), C.int64_t(l.Tables), C.int64_t(l.Memories)})
	if p == nil {
		return nil, fmt.Errorf("wt: new store: %w", core.ErrNoRoom)
	}
	e.users++
	return &Store{engine: e, p: p, gen: 1}, nil
}
