"""Does one thing many times and prints the seconds that one took.

    speed.py import           import requests
    speed.py get COUNT        a page of 1 KiB on a connection that is kept
    speed.py content COUNT    64 MiB at once
    speed.py stream COUNT     64 MiB in parts of 64 KiB
"""

import sys
import time

from harness import url


def measured(action, count):
    action()
    start = time.perf_counter()
    for _ in range(count):
        action()
    return (time.perf_counter() - start) / count


def main(what, count="1"):
    start = time.perf_counter()
    import requests

    if what == "import":
        return time.perf_counter() - start
    session = requests.Session()

    def get():
        assert len(session.get(url("good", "/zeros/1024")).content) == 1024

    def content():
        assert len(session.get(url("good", "/zeros/67108864")).content) == 64 << 20

    def stream():
        with session.get(url("good", "/zeros/67108864"), stream=True) as reply:
            assert sum(map(len, reply.iter_content(64 << 10))) == 64 << 20

    return measured({"get": get, "content": content, "stream": stream}[what], int(count))


print(main(*sys.argv[1:]))
