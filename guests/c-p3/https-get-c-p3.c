// https-get-c-p3 URL [SECONDS]: a GET over the host's TLS in WASI 0.3, in C without a library.
//
// It is written as C is: every call waits until it is done, and so does `run`, which is an async
// function in WIT but no async one here. Only reading is asynchronous, for it has a time limit:
// a read and a clock in one waitable set. Prints `HTTP STATUS`, then the body; on failure an
// error on stderr, and the exit is 1.
#include <stdbool.h>
#include <stddef.h>

#include "wasi.h"

enum {
  CHUNK = 65536, // bytes asked for at a time
  SECONDS = 30,  // time for all of the reply, unless told otherwise
  PAGE = 65536,  // of WebAssembly's memory
};

extern char __heap_base;
static uintptr_t heap;

// Takes memory, which is never given back, for what the host returns and for the reply.
static void *take(size_t align, size_t len) {
  if (!heap)
    heap = (uintptr_t)&__heap_base;
  uintptr_t at = (heap + align - 1) & ~(uintptr_t)(align - 1);
  size_t pages = __builtin_wasm_memory_size(0);
  if (len > UINT32_MAX - PAGE - at)
    __builtin_trap();
  if (at + len > pages * PAGE &&
      __builtin_wasm_memory_grow(0, (at + len - pages * PAGE + PAGE - 1) / PAGE) == (size_t)-1)
    __builtin_trap();
  heap = at + len;
  return (void *)at;
}

__attribute__((export_name("cabi_realloc")))
void *cabi_realloc(void *old, size_t old_len, size_t align, size_t len) {
  char *to = take(align, len);
  for (size_t i = 0; i < old_len && i < len; i++)
    to[i] = ((char *)old)[i];
  return to;
}

static string_t text(const char *s) { return (string_t){s, __builtin_strlen(s)}; }

size_t strlen(const char *s) { // what the builtin may call
  size_t n = 0;
  while (s[n])
    n++;
  return n;
}

static string_t joined(const string_t *parts, size_t n) {
  size_t len = 0;
  for (size_t i = 0; i < n; i++)
    len += parts[i].len;
  char *to = take(1, len), *at = to;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < parts[i].len; j++)
      *at++ = parts[i].ptr[j];
  return (string_t){to, len};
}
#define JOIN(...) \
  joined((string_t[]){__VA_ARGS__}, sizeof((string_t[]){__VA_ARGS__}) / sizeof(string_t))

// A stream's reader and writer.
static void new_stream(handle_t *reader, handle_t *writer) {
  uint64_t both = stream_new();
  *reader = (handle_t)both;
  *writer = (handle_t)(both >> 32);
}

// Writes all of it and tells whether it was taken.
static bool write_all(handle_t writer, string_t s) {
  while (s.len > 0) {
    int32_t code = stream_write(writer, s.ptr, s.len);
    s.ptr += count(code);
    s.len -= count(code);
    if (how(code) != COMPLETED)
      break;
  }
  return s.len == 0;
}

// Writes to stdout or stderr and waits until that is done.
static bool print(handle_t (*output)(handle_t), string_t s) {
  handle_t reader, writer;
  new_stream(&reader, &writer);
  handle_t done = output(reader);
  bool taken = write_all(writer, s);
  stream_drop_writable(writer);
  uint8_t result[2] = {1};
  output_future_read(done, result);
  output_future_drop(done);
  return taken && result[0] == 0;
}

static bool fail(string_t what, string_t detail) {
  print(stderr_write, JOIN(text("https-get-c-p3: "), what, text(": "), detail, text("\n")));
  return false;
}

static bool fail_tls(const char *what, handle_t error) {
  string_t detail;
  error_to_debug_string(error, &detail);
  error_drop(error);
  return fail(text(what), detail);
}

static bool fail_socket(const char *what, const socket_result_t *r) {
  if (r->err.has_text)
    return fail(text(what), r->err.text);
  char *code = take(1, 2);
  code[0] = '0' + r->err.code / 10;
  code[1] = '0' + r->err.code % 10;
  return fail(text(what), JOIN(text("error code "), ((string_t){code, 2})));
}

typedef struct {
  string_t authority, host, path;
  uint32_t port;
} url_t;

static bool parse_url(string_t s, url_t *url) {
  static const char scheme[] = "https://";
  const char *p = s.ptr, *end = s.ptr + s.len;
  for (const char *c = scheme; *c; c++, p++)
    if (p == end || *p != *c)
      return fail(s, text("not an https URL"));
  const char *slash = p, *colon = NULL;
  for (; slash < end && *slash != '/'; slash++)
    colon = *slash == ':' ? slash : *slash == ']' ? NULL : colon;
  url->authority = (string_t){p, slash - p};
  url->path = slash < end ? (string_t){slash, end - slash} : text("/");
  url->port = colon ? 0 : 443;
  for (const char *c = colon; c && ++c < slash;) {
    if (*c < '0' || *c > '9' || url->port > 65535)
      return fail(s, text("a bad port"));
    url->port = url->port * 10 + (*c - '0');
  }
  const char *stop = colon ? colon : slash;
  bool brackets = stop - p > 2 && *p == '[' && stop[-1] == ']'; // an IPv6 address
  url->host = (string_t){p + brackets, stop - p - 2 * brackets};
  bool good = url->host.len > 0 && url->port > 0 && url->port <= 65535;
  return good || fail(s, text("no host or port"));
}

