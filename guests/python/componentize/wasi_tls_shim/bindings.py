"""The one module that knows what componentize-py makes of WIT."""

import errno
import os

from componentize_py_types import Err, Ok
from wit_world.imports import (
    instance_network,
    monotonic_clock,
    network,
    poll,
    streams,
    tcp,
    tcp_create_socket,
    tls,
)

_NUMBERS = {
    "ACCESS_DENIED": errno.EACCES,
    "NOT_SUPPORTED": errno.EOPNOTSUPP,
    "INVALID_ARGUMENT": errno.EINVAL,
    "OUT_OF_MEMORY": errno.ENOMEM,
    "TIMEOUT": errno.ETIMEDOUT,
    "CONCURRENCY_CONFLICT": errno.EALREADY,
    "NOT_IN_PROGRESS": errno.EINVAL,
    "WOULD_BLOCK": errno.EAGAIN,
    "INVALID_STATE": errno.EINVAL,
    "NEW_SOCKET_LIMIT": errno.EMFILE,
    "ADDRESS_NOT_BINDABLE": errno.EADDRNOTAVAIL,
    "ADDRESS_IN_USE": errno.EADDRINUSE,
    "REMOTE_UNREACHABLE": errno.EHOSTUNREACH,
    "CONNECTION_REFUSED": errno.ECONNREFUSED,
    "CONNECTION_RESET": errno.ECONNRESET,
    "CONNECTION_ABORTED": errno.ECONNABORTED,
    "DATAGRAM_TOO_LARGE": errno.EMSGSIZE,
}

# The text is all that a stream's error has.
_WORDS = (
    ("connection reset", errno.ECONNRESET),
    ("broken pipe", errno.EPIPE),
    ("timed out", errno.ETIMEDOUT),
)


def drop(*resources):
    """Drop resources that are not None, in this order: children come before their parents."""
    for resource in resources:
        if resource is not None:
            resource.__exit__(None, None, None)


def call(function, *arguments):
    """Call a function of wasi:sockets; its error-code becomes the OSError of that meaning."""
    try:
        return function(*arguments)
    except Err as e:
        code = e.value
    raise os_error(_NUMBERS.get(code.name, errno.EIO))


def os_error(number):
    return OSError(number, os.strerror(number))


def would_block():
    return os_error(errno.EAGAIN)


def taken_text(error):
    """Return the words of a wasi:io error, which is dropped."""
    try:
        return error.to_debug_string()
    finally:
        drop(error)


def failure_number(text):
    """Return the error number of a stream that failed with the host's words."""
    for word, number in _WORDS:
        if word in text:
            return number
    return errno.EIO
