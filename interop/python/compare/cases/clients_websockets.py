"""websockets, in its form for asyncio, with a server of the same package."""

import asyncio

import websockets.asyncio.client
import websockets.sync.client

from harness import case, raised, url


async def exchange(*messages, peer="websockets", **options):
    async with websockets.asyncio.client.connect(url(peer, scheme="wss"), max_size=None, proxy=None, **options) as connection:
        answers = []
        for message in messages:
            await connection.send(message)
            answers.append(await connection.recv())
        return answers


@case
def text_and_bytes():
    return asyncio.run(exchange("ü", b"\x00\xff", ""))


@case
def large_message():
    message = bytes(range(256)) * 8192
    return asyncio.run(exchange(message)) == [message]


@case
def ping():
    async def main():
        async with websockets.asyncio.client.connect(url("websockets", scheme="wss"), proxy=None) as connection:
            return await (await connection.ping()) < 5

    return asyncio.run(main())


@case
def twenty_at_once():
    async def main():
        return await asyncio.gather(*(exchange(str(i)) for i in range(20)))

    return [answers for [answers] in asyncio.run(main())]


@case
def untrusted():
    return raised(asyncio.run, exchange("x", peer="unknown-ca"))


@case
def not_a_websocket():
    return raised(asyncio.run, exchange("x", peer="good"))


@case
def without_asyncio():
    """The other form reads in a thread."""
    with websockets.sync.client.connect(url("websockets", scheme="wss"), proxy=None) as connection:
        connection.send("x")
        return connection.recv()
