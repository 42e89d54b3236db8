"""The nouns of the app: image, mask, box, instance, ticket, progress, options, result. NumPy only.

Image: (H, W, 3) uint8, RGB. Mask: (H, W) bool, True = hole. Both are treated as read-only everywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inpaint_app.errors import BackendError, Cancelled, InpaintError

if TYPE_CHECKING:
    from inpaint_app.shots.stack import Behind

Image: TypeAlias = NDArray[np.uint8]
Mask: TypeAlias = NDArray[np.bool_]


class Box(NamedTuple):
    """A rectangle in pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Columns covered."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Rows covered."""
        return self.bottom - self.top

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the box in an (H, W, ...) array."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def moved(self, right: int, down: int) -> Box:
        """The box so many pixels further to the right and down."""
        return Box(self.left + right, self.top + down, self.right + right, self.bottom + down)

    def within(self, outer: Box) -> Box:
        """The box in the frame of `outer`, whose left upper corner is (0, 0) there."""
        return self.moved(-outer.left, -outer.top)

    def shared(self, other: Box) -> Box:
        """What both cover; without width or height where they lie apart."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        return Box(
            left, top, max(left, min(self.right, other.right)), max(top, min(self.bottom, other.bottom))
        )


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One found object. `mask` covers `box` only (box.height, box.width), so that many finds stay small.

    of: the number of the find that it belongs to and goes with (a bicycle: its rider), see removal/parts.py.
    cell: pixels of the picture under a cell of the network's own mask, along a side; 0 where no network drew it.
    """

    number: int
    label: str
    confidence: float
    box: Box
    mask: Mask
    of: int | None = None
    cell: float = 0.0

    def within(self, area: Box) -> Mask:
        """What it covers of an area, (area.height, area.width)."""
        seen, box = np.zeros((area.height, area.width), bool), self.box.shared(area)
        seen[box.within(area).slices] = self.mask[box.within(self.box).slices]
        return seen

    def full_mask(self, shape: tuple[int, int]) -> Mask:
        """The mask in a frame of `shape` (H, W)."""
        return self.within(Box(0, 0, shape[1], shape[0]))

    def plain(self) -> dict[str, Any]:
        """The find as JSON holds it, its mask as the number of its pixels."""
        return {
            "number": self.number,
            "label": self.label,
            "confidence": round(float(self.confidence), 4),
            "box": [int(value) for value in self.box],
            "pixels": int(np.count_nonzero(self.mask)),
            "of": self.of,
        }


STOPPED = "Stopped."


@dataclass(eq=False)
class Ticket:
    """Whose work it is, who pays for it, and whether it still lives: what a line to the device goes by.

    owner: an address and, behind a space, one of its pages: those who wait take turns by the address, and among
    themselves by the page; "" is the machine's user. charge: hears, in usual fills, what the work that
    follows will cost, and raises TooMany where that is not to be had; spent: hears how many seconds it took, where none
    knew before. had_turn: whether the work had the device before: it is not turned away then, however many wait.
    lost: why the work was given up; None while it is not.
    """

    owner: str = ""
    charge: Callable[[float], object] = float
    spent: Callable[[float], object] = float
    had_turn: bool = False
    lost: InpaintError | None = None
    _heard: float = field(default_factory=time.monotonic)
    _stopped: float = 0.0

    def alive(self) -> None:
        """A sign of life; raises what `give_up` was told."""
        self._heard = time.monotonic()
        if self.lost is not None:
            raise self.lost

    def give_up(self, error: InpaintError) -> None:
        """Nobody waits for this work any more: every further sign of life raises `error`."""
        self.lost = self.lost or error

    def stuck(self, cancelled: bool, title: str, grace: float, patience: float) -> InpaintError | None:
        """Why to wait no longer for the work, called `title`, or None: the one watch over all work.

        It was given up, cancelled and has not ended `grace` seconds later, or silent for `patience` seconds.
        """
        now = time.monotonic()
        if cancelled:
            self._stopped = self._stopped or now
            return Cancelled(STOPPED) if now - self._stopped > grace else None
        if self.lost is not None or now - self._heard <= patience:
            return self.lost
        return BackendError(
            f"{title} has given no sign of life for {patience:.0f} s and was given up: try another backend, or a "
            "smaller hole."
        )


def address_of(owner: str) -> str:
    """Who of those that take turns an owner belongs to: many pages cost nothing, many addresses do."""
    return owner.partition(" ")[0]


