"""What sysconfig reads: of how this CPython was configured, what zoneinfo and others ask for.
The build makes no python that could write it."""

build_time_vars = {
    "EXT_SUFFIX": "",
    "HOST_GNU_TYPE": "wasm32-unknown-wasip2",
    "Py_DEBUG": 0,
    "Py_GIL_DISABLED": 0,
    "TZPATH": "/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo",
    "VERSION": "3.13",
    "WITH_PYMALLOC": 1,
    "exec_prefix": "/usr",
    "prefix": "/usr",
}
