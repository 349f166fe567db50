"""plain.py: sockets without TLS, of both ends. They are what TLS is put on."""

import errno
import select
import socket
import warnings

warnings.simplefilter("error", ResourceWarning)


def pair():
    """A connection: the client, the server's end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, address = listener.accept()
    assert address == client.getsockname() == server.getpeername()
    return client, server


def echo():
    client, server = pair()
    client.sendall(b"question")
    assert server.recv(100) == b"question"
    with server.makefile("rw", newline="") as file:
        file.write("answer\n")
    assert client.makefile("rb").readline() == b"answer\n"
    client.shutdown(socket.SHUT_WR)
    assert server.recv(1) == b""
    client.close()
    server.close()
    return client.fileno()


def much():
    client, server = pair()
    client.setblocking(False)
    sent = taken = 0
    data = bytes(1 << 20)
    while True:
        try:
            sent += client.send(data)
        except BlockingIOError:
            break
    client.close()
    while part := server.recv(1 << 20):
        taken += len(part)
    server.close()
    return sent == taken > 0


def limits():
    client, server = pair()
    client.settimeout(0.05)
    with client, server:
        try:
            client.recv(1)
        except TimeoutError as e:
            return str(e)


def accepting():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        try:
            listener.accept()
        except TimeoutError:
            pass
        listener.setblocking(False)
        try:
            listener.accept()
        except BlockingIOError:
            return select.select([listener], [], [], 0)


def connecting():
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        client.setblocking(False)
        number = client.connect_ex(listener.getsockname())
        _, writable, _ = select.select([], [client], [], 5)
        failed = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return number in (0, errno.EINPROGRESS), writable == [client], failed


def refused():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = probe.getsockname()
    with socket.socket() as client:
        client.setblocking(False)
        client.connect_ex(nobody)
        select.select([], [client], [], 5)
        failed = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    try:
        socket.create_connection(nobody)
    except ConnectionRefusedError as e:
        return failed == e.errno


def datagrams():
    with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as two:
        one.bind(("127.0.0.1", 0))
        two.sendto(b"datagram", one.getsockname())
        return one.recvfrom(100)[0]


def both_kinds():
    """A datagram and a connection's bytes, whichever is first."""
    client, server = pair()
    with client, server, socket.socket(type=socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        poll = select.poll()
        poll.register(one, select.POLLIN)
        poll.register(server, select.POLLIN)
        found = [poll.poll(20)]
        with socket.socket(type=socket.SOCK_DGRAM) as two:
            two.sendto(b"datagram", one.getsockname())
        found.append(poll.poll(5000) == [(one.fileno(), select.POLLIN)])
        one.recv(100)
        client.send(b"x")
        found.append(poll.poll(5000) == [(server.fileno(), select.POLLIN)])
        found.append(select.select([one, server], [], [], 5) == ([server], [], []))
        return found


def options():
    with socket.socket() as s:
        before = s.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30)
        return (
            before,
            bool(s.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)),
            bool(s.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)),
            s.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
            s.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == socket.SOCK_STREAM,
        )


def misuse():
    found = []
    s = socket.socket()
    for operation in (
        lambda: s.recv(1),
        lambda: s.getpeername(),
        lambda: s.connect(("127.0.0.1", 70000)),
        lambda: s.connect("address"),
        lambda: socket.socket(fileno=12345),
        lambda: socket.getaddrinfo("no name", 80),
        lambda: (s.close(), s.recv(1)),
    ):
        try:
            operation()
        except (OSError, TypeError, OverflowError) as e:
            number = getattr(e, "errno", None)
            found.append(errno.errorcode.get(number, type(e).__name__))
    return found


def unclosed():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        socket.socket()
    return [w.category.__name__ for w in caught]


for case in (
    echo, much, limits, accepting, connecting, refused, datagrams, both_kinds, options, misuse, unclosed
):
    print(case.__name__, case())
