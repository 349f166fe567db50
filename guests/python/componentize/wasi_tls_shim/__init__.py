"""TCP and TLS of the host for a Python that componentize-py builds into a component.

install makes `_socket` and `select` use them; the module `_wasitls` is what `_ssl` needs beside.
What is made of these, `socket`, `ssl`, `asyncio` and whatever uses them, stays as it is.
"""

import sys


def install():
    """Begin: before anything imports socket, select or ssl, and once."""
    for name in ("socket", "selectors", "ssl"):
        if name in sys.modules:
            raise ImportError(f"{name} was imported before wasi_tls_shim.install()")

    import _socket
    import select

    from . import files, names, sockets, waiting

    _socket.socket = _socket.SocketType = sockets.socket
    _socket.close = sockets.close
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        setattr(_socket, name, names.forgiving(getattr(_socket, name)))
    select.poll, select.select = waiting.poll, waiting.select
    files.keep_bundles()
    files.import_late()
