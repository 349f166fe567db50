"""A component has no files of its own: modules and the like are those of when it was built."""

import glob
import os
import sys
from importlib import import_module
from importlib.util import find_spec

# What libraries import when they need it. That is too late then.
_LATE = (
    "_strptime",
    "encodings.ascii",
    "encodings.cp437",
    "encodings.idna",
    "encodings.latin_1",
    "encodings.punycode",
    "encodings.utf_8",
    "netrc",
    "stringprep",
    "unicodedata",
    "idna.uts46data",
    "urllib3.util.ssltransport",
)

_bundles = {}
_real_stat = os.stat


def import_late():
    for name in _LATE:
        if _is_there(name.partition(".")[0]):
            import_module(name)


def _is_there(package):
    return package in sys.modules or find_spec(package) is not None


def keep_bundles():
    """Have the bundles of roots that packages bring along be there to os.stat.

    Libraries look whether the file is there. Nobody reads it: `_ssl` takes its path for the
    host's roots, or refuses it.
    """
    for entry in sys.path:
        for path in glob.glob(entry + "/*/cacert.pem"):
            _bundles[path] = os.stat(path)
    os.stat = _stat


def _stat(path, *args, **kwargs):
    try:
        return _real_stat(path, *args, **kwargs)
    except FileNotFoundError:
        if isinstance(path, str) and path in _bundles:
            return _bundles[path]
        raise
