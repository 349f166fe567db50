"""Settings of connections. What the draft cannot express is refused: at once where nothing
else could be meant, otherwise when a connection is made."""

from . import constants as C
from .errors import SSL_ERROR_SSL, SSLError, refused
from .trust import check_environment, check_file, check_own

_PROTOCOLS = (C.PROTOCOL_TLS, C.PROTOCOL_TLS_CLIENT, C.PROTOCOL_TLS_SERVER, C.PROTOCOL_TLSv1_2)
_VERSIONS = range(C.PROTO_SSLv3, C.PROTO_TLSv1_3 + 1)
_STATISTICS = (
    "number connect connect_good connect_renegotiate accept accept_good accept_renegotiate "
    "hits misses timeouts cache_full"
).split()


def _number(name, doc):
    """A property that holds a number, and takes an enumeration's member for one."""
    hidden = "_" + name.strip("_") + "_value"

    def put(self, value):
        setattr(self, hidden, int(value))

    return property(lambda self: getattr(self, hidden), put, doc=doc)


class Context:
    """_SSLContext without the making of connections."""

    def __new__(cls, protocol):
        protocol = int(protocol)
        if protocol not in _PROTOCOLS:
            raise ValueError("invalid or unsupported protocol version")
        self = super().__new__(cls)
        client = protocol == C.PROTOCOL_TLS_CLIENT
        self._protocol = protocol
        self._verify_mode = C.CERT_REQUIRED if client else C.CERT_NONE
        self._check_hostname = client
        self.options = (
            C.OP_ALL | C.OP_NO_SSLv3 | C.OP_CIPHER_SERVER_PREFERENCE | C.OP_NO_COMPRESSION
            | C.OP_ENABLE_MIDDLEBOX_COMPAT | C.OP_IGNORE_UNEXPECTED_EOF
        )
        self.verify_flags = C.VERIFY_X509_TRUSTED_FIRST
        self._host_flags = C.HOSTFLAG_NO_PARTIAL_WILDCARDS
        self._minimum = C.PROTO_TLSv1_2
        self._maximum = C.PROTO_TLSv1_2 if protocol == C.PROTOCOL_TLSv1_2 else C.PROTO_MAXIMUM_SUPPORTED
        self.num_tickets = 2
        self.post_handshake_auth = False
        self.sni_callback = None
        self._roots = 0
        return self

    options = _number("options", "OP_ flags.")
    verify_flags = _number("verify_flags", "VERIFY_ flags.")
    _host_flags = _number("_host_flags", "HOSTFLAG_ flags.")
    num_tickets = _number("num_tickets", "Of a server; no effect.")
    protocol = property(lambda self: self._protocol)
    security_level = property(lambda self: 2)

    @property
    def verify_mode(self):
        return self._verify_mode

    @verify_mode.setter
    def verify_mode(self, mode):
        mode = int(mode)
        if mode not in (C.CERT_NONE, C.CERT_OPTIONAL, C.CERT_REQUIRED):
            raise ValueError("invalid value for verify_mode")
        if mode == C.CERT_NONE and self._check_hostname:
            raise ValueError("Cannot set verify_mode to CERT_NONE when check_hostname is enabled.")
        self._verify_mode = mode

    @property
    def check_hostname(self):
        return self._check_hostname

    @check_hostname.setter
    def check_hostname(self, check):
        self._check_hostname = bool(check)
        if check and self._verify_mode == C.CERT_NONE:
            self._verify_mode = C.CERT_REQUIRED

    @property
    def minimum_version(self):
        return self._minimum

    @minimum_version.setter
    def minimum_version(self, version):
        self._minimum = _version(version)

    @property
    def maximum_version(self):
        return self._maximum

    @maximum_version.setter
    def maximum_version(self, version):
        self._maximum = _version(version)

    @property
    def keylog_filename(self):
        return None

    @keylog_filename.setter
    def keylog_filename(self, name):
        if name is not None:
            raise refused("keys cannot be logged: they are in the host")

    @property
    def _msg_callback(self):
        return None

    @_msg_callback.setter
    def _msg_callback(self, callback):
        if callback is not None:
            raise refused("messages of the handshake cannot be seen: they are in the host")

    def set_ciphers(self, ciphers):
        """Take a list of ciphers. The host's own policy is what counts."""
        if not isinstance(ciphers, str):
            raise TypeError(f"argument must be str, not {type(ciphers).__name__}")
        if not ciphers:
            raise SSLError(SSL_ERROR_SSL, "No cipher can be selected.")

    def get_ciphers(self):
        return []

    def set_ecdh_curve(self, name):
        raise refused("curves cannot be chosen")

    def _set_alpn_protocols(self, protocols):
        """Take protocols, none of which is offered: HAS_ALPN says so."""

    def set_default_verify_paths(self):
        check_environment()
        self._roots += 1

    load_default_certs = set_default_verify_paths

    def load_verify_locations(self, cafile=None, capath=None, cadata=None):
        if cafile is None and capath is None and cadata is None:
            raise TypeError("cafile, capath and cadata cannot be all omitted")
        for path in (cafile, capath):
            if path is not None:
                check_file(path)
        if cadata is not None:
            check_own("certificates given as data")
        self._roots += 1

    def load_cert_chain(self, certfile, keyfile=None, password=None):
        raise refused("a client certificate cannot be used")

    def load_dh_params(self, path):
        raise refused("there is no server side")

    def cert_store_stats(self):
        return {"x509": self._roots, "crl": 0, "x509_ca": self._roots}

    def get_ca_certs(self, binary_form=False):
        return []

    def session_stats(self):
        return dict.fromkeys(_STATISTICS, 0)

    def _check_expressible(self, server_side, server_hostname):
        """Refuse what a connection with these settings would silently lack."""
        if server_side:
            raise refused("there is no server side")
        if server_hostname is not None and (not server_hostname or server_hostname.startswith(".")):
            raise ValueError("server_hostname cannot be an empty string or start with a leading dot.")
        newest = self._maximum if self._maximum != C.PROTO_MINIMUM_SUPPORTED else C.PROTO_TLSv1_2
        if self._minimum > C.PROTO_TLSv1_2 or self.options & C.OP_NO_TLSv1_2:
            raise refused("TLS 1.2 cannot be ruled out: the host chooses between 1.2 and 1.3")
        if C.PROTO_SSLv3 <= newest < C.PROTO_TLSv1_3 or self.options & C.OP_NO_TLSv1_3:
            raise refused("TLS 1.3 cannot be ruled out: the host chooses between 1.2 and 1.3")
        if self.verify_flags & C.VERIFY_CRL_CHECK_CHAIN:
            raise refused("revocation lists cannot be checked")


def _version(version):
    version = int(version)
    if version not in _VERSIONS and version not in (C.PROTO_MINIMUM_SUPPORTED, C.PROTO_MAXIMUM_SUPPORTED):
        raise ValueError(f"Unsupported protocol version 0x{version & 0xffffffff:x}")
    return version
