// The part of libwasmtime's C API that this package uses, declared here so
// that a build needs the archive but no header path. A test compiles this file
// against the module's own headers: there the types below are left out, every
// prototype is a redeclaration and every layout is asserted again, so that a
// difference is an error of the compiler.
#ifndef WT_WASMTIME_H
#define WT_WASMTIME_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef WASMTIME_API_H // the real headers are absent

typedef struct wasm_byte_vec_t { size_t size; char *data; } wasm_byte_vec_t;
typedef struct wasm_config_t wasm_config_t;
typedef struct wasm_engine_t wasm_engine_t;
typedef struct wasm_functype_t wasm_functype_t;
typedef struct wasm_trap_t wasm_trap_t;
typedef struct wasm_valtype_t wasm_valtype_t;
typedef struct wasm_valtype_vec_t { size_t size; wasm_valtype_t **data; } wasm_valtype_vec_t;

typedef struct wasmtime_call_future wasmtime_call_future_t;
typedef struct wasmtime_caller wasmtime_caller_t;
typedef struct wasmtime_context wasmtime_context_t;
typedef struct wasmtime_error wasmtime_error_t;
typedef struct wasmtime_linker wasmtime_linker_t;
typedef struct wasmtime_module wasmtime_module_t;
typedef struct wasmtime_store wasmtime_store_t;

typedef struct wasmtime_func { uint64_t store_id; void *__private; } wasmtime_func_t;
typedef struct wasmtime_memory {
  struct { uint64_t store_id; uint32_t __private1; };
  uint32_t __private2;
} wasmtime_memory_t;
typedef struct wasmtime_global {
  uint64_t store_id;
  uint32_t __private1, __private2, __private3;
} wasmtime_global_t;
typedef struct wasmtime_instance { uint64_t store_id; size_t __private; } wasmtime_instance_t;

typedef union wasmtime_extern_union {
  wasmtime_func_t func;
  wasmtime_global_t global;
  wasmtime_memory_t memory;
  uint64_t words[3];
} wasmtime_extern_union_t;
typedef struct wasmtime_extern { uint8_t kind; wasmtime_extern_union_t of; } wasmtime_extern_t;

typedef union wasmtime_valunion { int32_t i32; int64_t i64; uint64_t words[3]; } wasmtime_valunion_t;
typedef struct wasmtime_val { uint8_t kind; wasmtime_valunion_t of; } wasmtime_val_t;

typedef bool (*wasmtime_func_async_continuation_callback_t)(void *env);
typedef struct wasmtime_async_continuation_t {
  wasmtime_func_async_continuation_callback_t callback;
  void *env;
  void (*finalizer)(void *);
} wasmtime_async_continuation_t;
typedef void (*wasmtime_func_async_callback_t)(
    void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t nargs,
    wasmtime_val_t *results, size_t nresults, wasm_trap_t **trap_ret,
    wasmtime_async_continuation_t *continuation_ret);

enum { WASMTIME_I32, WASMTIME_I64, WASMTIME_F32, WASMTIME_F64 };
enum {
  WASMTIME_EXTERN_FUNC,
  WASMTIME_EXTERN_GLOBAL,
  WASMTIME_EXTERN_TABLE,
  WASMTIME_EXTERN_MEMORY,
  WASMTIME_EXTERN_SHAREDMEMORY,
  WASMTIME_EXTERN_TAG,
};

#endif // real headers absent

_Static_assert(WASMTIME_I32 == 0 && WASMTIME_I64 == 1 && WASMTIME_F32 == 2 && WASMTIME_F64 == 3, "value kinds");
_Static_assert(WASMTIME_EXTERN_FUNC == 0 && WASMTIME_EXTERN_GLOBAL == 1 && WASMTIME_EXTERN_TABLE == 2 &&
                   WASMTIME_EXTERN_MEMORY == 3 && WASMTIME_EXTERN_TAG == 5, "extern kinds");
