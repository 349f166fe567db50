"""The module `_ssl` on wasi:tls, for a CPython that has none: a file on sys.path is enough.

The C module _wasitls puts TLS behind the socket's own file descriptor. So reading, writing and
waiting are those of the plain socket, and nothing else needs to know about TLS.
"""

import errno
import select
import time
import weakref

import _socket
import _wasitls
from _ssl_core.connection import Connection
from _ssl_core.constants import *
from _ssl_core.constants import _DEFAULT_CIPHERS, _OPENSSL_API_VERSION
from _ssl_core.context import Context
from _ssl_core.errors import (
    SSLCertVerificationError,
    SSLEOFError,
    SSLError,
    SSLSyscallError,
    SSLWantReadError,
    SSLWantWriteError,
    SSLZeroReturnError,
    handshake_error,
    refused,
    stream_error,
    want_read,
    want_write,
)
from _ssl_core.objects import (
    Certificate,
    MemoryBIO,
    RAND_add,
    RAND_bytes,
    RAND_status,
    SSLSession,
    get_sigalgs,
    nid2obj,
    txt2obj,
)
from _ssl_core.trust import get_default_verify_paths

# Those of the plain socket: SSLSocket's own would come back here.
_recv = _socket.socket.recv
_recv_into = _socket.socket.recv_into
_send = _socket.socket.send
_shutdown = _socket.socket.shutdown


class _SSLContext(Context):
    def _wrap_socket(self, sock, server_side, server_hostname=None, *, owner=None, session=None):
        self._check_expressible(server_side, server_hostname)
        return _SSLSocket(self, sock, server_hostname, owner)

    def _wrap_bio(self, incoming, outgoing, server_side, server_hostname=None, *, owner=None, session=None):
        self._check_expressible(server_side, server_hostname)
        return _SSLMemory(self, incoming, outgoing, server_hostname, owner)


class _Handshake(Connection):
    """What connections of both kinds do first."""

    def __init__(self, context, server_hostname, owner):
        super().__init__(context, server_hostname, owner)
        self._started = False

    def _proceed(self, sock):
        """Begin the handshake, or see how it stands. Tell whether it is done."""
        if not self._started:
            # Without a name the draft needs one all the same, and the host verifies it.
            self._name = self.server_hostname or sock.getpeername()[0]
            _wasitls.start(sock.fileno(), self._name)
            self._started = True
        outcome = _wasitls.finish(sock.fileno())
        if outcome is False:
            raise handshake_error(_wasitls.failure(sock.fileno()), self._name)
        self._open = bool(outcome)
        return self._open


class _SSLSocket(_Handshake):
    """The object behind an SSLSocket."""

    def __init__(self, context, sock, server_hostname, owner):
        super().__init__(context, server_hostname, owner)
        self._sock = weakref.ref(sock)  # as the owner, which it is

    def _socket(self):
        sock = self._sock()
        if sock is None or sock.fileno() < 0:
            raise SSLError(SSL_ERROR_SYSCALL, "Underlying socket connection gone")
        return sock

    def do_handshake(self):
        sock = self._socket()
        limit = sock.gettimeout()
        deadline = None if limit is None else time.monotonic() + limit
        while not self._open and not self._proceed(sock):
            if limit == 0:
                raise want_read()
            _wait(sock, deadline)

    def read(self, length, buffer=None):
        sock = self._socket()
        try:
            if buffer is None:
                return _recv(sock, length)
            return _recv_into(sock, buffer, length)
        except BlockingIOError:
            raise want_read() from None
        except OSError as e:
            raise _translated(e, sock, "read") from None

    def write(self, data):
        sock = self._socket()
        try:
            return _send(sock, data)
        except BlockingIOError:
            raise want_write() from None
        except OSError as e:
            raise _translated(e, sock, "write") from None

    def shutdown(self):
        """Send close_notify and wait for the peer's.

        The socket returned is at its end: the host gives no streams back for plaintext.
        """
        sock = self._socket()
        _shutdown(sock, _socket.SHUT_WR)
        while self.read(4096):
            pass
        return sock


class _SSLMemory(_Handshake):
    """The object behind an SSLObject, whose user moves the bytes: asyncio.

    TLS is behind the descriptor that the bytes are read from and written to, so those that are
    moved are plaintext already. The descriptor must be known: _asyncio_on_wasi tells it.
    """

    def __init__(self, context, incoming, outgoing, server_hostname, owner):
        super().__init__(context, server_hostname, owner)
        self._incoming, self._outgoing = incoming, outgoing
        self.transport = None

    def do_handshake(self):
        if self._open:
            return
        if self.transport is None:
            raise refused("TLS over MemoryBIO cannot be done: the host needs the socket")
        if not self._started and self.transport.get_write_buffer_size() > 0:
            raise refused("TLS cannot begin while bytes before it wait to be sent")
        if not self._proceed(self.transport.get_extra_info("socket")):
            raise want_read()

    def read(self, length, buffer=None):
        if not self._incoming.pending and not self._incoming.eof:
            raise want_read()
        data = self._incoming.read(length)
        if buffer is None:
            return data
        buffer[: len(data)] = data
        return len(data)

    def write(self, data):
        return self._outgoing.write(data)

    def shutdown(self):
        if self._outgoing.pending:
            raise want_write()
        self.transport.write_eof()


def _wait(sock, deadline):
    """Wait for the handshake, or until the deadline."""
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    left = None if deadline is None else max(0, deadline - time.monotonic()) * 1000
    if not poll.poll(left):
        raise TimeoutError("_ssl: The handshake operation timed out")


def _translated(e, sock, operation):
    """Return the exception for an OSError of a plain read or write."""
    if isinstance(e, TimeoutError):
        return TimeoutError(f"The {operation} operation timed out")
    if e.errno == errno.EIO and (text := _wasitls.failure(sock.fileno())) is not None:
        return stream_error(text, operation)
    return e
