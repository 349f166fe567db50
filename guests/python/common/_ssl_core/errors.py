"""The exceptions of `_ssl`, and how the host's words become one of them.

The draft gives an error as a line of text. The texts looked for are those of Go's crypto/tls
and crypto/x509; a text that is not known is an SSLError. The host's text is always part of the
message.
"""

import errno

from .constants import SSL_ERROR_EOF, SSL_ERROR_SSL, SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE


class SSLError(OSError):
    """An error of TLS. library and reason are short names for programs, or None."""

    library = None
    reason = None

    def __str__(self):
        return self.strerror if isinstance(self.strerror, str) else str(self.args)


class SSLZeroReturnError(SSLError):
    """The peer has ended the connection with close_notify."""


class SSLWantReadError(SSLError):
    """The socket does not block and there is nothing to read yet."""


class SSLWantWriteError(SSLError):
    """The socket does not block and there is no room to write yet."""


class SSLSyscallError(SSLError):
    """The system failed below TLS."""


class SSLEOFError(SSLError):
    """The connection ended without close_notify."""


class SSLCertVerificationError(SSLError, ValueError):
    """The peer's certificate was not accepted. verify_code is OpenSSL's number for why."""


for _class in (SSLError, *SSLError.__subclasses__()):
    _class.__module__ = "ssl"

# A word of the host's text, OpenSSL's number and OpenSSL's words. The first match counts.
_CERTIFICATE = (
    (" is before ", 9, "certificate is not yet valid"),
    ("expired", 10, "certificate has expired"),
    ("is valid for", 62, "Hostname mismatch, certificate is not valid for {name!r}."),
    ("is not valid for any names", 62, "Hostname mismatch, certificate is not valid for {name!r}."),
    ("cannot validate certificate for", 64, "IP address mismatch, certificate is not valid for {name!r}."),
    ("unknown authority", 20, "unable to get local issuer certificate"),
    ("incompatible key usage", 26, "unsuitable certificate purpose"),
    ("too many intermediates", 25, "path length constraint exceeded"),
    ("not permitted by any constraint", 47, "permitted subtree violation"),
    ("is excluded by constraint", 48, "excluded subtree violation"),
    ("not authorized to sign", 24, "invalid CA certificate"),
    ("", 1, "unspecified certificate verification error"),
)

# A word of the host's text and the reason that OpenSSL would give.
_REASONS = (
    ("first record does not look like", "WRONG_VERSION_NUMBER"),
    ("remote error: tls: protocol version", "TLSV1_ALERT_PROTOCOL_VERSION"),
    ("unsupported protocol version", "UNSUPPORTED_PROTOCOL"),
    ("unsupported versions", "UNSUPPORTED_PROTOCOL"),
    ("remote error: tls: handshake failure", "SSLV3_ALERT_HANDSHAKE_FAILURE"),
    ("remote error: tls: unrecognized name", "TLSV1_UNRECOGNIZED_NAME"),
    ("remote error: tls: internal error", "TLSV1_ALERT_INTERNAL_ERROR"),
    ("remote error: tls: bad certificate", "SSLV3_ALERT_BAD_CERTIFICATE"),
    ("remote error: tls: certificate required", "TLSV13_ALERT_CERTIFICATE_REQUIRED"),
    ("remote error: tls: unknown certificate authority", "TLSV1_ALERT_UNKNOWN_CA"),
    ("bad record MAC", "DECRYPTION_FAILED_OR_BAD_RECORD_MAC"),
    ("message authentication", "DECRYPTION_FAILED_OR_BAD_RECORD_MAC"),
)


def ssl_error(cls, number, reason, words):
    """Make an SSLError as `_ssl` does: [SSL: REASON] words."""
    prefix = f"[SSL: {reason}] " if reason else ""
    e = cls(number, prefix + words)
    e.library, e.reason = "SSL", reason
    return e


def refused(words):
    """Make the error for something that wasi:tls cannot be asked for."""
    return ssl_error(SSLError, SSL_ERROR_SSL, "NOT_IN_WASI_TLS", words)


def want_read():
    return SSLWantReadError(SSL_ERROR_WANT_READ, "The operation did not complete (read)")


def want_write():
    return SSLWantWriteError(SSL_ERROR_WANT_WRITE, "The operation did not complete (write)")


def handshake_error(text, name):
    """Make the exception for a handshake with name that ended with the host's text."""
    remote = "remote error" in text
    if not remote and ("x509:" in text or "certificate" in text):
        for word, code, words in _CERTIFICATE:
            if word in text:
                return _verification_error(text, code, words.format(name=name))
    return stream_error(text, "handshake")


def _verification_error(text, code, words):
    e = ssl_error(
        SSLCertVerificationError,
        SSL_ERROR_SSL,
        "CERTIFICATE_VERIFY_FAILED",
        f"certificate verify failed: {words} (wasi:tls: {text})",
    )
    e.verify_code, e.verify_message = code, words
    return e


def stream_error(text, operation):
    """Make the exception for reading, writing or a handshake that failed with the host's text."""
    if "deadline exceeded" in text:
        return TimeoutError(f"The {operation} operation timed out (wasi:tls: {text})")
    if "connection reset" in text:
        return ConnectionResetError(errno.ECONNRESET, f"Connection reset by peer (wasi:tls: {text})")
    if "broken pipe" in text:
        return BrokenPipeError(errno.EPIPE, f"Broken pipe (wasi:tls: {text})")
    if "peer closed the connection" in text or "EOF" in text:
        return ssl_error(
            SSLEOFError,
            SSL_ERROR_EOF,
            "UNEXPECTED_EOF_WHILE_READING",
            f"EOF occurred in violation of protocol (wasi:tls: {text})",
        )
    for word, reason in _REASONS:
        if word in text:
            words = reason.lower().replace("_", " ")
            return ssl_error(SSLError, SSL_ERROR_SSL, reason, f"{words} (wasi:tls: {text})")
    return ssl_error(SSLError, SSL_ERROR_SSL, None, f"{operation} failed (wasi:tls: {text})")
