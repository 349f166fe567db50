"""Python imports this before the program, which finds TCP and TLS in place."""

import sys


# Building leaves nothing behind in the folders that it reads.
sys.dont_write_bytecode = True

import wasi_tls_shim

try:
    wasi_tls_shim.install()
except Exception as e:
    # Python would go on without: a component that is built in spite of this lacks the shim.
    sys.exit(f"wasi_tls_shim: {type(e).__name__}: {e}")
