"""What can be said of an open connection: little, in the draft."""

import weakref

from .constants import CERT_NONE
from .errors import refused


class Connection:
    """The part of _SSLSocket that does no input or output."""

    server_side = False
    session = None
    session_reused = False

    def __init__(self, context, server_hostname, owner):
        self.context = context
        self.server_hostname = server_hostname
        self.owner = owner
        self._name = None  # what the host was asked to verify
        self._open = False

    @property
    def owner(self):
        return self._owner and self._owner()

    @owner.setter
    def owner(self, owner):
        # The owner has this object, and must go, and close, with its last user.
        self._owner = owner if owner is None else weakref.ref(owner)

    def getpeercert(self, binary_form=False):
        """Return what the host attests: that it verified a certificate for this name.

        The certificate itself is not to be had, so the binary form is None.
        """
        if not self._open:
            raise ValueError("handshake not done yet")
        if binary_form:
            return None
        if self.context.verify_mode == CERT_NONE:
            return {}
        kind = "IP Address" if _is_address(self._name) else "DNS"
        return {
            "subject": ((("commonName", self._name),),),
            "subjectAltName": ((kind, self._name),),
        }

    def get_verified_chain(self):
        return None

    def get_unverified_chain(self):
        return None

    def get_channel_binding(self, cb_type="tls-unique"):
        return None

    def selected_alpn_protocol(self):
        return None

    def cipher(self):
        return None

    def shared_ciphers(self):
        return None

    def compression(self):
        return None

    def version(self):
        return None

    def pending(self):
        return 0

    def verify_client_post_handshake(self):
        raise refused("there is no authentication after the handshake")


def _is_address(name):
    return ":" in name or name.replace(".", "").isdigit()
