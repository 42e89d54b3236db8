"""What is marked on the page: a list of operations, drawn here at the photo's own size.

The page draws the same operations on its preview, keeps them for undo, and sends all that hold. Each is a table:

    {"kind": "stroke", "points": [x, y, x, y, …], "width": w, "erase": bool}     photo pixels, (0, 0) the photo's corner
    {"kind": "choose", "numbers": [n, …], "on": bool}                            found objects
    {"kind": "image", "id": "…"}                                                 a mask file that was taken in
    {"kind": "clear"}, {"kind": "invert"}

Marked is: chosen objects, less what was erased, joined with what was brushed.
"""

from __future__ import annotations

import math
import secrets
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inpaint_app.errors import MaskError
from inpaint_app.imaging import strokes
from inpaint_app.imaging.mask import marked
from inpaint_app.types import Instance, Mask

MOST_POINTS = 400_000
"""Points of all strokes together: hours of brushing; less than a browser can make up."""

MOST_WORK = 300_000_000
"""Rows that the points' discs cross, with a tenth of the pixels around the strokes: a minute or so of drawing."""

MOST_MASKS, MOST_BYTES = 200, 32 * 2**20
"""Mask files and selections held for a visit, packed; of one that was let go only an undone mark can still speak."""

FARTHEST = 1e6
"""Coordinates and widths in pixels are below this, far beyond any photo."""


@dataclass(frozen=True, slots=True)
class HeldMask:
    """A mask file as it was taken in, at the photo's size, kept packed. preview: what the page shows of it, a path."""

    packed: bytes
    shape: tuple[int, int]
    preview: str = ""

    @classmethod
    def of(cls, mask: Mask, preview: str = "") -> HeldMask:
        """Keep a mask small."""
        return cls(zlib.compress(np.packbits(mask, axis=1).tobytes(), 1), mask.shape, preview)

    def whole(self) -> Mask:
        """The mask, (H, W)."""
        height, width = self.shape
        bits = np.frombuffer(zlib.decompress(self.packed), np.uint8).reshape(height, -1)
        return np.unpackbits(bits, axis=1, count=width).view(bool)


class HeldMasks(dict[str, HeldMask]):
    """The mask files of a visit, by the names under which its marks speak of them; the oldest go."""

    def take(self, mask: Mask, preview: str = "") -> str:
        """Hold a mask and name it."""
        name = secrets.token_urlsafe(8)
        self[name] = HeldMask.of(mask, preview)
        while len(self) > MOST_MASKS or (
            len(self) > 1 and sum(len(m.packed) for m in self.values()) > MOST_BYTES
        ):
            del self[next(iter(self))]
        return name


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """What is marked. mask: (H, W), None where nothing is. brushed, erased: whether a hand or a file did so at all."""

    mask: Mask | None = None
    chosen: frozenset[int] = frozenset()
    brushed: bool = False
    erased: bool = False


def drawn(
    operations: Sequence[Any],
    shape: tuple[int, int],
    found: Iterable[Instance] = (),
    given: Mapping[str, HeldMask] | None = None,
    check: Callable[[], None] = lambda: None,
) -> Marks:
    """Draw operations in their order on a photo of `shape` (H, W). Raises MaskError for what is none.

    check: called between operations; whatever it raises ends the drawing.
    """
    layers = _Layers(shape, {instance.number: instance for instance in found}, given or {})
    for operation in operations:
        check()
        layers.apply(operation)
    return layers.marks()