_Static_assert(sizeof(wasmtime_val_t) == 32 && offsetof(wasmtime_val_t, of) == 8, "wasmtime_val_t");
_Static_assert(sizeof(wasmtime_extern_t) == 32 && offsetof(wasmtime_extern_t, of) == 8, "wasmtime_extern_t");
_Static_assert(sizeof(wasmtime_func_t) == 16, "wasmtime_func_t");
_Static_assert(sizeof(wasmtime_memory_t) == 24, "wasmtime_memory_t");
_Static_assert(sizeof(wasmtime_global_t) == 24, "wasmtime_global_t");
_Static_assert(sizeof(wasmtime_instance_t) == 16, "wasmtime_instance_t");
_Static_assert(sizeof(wasmtime_async_continuation_t) == 24, "wasmtime_async_continuation_t");
_Static_assert(sizeof(wasm_byte_vec_t) == 16 && offsetof(wasm_byte_vec_t, data) == 8, "wasm_byte_vec_t");
_Static_assert(sizeof(wasm_valtype_vec_t) == 16 && offsetof(wasm_valtype_vec_t, data) == 8, "wasm_valtype_vec_t");

// Configuration and engine.
extern wasm_config_t *wasm_config_new(void);
extern void wasmtime_config_async_stack_size_set(wasm_config_t *, uint64_t);
extern void wasmtime_config_epoch_interruption_set(wasm_config_t *, bool);
extern void wasmtime_config_max_wasm_stack_set(wasm_config_t *, size_t);
extern void wasmtime_config_memory_init_cow_set(wasm_config_t *, bool);
extern void wasmtime_config_shared_memory_set(wasm_config_t *, bool);
extern void wasmtime_config_wasm_component_model_set(wasm_config_t *, bool);
extern void wasmtime_config_wasm_custom_page_sizes_set(wasm_config_t *, bool);
extern void wasmtime_config_wasm_exceptions_set(wasm_config_t *, bool);
extern void wasmtime_config_wasm_function_references_set(wasm_config_t *, bool);
extern void wasmtime_config_wasm_gc_set(wasm_config_t *, bool);
extern void wasmtime_config_gc_support_set(wasm_config_t *, bool);
extern void wasmtime_config_wasm_memory64_set(wasm_config_t *, bool);
extern void wasmtime_config_wasm_multi_memory_set(wasm_config_t *, bool);
extern void wasmtime_config_wasm_stack_switching_set(wasm_config_t *, bool);
extern void wasmtime_config_wasm_tail_call_set(wasm_config_t *, bool);
extern void wasmtime_config_wasm_threads_set(wasm_config_t *, bool);
extern void wasmtime_config_wasm_wide_arithmetic_set(wasm_config_t *, bool);
extern wasm_engine_t *wasm_engine_new_with_config(wasm_config_t *);
extern void wasm_engine_delete(wasm_engine_t *);
extern void wasmtime_engine_increment_epoch(wasm_engine_t *);

// Errors and traps.
extern void wasm_byte_vec_delete(wasm_byte_vec_t *);
extern void wasmtime_error_delete(wasmtime_error_t *);
extern void wasmtime_error_message(const wasmtime_error_t *, wasm_byte_vec_t *);
extern void wasm_trap_delete(wasm_trap_t *);
extern void wasm_trap_message(const wasm_trap_t *, wasm_byte_vec_t *);
extern bool wasmtime_trap_code(const wasm_trap_t *, uint8_t *);
extern wasm_trap_t *wasmtime_trap_new(const char *, size_t);

// Modules.
extern wasmtime_error_t *wasmtime_module_new(wasm_engine_t *, const uint8_t *, size_t, wasmtime_module_t **);
extern void wasmtime_module_delete(wasmtime_module_t *);
extern wasmtime_error_t *wasmtime_module_serialize(wasmtime_module_t *, wasm_byte_vec_t *);
extern wasmtime_error_t *wasmtime_module_deserialize_file(wasm_engine_t *, const char *, wasmtime_module_t **);
extern wasmtime_error_t *wasmtime_wat2wasm(const char *, size_t, wasm_byte_vec_t *);

