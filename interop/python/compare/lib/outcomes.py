"""A plugin for pytest: tells each test's outcome as a line of JSON, leaves tests out, and has
the fixtures that a suite takes from plugins with servers."""

import json
import os
import re
import sys
import types

import pytest

_patterns = json.loads(os.environ["LEFT_OUT"])
_peers = json.loads(os.environ["PEERS"])


def pytest_configure(config):
    # Tests name files relative to the suite, and some have paths in their names.
    os.chdir(config.rootpath)
    config.addinivalue_line("markers", "timeout: of a plugin that is not there")
    _paths.extend([str(config.rootpath), *os.environ["PYTHONPATH"].split(":")])


_paths = []


def _tell(case, **outcome):
    for path in _paths:
        case = case.replace(path, "")
    print("\n" + json.dumps({"case": case} | outcome), flush=True)


def _matches(pattern, name):
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name, re.DOTALL)


def pytest_ignore_collect(collection_path, config):
    """Leave out files as a whole, since some cannot be imported."""
    name = collection_path.relative_to(config.rootpath).as_posix()
    for pattern in _patterns:
        if pattern.endswith(".py") and _matches(pattern, name):
            _tell(name, leftout=pattern)
            return True


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    kept = []
    for item in items:
        pattern = next((p for p in _patterns if _matches(p, item.nodeid)), None)
        if pattern is None:
            kept.append(item)
        else:
            _tell(item.nodeid, leftout=pattern)
    items[:] = kept


_told = set()


def pytest_collectreport(report):
    if report.failed:
        _tell(report.nodeid, value="failed", words=str(report.longrepr)[-300:])


def pytest_runtest_logreport(report):
    if report.nodeid in _told or report.when == "teardown" and report.passed:
        return
    if report.skipped:
        why = report.wasxfail if hasattr(report, "wasxfail") else report.longrepr[2]
        _tell(report.nodeid, value=f"skipped: {why}")
    elif report.failed:
        crash = getattr(report.longrepr, "reprcrash", None)
        words = crash.message if crash else str(report.longrepr)[-300:]
        _tell(report.nodeid, value="failed", words=words[:300])
    elif report.when == "call":
        _tell(report.nodeid, value="passed", seconds=round(report.duration, 3))
    else:
        return
    _told.add(report.nodeid)


class _Absent(types.ModuleType):
    """Stands for a module with extension modules that a suite imports beside what it needs."""

    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Absent(f"{self.__name__}.{name}")


for _name in ("trustme", "cryptography", "cryptography.hazmat", "cryptography.hazmat.backends", "cryptography.hazmat.primitives"):
    sys.modules[_name] = _Absent(_name)


class _Server:
    def __init__(self, url):
        self.url = url


@pytest.fixture
def httpbin():
    return _Server("http://" + _peers["httpbin"])


@pytest.fixture
def httpbin_secure():
    return _Server("https://" + _peers["httpbin-secure"])


@pytest.fixture
def httpbin_ca_bundle():
    return os.environ["OWN_ROOT"]


@pytest.fixture
def stub_timezone(request):
    from test.tz_stub import stub_timezone_ctx

    with stub_timezone_ctx(request.param):
        yield
