// TLS by the host behind a file descriptor of wasi-libc: the socket's streams are handed to
// wasi:tls, and when the handshake is done those of the plaintext take their place. From then on
// the descriptor is an ordinary one, for recv, send, poll and close; shutdown(SHUT_WR) sends
// close_notify after all that was written, without waiting.
#pragma once

#include <stdbool.h>

// Returns NULL if wasi-libc is the one that this was written for, otherwise what is different.
// Without a socket to look at, it is NULL and the look is left to tls_fd_start.
const char *tls_fd_mismatch(void);

// Hands a connected TCP socket's streams over and begins the handshake. Until tls_fd_finish tells
// of its end the descriptor can be polled, for anything, and closed; recv and send fail with
// EWOULDBLOCK. On failure -1, with errno set.
int tls_fd_start(int fd, const char *server_name);

typedef enum {
  TLS_FD_RUNNING,
  TLS_FD_OPEN,
  TLS_FD_FAILED, // tls_fd_failure says why
  TLS_FD_NONE,   // nobody started one
} tls_fd_state_t;

// How the handshake stands. Does not wait.
tls_fd_state_t tls_fd_finish(int fd);

// The host's words about what failed last on this descriptor, or NULL. The text lives until the
// next failure.
const char *tls_fd_failure(int fd);