class _Layers:
    """What was brushed, what was erased, and which finds are chosen; a layer is None while nothing is on it."""

    def __init__(
        self, shape: tuple[int, int], found: Mapping[int, Instance], given: Mapping[str, HeldMask]
    ) -> None:
        self._shape = shape
        self._found = found
        self._given = given
        self._points = self._work = 0
        self._wipe()

    def apply(self, operation: Any) -> None:
        """Draw one operation."""
        kinds: dict[Any, Callable[[Mapping[str, Any]], None]] = {
            "stroke": self._stroke,
            "choose": self._choose,
            "image": self._image,
            "invert": self._invert,
            "clear": self._wipe,
        }
        kind = operation.get("kind") if isinstance(operation, Mapping) else None
        if not isinstance(kind, str) or kind not in kinds:
            raise _broken(f"{ascii(operation)[:60]} is no operation")
        kinds[kind](operation)

    def marks(self) -> Marks:
        """What all of it comes to."""
        mask = self._marked()
        if not mask.any():
            return Marks()
        return Marks(
            mask,
            frozenset(self._chosen),
            self._brushed is not None and bool(self._brushed.any()),
            self._erased is not None and bool(self._erased.any()),
        )

    def _marked(self) -> Mask:
        return marked(self._shape, (self._found[n] for n in self._chosen), self._brushed, self._erased)

    def _wipe(self, operation: Mapping[str, Any] | None = None) -> None:
        self._brushed: Mask | None = None
        self._erased: Mask | None = None
        self._chosen: set[int] = set()

    def _stroke(self, operation: Mapping[str, Any]) -> None:
        points, width = _points(operation.get("points")), _width(operation.get("width"))
        box = strokes.box_of(points, width, self._shape)
        if box is None:
            return
        self._points += len(points)
        self._work += len(points) * min(box.height, math.ceil(width) + 1) + box.height * box.width // 10
        if self._points > MOST_POINTS or self._work > MOST_WORK:
            raise MaskError(
                "There is more brushed than can be drawn at once: remove what is marked so far, then go on."
            )
        painted = strokes.stroke(points, width, box)
        if operation.get("erase"):
            if self._erased is None:
                self._erased = np.zeros(self._shape, dtype=bool)
            on, off = self._erased, self._brushed
        else:
            if self._brushed is None:
                self._brushed = np.zeros(self._shape, dtype=bool)
            on, off = self._brushed, self._erased
        on[box.slices] |= painted
        if off is not None:
            off[box.slices] &= ~painted

    def _choose(self, operation: Mapping[str, Any]) -> None:
        numbers = operation.get("numbers")
        if not isinstance(numbers, list | tuple) or len(numbers) > 10_000:
            raise _broken("the chosen objects are no list")
        for number in numbers:
            if not isinstance(number, int) or number not in self._found:
                continue
            if not operation.get("on"):
                self._chosen.discard(number)
                continue
            self._chosen.add(number)
            if self._erased is not None:
                find = self._found[number]
                self._erased[find.box.slices] &= ~find.mask

    def _image(self, operation: Mapping[str, Any]) -> None:
        given = self._given.get(str(operation.get("id"))[:100])
        if given is None or given.shape != self._shape:
            raise MaskError("The mask file is no longer here: open it again under Files.")
        mask = given.whole()
        self._brushed = mask if self._brushed is None else self._brushed | mask

    def _invert(self, operation: Mapping[str, Any]) -> None:
        mask = self._marked()
        self._wipe()
        self._brushed = ~mask


def _points(given: Any) -> strokes.Points:
    if not isinstance(given, list | tuple) or not given or len(given) % 2 or len(given) > 2 * MOST_POINTS:
        raise _broken("a stroke has no pairs of points")
    try:
        points = np.asarray(given, dtype=np.float64).reshape(-1, 2)
    except (TypeError, ValueError, OverflowError):
        raise _broken("a stroke's points are no numbers") from None
    if not np.isfinite(points).all() or np.abs(points).max() > FARTHEST:
        raise _broken("a stroke's points lie nowhere")
    return points


def _width(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given <= FARTHEST:
        raise _broken("a stroke has no width")
    return float(given)


def _broken(what: str) -> MaskError:
    return MaskError(f"The brushed mask did not arrive whole ({what}): press the button again.")
