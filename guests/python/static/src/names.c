// Linked in the place of getaddrinfo. A string that is no name is a failure of the system to
// wasi-libc, and a name that does not exist everywhere else: programs are written for the latter.
#include <errno.h>
#include <netdb.h>

int __real_getaddrinfo(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int __wrap_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found) {
  int status = __real_getaddrinfo(name, service, hints, found);
  return status == EAI_SYSTEM && errno == EINVAL ? EAI_NONAME : status;
}
