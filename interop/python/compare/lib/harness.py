"""What cases are made of, and how their outcomes are told.

    harness.py FILE

runs the cases of a file in their order, each to a line of JSON: the value that the case
returned, or the exception that ended it, as text that is the same wherever the behaviour is.
The peers are in the environment, as JSON of names and addresses.
"""

import errno
import json
import os
import runpy
import sys
import time
import uuid

_peers = json.loads(os.environ["PEERS"])
_cases = []
_run = uuid.uuid4().hex


def case(function):
    """Mark a function as a case."""
    _cases.append(function)
    return function


def port(peer):
    return int(_peers[peer].rpartition(":")[2])


def url(peer, path="/", host=None, scheme="https"):
    """Return the URL of a path of a peer, by default under the name localhost."""
    return f"{scheme}://{host or 'localhost'}:{port(peer)}{path}"


def unique(name):
    """Return a name of this run alone: the other side uses the same servers at the same time."""
    return name + _run


def told(error):
    """Tell an exception and those it came from, the outermost first."""
    parts, seen = [], set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        parts.append(_one(error))
        error = _source(error)
    return " < ".join(parts)


def _one(error):
    cls = type(error)
    name = cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
    details = []
    if getattr(error, "library", None) == "SSL":
        details.append(str(error.reason))
    if hasattr(error, "verify_code"):
        details.append(str(error.verify_code))
    # Names, since the numbers differ between systems; ssl has numbers of its own.
    if isinstance(error, OSError) and cls.__module__ == "builtins" and error.errno in errno.errorcode:
        details.append(errno.errorcode[error.errno])
    return f"{name}({', '.join(details)})" if details else name


def _source(error):
    """Return the exception that this one was made from: libraries keep it in different places."""
    for inner in (getattr(error, "reason", None), *error.args):
        if isinstance(inner, BaseException):
            return inner
    if error.__cause__ is not None or error.__suppress_context__:
        return error.__cause__
    return error.__context__


def raised(function, *args, **kwargs):
    """Call a function that must fail, and tell how it did."""
    try:
        value = function(*args, **kwargs)
    except Exception as error:
        return told(error)
    raise AssertionError(f"no exception but {value!r}")


def run(function):
    begun = time.monotonic()
    try:
        outcome = {"value": repr(function())}
    except BaseException as error:
        # The words are for the reader of a failure; they are not compared.
        outcome = {"raised": told(error), "words": str(error)[:300]}
    return outcome | {"seconds": round(time.monotonic() - begun, 3)}


def main(file):
    # Cases import this module by its name, and must get the one that runs them.
    sys.modules["harness"] = sys.modules["__main__"]
    runpy.run_path(file, run_name="cases")
    for function in _cases:
        print(json.dumps({"case": function.__name__, "about": function.__doc__} | run(function)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
