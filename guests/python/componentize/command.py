"""A command that runs main.py as `python main.py` does."""

import sys
from importlib.util import find_spec

import main  # now, since there will be no files to import from
from wit_world import exports

if "asyncio" in sys.modules:
    import _asyncio_on_wasi

_code = find_spec("main").loader.get_code("main")


class Run(exports.Run):
    def run(self):
        exec(_code, {"__name__": "__main__"})
