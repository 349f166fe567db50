"""session.py URL [N]: ask N times, 10 unless told otherwise, over one connection."""

import sys
import time

import requests


def main(url, n="10"):
    n = int(n)
    with requests.Session() as session:
        session.get(url).raise_for_status()
        begin = time.perf_counter()
        for _ in range(n):
            session.get(url).raise_for_status()
        took = time.perf_counter() - begin
    print(f"{n} requests, {took / n * 1000:.2f} ms each")


if __name__ == "__main__":
    main(*sys.argv[1:])
