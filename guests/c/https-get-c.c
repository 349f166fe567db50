// https-get-c URL: a GET over the host's TLS, in C on wasi-libc.
//
// Names are resolved by wasi-libc. The connection is made on wasi:sockets directly, for the
// streams that wasi:tls needs are not to be had from a file descriptor. Prints `HTTP STATUS`,
// then the body; on failure an error on stderr, and the exit is 1.
#include <arpa/inet.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "wasi_tls.h"

enum {
  WOULD_BLOCK = NETWORK_ERROR_CODE_WOULD_BLOCK,
  CHUNK = 65536, // bytes asked for at a time
};

typedef struct {
  char host[256], port[8];
  const char *path;
} url_t;

typedef struct {
  tcp_own_tcp_socket_t socket;
  streams_own_input_stream_t input;
  streams_own_output_stream_t output;
} tcp_t;

typedef struct {
  char *bytes;
  size_t len;
} buffer_t;

static bool fail(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fputs("https-get-c: ", stderr);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  return false;
}

// Reports an error's debug string and drops the error.
static bool fail_error(const char *what, io_error_own_error_t e) {
  wasip2_string_t text;
  io_error_method_error_to_debug_string((io_error_borrow_error_t){e.__handle}, &text);
  fail("%s: %.*s", what, (int)text.len, (const char *)text.ptr);
  free(text.ptr);
  io_error_error_drop_own(e);
  return false;
}

static bool fail_stream(const char *what, streams_stream_error_t e) {
  if (e.tag == STREAMS_STREAM_ERROR_CLOSED)
    return fail("%s: closed", what);
  return fail_error(what, e.val.last_operation_failed);
}

static void wait_and_drop(poll_own_pollable_t p) {
  poll_method_pollable_block((poll_borrow_pollable_t){p.__handle});
  poll_pollable_drop_own(p);
}

static bool parse_url(const char *text, url_t *url) {
  static const char scheme[] = "https://";
  if (strncmp(text, scheme, sizeof scheme - 1))
    return fail("%s: not an https URL", text);
  const char *host = text + sizeof scheme - 1, *end = host + strcspn(host, "/?#");
  url->path = *end == '/' ? end : "/";
  const char *stop = end;
  if (*host == '[') { // an IPv6 address
    stop = memchr(host, ']', end - host);
    if (!stop)
      return fail("%s: no closing bracket", text);
    host++;
  } else {
    const char *colon = memchr(host, ':', end - host);
    stop = colon ? colon : end;
  }
  const char *port = *stop == ']' ? stop + 1 : stop;
  int digits = *port == ':' ? (int)(end - port - 1) : 0;
  if (stop == host || stop - host >= (long)sizeof url->host || digits >= (int)sizeof url->port)
    return fail("%s: bad host or port", text);
  snprintf(url->host, sizeof url->host, "%.*s", (int)(stop - host), host);
  snprintf(url->port, sizeof url->port, "%.*s", digits ? digits : 3, digits ? port + 1 : "443");
  return true;
}

static void to_wasi(const struct sockaddr *from, network_ip_socket_address_t *to) {
  if (from->sa_family == AF_INET) {
    const struct sockaddr_in *v4 = (const void *)from;
    to->tag = NETWORK_IP_SOCKET_ADDRESS_IPV4;
    to->val.ipv4.port = ntohs(v4->sin_port);
    memcpy(&to->val.ipv4.address, &v4->sin_addr, 4);
    return;
  }
  const struct sockaddr_in6 *v6 = (const void *)from;
  to->tag = NETWORK_IP_SOCKET_ADDRESS_IPV6;
  to->val.ipv6.port = ntohs(v6->sin6_port);
  to->val.ipv6.flow_info = ntohl(v6->sin6_flowinfo);
  to->val.ipv6.scope_id = v6->sin6_scope_id;
  uint16_t part[8];
  memcpy(part, &v6->sin6_addr, 16);
  for (int i = 0; i < 8; i++)
    part[i] = ntohs(part[i]);
  memcpy(&to->val.ipv6.address, part, 16);
}

// Connects to one address. Gives the error code, or -1 for success.
static int connect_to(const struct addrinfo *address, tcp_t *tcp) {
  network_error_code_t code;
  network_ip_socket_address_t to;
  to_wasi(address->ai_addr, &to);
  uint8_t family = address->ai_family == AF_INET ? NETWORK_IP_ADDRESS_FAMILY_IPV4
                                                 : NETWORK_IP_ADDRESS_FAMILY_IPV6;
  if (!tcp_create_socket_create_tcp_socket(family, &tcp->socket, &code))
    return code;
  network_own_network_t network = instance_network_instance_network();
  tcp_borrow_tcp_socket_t socket = tcp_borrow_tcp_socket(tcp->socket);
  bool ok = tcp_method_tcp_socket_start_connect(socket, (network_borrow_network_t){network.__handle},
                                                &to, &code);
  network_network_drop_own(network);
  tcp_tuple2_own_input_stream_own_output_stream_t streams;
  while (ok) {
    if (tcp_method_tcp_socket_finish_connect(socket, &streams, &code)) {
      tcp->input = streams.f0;
      tcp->output = streams.f1;
      return -1;
    }
    ok = code == WOULD_BLOCK;
    if (ok)
      wait_and_drop(tcp_method_tcp_socket_subscribe(socket));
  }
  tcp_tcp_socket_drop_own(tcp->socket);
  return code;
}

