"""Who stands behind the found people: seen once those are painted over, when a head over a shoulder is a person.

Looked at are crowds alone, each in a crop of its own, so that the cost follows them, not the photo.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from inpaint_app.imaging.mask import bounds, dilated, hull, padded
from inpaint_app.imaging.visible import without_hidden
from inpaint_app.segmenters.parts.shadow_view import covered
from inpaint_app.types import Box, Image, Instance, Mask

Again = Callable[[Image], tuple[Instance, ...]]

PERSON = "person"
CROWD = 2
"""So many people whose outlines touch are a crowd, in which others may be hidden."""
AROUND = 0.5
"""How much of its surroundings a crowd is looked at with, as a share of its tallest person's height."""
GROWN = 0.02
"""How far outlines are painted over beyond their edge, and how near somebody hidden is, in the same measure."""
OWN = 0.3
"""Share of a new find that must be the photo's own and nobody's yet: the rest is paint."""


def with_hidden(image: Image, found: tuple[Instance, ...], again: Again) -> tuple[Instance, ...]:
    """The finds with the people hidden among them, numbered on, each `of` the one who hides most of him.

    image: (H, W, 3) uint8 RGB. again: what is surely seen in a picture, with masks of its size. The outline of somebody
    hidden is what the photo shows of him.
    """
    taken = found
    for crowd in crowds(one for one in found if one.label == PERSON):
        tallest = max(one.box.height for one in crowd)
        width = max(1, round(GROWN * tallest))
        area = padded(hull(one.box for one in crowd), round(AROUND * tallest), image.shape)
        painted = dilated(covered(crowd, area), width)
        picture = without_hidden(np.ascontiguousarray(image[area.slices]), painted, painted)
        for one in again(picture):
            if one.label == PERSON:
                there = replace(one, box=one.box.moved(area.left, area.top))
                taken = (*taken, *_shown(there, painted[one.box.slices], crowd, width, taken, image.shape))
    return taken


def crowds(people: Iterable[Instance]) -> list[list[Instance]]:
    """The people in groups of CROWD or more whose boxes touch in turn."""
    groups: list[list[Instance]] = []
    for one in people:
        near = [group for group in groups if any(_meet(one.box, other.box) for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([one, *(other for group in near for other in group)])
    return [group for group in groups if len(group) >= CROWD]


def _shown(
    one: Instance,
    painted: Mask,
    crowd: Sequence[Instance],
    width: int,
    known: tuple[Instance, ...],
    shape: tuple[int, ...],
) -> Iterator[Instance]:
    """What the photo shows of somebody hidden; nothing where that is too little, or where nobody hides him.

    painted: what of his box is paint.
    """
    mask = one.mask & ~painted & ~covered(known, one.box)
    tight = bounds(mask)
    if tight is None or np.count_nonzero(mask) < OWN * np.count_nonzero(one.mask):
        return
    near = padded(one.box, 2 * width, shape)
    reached = dilated(covered([one], near), 2 * width)
    shared = [np.count_nonzero(reached & covered([other], near)) for other in crowd]
    if any(shared):
        owner = crowd[int(np.argmax(shared))].number
        number = max(other.number for other in known) + 1
        place = tight.moved(one.box.left, one.box.top)
        yield replace(one, number=number, box=place, mask=mask[tight.slices].copy(), of=owner)


def _meet(one: Box, other: Box) -> bool:
    return max(one.left, other.left) <= min(one.right, other.right) and max(one.top, other.top) <= min(
        one.bottom, other.bottom
    )
