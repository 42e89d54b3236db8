"""A photo that lies on its side, and whose file does not say so: finders know people upright alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from inpaint_app.segmenters.tiling import LARGE, for_one_look
from inpaint_app.types import Box, Image, Instance

Find = Callable[[Image], tuple[Instance, ...]]
Complete = Callable[[Image, tuple[Instance, ...]], tuple[Instance, ...]]

COUNTS = 0.35
"""Confidence from which a person counts."""
SURE = 0.75
"""Somebody as sure as that stands upright: the photo is not turned to look."""
MORE = 0.9
"""By so much the confidences of all people together must be higher in the turned photo: one person more, and sure."""
ONE, SEVERAL = 0.8, 2.0
"""And one of them as sure as that, or all together: two doubtful ones are seen in a dandelion, too."""
NOTE = "The photo lies on its side: people were looked for in it upright."


def found_upright(
    image: Image, find: Find, complete: Complete, glance: Find, notes: list[str]
) -> tuple[Instance, ...]:
    """What `find` finds in the photo, in it turned upright where people are seen lying, with all that `complete` adds.

    glance: a quick look at a picture of `LARGE` pixels. Smaller photos are taken as they are: cameras' are not small.
    """
    found = find(image)
    turns = quarter_turns(image, found, glance)
    if turns == 0:
        return complete(image, found)
    notes.append(NOTE)
    upright = np.ascontiguousarray(np.rot90(image, turns))
    return tuple(turned_back(one, turns, image.shape) for one in complete(upright, find(upright)))


def quarter_turns(image: Image, found: Iterable[Instance], glance: Find) -> int:
    """How often the photo must be turned left (np.rot90) for its people to stand: 0, 1 or 3."""
    upright = _people(found)
    if max(image.shape[:2]) <= LARGE or max(upright, default=0.0) >= SURE:
        return 0
    small = for_one_look(image)
    seen = {turns: _people(glance(np.ascontiguousarray(np.rot90(small, turns)))) for turns in (1, 3)}
    turns = max(seen, key=lambda each: sum(seen[each]))
    sums = sum(seen[turns])
    sure = max(seen[turns], default=0.0) >= ONE or sums >= SEVERAL
    return turns if sure and sums >= sum(upright) + MORE else 0


def turned_back(one: Instance, turns: int, shape: tuple[int, ...]) -> Instance:
    """A find of the photo turned left so often (1 or 3), in the photo of `shape` (H, W)."""
    box, (height, width) = one.box, shape[:2]
    if turns == 1:
        back = Box(width - box.bottom, box.left, width - box.top, box.right)
    else:
        back = Box(box.top, height - box.right, box.bottom, height - box.left)
    return replace(one, box=back, mask=np.ascontiguousarray(np.rot90(one.mask, -turns)))


def _people(found: Iterable[Instance]) -> list[float]:
    return [one.confidence for one in found if one.label == "person" and one.confidence >= COUNTS]
