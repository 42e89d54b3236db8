"""Which frames of an animation change when one is edited, and what is drawn in each, whatever the format.

A frame draws on what the one before left behind. So an edited frame would shine through the later ones: they are drawn
anew where they would be seen otherwise, until what is left behind is the same again. Usually that is one frame.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.types import Box, Mask

Rgba = NDArray[np.uint8]
Leaves = Literal["all", "cleared", "before"]
"""What a frame leaves behind: itself, its box cleared, or what was there before it."""


class CannotDraw(Exception):  # noqa: N818 - internal, says which way is closed
    """A pixel would have to become transparent again, and frames of this format cannot erase."""


@dataclass(frozen=True, slots=True)
class Step:
    """Where a frame draws, and what it leaves behind."""

    box: Box
    leaves: Leaves


@dataclass(frozen=True, slots=True, eq=False)
class Redrawn:
    """A frame to be written anew. pixels: (h, w, 4) as they are to be seen in `box`; drawn: (h, w), those that are not
    there before it."""

    box: Box
    leaves: Leaves
    pixels: Rgba
    drawn: Mask


def redrawn(
    steps: Sequence[Step],
    seen: Callable[[int], Rgba],
    number: int,
    edited: Rgba,
    *,
    erases: bool,
    grid: int = 1,
) -> dict[int, Redrawn]:
    """The frames to write anew by their index. Raises CannotDraw.

    seen: the canvas (H, W, 4) as it is seen with a frame, asked for in rising order. number: of the edited frame, from
    0; edited: what is to be seen instead. erases: whether a frame can make pixels transparent again. grid: boxes begin
    at multiples of it.
    """
    before = np.zeros_like(edited)
    for index in range(number):
        before = _left(before, _plain(seen(index)), steps[index])
    own = steps[number].leaves
    ways: list[Leaves] = [own, *(way for way in ("before", "cleared", "all") if way != own)]
    original = _plain(seen(number))
    for way in ways:
        try:
            return _from(steps, seen, number, _plain(edited), original, before, way, erases, grid)
        except CannotDraw:
            if way == ways[-1]:
                raise
    raise CannotDraw


def all_whole(count: int, seen: Callable[[int], Rgba], number: int, edited: Rgba) -> dict[int, Redrawn]:
    """Every frame anew and whole, for files whose frames are not what their own words say."""
    box = Box(0, 0, edited.shape[1], edited.shape[0])
    canvases = [_plain(edited if index == number else seen(index)) for index in range(count)]
    leaves: Leaves = "all" if all((canvas[..., 3] == 255).all() for canvas in canvases) else "cleared"
    return {index: Redrawn(box, leaves, canvas, canvas[..., 3] > 0) for index, canvas in enumerate(canvases)}


def _from(
    steps: Sequence[Step], seen: Callable[[int], Rgba], number: int, edited: Rgba, original: Rgba, before: Rgba,
    way: Leaves, erases: bool, grid: int,
) -> dict[int, Redrawn]:  # fmt: skip
    first = _frame(before, edited, Step(steps[number].box, way), erases, grid)
    found = {number: first}
    was = _left(before, original, steps[number])
    now = _left(before, edited, Step(first.box, way))
    for index in range(number + 1, len(steps)):
        if np.array_equal(was, now):
            break
        wanted = _plain(seen(index))
        frame = _frame(now, wanted, steps[index], erases, grid)
        found[index] = frame
        was, now = _left(was, wanted, steps[index]), _left(now, wanted, Step(frame.box, frame.leaves))
    return found


def _frame(before: Rgba, wanted: Rgba, step: Step, erases: bool, grid: int) -> Redrawn:
    differs = (before != wanted).any(axis=2)
    if not erases and (differs & (wanted[..., 3] < 128)).any():
        raise CannotDraw
    left, top, width, height = cv2.boundingRect(differs.view(np.uint8))
    box = step.box
    if width:
        right, bottom = max(box.right, left + width), max(box.bottom, top + height)
        left, top = min(box.left, left), min(box.top, top)
        box = Box(left - left % grid, top - top % grid, right, bottom)
    return Redrawn(box, step.leaves, wanted[box.slices].copy(), differs[box.slices].copy())


def _left(before: Rgba, seen: Rgba, step: Step) -> Rgba:
    """What a frame leaves behind."""
    if step.leaves == "before":
        return before
    if step.leaves == "all":
        return seen
    cleared = seen.copy()
    cleared[step.box.slices] = 0
    return cleared


def _plain(canvas: Rgba) -> Rgba:
    """What is transparent is all alike."""
    plain = canvas.copy()
    plain[plain[..., 3] == 0] = 0
    return plain
