"""Fits asyncio to WASI, where there are no threads, and to TLS by the host.

Three things are other than in the library: calls for a thread run at once, the loop does
without the pair of sockets by which threads and signals wake it, and TLS is begun on the
transport's own socket. Importing this module changes asyncio.
"""

from asyncio import base_events, selector_events, sslproto


def _run_in_executor(self, executor, func, *args):
    """Call func at once: there is no thread to call it in, and no executor that had one."""
    future = self.create_future()
    try:
        future.set_result(func(*args))
    except StopIteration as e:
        future.set_exception(RuntimeError(f"{func!r} raised {e!r}"))
    except Exception as e:
        future.set_exception(e)
    return future


def _no_self_pipe(self):
    """Do without: nobody else runs who could wake the loop, and no listening socket is needed."""
    self._internal_fds = 0
    self._ssock = self._csock = None


def _connection_made(self, transport):
    self._transport = transport
    self._sslobj._sslobj.transport = transport
    self._start_handshake()
    if self._state is sslproto.SSLProtocolState.DO_HANDSHAKE:
        # The transport reads when it likes. While the handshake runs it has nothing to write,
        # and being ready to write means that the handshake has ended.
        fd = transport.get_extra_info("socket").fileno()
        self._handshake_fd = fd
        self._loop._add_writer(fd, _proceed, self)


def _proceed(self):
    if self._state is sslproto.SSLProtocolState.DO_HANDSHAKE:
        try:
            self._do_handshake()
        except OSError as e:  # not an SSLError, which the library expects
            self._on_handshake_complete(e)
    if self._state is not sslproto.SSLProtocolState.DO_HANDSHAKE:
        _forget(self)


def _forget(self):
    fd, self._handshake_fd = self._handshake_fd, None
    if fd is not None:
        self._loop._remove_writer(fd)


_stock_connection_lost = sslproto.SSLProtocol.connection_lost
_stock_on_handshake_complete = sslproto.SSLProtocol._on_handshake_complete


def _connection_lost(self, exc):
    _forget(self)
    _stock_connection_lost(self, exc)


def _on_handshake_complete(self, exc):
    # Before the protocol is told: it may write at once, and need the place.
    _forget(self)
    _stock_on_handshake_complete(self, exc)


base_events.BaseEventLoop.run_in_executor = _run_in_executor
selector_events.BaseSelectorEventLoop._make_self_pipe = _no_self_pipe
selector_events.BaseSelectorEventLoop._close_self_pipe = _no_self_pipe
sslproto.SSLProtocol._handshake_fd = None
sslproto.SSLProtocol.connection_made = _connection_made
sslproto.SSLProtocol.connection_lost = _connection_lost
sslproto.SSLProtocol._on_handshake_complete = _on_handshake_complete
