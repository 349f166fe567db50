// Fibers in the yield form. A host call makes the poll of its fiber return to
// Go; the next poll carries the answer back. No Go code runs below any of this.
#ifndef WT_FIBER_H
#define WT_FIBER_H

#include "wasmtime.h"

enum { WT_MAX_VALUES = 24 }; // see limits.go

// What wt_fiber_resume came back with.
enum { WT_DONE, WT_FAILED, WT_HOST_CALL, WT_PREEMPTED, WT_OUT_OF_MEMORY };

// wt_host_func is what a host function's definition points to.
typedef struct wt_host_func {
  uint32_t id;
  uint32_t nresults;
  uint8_t results[WT_MAX_VALUES]; // wasmtime value kinds
} wt_host_func;

typedef struct wt_limits {
  int64_t memory_bytes, table_elements, instances, tables, memories;
} wt_limits;

struct wt_fiber;

typedef struct wt_store {
  wasmtime_store_t *store;
  wasmtime_context_t *context;
  struct wt_fiber *running; // the fiber being polled
  uint64_t slice;           // epochs that a fiber may run per resume

  // The library limits each memory, not their sum. So that a sum can be had,
  // every module exports its memories under names of ours, see expose. A
  // memory is unseen until its instance is there; that may be never.
  wt_limits limits;
  int64_t cap; // that each memory has now
  int64_t used; // by the memories that are seen
  wasmtime_memory_t *memories;
  uint32_t nmemories, unseen;

  // The memory that Go looked at last; its place is read again after each
  // poll, so that a host call finds it without another call into C.
  bool hot;
  wasmtime_memory_t hot_memory;
  uint8_t *hot_base;
  size_t hot_size;
} wt_store;

typedef struct wt_fiber {
  wt_store *store;
  wasmtime_call_future_t *future;

  // The pending host call, if callee is set.
  const wt_host_func *callee;
  bool answered;
  wasmtime_val_t *host_results;
  wasm_trap_t **host_trap;

  // Arguments of the pending host call, then its results; at the end the
  // results of the guest's function.
  uint32_t nvalues;
  uint64_t values[WT_MAX_VALUES];

  // The call itself. A fiber that instantiates has a linker and a module instead.
  wasmtime_func_t func;
  wasmtime_linker_t *linker;
  const wasmtime_module_t *module;
  uint32_t nmemories; // that the module defines
  wasmtime_instance_t instance;
  wasm_trap_t *trap;
  wasmtime_error_t *error;
  uint32_t nargs, nresults;
  wasmtime_val_t call[WT_MAX_VALUES]; // arguments, then results
} wt_fiber;

// wt_import names an import of a module.
typedef struct wt_import {
  const char *module, *name;
  size_t module_len, name_len;
} wt_import;

wt_store *wt_store_new(wasm_engine_t *engine, uint64_t slice, const wt_limits *limits);
void wt_store_delete(wt_store *s);

// wt_fiber_new returns a fiber that was never used or was reset. NULL: no memory.
wt_fiber *wt_fiber_new(void);
// wt_fiber_bind resolves the imports of an instantiation, of f->module with f->nmemories.
wasmtime_error_t *wt_fiber_bind(wt_fiber *f, wasm_engine_t *engine, const wt_import *imports,
                                const wasmtime_extern_t *items, size_t n);
// wt_fiber_resume runs the guest until its next event.
int wt_fiber_resume(wt_fiber *f);
// wt_fiber_trap answers the pending host call with a trap.
void wt_fiber_trap(wt_fiber *f, const char *message, size_t len);
// wt_fiber_reset kills the guest where it stands and frees all that the fiber holds.
void wt_fiber_reset(wt_fiber *f);
void wt_fiber_delete(wt_fiber *f);

// wt_memory_name writes the name under which a module's nth memory is exported
// and returns its length. The buffer has WT_NAME_SIZE bytes.
enum { WT_NAME_SIZE = 32 };
size_t wt_memory_name(char *buffer, uint32_t n);

// wt_memory reads the place of a memory and makes it the hot one.
void wt_memory(wt_store *s, const wasmtime_extern_t *memory);

// wt_global_exchange sets a mutable global of an integer type and returns what
// it was; of another it returns 0 and leaves it.
uint64_t wt_global_exchange(wt_store *s, const wasmtime_extern_t *global, uint64_t v);

// wt_host_func_define adds a function to a linker. Kinds are wasmtime value kinds.
wasmtime_error_t *wt_host_func_define(wasmtime_linker_t *l, const char *module, size_t module_len, const char *name,
                                      size_t name_len, uint32_t id, const uint8_t *params, size_t nparams,
                                      const uint8_t *results, size_t nresults);

#endif
