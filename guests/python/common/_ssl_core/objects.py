"""The rest of `_ssl`: object identifiers, random numbers, and types that hold nothing here."""

import os

# (number, short name, long name, identifier), as ssl.Purpose asks for them.
_OBJECTS = (
    (129, "serverAuth", "TLS Web Server Authentication", "1.3.6.1.5.5.7.3.1"),
    (130, "clientAuth", "TLS Web Client Authentication", "1.3.6.1.5.5.7.3.2"),
)


def txt2obj(txt, name=False):
    """Look an object up by its identifier or, with name, also by one of its names."""
    for known in _OBJECTS:
        if txt == known[3] or name and txt in known[1:3]:
            return known
    raise ValueError(f"unknown object '{txt[:100]}'")


def nid2obj(nid):
    """Look an object up by OpenSSL's number."""
    for known in _OBJECTS:
        if nid == known[0]:
            return known
    raise ValueError(f"unknown NID {nid}")


def RAND_bytes(n):
    return os.urandom(n)


def RAND_status():
    return True


def RAND_add(data, entropy):
    """Do nothing: the host's random numbers need no help."""


def get_sigalgs():
    return []


class SSLSession:
    """A session to resume. There are none."""


class Certificate:
    """A certificate of a chain. There are none to be had."""


class MemoryBIO:
    """Bytes in memory, as a pipe with one end."""

    def __init__(self):
        self._bytes = bytearray()
        self._ended = False

    @property
    def pending(self):
        return len(self._bytes)

    @property
    def eof(self):
        return self._ended and not self._bytes

    def read(self, size=-1):
        if size < 0:
            size = len(self._bytes)
        taken = bytes(self._bytes[:size])
        del self._bytes[:size]
        return taken

    def write(self, b):
        self._bytes += b
        return memoryview(b).nbytes

    def write_eof(self):
        self._ended = True
