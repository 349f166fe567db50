"""redis-py with a real Redis."""

import redis
import redis.backoff
import redis.retry

from harness import case, port, raised, unique


def client(peer="redis", **options):
    options.setdefault("socket_timeout", 5)
    once = redis.retry.Retry(redis.backoff.NoBackoff(), 0)
    return redis.Redis("localhost", port(peer), ssl=True, retry=once, **options)


@case
def ping():
    return client().ping()


@case
def set_and_get():
    r = client()
    r.set(unique("key"), b"\x00\xff" * 1000)
    return len(r.get(unique("key"))), r.get("none")


@case
def large_value():
    r = client()
    r.set(unique("large"), b"z" * 3_000_000)
    return len(r.get(unique("large")))


@case
def pipeline():
    r = client()
    with r.pipeline() as p:
        for _ in range(200):
            p.incr(unique("n"))
        return p.execute()[-1]


@case
def publish_and_subscribe():
    r = client()
    with r.pubsub(ignore_subscribe_messages=True) as p:
        p.subscribe(unique("channel"))
        p.get_message(timeout=2)
        r.publish(unique("channel"), "word")
        message = p.get_message(timeout=2)
    return message["data"]


@case
def blocking_pop_times_out():
    return client().blpop(["nothing"], timeout=1)


@case
def socket_timeout():
    return raised(client(socket_timeout=0.3).blpop, ["nothing"], timeout=0)


@case
def lua():
    return client().eval("return {1, ARGV[1]}", 0, "x")


@case
def pool():
    r = client(max_connections=2)
    return [r.echo(str(i)) for i in range(3)], len(r.client_list()) >= 1


@case
def untrusted():
    return raised(client("unknown-ca").ping)


@case
def minimum_version():
    import ssl

    return client(ssl_min_version=ssl.TLSVersion.TLSv1_2).ping()


@case
def own_authority():
    """Roots of the program's own are refused."""
    import os

    return client(ssl_ca_certs=os.environ["OWN_ROOT"]).ping()
