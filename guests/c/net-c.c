// net-c: sockets through wasi-libc, without TLS.
//
//   net-c lookup NAME                 prints each address
//   net-c connect HOST PORT TEXT      sends TEXT, ends its half, prints the reply
//   net-c serve ADDRESS PORT COUNT    prints `listening PORT`, echoes COUNT connections
//   net-c udp HOST PORT TEXT          sends TEXT in a datagram, prints the answer
//
// Errors go to stderr, and the exit is 1. Waits are bounded by poll, for TIMEOUT.
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TIMEOUT = 10000 }; // milliseconds

static bool fail(const char *what) {
  fprintf(stderr, "net-c: %s: %s\n", what, strerror(errno));
  return false;
}

static struct addrinfo *resolve(const char *host, const char *port, int type) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = type}, *all;
  int e = getaddrinfo(host, port, &hints, &all);
  if (!e)
    return all;
  fprintf(stderr, "net-c: %s: %s\n", host, gai_strerror(e));
  return NULL;
}

static bool ready(int fd, short events) {
  struct pollfd p = {.fd = fd, .events = events};
  int n = poll(&p, 1, TIMEOUT);
  if (n == 0)
    errno = ETIMEDOUT;
  return n > 0;
}

static bool send_all(int fd, const char *bytes, size_t len) {
  while (len > 0) {
    ssize_t n = send(fd, bytes, len, 0);
    if (n < 0)
      return fail("send");
    bytes += n;
    len -= n;
  }
  return true;
}

static bool lookup(const char *name) {
  struct addrinfo *all = resolve(name, NULL, SOCK_STREAM);
  for (struct addrinfo *a = all; a; a = a->ai_next) {
    char text[INET6_ADDRSTRLEN];
    const void *from = a->ai_family == AF_INET
                           ? (const void *)&((struct sockaddr_in *)a->ai_addr)->sin_addr
                           : (const void *)&((struct sockaddr_in6 *)a->ai_addr)->sin6_addr;
    if (inet_ntop(a->ai_family, from, text, sizeof text))
      printf("address %s\n", text);
  }
  if (all)
    freeaddrinfo(all);
  return all != NULL;
}

// A socket connected to the first address that answers, or -1.
static int dial(const char *host, const char *port, int type) {
  struct addrinfo *all = resolve(host, port, type);
  int fd = -1;
  for (struct addrinfo *a = all; a && fd < 0; a = a->ai_next) {
    fd = socket(a->ai_family, type, 0);
    if (fd < 0) {
      fail("socket");
    } else if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
      fail("connect");
      close(fd);
      fd = -1;
    }
  }
  if (all)
    freeaddrinfo(all);
  return fd;
}

static bool tcp(const char *host, const char *port, const char *text) {
  int fd = dial(host, port, SOCK_STREAM);
  if (fd < 0)
    return false;
  bool ok = send_all(fd, text, strlen(text)) && (!shutdown(fd, SHUT_WR) || fail("shutdown"));
  char part[4096];
  ssize_t n = 0;
  while (ok && (ok = ready(fd, POLLIN) || fail("poll")) && (n = recv(fd, part, sizeof part, 0)) > 0)
    fwrite(part, 1, n, stdout);
  if (n < 0)
    ok = fail("recv");
  close(fd);
  return ok;
}

static bool echo(int fd) {
  char part[4096];
  ssize_t n;
  while ((n = recv(fd, part, sizeof part, 0)) > 0)
    if (!send_all(fd, part, n))
      return false;
  return n == 0 || fail("recv");
}

static bool serve(const char *address, const char *port, int count) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
  socklen_t len = sizeof at;
  if (inet_pton(AF_INET, address, &at.sin_addr) != 1)
    return fail(address);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0 || bind(listener, (void *)&at, len) || listen(listener, 16) ||
      getsockname(listener, (void *)&at, &len))
    return fail("listen");
  printf("listening %d\n", ntohs(at.sin_port));
  fflush(stdout);
  bool ok = true;
  for (int i = 0; ok && i < count; i++) {
    if (!ready(listener, POLLIN))
      return fail("poll");
    int fd = accept(listener, NULL, NULL);
    if (fd < 0)
      return fail("accept");
    ok = echo(fd);
    close(fd);
  }
  close(listener);
  return ok;
}

static bool udp(const char *host, const char *port, const char *text) {
  int fd = dial(host, port, SOCK_DGRAM);
  if (fd < 0)
    return false;
  char answer[65536];
  ssize_t n = -1;
  if (send(fd, text, strlen(text), 0) < 0)
    fail("send");
  else if (!ready(fd, POLLIN))
    fail("poll");
  else if ((n = recv(fd, answer, sizeof answer, 0)) < 0)
    fail("recv");
  else
    fwrite(answer, 1, n, stdout);
  close(fd);
  return n >= 0;
}

int main(int argc, char **argv) {
  const char *verb = argc > 1 ? argv[1] : "";
  bool ok = false;
  if (argc == 3 && !strcmp(verb, "lookup"))
    ok = lookup(argv[2]);
  else if (argc == 5 && !strcmp(verb, "connect"))
    ok = tcp(argv[2], argv[3], argv[4]);
  else if (argc == 5 && !strcmp(verb, "serve"))
    ok = serve(argv[2], argv[3], atoi(argv[4]));
  else if (argc == 5 && !strcmp(verb, "udp"))
    ok = udp(argv[2], argv[3], argv[4]);
  else
    fputs("usage: see the top of net-c.c\n", stderr);
  return ok ? 0 : 1;
}