// Stores.
extern wasmtime_store_t *wasmtime_store_new(wasm_engine_t *, void *, void (*)(void *));
extern void wasmtime_store_delete(wasmtime_store_t *);
extern wasmtime_context_t *wasmtime_store_context(wasmtime_store_t *);
extern void wasmtime_store_limiter(wasmtime_store_t *, int64_t, int64_t, int64_t, int64_t, int64_t);
extern wasmtime_context_t *wasmtime_caller_context(wasmtime_caller_t *);
extern void *wasmtime_context_get_data(const wasmtime_context_t *);
extern void wasmtime_context_set_epoch_deadline(wasmtime_context_t *, uint64_t);
#ifndef WASMTIME_API_H
// The real header says that this returns an error; the function returns
// nothing, and the "result" read by a caller would be a stray pointer.
extern void wasmtime_context_epoch_deadline_async_yield_and_update(wasmtime_context_t *, uint64_t);
#endif

// Linkers, instances, functions, globals, memories.
extern wasm_valtype_t *wasm_valtype_new(uint8_t);
extern void wasm_valtype_vec_new(wasm_valtype_vec_t *, size_t, wasm_valtype_t *const[]);
extern wasm_functype_t *wasm_functype_new(wasm_valtype_vec_t *, wasm_valtype_vec_t *);
extern void wasm_functype_delete(wasm_functype_t *);
extern wasmtime_linker_t *wasmtime_linker_new(wasm_engine_t *);
extern void wasmtime_linker_delete(wasmtime_linker_t *);
extern void wasmtime_linker_allow_shadowing(wasmtime_linker_t *, bool);
extern wasmtime_error_t *wasmtime_linker_define(wasmtime_linker_t *, wasmtime_context_t *, const char *, size_t,
                                                const char *, size_t, const wasmtime_extern_t *);
extern wasmtime_error_t *wasmtime_linker_define_async_func(wasmtime_linker_t *, const char *, size_t, const char *,
                                                           size_t, const wasm_functype_t *,
                                                           wasmtime_func_async_callback_t, void *, void (*)(void *));
extern bool wasmtime_linker_get(const wasmtime_linker_t *, wasmtime_context_t *, const char *, size_t, const char *,
                                size_t, wasmtime_extern_t *);
extern wasmtime_call_future_t *wasmtime_linker_instantiate_async(const wasmtime_linker_t *, wasmtime_context_t *,
                                                                 const wasmtime_module_t *, wasmtime_instance_t *,
                                                                 wasm_trap_t **, wasmtime_error_t **);
extern bool wasmtime_instance_export_get(wasmtime_context_t *, const wasmtime_instance_t *, const char *, size_t,
                                         wasmtime_extern_t *);
extern wasmtime_call_future_t *wasmtime_func_call_async(wasmtime_context_t *, const wasmtime_func_t *,
                                                        const wasmtime_val_t *, size_t, wasmtime_val_t *, size_t,
                                                        wasm_trap_t **, wasmtime_error_t **);
extern bool wasmtime_call_future_poll(wasmtime_call_future_t *);
extern void wasmtime_call_future_delete(wasmtime_call_future_t *);
extern void wasmtime_global_get(wasmtime_context_t *, const wasmtime_global_t *, wasmtime_val_t *);
extern wasmtime_error_t *wasmtime_global_set(wasmtime_context_t *, const wasmtime_global_t *, const wasmtime_val_t *);
extern uint8_t *wasmtime_memory_data(const wasmtime_context_t *, const wasmtime_memory_t *);
extern size_t wasmtime_memory_data_size(const wasmtime_context_t *, const wasmtime_memory_t *);

#endif
