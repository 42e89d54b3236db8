"""What each visitor of the page holds: the photo, its steps, what was found, what was made of it.

One visit per browser tab (Gradio's session hash). It belongs to the browser that began it, and so do the files in its
folder, which goes when the visit does. Of every step only the changed patches are kept.
"""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inpaint_app.errors import InpaintError, NotYours
from inpaint_app.photofile.files import Photo
from inpaint_app.server.endpoints.cancels import Cancels
from inpaint_app.server.files.stored_results import Patch, StoredResult, patched
from inpaint_app.server.files.uploads import Uploads
from inpaint_app.server.guard.fairness import who_makes_room
from inpaint_app.server.guard.identity import NOBODY, Visitor
from inpaint_app.server.guard.limits import Allowance, Allowances
from inpaint_app.server.guard.ownership import ANOTHERS, Owned
from inpaint_app.server.guard.server_paths import without_paths
from inpaint_app.server.marks import HeldMasks
from inpaint_app.server.shots import HeldShots
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Instance

LEFT_SECONDS = 15 * 60.0
"""A visit is let go of this long after its tab was closed; one that is only idle stays as long as the settings say."""
PASSING = 12
"""Full-resolution crops, and downloads, kept on disk for a visit."""


@dataclass(eq=False)
class Step:
    """One picture of the history. `patches` lead from the opened photo to it; `marks` were last sent to be removed."""

    number: int
    title: str
    patches: tuple[Patch, ...] = ()
    found: tuple[Instance, ...] | None = None
    found_with: tuple[str, float, tuple[str, ...]] | None = None
    made: dict[str, StoredResult] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    marks: list[Any] = field(default_factory=list)
    proof: dict[str, Any] = field(default_factory=dict)
    tested: dict[str, dict[str, float]] = field(default_factory=dict)  # scores on a hole with truth


@dataclass(eq=False)
class Visit:
    """One visitor. `outbox` holds what the page has not confirmed yet, so that no message is ever lost.

    busy, stop: of the page's work, which is one at a time; calls: the stops of the endpoints' calls, any number.
    """

    folder: Path
    settings: Settings
    owner: Visitor = NOBODY
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    photo: Photo | None = None
    steps: list[Step] = field(default_factory=list)
    at: int = 0
    image: Image | None = None
    masks: HeldMasks = field(default_factory=HeldMasks)
    shots: HeldShots = field(default_factory=HeldShots)
    outbox: list[dict[str, Any]] = field(default_factory=list)
    passing: dict[bool, list[Path]] = field(default_factory=dict)
    sent: int = 0
    busy: threading.Lock = field(default_factory=threading.Lock)
    stop: threading.Event = field(default_factory=threading.Event)
    cancels: Cancels = field(default_factory=Cancels)
    calls: set[threading.Event] = field(default_factory=set)
    touched: float = field(default_factory=time.monotonic)
    left: bool = False
    allowance: Allowance = field(default_factory=Allowance)

    def opened(self) -> Photo:
        """The photo; raises InpaintError where none is open."""
        if self.photo is None:
            raise InpaintError("There is no photo yet: open one first.")
        return self.photo

    def step(self) -> Step:
        """The step that is on the screen; raises InpaintError where no photo is open."""
        self.opened()
        return self.steps[self.at]

    def pixels(self) -> Image:
        """The current step's picture at full size."""
        step = self.step()
        if self.image is None:
            rgb = self.opened().rgb
            self.image = patched(rgb, step.patches) if step.patches else rgb
        return self.image

    def open(self, photo: Photo) -> Step:
        """Begin anew with a photo."""
        self.photo, self.image, self.at = photo, photo.rgb, 0
        self.steps, self.masks, self.shots = [Step(0, "Original")], HeldMasks(), HeldShots()
        return self.steps[0]

    def go_to(self, number: int) -> Step:
        """Back or forward to a step of the history."""
        if not 0 <= number < len(self.steps):
            raise InpaintError(f"There is no step {number} in the history.")
        if number != self.at:
            self.at, self.image = number, None
        return self.steps[number]

    def keep(self, name: str, title: str) -> Step:
        """A result of the current step becomes the next photo; steps that followed before are dropped."""
        step = self.step()
        made = step.made.get(name)
        if made is None:
            raise InpaintError("There is no such result any more: remove something first.")
        found = None if step.found is None else tuple(i for i in step.found if i.number not in made.gone)
        following = Step(step.number + 1, title, step.patches + made.patches, found, step.found_with)
        self.steps = [*self.steps[: self.at + 1], following]
        return self.go_to(self.at + 1)

    @property
    def bytes(self) -> int:
        """Memory that the photo takes, with the current step's picture and the further shots."""
        if self.photo is None:
            return 0
        shown = 0 if self.image is None or self.image is self.photo.rgb else self.image.nbytes
        return self.photo.rgb.nbytes + len(self.photo.source) + shown + self.shots.bytes

    @property
    def at_work(self) -> bool:
        """Whether anything is being done for this visitor."""
        return self.busy.locked() or bool(self.calls)

    def halt(self) -> None:
        """Stop all that is being done for this visitor."""
        self.stop.set()
        for call in tuple(self.calls):
            call.set()

    def passing_file(self, suffix: str, name: str | None = None) -> Path:
        """A path for what is fetched at once, a crop or, with a name, a download; older ones of the kind go."""
        path, kept = self.file(suffix, name), self.passing.setdefault(bool(name), [])
        kept.append(path)
        for old in kept[:-PASSING]:
            shutil.rmtree(old.parent, ignore_errors=True) if name else old.unlink(missing_ok=True)
        del kept[:-PASSING]
        return path

    def say(self, kind: str, **content: Any) -> None:
        """Put a message for the page into the outbox."""
        self.sent += 1
        if "text" in content:
            content["text"] = without_paths(content["text"], self.settings)
        self.outbox.append({"n": self.sent, "kind": kind, **content})

    def confirm(self, number: int) -> None:
        """The page has seen messages up to `number`."""
        self.outbox = [message for message in self.outbox if message["n"] > number]

    def file(self, suffix: str, name: str | None = None) -> Path:
        """A fresh path in the visit's own folder."""
        folder = self.folder / secrets.token_urlsafe(12) if name else self.folder
        folder.mkdir(parents=True, exist_ok=True)
        return folder / (name or f"{secrets.token_urlsafe(12)}{suffix}")


