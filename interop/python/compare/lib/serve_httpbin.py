"""serve_httpbin.py PORT [CERT KEY]: serve httpbin on loopback."""

import sys

import httpbin
import werkzeug.serving


class Handler(werkzeug.serving.WSGIRequestHandler):
    protocol_version = "HTTP/1.1"


werkzeug.serving.run_simple(
    "127.0.0.1", int(sys.argv[1]), httpbin.app, threaded=True, request_handler=Handler, ssl_context=tuple(sys.argv[2:]) or None
)
