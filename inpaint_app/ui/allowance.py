"""How much one visitor may ask for: so many pieces of work at once, so many fills in a minute.

Visitors are told apart by their network address, because a new tab or a new API client costs nothing.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from inpaint_app.errors import TooMany
from inpaint_app.settings import Settings

MINUTE = 60.0
KNOWN = 4096
"""Visitors remembered before those who ask for nothing are forgotten."""


class Allowance:
    """What one visitor has going on, and how much it was in the last minute. 0 is no limit."""

    def __init__(self, at_once: int = 0, per_minute: int = 0) -> None:
        self.at_once = at_once
        self.per_minute = per_minute
        self._lock = threading.Lock()
        self._going = 0
        self._asked: deque[float] = deque()

    @contextmanager
    def turn(self, fills: int = 1) -> Iterator[None]:
        """Hold one piece of work of that many fills; raises TooMany, and then nothing is counted."""
        with self._lock:
            self._admit(fills)
            self._going += 1
            self._asked.extend([time.monotonic()] * (fills if self.per_minute else 0))
        try:
            yield
        finally:
            with self._lock:
                self._going -= 1

    @property
    def idle(self) -> bool:
        """Whether nothing is going on, nor was in the last minute."""
        with self._lock:
            self._forget()
            return not self._going and not self._asked

    def _admit(self, fills: int) -> None:
        if self.at_once and self._going >= self.at_once:
            things = "one thing" if self.at_once == 1 else f"{self.at_once} things"
            raise TooMany(
                f"{things.capitalize()} of yours are being worked on here already, expected at most that many: wait "
                "for one, or cancel it. Photo and mask are as they were."
            )
        if not self.per_minute:
            return
        if fills > self.per_minute:
            raise TooMany(
                f"That is {fills} fills at once, this server does {self.per_minute} a minute: choose fewer."
            )
        self._forget()
        over = len(self._asked) + fills - self.per_minute
        if over > 0:
            wait = MINUTE - (time.monotonic() - self._asked[over - 1])
            raise TooMany(
                f"This server does {self.per_minute} fills a minute for each visitor: try again in "
                f"{max(1, round(wait))} s. "
                "Photo and mask are as they were."
            )

    def _forget(self) -> None:
        now = time.monotonic()
        while self._asked and now - self._asked[0] >= MINUTE:
            self._asked.popleft()


class Allowances:
    """One allowance for each visitor's address."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._known: dict[str, Allowance] = {}

    def of(self, request: Any) -> Allowance:
        """The allowance of whoever sent a request (gr.Request, or anything with `client` and `headers`)."""
        return self.at(visitor(request, self._settings.behind_proxy))

    def at(self, who: str) -> Allowance:
        """The allowance of an address."""
        with self._lock:
            if who not in self._known:
                if len(self._known) >= KNOWN:
                    self._known = {key: held for key, held in self._known.items() if not held.idle}
                self._known[who] = Allowance(
                    self._settings.visitor_at_once, self._settings.visitor_per_minute
                )
            return self._known[who]


def visitor(request: Any, behind_proxy: bool) -> str:
    """The address of whoever sent a request.

    Behind a proxy it is the last public address of X-Forwarded-For: what stands before it the visitor may have
    written, what stands behind it are the proxy's own machines. An IPv6 visitor owns a /64, so that counts as one.
    """
    client = getattr(request, "client", None)
    own = str(getattr(client, "host", None) or "")
    headers: Mapping[str, str] = getattr(request, "headers", None) or {}
    named = (
        [part.strip() for part in str(headers.get("x-forwarded-for") or "").split(",")]
        if behind_proxy
        else []
    )
    for text in (*reversed(named), own):
        try:
            address = ipaddress.ip_address(text.strip("[]"))
        except ValueError:
            continue
        if address.is_global or text == own:
            return (
                str(ipaddress.ip_network((address, 64), strict=False))
                if address.version == 6
                else str(address)
            )
    return own


__all__ = ["Allowance", "Allowances", "visitor"]
