#include "tls_fd.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "layout.h"
#include "wasi_tls.h"

// Of wasi-libc, like everything in layout.h.
descriptor_t *descriptor_table_get_ref(int fd);
int __wasilibc_poll_add(void *poll, short events, poll_borrow_pollable_t pollable);

typedef void free_t(void *data);
typedef int poll_register_t(void *data, void *poll, short events);
typedef ssize_t recvfrom_t(void *data, void *buffer, size_t length, int flags, struct sockaddr *, socklen_t *);
typedef ssize_t sendto_t(void *data, const void *buffer, size_t length, int flags, const struct sockaddr *, socklen_t);
typedef int shutdown_t(void *data, int how);

// What TLS adds to a socket. wasi-libc passes a socket's functions its data only, so these are
// found by it.
typedef struct tls {
  struct tls *next;
  tcp_t *tcp;
  const vtable_t *before; // the socket's functions without TLS
  vtable_t vtable;        // and with it
  bool running;           // future is set, until its outcome is there
  tls_own_future_client_streams_t future;
  poll_own_pollable_t settled; // 0 until somebody waits for future
  bool open;                   // connection is set
  tls_own_client_connection_t connection;
  char *failure;
} tls_t;

static tls_t *all;

static tls_t *find(const void *data) {
  tls_t *t = all;
  while (t != NULL && t->tcp != data)
    t = t->next;
  return t;
}

static tls_t *of_fd(int fd) {
  descriptor_t *d = descriptor_table_get_ref(fd);
  return d == NULL ? NULL : find(d->data);
}

static void keep_failure(tls_t *t, io_error_own_error_t error) {
  wasip2_string_t text;
  io_error_method_error_to_debug_string(io_error_borrow_error(error), &text);
  io_error_error_drop_own(error);
  free(t->failure);
  t->failure = strndup((const char *)text.ptr, text.len);
  wasip2_string_free(&text);
}

static void drop_pollable(int32_t *pollable) {
  if (*pollable != 0)
    poll_pollable_drop_own((poll_own_pollable_t){*pollable});
  *pollable = 0;
}

// drop_streams leaves a socket that neither has streams nor believes to.
static void drop_streams(tcp_t *tcp) {
  drop_pollable(&tcp->input_pollable);
  drop_pollable(&tcp->output_pollable);
  streams_input_stream_drop_own((streams_own_input_stream_t){tcp->input});
  streams_output_stream_drop_own((streams_own_output_stream_t){tcp->output});
  tcp->input = tcp->output = 0;
  tcp->tag = TCP_BOUND;
}

static void drop_future(tls_t *t) {
  drop_pollable(&t->settled.__handle);
  tls_future_client_streams_drop(t->future);
  t->running = false;
}

// Children first: pollables, streams, the connection, the socket.
static void tls_free(void *data) {
  tls_t **link = &all;
  while ((*link)->tcp != data)
    link = &(*link)->next;
  tls_t *t = *link;
  *link = t->next;
  if (t->running)
    drop_future(t);
  if (t->tcp->tag == TCP_CONNECTED)
    drop_streams(t->tcp);
  if (t->open)
    tls_client_connection_drop(t->connection);
  free_t *free_before = (free_t *)t->before->slots[SLOT_FREE];
  free(t->failure);
  free(t);
  free_before(data);
}

static int tls_poll_register(void *data, void *poll, short events) {
  tls_t *t = find(data);
  if (!t->running)
    return ((poll_register_t *)t->before->slots[SLOT_POLL_REGISTER])(data, poll, events);
  if (t->settled.__handle == 0)
    t->settled = tls_future_client_streams_subscribe(t->future);
  return __wasilibc_poll_add(poll, events, poll_borrow_pollable(t->settled));
}

