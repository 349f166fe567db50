"""Imported at every start: has asyncio fitted to WASI once somebody imports it."""

import sys
from importlib.machinery import PathFinder


class _Asyncio:
    """Finds asyncio, once, and has it followed by _asyncio_on_wasi."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name != "asyncio":
            return None
        sys.meta_path.remove(cls)
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None:
            spec.loader = _Followed(spec.loader)
        return spec


class _Followed:
    def __init__(self, loader):
        self._loader = loader

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        import _asyncio_on_wasi  # patches what was imported


sys.meta_path.insert(0, _Asyncio)
