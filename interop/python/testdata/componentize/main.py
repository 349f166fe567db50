"""main.py SCRIPT ARGUMENT..., or -c CODE: runs it, with the modules that are here."""

import asyncio
import pkgutil
import runpy
import smtplib
import ssl
import sys

import requests

if __name__ == "__main__":
    del sys.argv[0]
    if sys.argv[0] == "-c":
        exec(sys.argv.pop(1), {"__name__": "__main__"})
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")
