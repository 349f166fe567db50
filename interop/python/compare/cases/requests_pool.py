"""Which connections requests and urllib3 use again."""

import time

import requests
import requests.adapters
import urllib3

from harness import case, port, raised, url


def connection(session, peer="good", path="/"):
    return session.get(url(peer, path)).headers["X-Connection"]


def distinct(peer, n, pause=0):
    with requests.Session() as session:
        seen = set()
        for _ in range(n):
            seen.add(connection(session, peer))
            time.sleep(pause)
        return len(seen)


@case
def one_connection_tls12():
    return distinct("tls12", 5)


@case
def one_connection_tls13():
    return distinct("tls13", 5)


@case
def one_connection_after_tickets():
    """Tickets that arrive while the connection is idle must not look like data."""
    return distinct("tls13", 4, pause=0.1)


@case
def two_hundred_requests():
    return distinct("good", 200)


@case
def without_session():
    return requests.get(url("good")).headers["X-Connection"] != requests.get(url("good")).headers["X-Connection"]


@case
def connection_close():
    with requests.Session() as session:
        return connection(session, path="/close") != connection(session)


@case
def dropped_after_the_answer():
    with requests.Session() as session:
        one = connection(session, path="/drop")
        time.sleep(0.1)
        return connection(session) != one


@case
def idle_too_long():
    """The server ends an idle connection; the next request gets a new one."""
    with requests.Session() as session:
        one = connection(session, "impatient")
        time.sleep(0.6)
        return connection(session, "impatient") != one


@case
def fifty_at_once():
    """Streams that are not read yet hold a connection each."""
    with requests.Session() as session:
        session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=50))
        open_ones = [session.get(url("good", "/chunked"), stream=True) for _ in range(50)]
        distinct = len({r.headers["X-Connection"] for r in open_ones})
        sizes = {len(r.content) for r in open_ones}
        again = connection(session) in {r.headers["X-Connection"] for r in open_ones}
        return distinct, sizes, again


@case
def urllib3_pool():
    with urllib3.PoolManager() as pool:
        seen = {pool.request("GET", url("good")).headers["X-Connection"] for _ in range(5)}
        return len(seen), len(pool.pools)


@case
def urllib3_fingerprint():
    """A fingerprint is of the certificate, which the draft does not show."""
    pool = urllib3.PoolManager(assert_fingerprint="00" * 32)
    return raised(pool.request, "GET", url("good"), retries=False)


@case
def urllib3_asserted_name():
    with urllib3.PoolManager(assert_hostname="localhost") as pool:
        return pool.request("GET", url("good")).status


@case
def urllib3_asserted_other_name():
    pool = urllib3.PoolManager(assert_hostname="other.example")
    return raised(pool.request, "GET", url("good"), retries=False)


@case
def urllib3_server_name():
    """Another name than the URL's, both sent and checked."""
    pool = urllib3.HTTPSConnectionPool("localhost", port("good"), server_hostname="server.test")
    return pool.request("GET", "/sni").data


@case
def urllib3_server_name_mismatch():
    pool = urllib3.HTTPSConnectionPool("localhost", port("good"), server_hostname="other.example")
    return raised(pool.request, "GET", "/", retries=False)


@case
def urllib3_preload_off():
    with urllib3.PoolManager() as pool:
        response = pool.request("GET", url("good", "/lines"), preload_content=False)
        lines = sum(1 for _ in response)
        response.release_conn()
        return lines


@case
def urllib3_timeouts():
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=0.4, read=0.4), retries=False)
    return [raised(pool.request, "GET", u) for u in (url("silent"), url("good", "/slow"), url("full", host="127.0.0.1"))]
