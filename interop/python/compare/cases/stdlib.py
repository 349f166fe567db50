"""The standard library's own clients."""

import http.client
import io
import select
import socket
import ssl
import time
import urllib.error
import urllib.request

from harness import case, port, raised, url


def connect(peer, host="localhost", **options):
    """Return a TLS connection with default settings."""
    sock = socket.create_connection((host, port(peer)), timeout=5)
    return ssl.create_default_context().wrap_socket(sock, server_hostname=host, **options)


@case
def http_client_get():
    connection = http.client.HTTPSConnection("localhost", port("good"))
    connection.request("GET", "/chunked")
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, response.getheader("Transfer-Encoding"), len(body)


@case
def http_client_keeps_alive():
    connection = http.client.HTTPSConnection("localhost", port("good"))
    seen = set()
    for _ in range(5):
        connection.request("GET", "/")
        response = connection.getresponse()
        response.read()
        seen.add(response.getheader("X-Connection"))
    connection.close()
    return len(seen)


@case
def http_client_untrusted():
    return raised(http.client.HTTPSConnection("localhost", port("unknown-ca")).request, "GET", "/")


@case
def http_client_tunnel():
    connection = http.client.HTTPSConnection("127.0.0.1", port("proxy"))
    connection.set_tunnel("server.test", port("good"))
    connection.request("GET", "/host")
    body = connection.getresponse().read()
    connection.close()
    return body.partition(b":")[0]


@case
def urlopen():
    with urllib.request.urlopen(url("good")) as response:
        return response.status, response.headers.get_content_type(), response.read()


@case
def urlopen_post():
    request = urllib.request.Request(url("good", "/echo"), data=b"x" * 70000, headers={"X-A": "b"})
    with urllib.request.urlopen(request) as response:
        return len(response.read()), response.headers["X-Method"]


@case
def urlopen_redirect():
    with urllib.request.urlopen(url("good", "/redirect/3")) as response:
        return response.geturl().removeprefix(url("good", "")), response.read()


@case
def urlopen_error_status():
    try:
        urllib.request.urlopen(url("good", "/status/418"))
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@case
def urlopen_expired():
    return raised(urllib.request.urlopen, url("expired"))


@case
def urlopen_refused():
    return raised(urllib.request.urlopen, url("dead"))


@case
def urlopen_slow():
    return raised(urllib.request.urlopen, url("good", "/slow"), timeout=0.3)


@case
def is_an_ssl_socket():
    with connect("good") as s:
        return type(s).__name__, isinstance(s, socket.socket), s.server_hostname, s.server_side, s.family.name


@case
def addresses():
    with connect("good") as s:
        return s.getpeername() == ("127.0.0.1", port("good")), s.getsockname()[0]


@case
def makefile_reads_lines():
    with connect("good") as s, s.makefile("rwb") as file:
        file.write(b"GET /lines HTTP/1.0\r\n\r\n")
        file.flush()
        return file.readline(), sum(1 for line in file if line.startswith(b"line"))


@case
def recv_into():
    with connect("echo") as s:
        s.sendall(b"abcdef")
        buffer = bytearray(4)
        n = s.recv_into(buffer)
        return n, bytes(buffer[:n]), s.recv(10)


@case
def a_megabyte_both_ways():
    """Written before it is read: the buffers on the way hold less."""
    data = bytes(range(256)) * 4096
    with connect("echo") as s:
        s.setblocking(False)
        sent, got = 0, io.BytesIO()
        while got.tell() < len(data):
            readable, writable, _ = select.select([s], [s] if sent < len(data) else [], [], 5)
            if not readable and not writable:
                return "stuck", sent, got.tell()
            try:
                if writable:
                    sent += s.send(data[sent : sent + 30000])
                if readable:
                    got.write(s.recv(70000))
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                pass
        return sent, got.getvalue() == data


@case
def not_ready_without_data():
    """TLS 1.3 tickets come after the handshake; once read over, they must not look like data."""
    with connect("echo") as s:
        time.sleep(0.2)
        s.setblocking(False)
        return raised(s.recv, 10), select.select([s], [], [], 0.2)[0]


@case
def select_tells_data():
    with connect("echo") as s:
        s.sendall(b"x")
        return len(select.select([s], [], [], 5)[0]), s.recv(5)


@case
def poll_tells_data():
    with connect("echo") as s:
        poll = select.poll()
        poll.register(s, select.POLLIN)
        before = poll.poll(100)
        s.sendall(b"x")
        return len(before), [event == select.POLLIN for _, event in poll.poll(5000)], s.recv(5)


