"""TCP as the type `_socket.socket` has it: addresses, time limits, options."""

import _socket
import errno
import time

from . import descriptor, options
from .bindings import os_error
from .waiting import wait


class TCP:
    """The part of a socket behind its type. Closed or detached it has no descriptor."""

    def __init__(self, behind, timeout):
        self._behind = behind
        self._timeout = timeout
        self.family, self.type, self.proto = behind.family, _socket.SOCK_STREAM, 0

    @classmethod
    def new(cls, family, timeout):
        return cls(descriptor.Descriptor(family), timeout)

    @classmethod
    def of(cls, number, timeout):
        """The socket of a descriptor that there is already."""
        return cls(descriptor.of(number), timeout)

    @property
    def timeout(self):
        return self._timeout

    def _descriptor(self):
        if self._behind is None:
            raise os_error(errno.EBADF)
        return self._behind

    def fileno(self):
        return -1 if self._behind is None else self._behind.number

    def detach(self):
        number, self._behind = self.fileno(), None
        return number

    def close(self):
        behind, self._behind = self._behind, None
        if behind is not None:
            behind.close()

    def settimeout(self, value, /):
        if value is not None:
            value = float(value)
            if value < 0:
                raise ValueError("Timeout value out of range")
        self._timeout = value

    def gettimeout(self):
        return self._timeout

    def setblocking(self, flag, /):
        self._timeout = None if flag else 0.0

    def getblocking(self):
        return self._timeout != 0

    def bind(self, address, /):
        self._descriptor().bind(address)

    def listen(self, backlog=128, /):
        self._descriptor().listen(backlog)

    def _accept(self):
        new = self._until(self._descriptor().accept, False)
        return new.number, new.remote_address()

    def connect(self, address, /):
        behind = self._descriptor()
        number = errno.EALREADY if behind.connecting else errno.EINPROGRESS
        behind.connect(address)
        try:
            self._until(behind.settle, True)
        except BlockingIOError:
            raise os_error(number) from None

    def connect_ex(self, address, /):
        try:
            self.connect(address)
        except TimeoutError:
            return errno.EAGAIN
        except OSError as e:
            if e.errno is None:  # of a name that is not one
                raise
            return e.errno
        return 0

    def recv(self, bufsize, flags=0, /):
        if bufsize < 0:
            raise ValueError("negative buffersize in recv")
        _check(flags)
        behind = self._descriptor()
        return self._until(lambda: behind.read(bufsize), False) if bufsize else b""

    def recv_into(self, buffer, nbytes=0, flags=0):
        with memoryview(buffer).cast("B") as view:
            if not 0 <= nbytes <= len(view):
                raise ValueError("nbytes is negative or more than the buffer")
            data = self.recv(nbytes or len(view), flags)
            view[: len(data)] = data
        return len(data)

    def recvfrom(self, bufsize, flags=0, /):
        return self.recv(bufsize, flags), None

    def recvfrom_into(self, buffer, nbytes=0, flags=0):
        return self.recv_into(buffer, nbytes, flags), None

    def send(self, data, flags=0, /):
        with memoryview(data).cast("B") as view:
            return self._send(view, flags, self._deadline())

    def sendall(self, data, flags=0, /):
        deadline = self._deadline()
        with memoryview(data).cast("B") as view:
            sent = 0
            while sent < len(view):
                sent += self._send(view[sent:], flags, deadline)

    def sendto(self, data, *rest):
        """Send; the address is the peer's, whatever is said."""
        return self.send(data, *rest[:-1])

    def _send(self, view, flags, deadline):
        _check(flags)
        behind = self._descriptor()
        return self._until(lambda: behind.write(view), True, deadline) if view else 0

    def shutdown(self, how, /):
        self._descriptor().shutdown(how)

    def getsockname(self):
        return self._descriptor().local_address()

    def getpeername(self):
        return self._descriptor().remote_address()

    def setsockopt(self, level, option, value, optlen=None, /):
        options.put(self._descriptor(), level, option, value)

    def getsockopt(self, level, option, buflen=0, /):
        value = options.get(self._descriptor(), level, option)
        return value.to_bytes(4, "little")[:buflen] if buflen else value

    def _deadline(self):
        return None if self._timeout is None else time.monotonic() + self._timeout

    def _until(self, operation, writing, deadline=None):
        """Do an operation, waiting before it as often and as long as it takes."""
        behind = self._descriptor()
        if deadline is None:
            deadline = self._deadline()
        while True:
            try:
                return operation()
            except BlockingIOError:
                # What a handshake waits for is its end, which only finishing it sees.
                if self._timeout == 0 or behind.handshaking:
                    raise
            source = behind.source(writing)
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0 or not wait([source], left):
                raise TimeoutError("timed out")


def _check(flags):
    if flags & ~_socket.MSG_NOSIGNAL:
        raise os_error(errno.EOPNOTSUPP)
