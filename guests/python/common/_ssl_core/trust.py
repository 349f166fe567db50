"""Whom to trust is the host's to say: the draft cannot be given certificates.

A program that asks for the public roots gets the host's. One that names roots of its own is
refused, since the host might accept what those would not. WASI_TLS_TRUST=host in the
environment says that the host's roots are meant whatever a program names.
"""

import os

from .errors import refused

# Packages that bring the public roots along, in a file of this name.
_BUNDLE = "cacert.pem"
_PACKAGES = ("certifi", "botocore")


def check_file(path):
    """Refuse a file or folder of certificates that does not stand for the public roots."""
    os.stat(path)
    path = os.path.abspath(os.fsdecode(path))
    folder, name = os.path.split(path)
    if name == _BUNDLE and os.path.basename(folder) in _PACKAGES:
        return
    if path in default_paths():
        return
    check_own(f"the certificates in {path}")


def check_own(what):
    """Refuse certificates of the program's own, unless the environment says otherwise."""
    if os.environ.get("WASI_TLS_TRUST") != "host":
        raise refused(
            f"{what} cannot be trusted: wasi:tls verifies with the host's roots only. "
            "Add them there, or set WASI_TLS_TRUST=host to use the host's roots instead"
        )


def check_environment():
    """Refuse variables by which OpenSSL would be told other roots."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if path := os.environ.get(name):
            check_own(f"the certificates in {path} ({name})")


def default_paths():
    """Where OpenSSL looks in Debian."""
    return ("/usr/lib/ssl/cert.pem", "/usr/lib/ssl/certs")


def get_default_verify_paths():
    file, folder = default_paths()
    return ("SSL_CERT_FILE", file, "SSL_CERT_DIR", folder)