// A socket connected to the first address of the host that answers.
static bool connect_tcp(const url_t *url, handle_t *socket) {
  lookup_result_t found;
  resolve_addresses(url->host.ptr, url->host.len, &found);
  if (found.is_err || found.ok.len == 0)
    return fail(text("name lookup"), url->host);
  socket_result_t r;
  for (uint32_t i = 0; i < found.ok.len; i++) {
    const ip_address_t *a = &found.ok.ptr[i];
    tcp_create(a->is_v6, &r);
    if (r.is_err)
      continue;
    *socket = r.ok;
    const uint16_t *g = a->v6;
    const uint8_t *b = a->v4;
    if (a->is_v6)
      tcp_connect(*socket, 1, url->port, 0, g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7], 0, &r);
    else
      tcp_connect(*socket, 0, url->port, b[0], b[1], b[2], b[3], 0, 0, 0, 0, 0, 0, &r);
    if (!r.is_err)
      return true;
    tcp_drop(*socket);
  }
  return fail_socket("connect", &r);
}

typedef struct {
  handle_t reader, received, writer, sent;
} tls_t;

// Pipes the socket through TLS and makes the handshake.
static bool connect_tls(const url_t *url, handle_t socket, tls_t *tls) {
  handle_t connector = connector_new(), cleartext;
  pair_t incoming, plain, cipher;
  tcp_receive(socket, &incoming);
  connector_receive(connector, incoming.stream, &plain);
  new_stream(&cleartext, &tls->writer);
  connector_send(connector, cleartext, &cipher);
  // How the socket's ends went shows in TLS.
  tcp_future_drop(incoming.future);
  tcp_future_drop(tcp_send(socket, cipher.stream));
  *tls = (tls_t){plain.stream, plain.future, tls->writer, cipher.future};
  handle_result_t r;
  connector_connect(connector, url->host.ptr, url->host.len, &r);
  return !r.is_err || fail_tls("tls handshake", r.value);
}

// Reads some bytes, none at the end, or fails when the clock's subtask is done first.
static bool read_some(handle_t reader, handle_t clock, char *to, uint32_t *n) {
  int32_t code = stream_read_async(reader, to, CHUNK);
  if (code == BLOCKED) {
    handle_t set = waitable_set_new();
    waitable_join(reader, set);
    waitable_join(clock, set);
    event_t event;
    waitable_set_wait(set, &event);
    waitable_join(reader, 0);
    waitable_join(clock, 0);
    waitable_set_drop(set);
    if (event.waitable != reader) {
      stream_cancel_read(reader);
      return fail(text("read"), text("timed out"));
    }
    code = event.code;
  }
  *n = count(code);
  return true;
}

static bool read_reply(const tls_t *tls, uint32_t seconds, string_t *reply) {
  int32_t status = wait_for_async(seconds * 1000000000ull);
  if (status == RETURNED)
    return fail(text("read"), text("timed out"));
  handle_t clock = (uint32_t)status >> 4;
  char *all = take(1, 0);
  uint32_t len = 0, n;
  do {
    // Memory is taken in a row, as long as nothing else takes any.
    take(1, (uintptr_t)all + len + CHUNK - heap);
    if (!read_some(tls->reader, clock, all + len, &n))
      return false;
    len += n;
  } while (n > 0);
  subtask_cancel(clock);
  subtask_drop(clock);
  *reply = (string_t){all, len};
  return true;
}

// Prints the status and what follows the head, which ends with an empty line.
static bool print_reply(string_t reply) {
  static const char version[] = "HTTP/1.";
  for (size_t i = 0; i + 1 < sizeof version; i++)
    if (reply.len < 12 || reply.ptr[i] != version[i])
      return fail(text("reply"), text("not HTTP"));
  uint32_t body = 0;
  for (uint32_t i = 3; i < reply.len && !body; i++)
    if (reply.ptr[i - 3] == '\r' && reply.ptr[i - 2] == '\n' && reply.ptr[i - 1] == '\r' &&
        reply.ptr[i] == '\n')
      body = i + 1;
  if (!body)
    return fail(text("reply"), text("the head has no end"));
  string_t status = {reply.ptr + 9, 3}, rest = {reply.ptr + body, reply.len - body};
  return print(stdout_write, JOIN(text("HTTP "), status, text("\n"), rest));
}

// Ends sending and receiving, and tells how both went.
static bool close(const tls_t *tls) {
  stream_drop_writable(tls->writer);
  stream_drop_readable(tls->reader);
  handle_result_t sent = {0}, received = {0};
  tls_future_read(tls->sent, &sent);
  tls_future_drop(tls->sent);
  tls_future_read(tls->received, &received);
  tls_future_drop(tls->received);
  if (sent.is_err)
    return fail_tls("send", sent.value);
  return !received.is_err || fail_tls("receive", received.value);
}

static bool get(void) {
  strings_t words;
  get_arguments(&words);
  if (words.len < 2 || words.len > 3)
    return fail(text("usage"), text("https-get-c-p3 URL [SECONDS]"));
  url_t url;
  if (!parse_url(words.ptr[1], &url))
    return false;
  uint32_t seconds = words.len == 3 ? 0 : SECONDS;
  for (uint32_t i = 0; words.len == 3 && i < words.ptr[2].len; i++)
    seconds = seconds * 10 + (words.ptr[2].ptr[i] - '0');
  handle_t socket;
  tls_t tls;
  string_t reply;
  // HTTP/1.0: the reply is not in chunks, and its end is the connection's.
  return connect_tcp(&url, &socket) && connect_tls(&url, socket, &tls) &&
         (write_all(tls.writer, JOIN(text("GET "), url.path, text(" HTTP/1.0\r\nHost: "),
                                     url.authority, text("\r\n\r\n"))) ||
          fail(text("write"), text("closed"))) &&
         read_reply(&tls, seconds, &reply) && close(&tls) && print_reply(reply);
}

__attribute__((export_name("wasi:cli/run@0.3.0#run"))) int32_t run(void) { return !get(); }
