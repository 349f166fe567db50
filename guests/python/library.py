"""Writes the library of python.wasm: the standard library and `_ssl`, compiled, in one archive.

    library.py OUTPUT SOURCE...

Each SOURCE is a folder whose modules and packages are taken, later ones over earlier ones. The
archive is stored, not compressed: modules are read from it at every start, and it is packed as a
whole to be kept. Sources stay out; a traceback shows the lines of the program only.
"""

import importlib._bootstrap_external as bootstrap
import pathlib
import sys
import zipfile

# What needs a screen, a process, a C module that is not there, or nobody in a guest.
LEFT_OUT = {
    "__phello__", "__pycache__", "ctypes", "curses", "dbm", "ensurepip", "idlelib", "lib2to3",
    "pydoc_data", "site-packages", "sqlite3", "test", "tkinter", "turtle.py",
    "turtledemo", "venv",
}


def modules(source):
    """Yield the Python files of a folder, with their names relative to it."""
    for path in sorted(source.rglob("*.py")):
        name = path.relative_to(source)
        if LEFT_OUT.isdisjoint(name.parts):
            yield name, path


def compiled(name, path):
    """Return a module's code in the form of a .pyc that is never compared with its source."""
    text = path.read_bytes()
    code = compile(text, f"<library>/{name.as_posix()}", "exec", dont_inherit=True, optimize=0)
    # The hash of the source is there for form's sake; flag 1 means unchecked.
    return bytes(bootstrap._code_to_hash_pyc(code, bytes(8), checked=False))


def main(output, *sources):
    found = {}
    for source in sources:
        found.update(modules(pathlib.Path(source)))
    with zipfile.ZipFile(output, "w") as archive:
        for name in sorted(found):
            entry = zipfile.ZipInfo(name.with_suffix(".pyc").as_posix(), (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            archive.writestr(entry, compiled(name, found[name]))


if __name__ == "__main__":
    main(*sys.argv[1:])