static bool connect_any(const url_t *url, tcp_t *tcp) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *all;
  int e = getaddrinfo(url->host, url->port, &hints, &all);
  if (e)
    return fail("%s: %s", url->host, gai_strerror(e));
  int code = NETWORK_ERROR_CODE_NAME_UNRESOLVABLE;
  for (struct addrinfo *a = all; a && code >= 0; a = a->ai_next)
    code = connect_to(a, tcp);
  freeaddrinfo(all);
  return code < 0 || fail("connect to %s: error-code %d", url->host, code);
}

// Writes everything, each time as much as the host permits, and flushes.
static bool write_all(streams_own_output_stream_t output, const char *bytes, size_t len) {
  streams_borrow_output_stream_t out = {output.__handle};
  streams_stream_error_t e;
  while (len > 0) {
    uint64_t permit;
    if (!streams_method_output_stream_check_write(out, &permit, &e))
      return fail_stream("write", e);
    if (permit == 0) {
      wait_and_drop(streams_method_output_stream_subscribe(out));
      continue;
    }
    size_t n = permit < len ? (size_t)permit : len;
    wasip2_list_u8_t part = {(uint8_t *)bytes, n};
    if (!streams_method_output_stream_write(out, &part, &e))
      return fail_stream("write", e);
    bytes += n;
    len -= n;
  }
  return streams_method_output_stream_blocking_flush(out, &e) || fail_stream("flush", e);
}

static bool read_all(streams_own_input_stream_t input, buffer_t *all) {
  streams_borrow_input_stream_t in = {input.__handle};
  for (;;) {
    wasip2_list_u8_t part;
    streams_stream_error_t e;
    if (!streams_method_input_stream_blocking_read(in, CHUNK, &part, &e))
      return e.tag == STREAMS_STREAM_ERROR_CLOSED || fail_stream("read", e);
    char *grown = realloc(all->bytes, all->len + part.len + 1);
    if (!grown)
      return fail("read: out of memory");
    memcpy(grown + all->len, part.ptr, part.len);
    all->bytes = grown;
    all->len += part.len;
    all->bytes[all->len] = 0;
    wasip2_list_u8_free(&part);
  }
}

static bool handshake(const char *name, tcp_t *tcp, tls_outcome_t *tls) {
  tls_own_future_client_streams_t future =
      tls_client_handshake_finish(tls_client_handshake_new(name, tcp->input, tcp->output));
  while ((*tls = tls_future_client_streams_get(future)).state == TLS_PENDING)
    wait_and_drop(tls_future_client_streams_subscribe(future));
  tls_future_client_streams_drop(future);
  if (tls->state == TLS_FAILED)
    return fail_error("tls handshake", tls->error);
  return tls->state == TLS_DONE || fail("tls handshake: outcome taken");
}

static bool exchange(const url_t *url, const tls_outcome_t *tls, buffer_t *reply) {
  char request[2048];
  const char *brackets = strchr(url->host, ':') ? "[]" : "";
  int n = snprintf(request, sizeof request, "GET %s HTTP/1.0\r\nHost: %.1s%s%s:%s\r\n\r\n", url->path,
                   brackets, url->host, *brackets ? "]" : "", url->port);
  if (n < 0 || n >= (int)sizeof request)
    return fail("the URL is too long");
  return write_all(tls->output, request, n) && read_all(tls->input, reply);
}

static bool print_reply(const buffer_t *reply) {
  char *end = reply->bytes ? strstr(reply->bytes, "\r\n\r\n") : NULL;
  int status;
  if (!end || sscanf(reply->bytes, "HTTP/%*[0-9.] %d", &status) != 1)
    return fail("the reply is not HTTP");
  char *body = end + 4;
  size_t len = reply->len - (body - reply->bytes);
  for (char *line = strchr(reply->bytes, '\n'); line && line < end; line = strchr(line + 1, '\n'))
    if (!strncasecmp(line + 1, "content-length:", 15) && strtoull(line + 16, NULL, 10) > len)
      return fail("the body ends early");
  printf("HTTP %d\n", status);
  fwrite(body, 1, len, stdout);
  return fflush(stdout) == 0;
}

int main(int argc, char **argv) {
  url_t url;
  tcp_t tcp;
  tls_outcome_t tls;
  buffer_t reply = {0};
  if (argc != 2) {
    fail("usage: https-get-c URL");
    return 1;
  }
  if (!parse_url(argv[1], &url) || !connect_any(&url, &tcp))
    return 1;
  bool ok = handshake(url.host, &tcp, &tls);
  if (ok) {
    ok = exchange(&url, &tls, &reply) && print_reply(&reply);
    if (ok)
      tls_client_connection_close_output(tls.connection);
    streams_input_stream_drop_own(tls.input);
    streams_output_stream_drop_own(tls.output);
    tls_client_connection_drop(tls.connection);
  }
  tcp_tcp_socket_drop_own(tcp.socket);
  free(reply.bytes);
  return ok ? 0 : 1;
}
