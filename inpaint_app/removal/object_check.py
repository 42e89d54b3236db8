"""What is seen in a finished fill: objects that the photo does not explain, and who was half hidden behind who went."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from inpaint_app.errors import MissingError
from inpaint_app.imaging.mask import bounds, hull, padded
from inpaint_app.removal.pipeline import Removal
from inpaint_app.segmenters.base import counted_words
from inpaint_app.segmenters.crowd import FEW, next_view, seen_in_view
from inpaint_app.segmenters.parts.shadow_view import covered
from inpaint_app.segmenters.tiling import moved, seen_once
from inpaint_app.types import Box, Image, Instance, Mask, Progress, Result

Look = Callable[[Image, Progress], tuple[Instance, ...]]

INSIDE = 0.5
"""Share of an object that lies in the hole from which the fill, not the photo, put it there."""
AROUND = 1.0
"""How much of its surroundings a hole is looked at with, as a share of the hole's longer side."""
LEAST = 64
"""Pixels of surroundings at least."""
SURE = 0.5
"""Confidence from which somebody seen in a fill goes too: below it half are none (benchmarks/results/belongings.md)."""
OWN = 0.3
"""Share of him that must be the photo's own and nobody's yet: the rest is fill."""
PERSON = "person"
APART = 2
"""Holes up to which each is looked at with its surroundings; more are looked at together."""


def appeared(
    result: Result, look: Look, staying: tuple[Instance, ...] = (), progress: Progress | None = None
) -> tuple[Instance, ...]:
    """Objects in the fill that the photo does not explain, in the photo's frame, numbered from 1."""
    progress = progress or Progress()
    found: list[Instance] = []
    for done, box in enumerate(result.boxes):
        area = _around(box, result)
        part = progress.part(done / len(result.boxes), (done + 1) / len(result.boxes))
        seen = look(np.ascontiguousarray(result.image[area.slices]), part)
        moved = [replace(one, box=one.box.moved(area.left, area.top)) for one in seen]
        found += [one for one in moved if _new(one, result.mask, staying) and not _known(one, found)]
    return tuple(replace(one, number=number) for number, one in enumerate(found, start=1))


def completed(
    removal: Removal,
    result: Result,
    look: Callable[[Image, Progress, Mask], tuple[Instance, ...]],
    progress: Progress,
) -> Removal | None:
    """The removal with those people whom a finder sees once the others are gone; None where it sees nobody.

    Of such a one the photo itself shows a part that is nobody's yet, and that goes. look: what a finder sees in a
    picture, from nearer only where a mask is set. Looks follow the people who went, not the photo; a note tells.
    """
    gone = people(removal.removed)
    if all(one.of is not None for one in gone):
        return None
    part, nowhere = progress.part(1.0, 1.0, "Looking at the fill"), np.zeros((1, 1), bool)
    new: list[Instance] = []
    try:
        seen = [*seen_in_fill(gone, result, lambda small: look(small, part, nowhere))]
    except MissingError:
        return None
    for one in sorted(people(seen), key=lambda one: -one.confidence):
        if one.confidence >= SURE:
            new += shown_of(one, removal, result, new)
    hole = removal.mask.copy()
    for one in new:
        hole[one.box.slices] |= one.mask
    if not new or hole.all():
        return None
    progress.notes.append(
        f"Seen only once the others were gone, and removed too: {counted_words(one.label for one in new)}"
    )
    everybody, removed = (*removal.instances, *new), (*removal.removed, *new)
    return replace(removal, mask=hole, instances=everybody, removed=removed)


def people(found: Iterable[Instance]) -> list[Instance]:
    """The people among finds."""
    return [one for one in found if one.label == PERSON]


def seen_in_fill(
    gone: Sequence[Instance], result: Result, look: Callable[[Image], tuple[Instance, ...]]
) -> Iterator[Instance]:
    """What is seen in a fill, around each hole and from nearer where small people are `gone`."""
    shape = (result.image.shape[0], result.image.shape[1])
    for box in result.boxes if len(result.boxes) <= APART else [hull(result.boxes)]:
        view = _around(box, result)
        for one in seen_once(np.ascontiguousarray(result.image[view.slices]), look):
            yield moved(one, view.left, view.top)
    views: list[Box] = []
    while len(views) < FEW and (near := next_view(gone, views, shape)) is not None:
        views.append(near)
        yield from seen_in_view(result.image, near, look)


def shown_of(one: Instance, removal: Removal, result: Result, new: Sequence[Instance]) -> Iterator[Instance]:
    """What the photo shows of somebody seen in a fill, up to the hole; nothing where most of him is fill, or is known.

    new: who was seen before him.
    """
    mask = one.mask & ~covered((*removal.staying, *new), one.box)
    if removal.avoid is not None:
        mask &= ~removal.avoid[one.box.slices]
    if removal.alpha is not None:
        mask &= removal.alpha[one.box.slices] > 0
    shown = np.count_nonzero(mask & ~result.mask[one.box.slices])
    mask &= ~removal.mask[one.box.slices]
    tight = bounds(mask)
    if tight is not None and shown >= OWN * np.count_nonzero(one.mask):
        number = 1 + max(other.number for other in (*removal.instances, *new))
        place = tight.moved(one.box.left, one.box.top)
        yield replace(one, number=number, box=place, mask=mask[tight.slices].copy())


def _around(box: Box, result: Result) -> Box:
    """What is looked at of a fill: a hole's window with its surroundings."""
    return padded(box, max(LEAST, round(AROUND * max(box.width, box.height))), result.image.shape)


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
