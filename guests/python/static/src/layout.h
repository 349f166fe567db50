// What wasi-libc keeps behind a file descriptor. None of it is public: these declarations
// describe one version, which toolchain.sh pins, and layout_mismatch looks whether they are
// still true. Handles of the component model are plain integers here.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// The functions of a descriptor, by their place. Those without a name are left alone.
enum {
  SLOT_FREE = 0,
  SLOT_READ_STREAM = 1,
  SLOT_WRITE_STREAM = 2,
  SLOT_RECVFROM = 17,
  SLOT_SENDTO = 18,
  SLOT_SHUTDOWN = 19,
  SLOT_POLL_REGISTER = 22,
  SLOT_COUNT = 24,
};

// A TCP socket lacks these: they are for files.
#define SLOTS_OF_FILES (1u << 5 | 1u << 6 | 1u << 7 | 1u << 10)

typedef void (*slot_t)(void);

typedef struct {
  slot_t slots[SLOT_COUNT];
} vtable_t;

typedef struct {
  void *data;
  const vtable_t *vtable;
} descriptor_t;

// What SLOT_READ_STREAM and SLOT_WRITE_STREAM answer.
typedef struct {
  int64_t *offset;
  bool blocking;
  uint64_t timeout; // in nanoseconds; 0 for none
  int32_t stream;
  int32_t *pollable; // made on demand; 0 before
} transfer_t;

typedef int stream_of_t(void *data, transfer_t *answer);

enum {
  TCP_UNBOUND = 0,
  TCP_BOUND = 1,
  TCP_CONNECTED = 3,
};

// The beginning of a TCP socket's data.
typedef struct {
  int32_t socket;
  int32_t tag;
  // These are set while the tag is TCP_CONNECTED.
  int32_t input, input_pollable;
  int32_t output, output_pollable;
} tcp_t;

// Says what is not as declared above, or returns NULL. The descriptor must be that of a TCP
// socket just made.
const char *layout_mismatch(const descriptor_t *fresh);
