"""Which visitor a session or an event belongs to: the one that it was first seen with, for as long as it lives.

What nobody uses any more is forgotten when there is no room, first that of the address that has most, so that a flood
of made-up names costs only whoever makes them up.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from inpaint_app.errors import NotYours
from inpaint_app.server.guard.identity import Identities, Visitor
from inpaint_app.settings import Settings

ANOTHERS = "This session belongs to another browser: reload the page."

CAPACITY = 20_000
"""Names that are remembered in all."""

EACH = 2_000
"""Names that are remembered of one address."""

LONGEST = 200
"""Characters that a name may have; longer ones are nobody's."""


@dataclass(eq=False)
class Ownership:
    """Names and their owners. `alive` says which names are in use and may not be forgotten."""

    alive: Callable[[str], bool] = lambda name: False
    capacity: int = CAPACITY
    each: int = EACH
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _owners: dict[str, Visitor] = field(default_factory=dict)
    _of: dict[str, OrderedDict[str, None]] = field(default_factory=dict)

    def admit(self, name: str, visitor: Visitor) -> bool:
        """Whether a visitor may use a name, which becomes the visitor's where it is nobody's yet."""
        if not name or len(name) > LONGEST:
            return False
        with self._lock:
            owner = self._owners.get(name)
            if owner is None:
                return self._claim(name, visitor)
            if owner.key == visitor.key:
                self._of[owner.address].move_to_end(name)
            return owner.key == visitor.key

    def holds(self, name: str, visitor: Visitor) -> bool:
        """Whether a name is a visitor's already."""
        with self._lock:
            owner = self._owners.get(name)
            return owner is not None and owner.key == visitor.key

    def __len__(self) -> int:
        return len(self._owners)

    def _claim(self, name: str, visitor: Visitor) -> bool:
        mine = self._of.get(visitor.address)
        if mine is not None and len(mine) >= self.each:
            room = self._forget(visitor.address)
        elif len(self._owners) >= self.capacity:
            greediest = max(self._of, key=lambda address: len(self._of[address]))
            room = self._forget(greediest)
        else:
            room = True
        if room:
            self._owners[name] = visitor
            self._of.setdefault(visitor.address, OrderedDict())[name] = None
        return room

    def _forget(self, address: str) -> bool:
        """Forget the name of an address that was not used for longest; False where all are in use."""
        names = self._of[address]
        for name in names:
            if not self.alive(name):
                del names[name], self._owners[name]
                if not names:
                    del self._of[address]
                return True
        return False


class Owned:
    """Whose things are: `owners` of sessions, `events` of Gradio's queue; `identities` tells who sent a request."""

    def __init__(self, settings: Settings, is_held: Callable[[str], bool]) -> None:
        self.settings = settings
        self.identities = Identities(settings)
        self.owners = Ownership(is_held)
        self.events = Ownership()

    def admit(self, request: Any) -> Visitor:
        """Who sent a request (gr.Request); raises NotYours where it names no session, or that of another browser."""
        visitor = self.identities.of(request)
        if not request.session_hash:
            raise NotYours("The request names no session: reload the page.")
        if not self.owners.admit(request.session_hash, visitor):
            raise NotYours(ANOTHERS)
        return visitor
