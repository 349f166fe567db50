"""The type `_socket.socket`: TCP as the shim has it, everything else as wasi-libc has it."""

import _socket
import warnings

from . import descriptor
from .tcp import TCP

_real_socket = _socket.socket
_real_close = _socket.close


class socket:
    # Without __weakref__, which the library's own subclass adds.
    __slots__ = ("_inner",)

    def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
        timeout = _socket.getdefaulttimeout()
        family = _socket.AF_INET if family == -1 and fileno is None else family
        type = _socket.SOCK_STREAM if type == -1 and fileno is None else type
        if fileno is not None and descriptor.owns(fileno):
            self._inner = TCP.of(fileno, timeout)
        elif fileno is None and _is_tcp(family, type, proto):
            self._inner = TCP.new(int(family), timeout)
        else:
            self._inner = _real_socket(family, type, proto, fileno)

    family = property(lambda self: self._inner.family)
    type = property(lambda self: self._inner.type)
    proto = property(lambda self: self._inner.proto)
    timeout = property(lambda self: self._inner.timeout)

    def __del__(self):
        if hasattr(self, "_inner") and self.fileno() >= 0:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self)
            self._inner.close()


def close(fd, /):
    """Close a descriptor of either kind."""
    if descriptor.owns(fd):
        descriptor.of(fd).close()
    else:
        _real_close(fd)


def _is_tcp(family, type, proto):
    return (
        family in (_socket.AF_INET, _socket.AF_INET6)
        and type == _socket.SOCK_STREAM
        and proto in (-1, 0, _socket.IPPROTO_TCP)
    )


def _forwarded(name):
    def method(self, *args, **kwargs):
        return getattr(self._inner, name)(*args, **kwargs)

    method.__name__ = name
    return method


for _name in vars(_real_socket):
    if not _name.startswith("__") and not hasattr(socket, _name):
        setattr(socket, _name, _forwarded(_name))
