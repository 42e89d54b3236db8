"""Which of the known finds a gesture means, and how what is pointed at joins them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from inpaint_app.segmenters.selecting.gesture import Gesture
from inpaint_app.segmenters.tiling import twins
from inpaint_app.types import Box, Instance, Mask

FITS = 0.6
"""Overlap from which a find is what a box or a scribble means."""


def meant(gesture: Gesture, box: Box, painted: Mask, found: Iterable[Instance]) -> Instance | None:
    """The find that a gesture means: the smallest under a click, the one that fits a box or a scribble."""
    if gesture.kind == "click":
        x, y = gesture.points[0]
        under = [one for one in found if _covers(one, x, y)]
        return min(under, key=lambda one: one.box.width * one.box.height, default=None)
    fits = [(_overlap(one, box, painted), one) for one in found]
    best = max(fits, key=lambda pair: pair[0], default=None)
    return best[1] if best is not None and best[0] >= FITS else None


def joined(
    picked: Instance, known: tuple[Instance, ...], beside: tuple[Instance, ...]
) -> tuple[Instance, tuple[Instance, ...]]:
    """What was pointed at and all finds, numbered on: those known before, and what is new of those found beside it.

    Where a find is the thing that was pointed at, it takes that outline.
    """
    numbers: dict[int | None, int] = {}
    finds, last = list(known), max((one.number for one in known), default=0)
    for one in beside:
        twin = next((other for other in known if twins(one, other)), None)
        numbers[one.number] = last + len(numbers) + 1 if twin is None else twin.number
        finds += [one] if twin is None else []
    finds[len(known) :] = [
        replace(one, number=numbers[one.number], of=numbers.get(one.of)) for one in finds[len(known) :]
    ]
    same = meant(Gesture(picked.box), picked.box, picked.mask, finds)
    if same is None:
        picked = replace(picked, number=max((one.number for one in finds), default=0) + 1)
        return picked, (*finds, picked)
    picked = replace(same, box=picked.box, mask=picked.mask)
    return picked, tuple(picked if one is same else one for one in finds)


def _covers(one: Instance, x: float, y: float) -> bool:
    column, row = int(x) - one.box.left, int(y) - one.box.top
    return 0 <= column < one.box.width and 0 <= row < one.box.height and bool(one.mask[row, column])


def _overlap(one: Instance, box: Box, painted: Mask) -> float:
    """How well a find fits a gesture: intersection over union, of the boxes where the whole box is painted."""
    left, top = max(one.box.left, box.left), max(one.box.top, box.top)
    right, bottom = min(one.box.right, box.right), min(one.box.bottom, box.bottom)
    if right <= left or bottom <= top:
        return 0.0
    if painted.all():
        shared, its, own = (right - left) * (bottom - top), one.mask.size, painted.size
    else:
        mine = painted[top - box.top : bottom - box.top, left - box.left : right - box.left]
        other = one.mask[top - one.box.top : bottom - one.box.top, left - one.box.left : right - one.box.left]
        shared, its, own = (int(np.count_nonzero(m)) for m in (mine & other, one.mask, painted))
    return shared / (its + own - shared)
