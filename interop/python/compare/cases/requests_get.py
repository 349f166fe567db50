"""What requests is used for."""

import io
import time

import requests
import requests.adapters
import urllib3.util

from harness import case, raised, unique, url


def echo(method="POST", **options):
    return requests.request(method, url("good", "/echo"), timeout=10, **options)


@case
def get():
    response = requests.get(url("good"))
    return response.status_code, response.reason, response.text, response.headers["Content-Length"], response.encoding


@case
def get_tls12():
    return requests.get(url("tls12", "/version")).text


@case
def get_tls13():
    return requests.get(url("tls13", "/version")).text


@case
def parameters():
    return requests.get(url("good", "/query"), params={"q": "ü &", "l": [1, 2]}).text


@case
def fragment_and_path():
    return requests.get(url("good", "/path/a%2Fb/ü?x#y")).text


@case
def head():
    response = requests.head(url("good", "/big"))
    return response.headers["Content-Length"], response.content


@case
def methods():
    return [echo(method).headers["X-Method"] for method in ("PUT", "PATCH", "DELETE", "OPTIONS")]


@case
def post_form():
    response = echo(data={"a": "ü", "b": ["1", "2"]})
    return response.headers["X-Type"], response.text


@case
def post_json():
    return echo(json={"a": "b" * 100000}).json()["a"].count("b")


@case
def post_bytes():
    return echo(data=b"\x00\xff" * 10).content


@case
def post_generator():
    response = echo(data=(b"x" * 1000 for _ in range(50)))
    return response.headers["X-Transfer"], len(response.content)


@case
def post_file():
    response = echo(files={"f": ("n.txt", io.BytesIO(b"q" * 200000), "text/x")})
    return response.headers["X-Type"].partition(";")[0], response.content.count(b"q"), b'filename="n.txt"' in response.content


@case
def post_three_megabytes():
    data = bytes(range(256)) * 12288
    return echo(data=data).content == data


@case
def get_three_megabytes():
    body = requests.get(url("good", "/big")).content
    return len(body), body.count(b"0123456789")


@case
def gzip():
    response = requests.get(url("good", "/gzip"))
    return response.headers["Content-Encoding"], len(response.content)


@case
def deflate():
    response = requests.get(url("good", "/deflate"))
    return response.headers["Content-Encoding"], len(response.content)


@case
def stream_of_gzip():
    with requests.get(url("good", "/gzip"), stream=True) as response:
        return [len(part) for part in response.iter_content(4000)]


@case
def stream_of_chunks():
    with requests.get(url("good", "/chunked"), stream=True) as response:
        return sum(len(part) for part in response.iter_content(700))


@case
def stream_is_not_read_ahead():
    """The first line is there long before the last."""
    begun = time.monotonic()
    with requests.get(url("good", "/drip"), stream=True) as response:
        lines = response.iter_lines()
        first, early = next(lines), time.monotonic() - begun < 0.4
        return first, early, len(list(lines))


@case
def raw_stream():
    with requests.get(url("good", "/gzip"), stream=True) as response:
        return response.raw.read(2), response.raw.read(2, decode_content=False) is not None


@case
def stream_left_early():
    """The connection of a body that was not read is not used again."""
    with requests.Session() as session:
        with session.get(url("good", "/big"), stream=True) as response:
            one = response.headers["X-Connection"]
            part = next(response.iter_content(1000))
        return len(part), session.get(url("good")).headers["X-Connection"] != one


@case
def redirects():
    response = requests.get(url("good", "/redirect/3"))
    return response.status_code, response.text, [r.status_code for r in response.history]


@case
def too_many_redirects():
    return raised(requests.get, url("good", "/redirect/40"))


@case
def redirect_to_another_peer():
    """Authorization does not go along."""
    target = url("tls12", "/authorization")
    return requests.get(url("good", "/to"), params={"url": target}, auth=("a", "b")).text


@case
def redirect_keeps_method_307():
    response = requests.post(url("good", "/to307"), params={"url": url("good", "/echo")}, data="body")
    return response.headers["X-Method"], response.text


@case
def cookies():
    with requests.Session() as session:
        session.get(url("good", "/cookies/set"))
        return sorted(session.cookies.get_dict()), session.get(url("good", "/cookies")).text


@case
def cookies_of_a_redirect():
    response = requests.get(url("good", "/cookies/redirect"))
    return response.text, response.history[0].cookies.get_dict(), response.cookies.get_dict()


@case
def basic_authentication():
    return requests.get(url("good", "/authorization"), auth=("user", "pass")).text


@case
def digest_authentication():
    response = requests.get(url("good", "/digest"), auth=requests.auth.HTTPDigestAuth("user", "pass"))
    return response.status_code, response.text


@case
def status_error():
    response = requests.get(url("good", "/status/404"))
    return response.ok, raised(response.raise_for_status)


@case
def response_hooks():
    seen = []
    requests.get(url("good"), hooks={"response": lambda r, **_: seen.append(r.status_code)})
    return seen


@case
def elapsed_and_url():
    response = requests.get(url("good"))
    return response.elapsed.total_seconds() < 5, response.url == url("good")


@case
def invalid_json():
    return raised(requests.get(url("good")).json)


@case
def invalid_url():
    return raised(requests.get, "https://"), raised(requests.get, "nothing")


@case
def truncated_body():
    return raised(lambda: requests.get(url("good", "/truncated")).content)


@case
def truncated_chunks():
    return raised(lambda: requests.get(url("good", "/truncated-chunks")).content)


@case
def body_until_the_end():
    return requests.get(url("good", "/until-end")).text


@case
def plain_http():
    return requests.get(url("plain", scheme="http")).text


@case
def https_of_a_plain_server():
    return raised(requests.get, url("plain"))


@case
def http_of_a_tls_server():
    response = requests.get(url("good", scheme="http"))
    return response.status_code, response.text.strip()


@case
def closed_in_the_handshake():
    return raised(requests.get, url("closes-early"))


@case
def refused():
    return raised(requests.get, url("dead"))


@case
def unknown_host():
    return raised(requests.get, "https://no-such-host.invalid/").replace("socket.gaierror", "gaierror")


@case
def connect_timeout():
    return raised(requests.get, url("full", host="127.0.0.1"), timeout=(0.4, 5))


@case
def handshake_timeout():
    return raised(requests.get, url("silent"), timeout=0.4)


@case
def read_timeout():
    return raised(requests.get, url("good", "/slow"), timeout=0.4)


@case
def body_timeout():
    return raised(requests.get, url("good", "/stalls"), timeout=0.4)


@case
def timeout_that_is_enough():
    return requests.get(url("good", "/slow"), timeout=8).text


@case
def retry_of_connections():
    with requests.Session() as session:
        session.mount("https://", requests.adapters.HTTPAdapter(max_retries=2))
        return raised(session.get, url("dead"))


@case
def retry_of_statuses():
    retry = urllib3.util.Retry(3, status_forcelist=[503], backoff_factor=0.01)
    with requests.Session() as session:
        session.mount("https://", requests.adapters.HTTPAdapter(max_retries=retry))
        response = session.get(url("good", unique("/flaky/")))
        return response.text, len(response.raw.retries.history)


@case
def no_retry_of_bad_certificates():
    retry = urllib3.util.Retry(connect=2, read=2, total=2, backoff_factor=0.01)
    with requests.Session() as session:
        session.mount("https://", requests.adapters.HTTPAdapter(max_retries=retry))
        return raised(session.get, url("expired"))
