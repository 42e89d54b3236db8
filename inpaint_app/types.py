"""The nouns of the app: image, mask, box, instance, window, options, removal, result. All frozen, NumPy only.

Image: (H, W, 3) uint8, RGB. Mask: (H, W) bool, True = hole. Both are treated as read-only everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inpaint_app.errors import Cancelled

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


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One found object. `mask` covers `box` only (box.height, box.width), so that many finds stay small."""

    number: int
    label: str
    confidence: float
    box: Box
    mask: Mask

    def full_mask(self, shape: tuple[int, int]) -> Mask:
        """The mask in a frame of `shape` (H, W)."""
        full = np.zeros(shape, dtype=bool)
        full[self.box.slices] = self.mask
        return full


class Progress:
    """Where long work reports to and learns that it was cancelled.

    `progress(fraction, stage)` takes the work done in 0..1 and what is being done, and raises Cancelled once
    `cancelled()` is true. `progress.part(0.2, 0.8)` is the same for a piece of the work, counted 0..1 again.
    """

    def __init__(
        self,
        report: Callable[[float, str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        show: Callable[[Image], None] | None = None,
    ) -> None:
        self._report = report
        self._cancelled = cancelled
        self._show = show

    def __call__(self, fraction: float, stage: str = "") -> None:
        """Report the fraction done (0..1); raises Cancelled if the user stopped the work."""
        if self._cancelled is not None and self._cancelled():
            raise Cancelled("Stopped. The photo and the mask are as they were.")
        if self._report is not None:
            self._report(min(1.0, max(0.0, fraction)), stage)

    def part(self, start: float, stop: float, stage: str = "") -> Progress:
        """A progress whose 0..1 is `start`..`stop` of this one; `stage` stands in where a report names none."""

        def report(fraction: float, inner: str) -> None:
            self(start + (stop - start) * fraction, inner or stage)

        return Progress(report, self._cancelled, self._show)

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
) -> Any:
    """A dataclass field that page and command line draw a control from: default, help, range or choices."""
    metadata = {"help": help, "minimum": minimum, "maximum": maximum, "step": step, "choices": choices}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that a backend or a segmenter lacks here. fetch: the name that it can be fetched by, if any."""

    what: str
    cure: str
    megabytes: float | None = None
    fetch: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What a backend gets: a crop around one hole.

    avoid: True where pixels are known but must not be copied from (other people, a region the user forbids).
    guide: a coarse fill of the same shape that may steer the backend; its known pixels equal the image's.
    """

    image: Image
    mask: Mask
    avoid: Mask | None = None
    guide: Image | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Removal:
    """One thing to do: take what the mask covers out of the image.

    grow, feather: pixels; None chooses by the size of the hole. options: values for fields of the backend's
    options; unknown names raise OptionError. avoid: (H, W), see Window.
    """

    image: Image
    mask: Mask
    grow: int | None = None
    feather: int | None = None
    avoid: Mask | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What came of a removal.

    image: (H, W, 3) uint8, equal to the photo wherever `mask` is False. mask: the hole after growing.
    boxes: the windows that were worked on. changed_known: pixels outside `mask` that differ, counted afterwards.
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
