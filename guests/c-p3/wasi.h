// The imports of https-get-c-p3, by hand: what the canonical ABI makes of the WIT. A function that
// is async in WIT is called synchronously, except where its name ends in _async.
#pragma once

#include <stdint.h>

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))

typedef int32_t handle_t;

typedef struct { const char *ptr; uint32_t len; } string_t;
typedef struct { string_t *ptr; uint32_t len; } strings_t;
typedef struct { handle_t stream, future; } pair_t;

// result<_, T> and result<own, T>: the error's payload differs, its place does not.
typedef struct { uint8_t is_err; handle_t value; } handle_result_t;
typedef struct {
  uint8_t is_err;
  union {
    handle_t ok;
    struct {
      uint8_t code, has_text;
      string_t text;
    } err;
  };
} socket_result_t;

typedef struct {
  uint8_t is_v6;
  union {
    uint8_t v4[4];
    uint16_t v6[8];
  };
} ip_address_t;
typedef struct {
  uint8_t is_err;
  struct { ip_address_t *ptr; uint32_t len; } ok;
  uint32_t rest[2];
} lookup_result_t;
_Static_assert(sizeof(ip_address_t) == 18, "as the canonical ABI has it");
_Static_assert(sizeof(lookup_result_t) == 20, "as the canonical ABI has it");

// What a read or a write of a stream returns: how it ended, and how many items it moved.
enum { BLOCKED = -1, COMPLETED = 0, DROPPED = 1, CANCELLED = 2 };
static inline int32_t how(int32_t code) { return code & 15; }
static inline uint32_t count(int32_t code) { return (uint32_t)code >> 4; }

// What an async call returns: its state, and its subtask unless it has returned.
enum { RETURNED = 2 };

typedef struct { handle_t waitable; int32_t code; } event_t;

IMPORT("$root", "[waitable-set-new]") handle_t waitable_set_new(void);
IMPORT("$root", "[waitable-set-wait]") int32_t waitable_set_wait(handle_t set, event_t *ret);
IMPORT("$root", "[waitable-set-drop]") void waitable_set_drop(handle_t set);
IMPORT("$root", "[waitable-join]") void waitable_join(handle_t waitable, handle_t set);
IMPORT("$root", "[subtask-cancel]") int32_t subtask_cancel(handle_t subtask);
IMPORT("$root", "[subtask-drop]") void subtask_drop(handle_t subtask);

#define CLOCK "wasi:clocks/monotonic-clock@0.3.0"
IMPORT(CLOCK, "[async-lower]wait-for") int32_t wait_for_async(uint64_t nanoseconds);

IMPORT("wasi:cli/environment@0.3.0", "get-arguments")
void get_arguments(strings_t *ret);

#define STDOUT "wasi:cli/stdout@0.3.0"
IMPORT(STDOUT, "write-via-stream") handle_t stdout_write(handle_t stream);
IMPORT(STDOUT, "[future-read-1]write-via-stream") int32_t output_future_read(handle_t, uint8_t *);
IMPORT(STDOUT, "[future-drop-readable-1]write-via-stream") void output_future_drop(handle_t);
IMPORT("wasi:cli/stderr@0.3.0", "write-via-stream") handle_t stderr_write(handle_t stream);

IMPORT("wasi:sockets/ip-name-lookup@0.3.0", "resolve-addresses")
void resolve_addresses(const char *name, uint32_t len, lookup_result_t *ret);

#define TCP "wasi:sockets/types@0.3.0"
IMPORT(TCP, "[static]tcp-socket.create") void tcp_create(int32_t family, socket_result_t *ret);
// The address in the flat form of its variant: the larger case has eleven fields.
IMPORT(TCP, "[method]tcp-socket.connect")
void tcp_connect(handle_t self, int32_t is_v6, int32_t, int32_t, int32_t, int32_t, int32_t, int32_t,
                 int32_t, int32_t, int32_t, int32_t, int32_t, socket_result_t *ret);
IMPORT(TCP, "[method]tcp-socket.send") handle_t tcp_send(handle_t self, handle_t stream);
IMPORT(TCP, "[method]tcp-socket.receive") void tcp_receive(handle_t self, pair_t *ret);
IMPORT(TCP, "[resource-drop]tcp-socket") void tcp_drop(handle_t self);
IMPORT(TCP, "[future-drop-readable-1][method]tcp-socket.send") void tcp_future_drop(handle_t);

// Every stream of bytes is of the same type, wherever its functions are named after.
#define BYTES(op) "[" op "-0][method]tcp-socket.send"
IMPORT(TCP, BYTES("stream-new")) uint64_t stream_new(void); // writer << 32 | reader
IMPORT(TCP, BYTES("stream-write")) int32_t stream_write(handle_t, const void *, uint32_t);
IMPORT(TCP, "[async-lower]" BYTES("stream-read"))
int32_t stream_read_async(handle_t, void *, uint32_t);
IMPORT(TCP, BYTES("stream-cancel-read")) int32_t stream_cancel_read(handle_t);
IMPORT(TCP, BYTES("stream-drop-readable")) void stream_drop_readable(handle_t);
IMPORT(TCP, BYTES("stream-drop-writable")) void stream_drop_writable(handle_t);

#define TLS "wasi:tls/client@0.3.0-draft"
IMPORT(TLS, "[constructor]connector") handle_t connector_new(void);
IMPORT(TLS, "[method]connector.send") void connector_send(handle_t self, handle_t, pair_t *ret);
IMPORT(TLS, "[method]connector.receive") void connector_receive(handle_t self, handle_t, pair_t *ret);
IMPORT(TLS, "[static]connector.connect")
void connector_connect(handle_t self, const char *name, uint32_t len, handle_result_t *ret);
IMPORT(TLS, "[future-read-2][method]connector.send")
int32_t tls_future_read(handle_t, handle_result_t *);
IMPORT(TLS, "[future-drop-readable-2][method]connector.send") void tls_future_drop(handle_t);
IMPORT("wasi:tls/types@0.3.0-draft", "[method]error.to-debug-string")
void error_to_debug_string(handle_t self, string_t *ret);
IMPORT("wasi:tls/types@0.3.0-draft", "[resource-drop]error") void error_drop(handle_t self);
