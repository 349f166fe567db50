"""download.py URL: read a page as it comes, and say how fast that was."""

import sys
import time

import requests


def main(url):
    begin = time.perf_counter()
    size = 0
    with requests.get(url, stream=True, timeout=10) as reply:
        reply.raise_for_status()
        for chunk in reply.iter_content(64 * 1024):
            size += len(chunk)
    took = time.perf_counter() - begin
    print(f"{size} bytes, {size / took / 2**20:.0f} MiB/s")


if __name__ == "__main__":
    main(*sys.argv[1:])
