"""Other clients of HTTP: httpx, boto3, aiohttp."""

import asyncio
import ssl

import aiohttp
import boto3
import botocore.config
import botocore.exceptions
import httpx

from harness import case, raised, unique, url


@case
def httpx_get():
    response = httpx.get(url("good"))
    return response.status_code, response.http_version, response.text


@case
def httpx_client():
    with httpx.Client() as client:
        return len({client.get(url("good")).headers["X-Connection"] for _ in range(5)})


@case
def httpx_post():
    response = httpx.post(url("good", "/echo"), json={"a": "b" * 100000})
    return len(response.json()["a"]), response.headers["X-Type"]


@case
def httpx_stream():
    with httpx.stream("GET", url("good", "/chunked")) as response:
        return sum(len(part) for part in response.iter_bytes())


@case
def httpx_gzip():
    return len(httpx.get(url("good", "/gzip")).content)


@case
def httpx_redirects():
    response = httpx.get(url("good", "/redirect/2"), follow_redirects=True)
    return response.text, len(response.history)


@case
def httpx_untrusted():
    return raised(httpx.get, url("unknown-ca"))


@case
def httpx_wrong_name():
    return raised(httpx.get, url("wrong-name"))


@case
def httpx_timeouts():
    return [raised(httpx.get, u, timeout=0.4) for u in (url("silent"), url("good", "/slow"), url("full", host="127.0.0.1"))]


@case
def httpx_refused():
    return raised(httpx.get, url("dead"))


@case
def httpx_proxy():
    return httpx.get(url("good"), proxy=url("proxy", "", scheme="http")).text


@case
def httpx_async():
    """Its TLS is on memory, by way of anyio."""

    async def main():
        async with httpx.AsyncClient() as client:
            return (await client.get(url("good"))).text

    return asyncio.run(main())


def s3(peer="good", **options):
    config = botocore.config.Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, **options)
    return boto3.client(
        "s3", endpoint_url=url(peer, ""), aws_access_key_id="id", aws_secret_access_key="secret", region_name="us-east-1", config=config
    )


@case
def boto3_put_and_get():
    client = s3()
    client.put_object(Bucket="bucket", Key=unique("one"), Body=b"data" * 5000)
    return client.get_object(Bucket="bucket", Key=unique("one"))["Body"].read() == b"data" * 5000


@case
def boto3_list_and_delete():
    client = s3()
    for key in "ab":
        client.put_object(Bucket="bucket", Key=unique("list/") + key, Body=key.encode())
    client.delete_object(Bucket="bucket", Key=unique("list/") + "a")
    listed = client.list_objects_v2(Bucket="bucket", Prefix=unique("list/"))
    return [(o["Key"] == unique("list/") + "b", o["Size"]) for o in listed["Contents"]]


@case
def boto3_no_such_key():
    try:
        s3().get_object(Bucket="bucket", Key="none")
    except botocore.exceptions.ClientError as error:
        return type(error).__name__, error.response["Error"]["Code"]


@case
def boto3_untrusted():
    return raised(s3("unknown-ca").list_objects_v2, Bucket="bucket")


@case
def boto3_wrong_name():
    """botocore switches off the check of names in ssl, and compares with the certificate itself."""
    return raised(s3("wrong-name").list_objects_v2, Bucket="bucket")


@case
def boto3_read_timeout():
    return raised(s3("silent", connect_timeout=0.4, read_timeout=0.4).list_objects_v2, Bucket="bucket")


def aio(coroutine):
    return asyncio.run(coroutine)


async def aio_get(peer, path="/", n=1, **options):
    timeout = aiohttp.ClientTimeout(total=options.pop("timeout", 20))
    async with aiohttp.ClientSession(timeout=timeout) as session:
        for _ in range(n):
            async with session.get(url(peer, path), **options) as response:
                body = await response.text()
        return response.status, response.headers.get("X-Connection"), body


@case
def aiohttp_get():
    return aio(aio_get("good"))[::2]


@case
def aiohttp_post():
    async def main():
        async with aiohttp.ClientSession() as session:
            async with session.post(url("good", "/echo"), data=b"x" * 200000) as response:
                return len(await response.read())

    return aio(main())


@case
def aiohttp_gzip():
    return len(aio(aio_get("good", "/gzip"))[2])


@case
def aiohttp_at_once():
    async def main():
        async with aiohttp.ClientSession() as session:

            async def one():
                async with session.get(url("good", "/chunked")) as response:
                    return len(await response.read())

            return await asyncio.gather(*(one() for _ in range(20)))

    return set(aio(main()))


@case
def aiohttp_untrusted():
    return raised(aio, aio_get("unknown-ca"))


@case
def aiohttp_wrong_name():
    return raised(aio, aio_get("wrong-name"))


@case
def aiohttp_timeout():
    return raised(aio, aio_get("good", "/slow", timeout=0.4))


@case
def aiohttp_proxy():
    """TLS in a connection that the proxy made."""
    return aio(aio_get("good", proxy=url("proxy", "", scheme="http")))[::2]
