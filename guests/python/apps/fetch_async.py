"""fetch_async.py HOST PORT PATH...: fetch pages of one server at the same time, with asyncio."""

import asyncio
import sys


async def fetch(host, port, path):
    reader, writer = await asyncio.open_connection(host, port, ssl=True)
    writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
    reply = await reader.read()
    writer.close()
    await writer.wait_closed()
    return reply


async def main(host, port, *paths):
    replies = await asyncio.gather(*(fetch(host, int(port), path) for path in paths))
    for path, reply in zip(paths, replies):
        status, _, _ = reply.partition(b"\r\n")
        print(path, status.decode(), len(reply), "bytes")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
