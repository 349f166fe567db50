#include "wasi_tls.h"

#include <string.h>

#define TYPES "wasi:tls/types@0.2.0-draft"
#define IMPORT(name) __attribute__((import_module(TYPES), import_name(name)))

// The functions as the canonical ABI flattens them.
IMPORT("[constructor]client-handshake")
extern int32_t import_client_handshake(const uint8_t *name, size_t len, int32_t input, int32_t output);
IMPORT("[static]client-handshake.finish")
extern int32_t import_finish(int32_t handshake);
IMPORT("[method]future-client-streams.subscribe")
extern int32_t import_subscribe(int32_t future);
IMPORT("[method]future-client-streams.get")
extern void import_get(int32_t future, uint8_t *ret);
IMPORT("[method]client-connection.close-output")
extern void import_close_output(int32_t connection);
IMPORT("[resource-drop]future-client-streams")
extern void import_drop_future(int32_t future);
IMPORT("[resource-drop]client-connection")
extern void import_drop_connection(int32_t connection);

tls_own_client_handshake_t tls_client_handshake_new(const char *server_name,
                                                    streams_own_input_stream_t input,
                                                    streams_own_output_stream_t output) {
  int32_t h = import_client_handshake((const uint8_t *)server_name, strlen(server_name),
                                      input.__handle, output.__handle);
  return (tls_own_client_handshake_t){h};
}

tls_own_future_client_streams_t tls_client_handshake_finish(tls_own_client_handshake_t handshake) {
  return (tls_own_future_client_streams_t){import_finish(handshake.__handle)};
}

poll_own_pollable_t tls_future_client_streams_subscribe(tls_own_future_client_streams_t future) {
  return (poll_own_pollable_t){import_subscribe(future.__handle)};
}

tls_outcome_t tls_future_client_streams_get(tls_own_future_client_streams_t future) {
  // option<result<result<tuple<own, own, own>, own>>>: three tags, then up to three handles.
  struct {
    uint8_t some, pad0[3];
    uint8_t taken, pad1[3];
    uint8_t failed, pad2[3];
    int32_t handles[3];
  } ret;
  _Static_assert(sizeof ret == 24, "the canonical ABI's size");
  import_get(future.__handle, (uint8_t *)&ret);
  tls_outcome_t out = {.state = TLS_PENDING};
  if (!ret.some)
    return out;
  if (ret.taken) {
    out.state = TLS_TAKEN;
    return out;
  }
  if (ret.failed) {
    out.state = TLS_FAILED;
    out.error.__handle = ret.handles[0];
    return out;
  }
  out.state = TLS_DONE;
  out.connection.__handle = ret.handles[0];
  out.input.__handle = ret.handles[1];
  out.output.__handle = ret.handles[2];
  return out;
}

void tls_client_connection_close_output(tls_own_client_connection_t connection) {
  import_close_output(connection.__handle);
}

void tls_future_client_streams_drop(tls_own_future_client_streams_t future) {
  import_drop_future(future.__handle);
}

void tls_client_connection_drop(tls_own_client_connection_t connection) {
  import_drop_connection(connection.__handle);
}
