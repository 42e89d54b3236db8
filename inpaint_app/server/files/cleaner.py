"""The one that deletes: whatever lies in the server's folder longer than is promised, or belongs to nobody any more.

Ages are counted by the monotonic clock, from the round before a file was first seen: so a clock that is set does
nothing, and no file lies longer than promised by more than one round. It is a thread that is looked after: `check`
starts it again where it died, and says so where it does not get round.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from inpaint_app.server.files.folders import LOCK, ServerFolder, clear_dead

SWEEP_SECONDS = 30.0
"""How often it goes round, at most; a short time to keep makes it quicker."""

EMPTY_SECONDS = 60.0
"""How long a folder may be empty."""

_log = logging.getLogger(__name__)


class Cleaner:
    """Keeps a server's folder small.

    keep_seconds: how long a file lies that no visit holds; 0 keeps it as long as the server lives. held: the names of
    the visits' folders that are in use. before: called at each round, before files are looked at.
    """

    def __init__(
        self,
        folder: ServerFolder,
        keep_seconds: float,
        held: Callable[[], frozenset[str]],
        before: Iterable[Callable[[], None]] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = folder
        self.keep_seconds = keep_seconds or float("inf")
        self.every = min(SWEEP_SECONDS, max(0.05, self.keep_seconds / 4))
        self.clock = clock
        self._held = held
        self._before = tuple(before)
        self._seen: dict[str, tuple[int, float]] = {}
        self._empty: dict[str, float] = {}
        self._round = clock()
        self._ended = threading.Event()
        self._sweeping = threading.Lock()
        self._thread: threading.Thread | None = None
        self._last = time.monotonic()

    def start(self) -> None:
        """Go round from now on."""
        self._last = time.monotonic()
        self._thread = threading.Thread(target=self._go_round, daemon=True, name="cleaner")
        self._thread.start()

    def stop(self) -> None:
        """The server ends."""
        self._ended.set()

    def check(self) -> str:
        """What is wrong with it, "" where nothing is. A thread that died is started again."""
        if self._ended.is_set():
            return ""
        overdue = time.monotonic() - self._last > 4 * self.every + 60.0
        if self._thread is not None and not self._thread.is_alive():
            _log.error("The cleaner had ended: it is started again")
            self.start()
            return "the cleaner had ended and was started again"
        return "the cleaner does not get round" if overdue else ""

    def sweep(self) -> None:
        """One round. What cannot be deleted now is tried again at the next one."""
        with self._sweeping:
            for task in self._before:
                task()
            # Files first: what a visit writes that begins between the two is not among them.
            files, held = self._files(), self._held()
            now, seen = self.clock(), dict[str, tuple[int, float]]()
            since, self._round = min(now, self._round), now  # what is new was written after the last round
            for path, written in files:
                known = self._seen.get(path)
                first = known[1] if known is not None and known[0] == written else since
                if self._is_held(path, held):
                    seen[path] = (written, now)  # its time begins when nobody holds it any more
                elif now - first < self.keep_seconds and not self._is_orphan(path):
                    seen[path] = (written, first)
                else:
                    _unlink(path)
            self._seen = seen
            self._remove_empty(now, held)
            clear_dead(self.folder.base, self.keep_seconds)

    def _go_round(self) -> None:
        while not self._ended.wait(self.every):
            try:
                self.sweep()
                self._last = time.monotonic()
            except Exception:  # noqa: BLE001 - of any kind: it goes on, and /health tells where no round succeeds
                _log.exception("A round of the cleaner failed")

    def _files(self) -> list[tuple[str, int]]:
        """All files of the server with the time they were written, which only has to stay the same."""
        found = []
        for place, _, names in os.walk(self.folder.root):
            for name in names:
                path = os.path.join(place, name)
                if name != LOCK or place != str(self.folder.root):
                    try:
                        found.append((path, os.lstat(path).st_mtime_ns))
                    except OSError:
                        continue
        return found

    def _visit_of(self, path: str) -> str | None:
        """The name of the visit's folder that a file lies in; None where it lies elsewhere."""
        place = Path(path)
        return (
            place.relative_to(self.folder.visits).parts[0]
            if place.is_relative_to(self.folder.visits)
            else None
        )

    def _is_held(self, path: str, held: frozenset[str]) -> bool:
        return self._visit_of(path) in held

    def _is_orphan(self, path: str) -> bool:
        """Whether a file was left by a visit that is over: what still wrote into it could not know."""
        return self._visit_of(path) is not None

    def _remove_empty(self, now: float, held: frozenset[str]) -> None:
        """Folders that nobody holds and that were empty for a while already: into a new one something is to come."""
        keep = {
            str(one)
            for one in (self.folder.root, self.folder.visits, self.folder.uploads, self.folder.handed)
        }
        empty = dict[str, float]()
        for place, folders, names in os.walk(self.folder.root, topdown=False):
            if folders or names or place in keep or self._is_held(place, held):
                continue
            empty[place] = self._empty.get(place, now)
            if now - empty[place] >= EMPTY_SECONDS:
                with contextlib.suppress(OSError):
                    os.rmdir(place)
                    del empty[place]
        self._empty = empty


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except OSError as error:
        _log.warning("A file could not be deleted (%s)", error.strerror or type(error).__name__)