class Progress:
    """Where long work reports to and learns that it was cancelled; it carries the work's ticket.

    `progress(fraction, stage)` takes the work done in 0..1 and what is being done, and raises Cancelled once
    `cancelled()` is true. `progress.part(0.2, 0.8)` is the same for a piece of the work, counted 0..1 again.
    notes: what the user should know once the work is done.
    """

    def __init__(
        self,
        report: Callable[[float, str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        show: Callable[[Image], None] | None = None,
        ticket: Ticket | None = None,
    ) -> None:
        self.ticket = ticket or Ticket()
        self.notes: list[str] = []
        self._report = report
        self._cancelled = cancelled
        self._show = show

    def __call__(self, fraction: float, stage: str = "") -> None:
        """Report the fraction done (0..1); raises Cancelled if the user stopped the work."""
        self.check()
        if self._report is not None:
            self._report(min(1.0, max(0.0, fraction)), stage)

    def check(self) -> None:
        """A sign of life that reports nothing; raises Cancelled, or why the work was given up."""
        self.ticket.alive()
        if self.cancelled:
            raise Cancelled(STOPPED)

    @property
    def cancelled(self) -> bool:
        """Whether the user stopped the work."""
        return self._cancelled is not None and self._cancelled()

    def part(self, start: float, stop: float, stage: str = "", within: str = "") -> Progress:
        """A progress whose 0..1 is `start`..`stop` of this one; `stage` stands in where a report names none.

        within: what the part is one of, said before every stage ("Candidate 2 of 4").
        """

        def report(fraction: float, inner: str) -> None:
            self(start + (stop - start) * fraction, ": ".join(filter(None, (within, inner or stage))))

        inner = Progress(report, self._cancelled, self._show, self.ticket)
        inner.notes = self.notes
        return inner

    @property
    def shows(self) -> bool:
        """Whether anybody looks at pictures of work in progress."""
        return self._show is not None

    def show(self, image: Image) -> None:
        """Hand out a picture of the work in progress, (H, W, 3) uint8 of any size: a window as it forms."""
        if self._show is not None:
            self._show(image)


@dataclass(frozen=True, slots=True)
class Options:
    """Base of every backend's options: a frozen dataclass whose fields are made with `option`."""

    seed: int = field(
        default=0,
        metadata={"help": "the same seed gives the same pixels", "minimum": 0, "maximum": 2**31 - 1},
    )


def option(
    default: Any,
    help: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    step: float | None = None,
    choices: tuple[Any, ...] | None = None,
    listed: tuple[str, ...] | None = None,
) -> Any:
    """A dataclass field that page and command line draw a control from: default, help, range or choices.

    listed: of an option that may name a file of this machine, the values that are taken over the network too.
    """
    metadata = {"minimum": minimum, "maximum": maximum, "step": step, "choices": choices, "listed": listed}
    return field(default=default, metadata={"help": help, **metadata})


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that a backend or a segmenter lacks. fetch: the name it is fetched by. terms: licence and origin."""

    what: str
    cure: str
    megabytes: float | None = None
    fetch: str | None = None
    terms: str = ""

    def fetched_within(self, megabytes: float) -> bool:
        """Whether it can be fetched and is no larger than that."""
        return bool(self.fetch) and (self.megabytes or 0.0) <= megabytes


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What came of a removal.

    image: (H, W, 3) uint8, equal to the photo wherever `mask` is False. mask: the hole after growing,
    which it did by `grow` pixels at most.
    boxes: the windows that were worked on. changed_known: pixels outside `mask` that differ, counted afterwards.
    A session adds: hole: the mask before it was grown. avoid: what no fill copied from. appeared: new objects in the
    hole. candidates: all fills that were asked for, by seed; this is the best. note: what to tell of new objects;
    notices: of the machine. finder: the segmenter that looked for what to remove, or "".
    behind: what other shots of the place showed of the hole.
    """

    image: Image
    mask: Mask
    backend: str
    seconds: float
    boxes: tuple[Box, ...]
    grow: int
    feather: int
    changed_known: int
    options: Options
    hole: Mask = field(default_factory=lambda: np.zeros((0, 0), bool))
    avoid: Mask | None = None
    instances: tuple[Instance, ...] = ()
    removed: tuple[Instance, ...] = ()
    appeared: tuple[Instance, ...] = ()
    candidates: tuple[Result, ...] = ()
    note: str = ""
    notices: tuple[str, ...] = ()
    finder: str = ""
    behind: Behind | None = None

    @property
    def seed(self) -> int:
        """What the fill was made with."""
        return int(self.options.seed)