class Visits(Owned):
    """All visits, by session hash, under the settings' limits."""

    def __init__(self, root: Path, settings: Settings | None = None, uploads: Uploads | None = None) -> None:
        self._visits: dict[str, Visit] = {}
        super().__init__(settings or Settings(), self._visits.__contains__)
        self.clock = time.monotonic
        self.root, self.uploads = root, uploads
        self.allowances = Allowances(self.settings)
        self._lock = threading.Lock()

    def met(self, request: Any) -> Visit:
        """The visit of whoever sent a request of the page, once admitted, with what that visitor may ask for."""
        self.admit(request)
        return self.caller(request)

    def caller(self, request: Any) -> Visit:
        """The visit of a caller of the endpoints: it holds no photo, so that several may share a session."""
        visitor = self.identities.of(request)
        key = request.session_hash or visitor.key
        visit = self.of(f"{key} {visitor.address}" if visitor.vouched else key, visitor)
        if visit.owner.key != visitor.key:
            raise NotYours(ANOTHERS)
        visit.allowance = self.allowances.at(visitor.address)
        return visit

    def of(self, session_hash: str | None, owner: Visitor = NOBODY) -> Visit:
        """The visit of a browser tab, begun for `owner` where there is none."""
        with self._lock:
            self._sweep()
            key = session_hash or ""
            visit = self._visits.get(key)
            if visit is None:
                while len(self._visits) >= max(1, self.settings.visits):
                    self._drop(str(self._first_to_go(lambda key: 1.0, lambda key: True)))
                visit = self._visits[key] = Visit(self.root / secrets.token_urlsafe(18), self.settings, owner)
            visit.touched, visit.left = self.clock(), False
            return visit

    def resume(self, session_hash: str | None, token: str, owner: Visitor = NOBODY) -> Visit | None:
        """A page that was loaded again, or came back on a phone, takes its visit up by the token it was given.

        The token tells the tabs of a browser apart; that it is the browser's visit says its owner.
        """
        with self._lock:
            for visit in self._visits.values():
                known = secrets.compare_digest(visit.token.encode(), token.encode("utf-8", "replace"))
                if token and known and visit.owner.key == owner.key:
                    self._visits[session_hash or ""] = visit
                    visit.touched, visit.left = self.clock(), False
                    visit.outbox.clear()
                    return visit
        return None

    def owns(self, visitor: Visitor, folder: str) -> bool:
        """Whether a folder, by its name, is that of a visit of the visitor's."""
        with self._lock:
            return any(
                visit.folder.name == folder and visit.owner.key == visitor.key
                for visit in self._visits.values()
            )

    def folders(self) -> frozenset[str]:
        """The names of the folders of visits that are held."""
        with self._lock:
            return frozenset(visit.folder.name for visit in self._visits.values())

    def make_room(self, visit: Visit) -> None:
        """Let go of visits until the photos take no more memory than the settings say; never of `visit`."""
        with self._lock:
            while (
                sum(held.bytes for held in set(self._visits.values())) > self.settings.visits_gigabytes * 1e9
            ):
                key = self._first_to_go(
                    lambda key: float(self._visits[key].bytes),
                    lambda key: self._visits[key] is not visit and not self._visits[key].at_work,
                )
                if key is None:
                    return
                self._drop(key)

    def leave(self, session_hash: str | None) -> None:
        """The tab was closed; the visit stays a while, because phones close connections of tabs that come back."""
        with self._lock:
            visit = self._visits.get(session_hash or "")
            if visit is not None:
                visit.left, visit.touched = True, self.clock()
                visit.halt()

    def halt(self) -> None:
        """The server ends: stop all work."""
        with self._lock:
            for visit in self._visits.values():
                visit.halt()

    def __len__(self) -> int:
        return len(self._visits)

    def sweep(self) -> None:
        """Let go of the visits that are over, with their files."""
        with self._lock:
            self._sweep()

    def sent(self, path: Path, visitor: Visitor) -> bool:
        """Whether a path is that of a file which the visitor sent here."""
        return self.uploads is not None and self.uploads.holds(path, visitor)

    def _first_to_go(self, size: Callable[[str], float], may_go: Callable[[str], bool] = bool) -> str | None:
        return who_makes_room(self._visits, lambda key: self._visits[key].owner, size, self._worth, may_go)

    def _worth(self, key: str) -> tuple[bool, bool, bool, float]:
        """What is let go of first: never what is at work where anything else is left, and callers before photos."""
        visit = self._visits[key]
        return visit.at_work, visit.photo is not None, not visit.left, visit.touched

    def _sweep(self) -> None:
        now = self.clock()
        idle = self.settings.keep_minutes * 60.0 or float("inf")
        for key, visit in list(self._visits.items()):
            allowed = min(idle, LEFT_SECONDS) if visit.left else idle
            if now - visit.touched > allowed and not visit.at_work:
                self._drop(key)

    def _drop(self, key: str) -> None:
        visit = self._visits.pop(key)
        if visit not in self._visits.values():
            visit.halt()
            shutil.rmtree(visit.folder, ignore_errors=True)
