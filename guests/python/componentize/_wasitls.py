"""The module that `_ssl` stands on: TLS by the host, behind a descriptor of the shim.

From the end of the handshake on the descriptor carries the plaintext.
"""

from wasi_tls_shim import descriptor


def start(fd, server_name, /):
    """Hand a connected TCP socket to the host and begin the handshake."""
    descriptor.of(fd).start_tls(server_name)


def finish(fd, /):
    """None while the handshake runs, True when it succeeded, False when it failed."""
    return descriptor.of(fd).finish_tls()


def failure(fd, /):
    """What the host said about the last failure on this descriptor, or None."""
    return descriptor.of(fd).failure
