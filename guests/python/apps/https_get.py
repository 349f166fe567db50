"""https_get.py URL: print "HTTP " and the status in a line, then the body; or say why not."""

import sys
import urllib.error
import urllib.request


def fetch(url):
    try:
        return urllib.request.urlopen(url, timeout=30)
    except urllib.error.HTTPError as reply:
        return reply


def main(url):
    try:
        with fetch(url) as reply:
            body = reply.read()
            sys.stdout.buffer.write(b"HTTP %d\n" % reply.status + body)
    except OSError as e:
        return f"{url}: {e}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
