"""What the draft cannot express is refused, and nothing is quietly weaker."""

import os
import ssl
import warnings

import requests

from harness import case, port, raised, url

OWN = os.environ["OWN_ROOT"]


def quiet_get(address, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return requests.get(address, timeout=10, **options).text


@case
def verify_own_file():
    return requests.get(url("good"), verify=OWN).text


@case
def verify_own_file_that_is_not_there():
    return raised(requests.get, url("good"), verify="/no/such/file")


@case
def verify_own_data():
    """Roots given as text."""
    with open(OWN) as file:
        context = ssl.create_default_context(cadata=file.read())
    return context.cert_store_stats()["x509_ca"]


@case
def client_certificate():
    return requests.get(url("wants-client"), cert=(os.environ["CLIENT_CERT"], os.environ["CLIENT_KEY"])).text


@case
def client_certificate_missing():
    return raised(requests.get, url("wants-client"))


@case
def verify_off_warns():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        text = requests.get(url("good"), verify=False).text
    return text, sorted({w.category.__name__ for w in caught})


@case
def verify_off_with_a_bad_certificate():
    """The host verifies whatever the guest says."""
    return quiet_get(url("self-signed"), verify=False)


@case
def verify_off_with_a_wrong_name():
    """The host verifies whatever the guest says."""
    return quiet_get(url("wrong-name"), verify=False)


@case
def name_check_off():
    """The host checks the name whatever the guest says."""
    import urllib3

    return urllib3.PoolManager(assert_hostname=False).request("GET", url("wrong-name"), retries=False).data


@case
def only_tls13():
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context.minimum_version.name


@case
def only_tls13_connects():
    """The draft has no way to name a version, so that one left out might be used."""
    import http.client

    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    connection = http.client.HTTPSConnection("localhost", port("tls13"), context=context)
    connection.request("GET", "/")
    return connection.getresponse().status


@case
def revocation_lists():
    """Without a list, checking fails; with the draft, asking does."""
    import http.client

    context = ssl.create_default_context()
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return raised(http.client.HTTPSConnection("localhost", port("good"), context=context).request, "GET", "/")
