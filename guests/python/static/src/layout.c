#include "layout.h"

#include <stddef.h>
#include <string.h>

// More than a TCP socket's data has.
#define ROOM 256

typedef union {
  tcp_t tcp;
  uint64_t room[ROOM / 8];
} probe_t;

static bool finds(const descriptor_t *fresh, int slot, probe_t *probe, int32_t stream, int32_t *pollable) {
  stream_of_t *stream_of = (stream_of_t *)fresh->vtable->slots[slot];
  transfer_t answer;
  memset(&answer, 0, sizeof answer);
  return stream_of(probe, &answer) == 0 && answer.stream == stream && answer.pollable == pollable;
}

const char *layout_mismatch(const descriptor_t *fresh) {
  if (fresh->data == NULL || fresh->vtable == NULL)
    return "a descriptor is not data and functions";
  // First which functions there are: a call through the wrong place ends the program.
  for (int i = 0; i < SLOT_COUNT; i++) {
    bool expected = (SLOTS_OF_FILES >> i & 1) == 0;
    if ((fresh->vtable->slots[i] != NULL) != expected)
      return "the functions of a descriptor are others";
  }
  const tcp_t *tcp = fresh->data;
  if (tcp->socket <= 0 || tcp->tag != TCP_UNBOUND)
    return "a TCP socket does not begin with its handle and its state";

  // The functions that look streams up only read, so they can be asked about a made-up socket.
  probe_t probe;
  memset(&probe, 0, sizeof probe);
  probe.tcp = (tcp_t){.socket = 11, .tag = TCP_CONNECTED, .input = 12, .output = 13};
  if (!finds(fresh, SLOT_READ_STREAM, &probe, 12, &probe.tcp.input_pollable) ||
      !finds(fresh, SLOT_WRITE_STREAM, &probe, 13, &probe.tcp.output_pollable))
    return "a connected TCP socket has its streams elsewhere";
  probe.tcp.tag = TCP_BOUND;
  if (finds(fresh, SLOT_READ_STREAM, &probe, 12, &probe.tcp.input_pollable))
    return "a TCP socket has other states";
  return NULL;
}
