"""Which of the known finds a gesture means, and how what is pointed at joins them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np

from inpaint_app.segmenters.selecting.gesture import Gesture
from inpaint_app.segmenters.tiling import twins
from inpaint_app.types import Box, Instance, Mask

TURNS, DENSE, WIDE = 1.4, 0.3, 0.25
"""A scribble paints the thing, rather than running through it, where its path is so many times as long as its box's
diagonal and covers that share of the box, or where its width is that share of the diagonal."""
FITS, ALONG = 0.6, 0.7
"""Overlap from which a find is what a box or a scribble means, and share of a line that has to run on it."""


def meant(gesture: Gesture, box: Box, painted: Mask, found: Iterable[Instance]) -> Instance | None:
    """The find that a gesture means: the smallest under a click or a line, the one that fits a box or a scribble."""
    covered = covered_by(box, painted, gesture)
    if gesture.kind == "click" or covered is None:
        least = ALONG * np.count_nonzero(painted)
        under = [one for one in found if _shared(one, box, painted) >= least]
        return min(under, key=lambda one: one.box.width * one.box.height, default=None)
    if np.count_nonzero(covered) > np.count_nonzero(
        painted
    ):  # a circle goes around what it means as a box does
        covered = np.ones_like(painted)
    fits = [(_overlap(one, box, covered), one) for one in found]
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


def covered_by(box: Box, painted: Mask, gesture: Gesture) -> Mask | None:
    """What of its box a gesture says is the thing, about; None for a line that only runs through it."""
    if gesture.kind == "box":
        return painted
    diagonal, points = float(np.hypot(box.width, box.height)), np.asarray(gesture.points)
    path = float(np.hypot(*np.diff(points, axis=0).T).sum())
    circled = _circled(points, box, painted)
    to_and_fro = path > TURNS * diagonal and np.count_nonzero(painted) > DENSE * painted.size
    return painted | circled if circled.any() or gesture.width >= WIDE * diagonal or to_and_fro else None


def _circled(points: np.ndarray, box: Box, painted: Mask) -> Mask:
    """What a stroke runs around; nothing where it does not come back to where it began, or runs around little."""
    inner = np.zeros(painted.shape, np.uint8)
    if len(points) > 3 and np.hypot(*(points[0] - points[-1])) < 0.25 * np.hypot(box.width, box.height):
        cv2.fillPoly(inner, [np.round(points - (box.left, box.top)).astype(np.int32)], 1)
        if np.count_nonzero(inner) < 2 * np.count_nonzero(painted):
            inner[:] = 0
    return inner.view(bool)


def _shared(one: Instance, box: Box, painted: Mask) -> int:
    """Pixels of a find that are painted."""
    both = one.box.shared(box)
    return int(np.count_nonzero(painted[both.within(box).slices] & one.mask[both.within(one.box).slices]))


def _overlap(one: Instance, box: Box, painted: Mask) -> float:
    """How well a find fits a gesture: intersection over union, of the boxes where the whole box is painted."""
    if painted.all():
        one = replace(one, mask=np.ones_like(one.mask))
    shared = _shared(one, box, painted)
    return shared / (np.count_nonzero(one.mask) + np.count_nonzero(painted) - shared)
