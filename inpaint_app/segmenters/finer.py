"""The outlines of what one click removes, drawn anew from nearer: a coarse one leaves out shoes, hands and hair.

A network's mask has one cell for four pixels of its input, so the outline of somebody who fills half of a photo of
12 megapixels is made of squares of 25 pixels. Seen once more at the network's full size he has four times as many:
benchmarks/results/masks.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

import cv2
import numpy as np

from inpaint_app.imaging.mask import bounds, hull, padded
from inpaint_app.segmenters.base import GROUPED
from inpaint_app.segmenters.letterbox import STRIDE, Find, instances
from inpaint_app.segmenters.tiling import overlap, whole_in
from inpaint_app.types import Box, Image, Instance, Progress

Look = Callable[[Box, int], list[Find]]
"""Gives what is found in a view of the photo, its longer side scaled to so many pixels."""

CELL = 4
"""Pixels of a network's input under one cell of its masks."""
AROUND = 0.25
"""How much of its surroundings a find is looked at with, as a share of its longer side."""
WANTED, LEAST = 2.0, 1.5
"""Times as fine as before an outline is to become, and must become at least."""
SIDES = 320, 640
"""Least and most pixels of the longer side at which a find is looked at."""
FIXED = 320**2
"""What a look costs however small it is, in pixels."""
MOST = 3 * 640**2
"""What all these looks may cost together: three more beside the thirteen at 12 megapixels."""
THICK = 1.0
"""Cells of the first outline from which on what it alone shows is more than its coarse rim."""
SAME = 0.5
"""Intersection over union from which the find from nearer is the same thing."""


@runtime_checkable
class Redrawing(Protocol):
    """A finder that can look at a part of a photo at a size of its own."""

    def look(self, image: Image, view: Box, side: int) -> list[Find]:
        """What is found in a view, surely or not, its longer side scaled to `side` pixels."""
        ...


def redrawn(
    finder: object, image: Image, found: tuple[Instance, ...], progress: Progress
) -> tuple[Instance, ...]:
    """All finds of a photo, outlined as finely as `finder` can: see `finer`."""
    if not isinstance(finder, Redrawing):
        return found
    progress(1.0, "Drawing outlines")
    return finer(found, lambda view, side: finder.look(image, view, side), (image.shape[0], image.shape[1]))


def finer(found: Sequence[Instance], look: Look, shape: tuple[int, int]) -> tuple[Instance, ...]:
    """The finds, the outlines of the largest people, vehicles and animals drawn anew, all that one look shows at once.

    shape: (H, W) of the photo.
    """
    left, drawn = MOST, list(found)
    known = [at for at, one in enumerate(found) if one.label in GROUPED]
    for at in sorted(known, key=lambda at: -found[at].mask.size):
        view, side = nearer(found[at].box, found[at].cell, shape)
        longest = max(view.width, view.height)
        cost = FIXED + side * side * min(view.width, view.height) // longest
        if not side or drawn[at] is not found[at] or cost > left:
            continue
        left -= cost
        near = [find for find in look(view, side) if whole_in(find.box, view, shape, 1.0)]
        for other in known:
            if drawn[other] is found[other] and found[other].cell * side >= LEAST * CELL * longest:
                drawn[other] = _joined(found[other], near, shape)
    return tuple(drawn)


def nearer(box: Box, cell: float, shape: tuple[int, int]) -> tuple[Box, int]:
    """The view that shows a find finer than in cells of `cell` pixels of the photo, and at which size; 0 if none."""
    view = padded(box, round(AROUND * max(box.width, box.height)) + CELL, shape)
    longest = CELL * max(view.width, view.height)
    if cell < LEAST * CELL or longest * LEAST > SIDES[1] * cell:
        return view, 0
    side = -(-longest * WANTED // cell) // STRIDE * STRIDE
    return view, int(min(max(side, SIDES[0]), SIDES[1]))


def _joined(one: Instance, near: list[Find], shape: tuple[int, int]) -> Instance:
    """What the look from nearer shows of a find; of the first outline only what is thicker than a cell is added.

    The find itself where only the first look saw it.
    """
    seen = instances([find for find in near if find.label == one.label], shape)
    best = max(seen, key=lambda other: overlap(one, other), default=None)
    if best is None or overlap(one, best) < SAME:
        return one
    area = hull((one.box, best.box))
    before, fine = (each.within(area) for each in (one, best))
    more = (before & ~fine).view(np.uint8)
    round_cell = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (round(THICK * one.cell),) * 2)
    thick = cv2.dilate(cv2.morphologyEx(more, cv2.MORPH_OPEN, round_cell), round_cell)
    fine |= (thick > 0) & (more > 0)
    tight = bounds(fine) or Box(0, 0, area.width, area.height)
    return replace(one, box=tight.moved(area.left, area.top), mask=fine[tight.slices].copy(), cell=best.cell)
