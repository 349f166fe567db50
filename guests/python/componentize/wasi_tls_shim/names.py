"""Looking names up. A string that cannot be a name is one that does not exist, as elsewhere."""

import errno
from _socket import EAI_NONAME, gaierror


def forgiving(look_up):
    """Return a look-up that tells of such a string as of an unknown name."""

    def forgiving_look_up(*args, **kwargs):
        try:
            return look_up(*args, **kwargs)
        except OSError as e:
            if e.errno != errno.EINVAL or isinstance(e, gaierror):
                raise
        raise gaierror(EAI_NONAME, "Name or service not known")

    return forgiving_look_up
