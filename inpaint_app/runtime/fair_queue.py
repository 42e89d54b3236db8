"""Who uses the device next: a line in which one works and the others wait their turn.

Turns go round between the addresses that ask, however much each asks for: a turn's place is one after where the line
stands or, if that is later, after its address's last place (start-time fair queueing, Goyal et al. 1996, at a cost of
one a turn; one who comes new begins a place later than there, so that a stream of new ones overtakes nobody for ever).
The places of an address go round between its owners in the same manner.

A turn that does not end is taken away: native code cannot be stopped from outside, so its thread is left behind and
the next one goes on. That happens `grace` seconds after its user has cancelled it, or once it has given no sign of life
for `patience` seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from inpaint_app.errors import Busy
from inpaint_app.types import Progress, address_of

LOOK_EVERY = 0.1
"""Seconds between two looks of one who waits: at a cancel of its own, and at whether the one at work still lives."""


@dataclass(eq=False)
class _Turn:
    place: tuple[float, int]
    """Where it stands in its address's places; `among`: where among the turns that share them."""
    among: tuple[float, int]
    progress: Progress
    title: str
    forget: Callable[[], None]


@dataclass(eq=False)
class Line:
    """One at work, the others in a fair line.

    waiting: how many may wait; more are told so with Busy, unless their work had a turn before (a batch goes on).
    """

    waiting: int
    grace: float
    patience: float
    _change: threading.Condition = field(default_factory=threading.Condition)
    _line: list[_Turn] = field(default_factory=list)
    _at_work: _Turn | None = None
    _stands: float = 0.0
    _last: dict[str, float] = field(default_factory=dict)
    _arrivals: int = 0

    @contextmanager
    def turn(
        self, progress: Progress, title: str, forget: Callable[[], None] = lambda: None
    ) -> Iterator[None]:
        """Wait for the device and hold it. Raises Busy, Cancelled, and BackendError once the turn was taken away.

        forget: called when the turn is taken away: what it works with is in use until its thread ends.
        """
        turn = self._join(progress, title, forget)
        try:
            self._wait(turn)
            progress.ticket.had_turn = True
            yield
            progress.check()
        finally:
            with self._change:
                if turn in self._line:
                    self._line.remove(turn)
                if self._at_work is turn:
                    self._at_work = None
                self._change.notify_all()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._line)

    def _join(self, progress: Progress, title: str, forget: Callable[[], None]) -> _Turn:
        with self._change:
            before = len(self._line) + (self._at_work is not None)
            if len(self._line) >= self.waiting and progress.ticket.owner and not progress.ticket.had_turn:
                raise Busy(f"Busy, {before} before you: no more can wait now. Try again in a moment.")
            self._arrivals += 1
            owner = progress.ticket.owner
            whole, own = (self._next(name) for name in (address_of(owner), owner + " "))
            turn = _Turn((whole, self._arrivals), (own, self._arrivals), progress, title, forget)
            self._line.append(turn)
            self._share(address_of(owner))
            return turn

    def _next(self, name: str) -> float:
        self._last[name] = max(self._stands, self._last.get(name, 0.0)) + 1
        return self._last[name]

    def _share(self, address: str) -> None:
        """Give the places of an address to its turns, in the order that they have among themselves."""
        turns = [turn for turn in self._line if address_of(turn.progress.ticket.owner) == address]
        places = sorted(turn.place for turn in turns)
        for turn, place in zip(sorted(turns, key=lambda turn: turn.among), places, strict=True):
            turn.place = place

    def _wait(self, turn: _Turn) -> None:
        while True:
            with self._change:
                if self._at_work is not None:
                    self._take_away(self._at_work)
                ahead = sum(other.place < turn.place for other in self._line)
                if self._at_work is None and not ahead:
                    self._line.remove(turn)
                    # The line stands where this turn does; who has fallen behind it needs no remembering.
                    self._at_work, self._stands = turn, turn.place[0]
                    self._last = {owner: last for owner, last in self._last.items() if last > self._stands}
                    return
                before = ahead + (self._at_work is not None)
            turn.progress(0.0, f"Busy, {before} before you")
            with self._change:
                self._change.wait(LOOK_EVERY)

    def _take_away(self, turn: _Turn) -> None:
        """Let go of a turn that neither ends nor stops; its work is told when it next reports."""
        ticket = turn.progress.ticket
        error = ticket.stuck(turn.progress.cancelled, turn.title, self.grace, self.patience)
        if error is not None:
            ticket.give_up(error)
            turn.forget()
            self._at_work = None
            self._change.notify_all()