// may_wait waits until a stream is ready, if its socket blocks; otherwise, or after the socket's
// time limit, it fails with EWOULDBLOCK.
static bool may_wait(const transfer_t *of, int flags) {
  if (!of->blocking || (flags & MSG_DONTWAIT) != 0) {
    errno = EWOULDBLOCK;
    return false;
  }
  poll_borrow_pollable_t waiting[2] = {{*of->pollable}};
  if (of->timeout == 0) {
    poll_method_pollable_block(waiting[0]);
    return true;
  }
  poll_own_pollable_t limit = monotonic_clock_subscribe_duration(of->timeout);
  waiting[1] = poll_borrow_pollable(limit);
  poll_list_borrow_pollable_t list = {waiting, 2};
  wasip2_list_u32_t ready;
  poll_poll(&list, &ready);
  poll_pollable_drop_own(limit);
  bool first = ready.len > 0 && ready.ptr[0] == 0;
  wasip2_list_u32_free(&ready);
  if (!first)
    errno = EWOULDBLOCK;
  return first;
}

// wasi-libc's own recvfrom and sendto would do, but they forget what the host says of a failure.
static ssize_t tls_recvfrom(void *data, void *buffer, size_t length, int flags, struct sockaddr *from,
                            socklen_t *from_length) {
  tls_t *t = find(data);
  if (t->running) {
    errno = EWOULDBLOCK;
    return -1;
  }
  if ((flags & ~MSG_DONTWAIT) != 0 || from != NULL || from_length != NULL || length == 0)
    return ((recvfrom_t *)t->before->slots[SLOT_RECVFROM])(data, buffer, length, flags, from, from_length);
  transfer_t read;
  if (((stream_of_t *)t->before->slots[SLOT_READ_STREAM])(data, &read) < 0)
    return -1;
  streams_borrow_input_stream_t input = {read.stream};
  for (;;) {
    wasip2_list_u8_t chunk;
    streams_stream_error_t error;
    if (!streams_method_input_stream_read(input, length, &chunk, &error)) {
      if (error.tag == STREAMS_STREAM_ERROR_CLOSED)
        return 0;
      keep_failure(t, error.val.last_operation_failed);
      errno = EIO;
      return -1;
    }
    if (chunk.len > 0) {
      ssize_t n = (ssize_t)chunk.len;
      memcpy(buffer, chunk.ptr, chunk.len);
      wasip2_list_u8_free(&chunk);
      return n;
    }
    if (*read.pollable == 0)
      *read.pollable = streams_method_input_stream_subscribe(input).__handle;
    if (!may_wait(&read, flags))
      return -1;
  }
}

static ssize_t write_failed(tls_t *t, const streams_stream_error_t *error) {
  errno = EPIPE;
  if (error->tag != STREAMS_STREAM_ERROR_CLOSED) {
    keep_failure(t, error->val.last_operation_failed);
    errno = EIO;
  }
  return -1;
}

static ssize_t tls_sendto(void *data, const void *buffer, size_t length, int flags, const struct sockaddr *to,
                          socklen_t to_length) {
  tls_t *t = find(data);
  if (t->running) {
    errno = EWOULDBLOCK;
    return -1;
  }
  if ((flags & ~(MSG_DONTWAIT | MSG_NOSIGNAL)) != 0 || to != NULL || to_length != 0 || length == 0)
    return ((sendto_t *)t->before->slots[SLOT_SENDTO])(data, buffer, length, flags, to, to_length);
  transfer_t write;
  if (((stream_of_t *)t->before->slots[SLOT_WRITE_STREAM])(data, &write) < 0)
    return -1;
  streams_borrow_output_stream_t output = {write.stream};
  streams_stream_error_t error;
  for (;;) {
    uint64_t permit;
    if (!streams_method_output_stream_check_write(output, &permit, &error))
      return write_failed(t, &error);
    if (permit > 0) {
      wasip2_list_u8_t bytes = {(uint8_t *)buffer, length < permit ? length : (size_t)permit};
      if (!streams_method_output_stream_write(output, &bytes, &error) ||
          !streams_method_output_stream_flush(output, &error))
        return write_failed(t, &error);
      return (ssize_t)bytes.len;
    }
    if (*write.pollable == 0)
      *write.pollable = streams_method_output_stream_subscribe(output).__handle;
    if (!may_wait(&write, flags))
      return -1;
  }
}

