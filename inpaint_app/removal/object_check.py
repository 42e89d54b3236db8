"""Is anything new in a hole? After a fill the hole is looked at for objects that the photo does not explain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from inpaint_app.imaging.mask import padded
from inpaint_app.types import Box, Image, Instance, Mask, Progress, Result

Look = Callable[[Image, Progress], tuple[Instance, ...]]

INSIDE = 0.5
"""Share of an object that lies in the hole from which the fill, not the photo, put it there."""
AROUND = 1.0
"""How much of its surroundings a hole is looked at with, as a share of the hole's longer side."""
LEAST = 64
"""Pixels of surroundings at least."""


def appeared(
    result: Result, look: Look, staying: tuple[Instance, ...] = (), progress: Progress | None = None
) -> tuple[Instance, ...]:
    """Objects in the fill that the photo does not explain, in the photo's frame, numbered from 1."""
    progress = progress or Progress()
    found: list[Instance] = []
    for done, box in enumerate(result.boxes):
        margin = max(LEAST, round(AROUND * max(box.width, box.height)))
        area = padded(box, margin, result.image.shape)
        part = progress.part(done / len(result.boxes), (done + 1) / len(result.boxes))
        seen = look(np.ascontiguousarray(result.image[area.slices]), part)
        moved = [replace(one, box=one.box.moved(area.left, area.top)) for one in seen]
        found += [one for one in moved if _new(one, result.mask, staying) and not _known(one, found)]
    return tuple(replace(one, number=number) for number, one in enumerate(found, start=1))


def _new(one: Instance, hole: Mask, staying: tuple[Instance, ...]) -> bool:
    """Whether most of the object is fill, and what is not fill belongs to no object of its class that stays."""
    inside = one.mask & hole[one.box.slices]
    if int(inside.sum()) < INSIDE * int(one.mask.sum()):
        return False
    outside = one.mask & ~inside
    if int(outside.sum()) < 0.05 * int(one.mask.sum()):
        return True
    explained = np.zeros_like(outside)
    for other in staying:
        if other.label == one.label:
            explained |= other.full_mask(hole.shape)[one.box.slices]
    return int((outside & explained).sum()) < 0.5 * int(outside.sum())


def _known(one: Instance, found: list[Instance]) -> bool:
    """Whether the same object was already seen in a neighbouring hole's surroundings."""
    return any(other.label == one.label and _overlap(one.box, other.box) > 0.5 for other in found)


def _overlap(one: Box, other: Box) -> float:
    both = one.shared(other)
    shared = both.width * both.height
    return shared / (one.width * one.height + other.width * other.height - shared)
