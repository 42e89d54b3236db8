"""What the JSON of a request will cost, by its bytes alone: nothing reads it before that is known and there is room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar

import numpy as np
from starlette.types import Message, Receive

from inpaint_app.server.guard.identity import Visitor

DEPTH = 64
"""Lists and objects in one another; the page's messages have eight."""

BYTE, VALUE, HOLDER = 2, 64, 280
"""Bytes of memory that a byte of the body, a value and a list or object take once read, measured."""

ONE = 128 * 2**20
"""Memory for one body, and for all that wait of one visitor; strokes of 400,000 points take 70 MB."""

ALL = 512 * 2**20
"""Memory for all bodies that wait."""

READ = 256 * 2**20
"""Bytes of bodies on their way in, of all requests together."""

STALL_SECONDS = 60.0
"""A request that sends nothing for so long is given up."""

SMALL = 2**20
"""A body of so much memory is always let in: the queue bounds their number."""

_NO_HOLDER = bytes(set(range(256)) - set(b"[]{}"))

at_hand: ContextVar[int] = ContextVar("memory of the body that is at hand", default=0)


def memory(body: bytes) -> int:
    """Bytes that a body will take once it is read, at most; a text's own commas and brackets count too."""
    holders = body.count(b"[") + body.count(b"{")
    return BYTE * len(body) + VALUE * body.count(b",") + HOLDER * holders


def depth(body: bytes) -> int:
    """How deep the lists and objects of a body lie in one another, whether it is whole or not."""
    outside = b"".join(body.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])
    held = np.frombuffer(outside.translate(None, _NO_HOLDER), np.uint8)
    steps = np.where((held == ord("[")) | (held == ord("{")), 1, -1)
    return int(np.cumsum(steps).max(initial=0))


class Refused(Exception):  # noqa: N818 - never seen outside
    """A body that is not taken in: the status and the sentence of the answer."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status
        self.said = said


class Reader:
    """Takes bodies in whole; what all of them have sent so far is bounded."""

    def __init__(self) -> None:
        self._bytes = 0

    async def whole(self, receive: Receive, limit: float) -> bytes:
        """The body of a request. Raises Refused where it is too long, breaks off, stalls, or there is no room."""
        parts: list[bytes] = []
        got = 0
        try:
            while True:
                message = await asyncio.wait_for(receive(), STALL_SECONDS)
                if message["type"] != "http.request":
                    raise Refused(400, "The request broke off.")
                part = message.get("body", b"")
                got, self._bytes = got + len(part), self._bytes + len(part)
                if got > limit:
                    raise too_long(limit)
                if self._bytes > READ:
                    raise Refused(503, "This server takes in too much just now: try again in a minute.")
                parts.append(part)
                if not message.get("more_body", False):
                    return b"".join(parts)
        except TimeoutError:
            raise Refused(408, "The request stalled: send it again.") from None
        finally:
            self._bytes -= got


def too_long(limit: float) -> Refused:
    """The answer to a body that is over its limit of bytes."""
    return Refused(413, f"The request is over the maximum allowed size of {limit / 1e6:.3g} MB.")


def checked(body: bytes) -> int:
    """The memory that a body will take. Raises Refused where that is too much, or where it is nested too deeply."""
    size = memory(body)
    if size > ONE:
        raise Refused(
            413, f"The request holds too many values: about {ONE >> 20} MB of them are read at most."
        )
    if depth(body) > DEPTH:
        raise Refused(400, f"The request nests lists and objects deeper than {DEPTH}.")
    return size


def replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body that was read already."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


class Waiting:
    """The bodies of events that wait or are worked on: so much memory of one visitor, so much of all."""

    def __init__(self, alive: Callable[[str], bool]) -> None:
        self._alive = alive
        self._held: dict[str, tuple[str, int]] = {}

    def admits(self, visitor: Visitor, size: int) -> bool:
        """Whether there is room for a body of the visitor's that takes `size` bytes."""
        if size <= SMALL:
            return True
        self._held = {event: held for event, held in self._held.items() if self._alive(event)}
        own = sum(taken for address, taken in self._held.values() if address == visitor.address)
        return own + size <= ONE and sum(taken for _, taken in self._held.values()) + size <= ALL

    def hold(self, event: str, visitor: Visitor, size: int) -> None:
        """An event came in with a body of that size."""
        if size > SMALL:
            self._held[event] = (visitor.address, size)
