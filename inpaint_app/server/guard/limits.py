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
from dataclasses import dataclass, field
from typing import Any

from inpaint_app.errors import TooMany
from inpaint_app.settings import Settings
from inpaint_app.types import Progress

MINUTE = 60.0
KNOWN = 4096
"""Visitors remembered before those who ask for nothing are forgotten."""


SECONDS_A_FILL = 3.0
"""Work whose cost nobody could know before counts as a fill for so many seconds."""

USUAL_SECONDS = 2.0
"""What opening a photo may take without costing more."""

OPENING = 0.5
"""What opening a photo counts before it is known how long it takes."""


SHOTS = 11
"""Further shots of a photo's place that one removal may have."""


@dataclass(slots=True, eq=False)
class Turn:
    """One piece of work: what is paid for it already, and the way to pay for more."""

    allowance: Allowance
    paid: float

    def charge(self, fills: float) -> None:
        """Take from what is paid, and ask for the rest; raises TooMany where there is not so much left."""
        more, self.paid = max(0.0, fills - self.paid), max(0.0, self.paid - fills)
        if more:
            self.allowance.charge(more)

    def spent(self, seconds: float) -> None:
        """Pay afterwards for what took longer than is usual; never refused, but what follows may be."""
        self.allowance.record(max(0.0, seconds - USUAL_SECONDS) / SECONDS_A_FILL)


@dataclass(eq=False)
class Allowance:
    """What one visitor has going on, and how much it was in the last minute. 0 is no limit.

    who: the visitor's address, in whose name work is done.
    """

    at_once: int = 0
    per_minute: int = 0
    who: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _going: int = 0
    _asked: deque[tuple[float, float]] = field(default_factory=deque)

    @contextmanager
    def turn(self, fills: float = 1, progress: Progress | None = None) -> Iterator[Turn]:
        """Hold one piece of work of that many fills; raises TooMany, and then nothing is counted.

        progress: of the work, which then charges what it turns out to cost beyond that.
        """
        with self._lock:
            self._admit_one()
            self._admit(fills)
            self._going += 1
            self._record(fills)
        turn = Turn(self, fills)
        if progress is not None:
            progress.ticket.charge, progress.ticket.spent = turn.charge, turn.spent
        try:
            yield turn
        finally:
            with self._lock:
                self._going -= 1

    def charge(self, fills: float) -> None:
        """Count more fills for work that is going on; raises TooMany, and then nothing is counted."""
        with self._lock:
            self._admit(fills)
            self._record(fills)

    def record(self, fills: float) -> None:
        """Count what was done already."""
        with self._lock:
            self._record(fills)

    @property
    def idle(self) -> bool:
        """Whether nothing is going on, nor was in the last minute."""
        with self._lock:
            self._forget()
            return not self._going and not self._asked

    def _record(self, fills: float) -> None:
        if self.per_minute and fills > 0:
            self._asked.append((time.monotonic(), fills))

    def _admit_one(self) -> None:
        if self.at_once and self._going >= self.at_once:
            things = "one thing" if self.at_once == 1 else f"{self.at_once} things"
            raise TooMany(
                f"{things.capitalize()} of yours are being worked on here already, expected at most that many: wait "
                "for one, or cancel it. Photo and mask are as they were."
            )

    def _admit(self, fills: float) -> None:
        if not self.per_minute:
            return
        if fills > self.per_minute:
            raise TooMany(
                f"That costs as much as {fills:.0f} fills at once, this server does {self.per_minute} a minute: choose "
                "fewer or smaller holes, fewer steps, or fewer candidates."
            )
        self._forget()
        over = sum(count for _, count in self._asked) + fills - self.per_minute
        if over > 1e-9:
            wait = MINUTE
            for asked, count in self._asked:
                over -= count
                if over <= 1e-9:
                    wait = MINUTE - (time.monotonic() - asked)
                    break
            raise TooMany(
                f"This server does {self.per_minute} fills a minute for each visitor: try again in "
                f"{max(1, round(wait))} s. "
                "Photo and mask are as they were."
            )

    def _forget(self) -> None:
        now = time.monotonic()
        while self._asked and now - self._asked[0][0] >= MINUTE:
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
                    self._settings.visitor_at_once, self._settings.visitor_per_minute, who
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


__all__ = ["OPENING", "SHOTS", "Allowance", "Allowances", "Turn", "visitor"]