@case
def poll_tells_room():
    with connect("echo") as s:
        poll = select.poll()
        poll.register(s, select.POLLOUT)
        return [event == select.POLLOUT for _, event in poll.poll(5000)]


@case
def handshake_without_blocking():
    sock = socket.create_connection(("localhost", port("echo")))
    sock.setblocking(False)
    context = ssl.create_default_context()
    with context.wrap_socket(sock, server_hostname="localhost", do_handshake_on_connect=False) as s:
        while True:
            try:
                s.do_handshake()
                break
            except ssl.SSLWantReadError:
                select.select([s], [], [], 5)
            except ssl.SSLWantWriteError:
                select.select([], [s], [], 5)
        s.setblocking(True)
        s.sendall(b"x")
        return s.recv(1)


@case
def read_timeout():
    with connect("echo") as s:
        s.settimeout(0.2)
        return raised(s.recv, 10)


@case
def handshake_timeout():
    sock = socket.create_connection(("localhost", port("silent")))
    sock.settimeout(0.3)
    return raised(ssl.create_default_context().wrap_socket, sock, server_hostname="localhost")


@case
def usable_after_a_timeout():
    with connect("echo") as s:
        s.settimeout(0.2)
        first = raised(s.recv, 10)
        s.sendall(b"later")
        return first, s.recv(10)


@case
def unwrap_ends_tls():
    """close_notify both ways: the echo ends when the client has."""
    s = connect("echo")
    s.sendall(b"bye")
    got = s.recv(3)
    plain = s.unwrap()
    plain.close()
    return got, type(plain).__name__


@case
def end_of_stream():
    with connect("says-bye") as s:
        return s.recv(10), s.recv(10)


@case
def truncation_hidden():
    """ssl.py takes an end without close_notify for an end, unless told otherwise."""
    with connect("truncates") as s:
        return s.recv(10), s.recv(10)


@case
def truncation_shown():
    with connect("truncates", suppress_ragged_eofs=False) as s:
        return s.recv(10), raised(s.recv, 10)


@case
def corrupt_record():
    with connect("corrupts") as s:
        return s.recv(10), raised(s.recv, 10)


@case
def reset():
    with connect("resets") as s:
        first = s.recv(10)
        s.sendall(b"x")
        return first, raised(s.recv, 10)


@case
def peer_closes_in_handshake():
    return raised(connect, "closes-early")


@case
def peer_is_plain():
    return raised(connect, "babbles")


@case
def no_common_version():
    return raised(connect, "tls11")


@case
def certificate_of_the_peer():
    """The draft shows no certificate; what the host attests is a name."""
    with connect("good") as s:
        return sorted(s.getpeercert()), s.getpeercert(binary_form=True) is not None


@case
def cipher_and_version():
    with connect("tls13") as s:
        return s.version(), s.cipher() is not None


@case
def channel_binding():
    with connect("tls12") as s:
        return s.get_channel_binding("tls-unique") is not None


@case
def alpn():
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with context.wrap_socket(socket.create_connection(("localhost", port("h2"))), server_hostname="localhost") as s:
        return s.selected_alpn_protocol()


@case
def closed_socket():
    s = connect("good")
    s.close()
    return raised(s.recv, 1), s.fileno()


@case
def wrapping_an_unconnected_socket():
    """TLS begins when the socket is connected."""
    with ssl.create_default_context().wrap_socket(socket.socket(), server_hostname="localhost") as s:
        s.connect(("localhost", port("echo")))
        s.sendall(b"x")
        return s.recv(1)


@case
def server_side():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as accepted:
            accepted.settimeout(0.2)
            return raised(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).wrap_socket, accepted, server_side=True)


@case
def memory_bio():
    """TLS on memory: the draft takes streams of the host only."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    return raised(connection.do_handshake)


@case
def keys_are_not_logged():
    """A log of keys would need the keys."""
    ssl.create_default_context().keylog_filename = "keys"
    return "logged"


@case
def name_is_needed_for_checking():
    sock = socket.create_connection(("localhost", port("good")))
    return raised(ssl.create_default_context().wrap_socket, sock)


@case
def many_connections():
    """One after the other, and all at once."""
    for _ in range(100):
        with connect("echo") as s:
            s.sendall(b"x")
            s.recv(1)
    many = [connect("echo") for _ in range(50)]
    for s in many:
        s.sendall(b"y")
    got = b"".join(s.recv(1) for s in many)
    for s in many:
        s.close()
    return len(got)
