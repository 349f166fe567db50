"""get.py URL...: fetch pages with requests, and say how each ended."""

import sys

import requests


def main(urls):
    failed = False
    for url in urls:
        try:
            reply = requests.get(url, timeout=10)
            print(url, reply.status_code, len(reply.content), "bytes")
        except requests.RequestException as e:
            failed = True
            print(url, type(e).__name__, e)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
