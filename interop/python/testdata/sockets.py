"""sockets.py HOST PORT: an SSLSocket under select, timeouts and without blocking."""

import select
import socket
import ssl
import sys

host, port = sys.argv[1], int(sys.argv[2])
tls = ssl.create_default_context().wrap_socket(
    socket.create_connection((host, port)), server_hostname=host
)
poll = select.poll()
poll.register(tls, select.POLLIN)

print("session tickets are no data:", poll.poll(100) == [])
tls.settimeout(0.1)
try:
    tls.recv(1)
except TimeoutError as e:
    print("timeout:", e)
tls.setblocking(False)
try:
    tls.recv(1)
except ssl.SSLWantReadError:
    print("would block")
print("can write:", select.select([], [tls], [], 0)[1] == [tls])
tls.setblocking(True)
tls.sendall(b"GET / HTTP/1.0\r\n\r\n")
print("can read:", select.select([tls], [], [], 5)[0] == [tls])
buffer = bytearray(8)
print(tls.recv_into(buffer), bytes(buffer))
while tls.recv(4096):
    pass
print("end:", tls.recv(1), "peer:", tls.getpeername()[1] == port)
print("certificate:", tls.getpeercert()["subjectAltName"], tls.getpeercert(True))
tls.unwrap()
tls.close()
