"""fails.py URL: print the classes and the reason of the exception that a GET ends with."""

import ssl
import sys

import requests

try:
    requests.get(sys.argv[1], timeout=1)
except requests.RequestException as e:
    cause = e
    while isinstance(getattr(cause, "reason", None), Exception) or (
        cause.args and isinstance(cause.args[0], Exception)
    ):
        reason = getattr(cause, "reason", None)
        cause = reason if isinstance(reason, Exception) else cause.args[0]
    print(type(e).__name__, type(cause).__name__, getattr(cause, "reason", None))
    if isinstance(cause, ssl.SSLCertVerificationError):
        print(cause.verify_code, cause.verify_message)
else:
    print("no exception")
