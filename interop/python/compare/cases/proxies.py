"""Proxies."""

import requests
import urllib3

from harness import case, port, raised, url


def proxies(peer, user="", scheme="http"):
    return {"https": f"{scheme}://{user}127.0.0.1:{port(peer)}"}


@case
def connect():
    return requests.get(url("good"), proxies=proxies("proxy")).text


@case
def name_that_the_proxy_knows():
    return requests.get(url("good", "/sni", host="server.test"), proxies=proxies("proxy")).text


@case
def kept_alive_through_proxy():
    with requests.Session() as session:
        session.proxies = proxies("proxy")
        return len({session.get(url("good")).headers["X-Connection"] for _ in range(4)})


@case
def bad_certificate_behind_proxy():
    return raised(requests.get, url("expired"), proxies=proxies("proxy"))


@case
def proxy_refuses():
    return raised(requests.get, url("good", host="forbidden.test"), proxies=proxies("proxy"))


@case
def proxy_wants_a_password():
    return raised(requests.get, url("good"), proxies=proxies("proxy-password"))


@case
def proxy_with_password():
    return requests.get(url("good"), proxies=proxies("proxy-password", "user:pass@")).text


@case
def proxy_is_not_there():
    return raised(requests.get, url("good"), proxies=proxies("dead"))


@case
def proxy_is_silent():
    return raised(requests.get, url("good"), proxies=proxies("silent"), timeout=0.4)


@case
def plain_http_through_proxy():
    return requests.get(url("plain", scheme="http"), proxies={"http": f"http://127.0.0.1:{port('proxy')}"}).text


@case
def proxy_with_tls():
    """TLS to the proxy, and TLS in it to the server: urllib3 does the second on memory."""
    return requests.get(url("good"), proxies=proxies("proxy-tls", scheme="https")).text


@case
def proxy_without_tls():
    """The hint that the proxy speaks no TLS."""
    try:
        requests.get(url("good"), proxies=proxies("proxy", scheme="https"))
    except requests.exceptions.RequestException as error:
        return type(error).__name__, "Your proxy appears to only use HTTP and not HTTPS" in str(error)
