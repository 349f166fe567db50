// Asks layout_mismatch about descriptors of a wasi-libc as it should be, and of others.
#include <stdio.h>
#include <string.h>

#include "layout.h"

// The data of a TCP socket, whose first part is declared.
typedef struct {
  tcp_t tcp;
  int32_t pollable;
  bool blocking;
} data_t;

static int stream_of(data_t *d, transfer_t *answer, int32_t stream, int32_t *pollable) {
  if (d->tcp.tag != TCP_CONNECTED)
    return -1;
  *answer = (transfer_t){.blocking = d->blocking, .stream = stream, .pollable = pollable};
  return 0;
}

static int read_stream(void *data, transfer_t *answer) {
  data_t *d = data;
  return stream_of(d, answer, d->tcp.input, &d->tcp.input_pollable);
}

static int write_stream(void *data, transfer_t *answer) {
  data_t *d = data;
  return stream_of(d, answer, d->tcp.output, &d->tcp.output_pollable);
}

// Both streams before both pollables.
static int read_stream_together(void *data, transfer_t *answer) {
  data_t *d = data;
  return stream_of(d, answer, d->tcp.input, &d->tcp.output);
}

// The states have other numbers.
static int read_stream_renumbered(void *data, transfer_t *answer) {
  data_t *d = data;
  *answer = (transfer_t){.stream = d->tcp.input, .pollable = &d->tcp.input_pollable};
  return 0;
}

static void other(void) {}

static vtable_t functions(void) {
  vtable_t v;
  for (int i = 0; i < SLOT_COUNT; i++)
    v.slots[i] = (SLOTS_OF_FILES >> i & 1) ? NULL : other;
  v.slots[SLOT_READ_STREAM] = (slot_t)read_stream;
  v.slots[SLOT_WRITE_STREAM] = (slot_t)write_stream;
  return v;
}

static void say(const char *name, void *data, const vtable_t *v) {
  descriptor_t d = {data, v};
  const char *mismatch = layout_mismatch(&d);
  printf("%s: %s\n", name, mismatch == NULL ? "as declared" : mismatch);
}

int main(void) {
  data_t data = {.tcp = {.socket = 7, .tag = TCP_UNBOUND}};
  vtable_t v = functions();
  say("right", &data, &v);
  say("no data", NULL, &v);

  v = functions();
  memmove(&v.slots[5], &v.slots[4], (SLOT_COUNT - 5) * sizeof v.slots[0]);
  say("a function more", &data, &v);

  v = functions();
  v.slots[SLOT_READ_STREAM] = (slot_t)read_stream_together;
  say("streams elsewhere", &data, &v);

  v = functions();
  v.slots[SLOT_READ_STREAM] = (slot_t)read_stream_renumbered;
  say("other states", &data, &v);

  v = functions();
  data.tcp = (tcp_t){.tag = 7};
  say("handle elsewhere", &data, &v);
  return 0;
}
