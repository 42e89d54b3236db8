"""Places for a few at once, shared fairly: nobody has all of them, and who has none goes first."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from inpaint_app.errors import Busy, Cancelled
from inpaint_app.types import address_of

LOOK_EVERY = 0.05
"""Seconds between two looks of one who waits at whether anybody still wants it to."""


@dataclass(eq=False)
class Places:
    """Safe to share between threads.

    count: how many there are; all owners of one address (types.address_of) have at most all but one, the machine's own
    user ("") all. waiting: how many may wait; more are told so.
    """

    count: int
    waiting: int
    taken: Counter[str] = field(default_factory=Counter)
    line: list[str] = field(default_factory=list)
    _change: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def held(self, owner: str, unwanted: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """Wait for a place and hold it. Raises Busy, and Cancelled once nobody wants it any more."""
        self._wait(owner, unwanted)
        try:
            yield
        finally:
            with self._change:
                self.taken[owner] -= 1
                self.taken += Counter()  # forgets who holds none
                self._change.notify_all()

    def _wait(self, owner: str, unwanted: Callable[[], bool]) -> None:
        with self._change:
            if len(self.line) >= self.waiting:
                raise Busy(
                    f"Busy, {len(self.line)} photos are being opened before yours: try again in a moment."
                )
            self.line.append(owner)
            try:
                while not self._turn(owner):
                    if unwanted():
                        raise Cancelled("Stopped. The photo was not opened.")
                    self._change.wait(LOOK_EVERY)
                self.taken[owner] += 1
            finally:
                self.line.remove(owner)
                self._change.notify_all()

    def _turn(self, owner: str) -> bool:
        """Whether the next place is the owner's: of those who may have one its address, then itself, holds the fewest,
        or came first.
        """
        if not self._may(owner) or self.taken.total() >= self.count:
            return False
        return owner == min((other for other in self.line if self._may(other)), key=self._held)

    def _may(self, owner: str) -> bool:
        return not owner or self._held(owner)[0] < self.count - 1

    def _held(self, owner: str) -> tuple[int, int]:
        """Places that its address holds, and itself."""
        where = address_of(owner)
        return sum(n for who, n in self.taken.items() if address_of(who) == where), self.taken[owner]
