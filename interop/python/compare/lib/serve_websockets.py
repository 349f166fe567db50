"""serve_websockets.py PORT CERT KEY: echo messages over WebSocket on loopback."""

import asyncio
import ssl
import sys

import websockets.asyncio.server


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[2:])
    async with websockets.asyncio.server.serve(echo, "127.0.0.1", int(sys.argv[1]), ssl=context, max_size=None) as server:
        await server.serve_forever()


asyncio.run(main())
