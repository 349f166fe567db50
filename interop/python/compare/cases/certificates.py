"""Certificates good and bad, as requests sees them."""

import requests

from harness import case, port, raised, url


def get(peer, host=None):
    return requests.get(url(peer, host=host), timeout=10).text


def through_proxy(peer, name):
    """Ask for a name that only the proxy knows how to find."""
    return requests.get(url(peer, host=name), proxies={"https": url("proxy", "", scheme="http")}, timeout=10).text


@case
def chain_with_intermediate():
    return get("good")


@case
def rsa():
    return get("rsa")


@case
def ed25519():
    return get("ed25519")


@case
def address_in_certificate():
    return get("good", "127.0.0.1")


@case
def address_of_version_six():
    return get("good6", "[::1]")


@case
def internationalized_name():
    return through_proxy("idn", "bücher.test")


@case
def wildcard():
    return through_proxy("wildcard", "one.wild.test")


@case
def wildcard_is_one_label():
    return raised(through_proxy, "wildcard", "a.b.wild.test")


@case
def upper_case_name():
    return through_proxy("good", "SERVER.Test")


@case
def wrong_name():
    return raised(get, "wrong-name")


@case
def address_not_in_certificate():
    return raised(get, "wrong-name", "127.0.0.1")


@case
def no_names():
    return raised(get, "no-names")


@case
def expired():
    return raised(get, "expired")


@case
def not_yet_valid():
    return raised(get, "too-early")


@case
def self_signed():
    return raised(get, "self-signed")


@case
def unknown_authority():
    return raised(get, "unknown-ca")


@case
def missing_intermediate():
    return raised(get, "no-chain")


@case
def not_for_servers():
    return raised(get, "for-clients")


@case
def intermediate_expired():
    return raised(get, "old-intermediate")


@case
def path_too_long():
    return raised(get, "path-too-long")


@case
def name_outside_constraints():
    return raised(get, "constrained")


@case
def is_a_connection_error_too():
    try:
        get("self-signed")
    except requests.exceptions.SSLError as error:
        return isinstance(error, requests.exceptions.ConnectionError), "CERTIFICATE_VERIFY_FAILED" in str(error)


@case
def good_after_bad():
    """A refusal leaves the session usable."""
    with requests.Session() as session:
        first = raised(session.get, url("expired"))
        return first, session.get(url("good")).text, raised(session.get, url("expired")) == first
