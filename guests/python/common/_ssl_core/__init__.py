"""What any `_ssl` on wasi:tls has: everything that does not touch a socket.

Stock ssl.py takes its names from a C module `_ssl` on OpenSSL. A module `_ssl` on wasi:tls
takes them from here, and adds `_SSLSocket`, which does the input and output, and a subclass
of `Context` that makes one.
"""
