"""What a file descriptor of the shim stands for: a TCP socket, then TLS on it.

What would have to wait raises BlockingIOError. Numbers are above those of wasi-libc, and none
is used twice.
"""

import errno
import itertools

from _socket import AF_INET, AF_INET6, SHUT_RD, SHUT_RDWR, SHUT_WR

from .addresses import anywhere, from_wasi, to_wasi
from .bindings import (
    Err,
    call,
    drop,
    failure_number,
    instance_network,
    network,
    os_error,
    streams,
    taken_text,
    tcp,
    tcp_create_socket,
    tls,
    would_block,
)

_FAMILIES = {AF_INET: network.IpAddressFamily.IPV4, AF_INET6: network.IpAddressFamily.IPV6}
_DIRECTIONS = {
    SHUT_RD: tcp.ShutdownType.RECEIVE,
    SHUT_WR: tcp.ShutdownType.SEND,
    SHUT_RDWR: tcp.ShutdownType.BOTH,
}
# The most that one read or write moves.
_CHUNK = 1 << 16

_numbers = itertools.count(1 << 30)
_open = {}


def of(number):
    """Return the descriptor of that number."""
    try:
        return _open[number]
    except KeyError:
        raise os_error(errno.EBADF) from None


def owns(number):
    return number in _open


class Descriptor:
    """One of them, in whatever state. The handles are its own."""

    def __init__(self, family):
        self.family = family
        self.number = next(_numbers)
        self.failure = None  # the host's words about what failed last
        self.error = 0  # of connecting, until it is asked for
        self.options = {}  # those without effect
        self._handle = None
        self._input = self._output = None
        self._local = None  # an address to bind to when the time comes
        self.connecting = self.listening = False
        self._future = None  # of a handshake
        self._connection = None  # of TLS
        _open[self.number] = self

    def close(self):
        """Release everything, whatever the state."""
        if _open.pop(self.number, None) is not None:
            drop(self._future, self._input, self._output, self._connection, self._handle)
            self._future = self._input = self._output = self._connection = self._handle = None

    @property
    def handle(self):
        """The tcp-socket. It is made when it is needed, which is not while a program is built."""
        if self._handle is None:
            self._handle = call(tcp_create_socket.create_tcp_socket, _FAMILIES[self.family])
        return self._handle

    def bind(self, address):
        """Bind to an address. If the host may choose the port, it does so when it is needed:
        programs bind to see whether there is IPv6, even while they are built."""
        if self._local is not None:
            raise os_error(errno.EINVAL)
        self._local = to_wasi(self.family, address)
        if address[1] != 0:
            self._bind()

    def _bind(self):
        local, self._local = self._local, None
        if local is not None:
            self._start(self.handle.start_bind, local)
            self._finish(self.handle.finish_bind)

    def listen(self, backlog):
        self._bind()
        call(self.handle.set_listen_backlog_size, max(1, backlog))
        call(self.handle.start_listen)
        self._finish(self.handle.finish_listen)
        self.listening = True

    def accept(self):
        """Return the next connection's descriptor."""
        if not self.listening:
            raise os_error(errno.EINVAL)
        accepted = call(self.handle.accept)
        new = Descriptor(self.family)
        new._handle, new._input, new._output = accepted
        return new

    def connect(self, address):
        """Begin to connect; source tells when to look for the end."""
        if self._output is not None or self._future is not None:
            raise os_error(errno.EISCONN)
        if not self.connecting:
            remote = to_wasi(self.family, address)
            self._bind()
            self._start(self.handle.start_connect, remote)
            self.connecting = True

    def settle(self):
        """Finish connecting, if that is what it is at."""
        if self.connecting:
            try:
                self._input, self._output = call(self.handle.finish_connect)
            except BlockingIOError:
                raise
            except OSError as e:
                self.connecting = False
                self.error = e.errno
                raise
            self.connecting = False

    @property
    def handshaking(self):
        """Whether a handshake has begun whose end nobody has seen: there are no streams then."""
        return self._future is not None

    def source(self, writing):
        """What becomes ready when reading or writing can go on; None if it can now."""
        if self._future is not None:
            return self._future
        if self.connecting or self.listening and not writing:
            return self._handle
        return self._output if writing else self._input

    def read(self, size):
        """Return bytes that are there, b"" at the end."""
        stream = self._stream("_input")
        try:
            data = stream.read(min(size, _CHUNK))
        except Err as e:
            failed = e.value
        else:
            if not data:
                raise would_block()
            return data
        if isinstance(failed, streams.StreamError_Closed):
            return b""
        raise self._failed(failed.value)

    def write(self, data):
        """Write some of the bytes. Return how many."""
        stream = self._stream("_output")
        try:
            room = stream.check_write()
            if not room:
                raise would_block()
            chunk = bytes(data[: min(room, _CHUNK)])
            stream.write(chunk)
            stream.flush()
            return len(chunk)
        except Err as e:
            failed = e.value
        if isinstance(failed, streams.StreamError_Closed):
            raise os_error(errno.EPIPE)
        raise self._failed(failed.value)

    def _stream(self, name):
        if self.handshaking:
            raise would_block()
        self.settle()
        if (stream := getattr(self, name)) is None:
            raise os_error(errno.ENOTCONN)
        return stream

    def _failed(self, error):
        """Return the exception for a stream's error."""
        self.failure = taken_text(error)
        number = errno.EIO if self._connection is not None else failure_number(self.failure)
        return OSError(number, self.failure)

    def shutdown(self, how):
        if self._connection is not None and how != SHUT_RD:
            self._connection.close_output()
        elif self._output is None:
            raise os_error(errno.ENOTCONN)
        else:
            call(self.handle.shutdown, _DIRECTIONS[how])

    def start_tls(self, name):
        """Hand the streams over to the host and begin the handshake."""
        if self._connection is not None or self._future is not None:
            raise os_error(errno.EISCONN)
        self.settle()
        if self._output is None:
            raise os_error(errno.ENOTCONN)
        input, output = self._input, self._output
        self._input = self._output = None
        self._future = tls.ClientHandshake.finish(tls.ClientHandshake(name, input, output))

    def finish_tls(self):
        """See how the handshake stands: None while it runs, then whether it succeeded."""
        if self._future is None:
            if self._connection is None and self.failure is None:
                raise ValueError("no TLS on this file descriptor")
            return self._connection is not None
        outcome = self._future.get()
        if outcome is None:
            return None
        drop(self._future)
        self._future = None
        outcome = outcome.value  # of the first call that has one, which is this
        if isinstance(outcome, Err):
            self.failure = taken_text(outcome.value)
            return False
        self._connection, self._input, self._output = outcome.value
        return True

    def local_address(self):
        self._bind()
        try:
            return from_wasi(call(self.handle.local_address))
        except OSError:
            return anywhere(self.family)

    def remote_address(self):
        if self._handle is None or self.connecting or self.listening:
            raise os_error(errno.ENOTCONN)
        try:
            return from_wasi(call(self.handle.remote_address))
        except OSError:
            raise os_error(errno.ENOTCONN) from None

    def _start(self, function, address):
        net = instance_network.instance_network()
        try:
            call(function, net, address)
        finally:
            drop(net)

    def _finish(self, function):
        """Finish what takes no time, but is told to take some."""
        while True:
            try:
                return call(function)
            except BlockingIOError:
                pollable = self.handle.subscribe()
                try:
                    pollable.block()
                finally:
                    drop(pollable)
