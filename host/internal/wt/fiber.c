#include "fiber.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_cap(wt_store *s, int64_t cap) {
  if (cap == s->cap) return;
  s->cap = cap;
  wasmtime_store_limiter(s->store, cap, s->limits.table_elements, s->limits.instances, s->limits.tables,
                         s->limits.memories);
}

wt_store *wt_store_new(wasm_engine_t *engine, uint64_t slice, const wt_limits *limits) {
  wt_store *s = calloc(1, sizeof *s);
  if (!s) return NULL;
  s->slice = slice;
  s->limits = *limits;
  s->cap = -1;
  s->store = wasmtime_store_new(engine, s, NULL);
  s->context = wasmtime_store_context(s->store);
  wasmtime_context_set_epoch_deadline(s->context, slice);
  wasmtime_context_epoch_deadline_async_yield_and_update(s->context, slice);
  set_cap(s, limits->memory_bytes);
  return s;
}

void wt_store_delete(wt_store *s) {
  wasmtime_store_delete(s->store);
  free(s->memories);
  free(s);
}

wt_fiber *wt_fiber_new(void) { return calloc(1, sizeof(wt_fiber)); }

wasmtime_error_t *wt_fiber_bind(wt_fiber *f, wasm_engine_t *engine, const wt_import *imports,
                                const wasmtime_extern_t *items, size_t n) {
  f->linker = wasmtime_linker_new(engine);
  wasmtime_linker_allow_shadowing(f->linker, true);
  for (size_t i = 0; i < n; i++) {
    wasmtime_error_t *e = wasmtime_linker_define(f->linker, f->store->context, imports[i].module, imports[i].module_len,
                                                 imports[i].name, imports[i].name_len, &items[i]);
    if (e) return e;
  }
  f->store->unseen += f->nmemories;
  return NULL;
}

static void start(wt_fiber *f) {
  wasmtime_context_t *c = f->store->context;
  if (f->linker)
    f->future = wasmtime_linker_instantiate_async(f->linker, c, f->module, &f->instance, &f->trap, &f->error);
  else
    f->future = wasmtime_func_call_async(c, &f->func, f->call, f->nargs, f->call + f->nargs, f->nresults, &f->trap,
                                         &f->error);
}

// raw returns the bits of a number, with the upper half of a narrow one zero.
static uint64_t raw(const wasmtime_val_t *v) {
  bool narrow = v->kind == WASMTIME_I32 || v->kind == WASMTIME_F32;
  return narrow ? (uint32_t)v->of.i32 : (uint64_t)v->of.i64;
}

static void refresh(wt_store *s) {
  s->hot_base = wasmtime_memory_data(s->context, &s->hot_memory);
  s->hot_size = wasmtime_memory_data_size(s->context, &s->hot_memory);
}

size_t wt_memory_name(char *buffer, uint32_t n) { return (size_t)snprintf(buffer, WT_NAME_SIZE, "\1memory %u", n); }

// see notes the memories of an instance that is there now.
static void see(wt_fiber *f) {
  wt_store *s = f->store;
  wasmtime_memory_t *m = realloc(s->memories, (s->nmemories + f->nmemories) * sizeof *m);
  if (!m) abort();
  s->memories = m;
  for (uint32_t i = 0; i < f->nmemories; i++) {
    char name[WT_NAME_SIZE];
    wasmtime_extern_t item;
    size_t len = wt_memory_name(name, i);
    if (!wasmtime_instance_export_get(s->context, &f->instance, name, len, &item)) continue;
    m[s->nmemories++] = item.of.memory;
    s->unseen--;
  }
}

// The sum of one memory is its own cap.
static bool summed(const wt_store *s) { return s->nmemories + s->unseen > 1; }

// share divides what is left between the memories that cannot be seen. Without
// any, each memory may grow as far as all together may, and count finds out.
static void share(wt_store *s) {
  int64_t left = s->limits.memory_bytes - s->used;
  set_cap(s, s->unseen ? left / s->unseen : s->limits.memory_bytes);
}

static void count(wt_store *s) {
  s->used = 0;
  for (uint32_t i = 0; i < s->nmemories; i++) s->used += wasmtime_memory_data_size(s->context, &s->memories[i]);
}

// finish drops what only a guest in progress needs.
static void finish(wt_fiber *f) {
  if (f->future) wasmtime_call_future_delete(f->future);
  if (f->linker) wasmtime_linker_delete(f->linker);
  f->future = NULL;
  f->linker = NULL;
  f->callee = NULL;
}

