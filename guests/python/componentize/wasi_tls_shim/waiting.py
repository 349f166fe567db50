"""Waiting: for sources, which are resources that can be subscribed to, and select and poll on it.

A pollable lives only as long as one wait. So none is left when a stream is moved or dropped,
which a child would forbid.
"""

import select as _select
import time

from . import descriptor
from .bindings import drop, monotonic_clock, poll as _poll

_real_poll = _select.poll
_real_select = _select.select

# How often descriptors of wasi-libc are looked at while those of the shim are waited for, in
# seconds: there is no waiting for both.
_LOOK = 0.01
# Longer than anybody waits, in nanoseconds.
_FOREVER = 1 << 62


def wait(sources, seconds):
    """Wait for one of the sources, at most so long; None is for ever. Return which are ready."""
    pollables = [source.subscribe() for source in sources]
    try:
        limit = _FOREVER if seconds is None else max(0, int(seconds * 1e9))
        pollables.append(monotonic_clock.subscribe_duration(limit))
        return [i for i in _poll.poll(pollables) if i < len(sources)]
    finally:
        drop(*pollables)


class poll:
    """select.poll for descriptors of both kinds."""

    def __init__(self):
        self._events = {}

    def register(self, fd, eventmask=_select.POLLIN | _select.POLLPRI | _select.POLLOUT):
        self._events[_number(fd)] = eventmask

    def modify(self, fd, eventmask):
        number = _number(fd)
        if number not in self._events:
            raise FileNotFoundError(f"descriptor {number} is not registered")
        self._events[number] = eventmask

    def unregister(self, fd):
        del self._events[_number(fd)]

    def poll(self, timeout=None):
        """Return pairs of a descriptor and its events, after at most timeout milliseconds."""
        own = [
            ((number, event), number, event == _select.POLLOUT)
            for number, events in self._events.items()
            for event in (_select.POLLIN, _select.POLLOUT)
            if events & event and descriptor.owns(number)
        ]
        foreign = _real_poll()
        numbers = [number for number in self._events if not descriptor.owns(number)]
        for number in numbers:
            foreign.register(number, self._events[number])
        if not own:
            return foreign.poll(timeout)
        seconds = None if timeout is None or timeout < 0 else timeout / 1000
        found, others = _wait(own, seconds, (lambda: foreign.poll(0)) if numbers else None)
        ready = {}
        for number, event in found:
            ready[number] = ready.get(number, 0) | event
        return [*ready.items(), *others]


def select(rlist, wlist, xlist, timeout=None, /):
    """select.select for descriptors of both kinds."""
    lists, foreign, own = ([], []), ([], []), []
    for index, wanted in enumerate((rlist, wlist)):
        for obj in wanted:
            number = _number(obj)
            if descriptor.owns(number):
                own.append(((index, obj), number, index == 1))
            else:
                foreign[index].append(obj)
    if not own:
        return _real_select(rlist, wlist, xlist, timeout)
    if timeout is not None and timeout < 0:
        raise ValueError("timeout must be non-negative")

    def look():
        readable, writable, _ = _real_select(*foreign, [], 0)
        return [(0, obj) for obj in readable] + [(1, obj) for obj in writable]

    found, others = _wait(own, timeout, look if any(foreign) else None)
    for index, obj in found + others:
        lists[index].append(obj)
    return *lists, []


def _wait(own, seconds, look):
    """Wait for some of own, which are (key, number, writing), or until look finds others.

    Return the keys of those ready, and the others.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    while True:
        ready, keys, sources = [], [], []
        for key, number, writing in own:
            source = descriptor.of(number).source(writing)
            if source is None:
                ready.append(key)
            else:
                keys.append(key)
                sources.append(source)
        others = look() if look else []
        left = None if deadline is None else max(0, deadline - time.monotonic())
        over = left == 0
        if ready or others:
            left = 0
        elif look:
            left = _LOOK if left is None else min(left, _LOOK)
        ready += [keys[i] for i in wait(sources, left)]
        if ready or others or over:
            return ready, others


def _number(obj):
    return obj if isinstance(obj, int) else obj.fileno()
