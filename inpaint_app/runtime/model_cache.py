"""What stays loaded between two pieces of work, and who leaves when memory is wanted.

Light things stay. Of the heavy backends (a diffusion model takes gigabytes) one is held at a time, and it leaves as
well when a light one comes and memory is short.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from inpaint_app.backends import memory
from inpaint_app.backends.base import BackendSpec, Holding
from inpaint_app.segmenters.base import SegmenterSpec
from inpaint_app.settings import Settings

HEAVY = 500e6
"""Bytes from which a backend is heavy."""

ROOM = 500e6
"""Bytes that any removal needs besides its weights."""


@dataclass(eq=False)
class ModelCache:
    """Loaded backends and segmenters by name. available: tells the bytes that can still be taken."""

    settings: Settings
    available: Callable[[], float] = memory.available
    _things: dict[str, Any] = field(default_factory=dict)
    _making: dict[str, threading.Lock] = field(default_factory=dict)
    _used: Counter[str] = field(default_factory=Counter)

    def get(self, spec: BackendSpec | SegmenterSpec) -> Any:
        """The thing that the spec names, made at its first use, after room was made for it."""
        with self._making.setdefault(spec.name, threading.Lock()):
            if isinstance(spec, BackendSpec):
                self.make_room(spec)
            if spec.name not in self._things:
                self._things[spec.name] = spec.create(self.settings)
            return self._things[spec.name]

    @contextmanager
    def used(self, *names: str) -> Iterator[None]:
        """While something is worked with it does not make room for others: nothing would be gained."""
        self._used.update(names)
        try:
            yield
        finally:
            self._used.subtract(names)

    def make_room(self, spec: BackendSpec) -> None:
        """Let heavy backends go: all others if this one is heavy, else as many as it takes where memory is short."""
        weights = spec.megabytes * 1e6
        for name in [other for other in self._things if other != spec.name and not self._used[other]]:
            if self.held(name) < HEAVY:
                continue
            needed = ROOM + max(0.0, weights - self.held(spec.name))
            if weights >= HEAVY or self.available() < needed:
                self.drop(name)

    def drop_others(self, name: str) -> bool:
        """Let go of all but one; whether there was anything else."""
        others = [other for other in list(self._things) if other != name]
        for other in others:
            self.drop(other)
        return bool(others)

    def held(self, name: str) -> float:
        """Bytes of weights that a backend has in memory; 0 for one that does not tell."""
        thing = self._things.get(name)
        return float(thing.held()) if isinstance(thing, Holding) else 0.0

    def peek(self, name: str) -> Any:
        """What is loaded under that name, or None."""
        return self._things.get(name)

    def forget(self, name: str) -> None:
        """Let go of one thing; whoever works with it keeps it until the end."""
        self._things.pop(name, None)
        self._making.pop(name, None)

    def drop(self, name: str) -> None:
        """Let go of one thing and hand its memory back, at once where nobody works with it."""
        thing = self._things.get(name)
        self.forget(name)
        if isinstance(thing, Holding) and not self._used[name]:
            thing.release()
        del thing
        memory.handed_back()

    def clear(self) -> None:
        """Let go of everything."""
        for name in list(self._things):
            self.drop(name)

    def __contains__(self, name: str) -> bool:
        return name in self._things
