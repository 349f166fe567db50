"""A command that runs main.py as `python main.py` does."""

import sys
import traceback
from importlib.util import find_spec

import main  # now, since there will be no files to import from
from componentize_py_types import Err
from wit_world import exports

if "asyncio" in sys.modules:
    import _asyncio_on_wasi

_code = find_spec("main").loader.get_code("main")


class Run(exports.Run):
    def run(self):
        try:
            exec(_code, {"__name__": "__main__"})
        except Exception:
            # One that leaves this function would end the guest in a trap.
            traceback.print_exc()
            raise Err(None)
