"""sequence.py URL SILENT: open and close connections of every kind, many times."""

import asyncio
import socket
import ssl
import sys
from urllib.parse import urlsplit

import requests

url, silent = sys.argv[1:]
host, port = urlsplit(url).hostname, urlsplit(url).port
context = ssl.create_default_context()


def get():
    requests.get(url, timeout=5).raise_for_status()


def silence():
    try:
        requests.get(silent, timeout=0.01)
    except requests.Timeout:
        return
    raise AssertionError("no timeout")


def wrong_name():
    try:
        context.wrap_socket(socket.create_connection((host, port)), server_hostname="other.test")
    except ssl.SSLCertVerificationError:
        return
    raise AssertionError("no error")


def dropped():
    context.wrap_socket(socket.create_connection((host, port)), server_hostname=host)


def detached():
    s = context.wrap_socket(socket.create_connection((host, port)), server_hostname=host)
    plain = socket.socket(fileno=s.detach())
    plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
    assert plain.recv(4) == b"HTTP"
    plain.close()


def polled():
    sock = socket.create_connection((host, port))
    sock.setblocking(False)
    s = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    try:
        s.do_handshake()
    except ssl.SSLWantReadError:
        pass
    s.close()


def asynchronous():
    async def main():
        _, writer = await asyncio.open_connection(host, port, ssl=context)
        writer.close()
        await writer.wait_closed()

    asyncio.run(main())


for _ in range(200):
    get()
for case in (silence, wrong_name, dropped, detached, polled, asynchronous):
    for _ in range(50):
        case()
print("ok")
