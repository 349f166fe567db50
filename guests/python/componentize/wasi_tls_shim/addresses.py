"""Addresses of Python and of wasi:sockets."""

import _socket

from .bindings import network


def to_wasi(family, address):
    """Return the ip-socket-address for (host, port, ...), where host may be a name."""
    if not isinstance(address, tuple) or not 2 <= len(address) <= 4:
        raise TypeError("the address must be a tuple of a host, a port and what IPv6 has besides")
    host, port, *rest = address
    if not 0 <= port <= 0xFFFF:
        raise OverflowError("port must be 0-65535.")
    packed = _socket.inet_pton(family, _numeric(family, host))
    if family == _socket.AF_INET:
        return network.IpSocketAddress_Ipv4(network.Ipv4SocketAddress(port, tuple(packed)))
    flow, scope = (*rest, 0, 0)[:2]
    words = tuple(int.from_bytes(packed[i : i + 2]) for i in range(0, 16, 2))
    return network.IpSocketAddress_Ipv6(network.Ipv6SocketAddress(port, flow, words, scope))


def from_wasi(address):
    """Return an ip-socket-address as Python has it."""
    value = address.value
    if isinstance(address, network.IpSocketAddress_Ipv4):
        return ".".join(map(str, value.address)), value.port
    packed = b"".join(word.to_bytes(2) for word in value.address)
    return _socket.inet_ntop(_socket.AF_INET6, packed), value.port, value.flow_info, value.scope_id


def anywhere(family):
    """The address that a socket has which was not bound."""
    return ("0.0.0.0", 0) if family == _socket.AF_INET else ("::", 0, 0, 0)


def _numeric(family, host):
    if not host:
        return anywhere(family)[0]
    try:
        _socket.inet_pton(family, host)
        return host
    except OSError:
        return _socket.getaddrinfo(host, None, family, _socket.SOCK_STREAM)[0][4][0]