// The end of what is sent is close_notify here, which comes after all that was written.
static int tls_shutdown(void *data, int how) {
  tls_t *t = find(data);
  if (!t->open || how != SHUT_WR)
    return ((shutdown_t *)t->before->slots[SLOT_SHUTDOWN])(data, how);
  tls_client_connection_close_output(t->connection);
  return 0;
}

const char *tls_fd_mismatch(void) {
  static bool looked;
  static const char *mismatch;
  if (looked)
    return mismatch;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0)
    return NULL;
  looked = true;
  mismatch = layout_mismatch(descriptor_table_get_ref(fd));
  close(fd);
  return mismatch;
}

int tls_fd_start(int fd, const char *server_name) {
  if (tls_fd_mismatch() != NULL) {
    errno = ENOSYS;
    return -1;
  }
  descriptor_t *d = descriptor_table_get_ref(fd);
  if (d == NULL)
    return -1;
  transfer_t read;
  if (d->vtable->slots[SLOT_READ_STREAM] == NULL || d->vtable->slots[SLOT_RECVFROM] == NULL) {
    errno = ENOTSOCK;
    return -1;
  }
  if (((stream_of_t *)d->vtable->slots[SLOT_READ_STREAM])(d->data, &read) < 0)
    return -1;
  tcp_t *tcp = d->data;
  if (read.pollable != &tcp->input_pollable) { // not TCP
    errno = EPROTONOSUPPORT;
    return -1;
  }
  tls_t *t = calloc(1, sizeof *t);
  if (t == NULL) {
    errno = ENOMEM;
    return -1;
  }
  t->tcp = tcp;
  t->before = d->vtable;
  t->vtable = *d->vtable;
  t->vtable.slots[SLOT_FREE] = (slot_t)tls_free;
  t->vtable.slots[SLOT_RECVFROM] = (slot_t)tls_recvfrom;
  t->vtable.slots[SLOT_SENDTO] = (slot_t)tls_sendto;
  t->vtable.slots[SLOT_SHUTDOWN] = (slot_t)tls_shutdown;
  t->vtable.slots[SLOT_POLL_REGISTER] = (slot_t)tls_poll_register;
  t->next = all;
  all = t;
  d->vtable = &t->vtable;

  drop_pollable(&tcp->input_pollable);
  drop_pollable(&tcp->output_pollable);
  t->future = tls_client_handshake_finish(tls_client_handshake_new(
      server_name, (streams_own_input_stream_t){tcp->input}, (streams_own_output_stream_t){tcp->output}));
  t->running = true;
  tcp->input = tcp->output = 0;
  tcp->tag = TCP_BOUND;
  return 0;
}

tls_fd_state_t tls_fd_finish(int fd) {
  tls_t *t = of_fd(fd);
  if (t == NULL)
    return TLS_FD_NONE;
  if (!t->running)
    return t->open ? TLS_FD_OPEN : TLS_FD_FAILED;
  tls_outcome_t outcome = tls_future_client_streams_get(t->future);
  switch (outcome.state) {
  case TLS_PENDING:
    return TLS_FD_RUNNING;
  case TLS_DONE:
    t->connection = outcome.connection;
    t->open = true;
    t->tcp->input = outcome.input.__handle;
    t->tcp->output = outcome.output.__handle;
    t->tcp->tag = TCP_CONNECTED;
    break;
  case TLS_FAILED:
    keep_failure(t, outcome.error);
    break;
  case TLS_TAKEN: // cannot be: nobody else has the future
    break;
  }
  drop_future(t);
  return t->open ? TLS_FD_OPEN : TLS_FD_FAILED;
}

const char *tls_fd_failure(int fd) {
  tls_t *t = of_fd(fd);
  return t == NULL ? NULL : t->failure;
}
