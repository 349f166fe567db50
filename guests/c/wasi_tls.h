// Bindings for wasi:tls/types@0.2.0-draft, by hand. The types of streams, pollables and errors
// are those of wasi-libc's own bindings for WASI 0.2.
#pragma once

#include <stdint.h>
#include <wasi/wasip2.h>

typedef struct { int32_t __handle; } tls_own_client_handshake_t;
typedef struct { int32_t __handle; } tls_own_client_connection_t;
typedef struct { int32_t __handle; } tls_own_future_client_streams_t;

// Takes both streams over; neither may have a pollable left.
tls_own_client_handshake_t tls_client_handshake_new(const char *server_name,
                                                    streams_own_input_stream_t input,
                                                    streams_own_output_stream_t output);

// Consumes the handshake and begins it.
tls_own_future_client_streams_t tls_client_handshake_finish(tls_own_client_handshake_t handshake);

poll_own_pollable_t tls_future_client_streams_subscribe(tls_own_future_client_streams_t future);

typedef enum {
  TLS_PENDING, // not yet; wait for the pollable
  TLS_DONE,    // connection, input and output are set
  TLS_FAILED,  // error is set
  TLS_TAKEN,   // an earlier call had the outcome
} tls_state_t;

typedef struct {
  tls_state_t state;
  io_error_own_error_t error;
  tls_own_client_connection_t connection;
  streams_own_input_stream_t input;
  streams_own_output_stream_t output;
} tls_outcome_t;

tls_outcome_t tls_future_client_streams_get(tls_own_future_client_streams_t future);

// Sends close_notify after everything written; does not wait.
void tls_client_connection_close_output(tls_own_client_connection_t connection);

// Dropping: the pollable before its future, the streams before their connection.
void tls_future_client_streams_drop(tls_own_future_client_streams_t future);
void tls_client_connection_drop(tls_own_client_connection_t connection);
