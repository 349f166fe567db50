"""Socket options: those that wasi:sockets has, and those without effect here."""

import errno

from _socket import (
    IP_TTL,
    IPPROTO_IP,
    IPPROTO_IPV6,
    IPPROTO_TCP,
    IPV6_UNICAST_HOPS,
    IPV6_V6ONLY,
    SO_ACCEPTCONN,
    SO_ERROR,
    SO_KEEPALIVE,
    SO_RCVBUF,
    SO_REUSEADDR,
    SO_SNDBUF,
    SO_TYPE,
    SOCK_STREAM,
    SOL_SOCKET,
    TCP_KEEPCNT,
    TCP_KEEPIDLE,
    TCP_KEEPINTVL,
    TCP_NODELAY,
)

from .bindings import call, os_error

_SECOND = 1_000_000_000  # nanoseconds

# The name in wasi:sockets, and its unit.
_SERVED = {
    (SOL_SOCKET, SO_KEEPALIVE): ("keep_alive_enabled", bool),
    (SOL_SOCKET, SO_RCVBUF): ("receive_buffer_size", 1),
    (SOL_SOCKET, SO_SNDBUF): ("send_buffer_size", 1),
    (IPPROTO_TCP, TCP_KEEPIDLE): ("keep_alive_idle_time", _SECOND),
    (IPPROTO_TCP, TCP_KEEPINTVL): ("keep_alive_interval", _SECOND),
    (IPPROTO_TCP, TCP_KEEPCNT): ("keep_alive_count", 1),
    (IPPROTO_IP, IP_TTL): ("hop_limit", 1),
    (IPPROTO_IPV6, IPV6_UNICAST_HOPS): ("hop_limit", 1),
}

# What the host decides by itself. They are as a program left them, without effect.
_KEPT = {(IPPROTO_TCP, TCP_NODELAY), (SOL_SOCKET, SO_REUSEADDR)}


def put(descriptor, level, option, value):
    if isinstance(value, (bytes, bytearray)):
        value = int.from_bytes(value[:4], "little")
    key = (level, option)
    if key in _KEPT:
        descriptor.options[key] = value
        return
    if key == (IPPROTO_IPV6, IPV6_V6ONLY):
        if not value:
            raise os_error(errno.EOPNOTSUPP)
        return
    name, unit = _served(key)
    call(getattr(descriptor.handle, "set_" + name), bool(value) if unit is bool else value * unit)


def get(descriptor, level, option):
    key = (level, option)
    if key == (SOL_SOCKET, SO_ERROR):
        return _error(descriptor)
    if key == (SOL_SOCKET, SO_TYPE):
        return SOCK_STREAM
    if key == (SOL_SOCKET, SO_ACCEPTCONN):
        return int(descriptor.listening)
    if key == (IPPROTO_IPV6, IPV6_V6ONLY):
        return 1
    if key in _KEPT:
        return descriptor.options.get(key, 0)
    name, unit = _served(key)
    value = call(getattr(descriptor.handle, name))
    return int(value) if unit is bool else value // unit


def _served(key):
    try:
        return _SERVED[key]
    except KeyError:
        raise os_error(errno.ENOPROTOOPT) from None


def _error(descriptor):
    """Return how connecting went, once."""
    try:
        descriptor.settle()
    except OSError:
        pass  # it is in error, too
    number, descriptor.error = descriptor.error, 0
    return number