int wt_fiber_resume(wt_fiber *f) {
  wt_store *s = f->store;
  if (summed(s)) {
    count(s);
    if (s->used > s->limits.memory_bytes) return WT_OUT_OF_MEMORY;
    share(s);
  }
  if (!f->future) start(f);
  wasmtime_context_set_epoch_deadline(s->context, s->slice);
  s->running = f;
  bool done = wasmtime_call_future_poll(f->future);
  s->running = NULL;
  if (s->hot) refresh(s);
  if (done) finish(f);
  bool failed = f->trap || f->error;
  if (done && !failed && f->nmemories) see(f);
  if (summed(s)) count(s);
  if (failed) return WT_FAILED;
  if (s->used > s->limits.memory_bytes) return WT_OUT_OF_MEMORY; // used is 0 unless summed
  if (!done) return f->callee ? WT_HOST_CALL : WT_PREEMPTED;
  f->nvalues = f->nresults;
  for (uint32_t i = 0; i < f->nresults; i++) f->values[i] = raw(&f->call[f->nargs + i]);
  return WT_DONE;
}

void wt_fiber_trap(wt_fiber *f, const char *message, size_t len) {
  *f->host_trap = wasmtime_trap_new(message, len);
  f->answered = true;
}

void wt_fiber_reset(wt_fiber *f) {
  finish(f);
  if (f->trap) wasm_trap_delete(f->trap);
  if (f->error) wasmtime_error_delete(f->error);
  f->trap = NULL;
  f->error = NULL;
  f->nmemories = 0;
  f->store = NULL;
}

void wt_fiber_delete(wt_fiber *f) {
  wt_fiber_reset(f);
  free(f);
}

void wt_memory(wt_store *s, const wasmtime_extern_t *memory) {
  s->hot = true;
  s->hot_memory = memory->of.memory;
  refresh(s);
}

uint64_t wt_global_exchange(wt_store *s, const wasmtime_extern_t *global, uint64_t v) {
  wasmtime_val_t old;
  wasmtime_global_get(s->context, &global->of.global, &old);
  if (old.kind != WASMTIME_I32 && old.kind != WASMTIME_I64) return 0;
  wasmtime_val_t new = {.kind = old.kind, .of.i64 = (int64_t)v};
  wasmtime_error_t *e = wasmtime_global_set(s->context, &global->of.global, &new);
  if (!e) return raw(&old);
  wasmtime_error_delete(e);
  return 0;
}

// answer is polled with the fiber that made the host call. It hands the
// results over once Go has set them.
static bool answer(void *env) {
  wt_fiber *f = env;
  if (!f->answered) return false;
  for (uint32_t i = 0; i < f->callee->nresults; i++) {
    f->host_results[i].kind = f->callee->results[i];
    f->host_results[i].of.i64 = f->values[i];
  }
  f->callee = NULL;
  return true;
}

// host_call runs on the guest's fiber, inside a poll of that fiber.
static void host_call(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t nargs,
                      wasmtime_val_t *results, size_t nresults, wasm_trap_t **trap,
                      wasmtime_async_continuation_t *continuation) {
  wt_store *s = wasmtime_context_get_data(wasmtime_caller_context(caller));
  wt_fiber *f = s->running;
  f->callee = env;
  f->answered = false;
  f->host_results = results;
  f->host_trap = trap;
  f->nvalues = nargs;
  for (size_t i = 0; i < nargs; i++) f->values[i] = raw(&args[i]);
  continuation->callback = answer;
  continuation->env = f;
  continuation->finalizer = NULL;
}

static void valtypes(wasm_valtype_vec_t *out, const uint8_t *kinds, size_t n) {
  wasm_valtype_t *types[WT_MAX_VALUES];
  for (size_t i = 0; i < n; i++) types[i] = wasm_valtype_new(kinds[i]);
  wasm_valtype_vec_new(out, n, types);
}

wasmtime_error_t *wt_host_func_define(wasmtime_linker_t *l, const char *module, size_t module_len, const char *name,
                                      size_t name_len, uint32_t id, const uint8_t *params, size_t nparams,
                                      const uint8_t *results, size_t nresults) {
  wt_host_func *h = calloc(1, sizeof *h);
  if (!h) abort();
  h->id = id;
  h->nresults = nresults;
  if (nresults) memcpy(h->results, results, nresults);
  wasm_valtype_vec_t p, r;
  valtypes(&p, params, nparams);
  valtypes(&r, results, nresults);
  wasm_functype_t *t = wasm_functype_new(&p, &r);
  wasmtime_error_t *e =
      wasmtime_linker_define_async_func(l, module, module_len, name, name_len, t, host_call, h, free);
  wasm_functype_delete(t);
  return e;
}
