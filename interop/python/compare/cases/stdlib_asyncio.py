"""asyncio's streams."""

import asyncio
import ssl

from harness import case, port, raised


async def request(reader, writer, path=b"/"):
    writer.write(b"GET " + path + b" HTTP/1.0\r\n\r\n")
    await writer.drain()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer.partition(b"\r\n\r\n")[2]


async def get(peer, host="localhost", path=b"/", **options):
    return await request(*await asyncio.open_connection(host, port(peer), ssl=ssl.create_default_context(), **options), path)


@case
def plain():
    async def main():
        return await request(*await asyncio.open_connection("localhost", port("plain")))

    return asyncio.run(main())


@case
def tls():
    return asyncio.run(get("good"))


@case
def tls_by_address():
    return asyncio.run(get("good", "127.0.0.1"))


@case
def three_megabytes():
    return len(asyncio.run(get("good", path=b"/big")))


@case
def other_server_name():
    return asyncio.run(get("good", path=b"/sni", server_hostname="server.test"))


@case
def untrusted():
    return raised(asyncio.run, get("unknown-ca"))


@case
def wrong_name():
    return raised(asyncio.run, get("wrong-name"))


@case
def refused():
    return raised(asyncio.run, get("dead"))


@case
def handshake_timeout():
    return raised(asyncio.run, get("silent", ssl_handshake_timeout=0.3))


@case
def read_timeout():
    async def main():
        async with asyncio.timeout(0.3):
            return await get("good", path=b"/slow")

    return raised(asyncio.run, main())


@case
def thirty_at_once():
    async def main():
        return await asyncio.gather(*(get("good", path=b"/drip") for _ in range(30)))

    return {len(body) for body in asyncio.run(main())}


@case
def start_tls():
    async def main():
        reader, writer = await asyncio.open_connection("localhost", port("smtp"))
        lines = [await reader.readline()]
        for command, answers in ((b"EHLO x\r\n", 2), (b"STARTTLS\r\n", 1)):
            writer.write(command)
            lines += [await reader.readline() for _ in range(answers)]
        await writer.start_tls(ssl.create_default_context(), server_hostname="localhost")
        writer.write(b"EHLO x\r\n")
        lines.append(await reader.readline())
        writer.close()
        return lines

    return asyncio.run(main())


@case
def echo_both_ways():
    async def main():
        reader, writer = await asyncio.open_connection("localhost", port("echo"), ssl=ssl.create_default_context())
        data = b"0123456789" * 50000
        writer.write(data)
        got = await reader.readexactly(len(data))
        writer.close()
        return got == data

    return asyncio.run(main())
