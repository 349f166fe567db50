"""paho-mqtt with a real Mosquitto. Its loop is called, not run in a thread."""

import ssl
import time

import paho.mqtt.client as mqtt

from harness import case, port, raised, unique


def client(peer="mqtt"):
    c = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    c.tls_set_context(ssl.create_default_context())
    c.connect("localhost", port(peer))
    return c


def until(c, done):
    deadline = time.monotonic() + 10
    while not done() and time.monotonic() < deadline:
        c.loop(0.05)
    return bool(done())


@case
def connect():
    c = client()
    connected = until(c, c.is_connected)
    return connected, c.disconnect().name


@case
def publish_and_receive():
    c, got = client(), []
    c.on_message = lambda _client, _data, message: got.append(message.payload)
    until(c, c.is_connected)
    subscribed = []
    c.on_subscribe = lambda *_: subscribed.append(True)
    c.subscribe(unique("topic/"), qos=1)
    until(c, lambda: subscribed)
    for payload in (b"one", b"z" * 300000):
        c.publish(unique("topic/"), payload, qos=1)
    until(c, lambda: len(got) == 2)
    c.disconnect()
    return [len(payload) for payload in got]


@case
def untrusted():
    return raised(client, "unknown-ca")


@case
def in_a_thread():
    """loop_start wants a thread."""
    c = client()
    c.loop_start()
    c.loop_stop()
    return "ran"
