"""refused.py URL: ask for what wasi:tls cannot do; each must be refused, with an SSLError."""

import socket
import ssl
import sys
from urllib.parse import urlsplit

import requests

url = sys.argv[1]
where = urlsplit(url)


def connection(**settings):
    context = ssl.create_default_context()
    for name, value in settings.items():
        setattr(context, name, value)
    with socket.create_connection((where.hostname, where.port), timeout=5) as sock:
        context.wrap_socket(sock, server_hostname=where.hostname)


def server():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with socket.create_connection((where.hostname, where.port), timeout=5) as sock:
        context.wrap_socket(sock, server_side=True)


def memory():
    context = ssl.create_default_context()
    tls = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost")
    tls.do_handshake()


CASES = {
    "verify": lambda: requests.get(url, verify=__file__),
    "cert": lambda: requests.get(url, cert=(__file__, __file__)),
    "cadata": lambda: ssl.create_default_context(cadata="-----BEGIN CERTIFICATE-----"),
    "keylog": lambda: connection(keylog_filename="keys"),
    "only TLS 1.3": lambda: connection(minimum_version=ssl.TLSVersion.TLSv1_3),
    "only TLS 1.2": lambda: connection(maximum_version=ssl.TLSVersion.TLSv1_2),
    "no TLS 1.2": lambda: connection(options=ssl.OP_NO_TLSv1_2),
    "revocation": lambda: connection(verify_flags=ssl.VERIFY_CRL_CHECK_LEAF),
    "server": server,
    "server chain": lambda: ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(__file__),
    "memory": memory,
}

for name, case in CASES.items():
    try:
        case()
        print(name, "was not refused")
    except (ssl.SSLError, requests.exceptions.SSLError) as e:
        print(name, "refused" if "NOT_IN_WASI_TLS" in str(e) else f"failed: {e}")
