"""A photo is looked at from nearer around small people, cars and animals: others beside them were too small to be seen.

A network that sees somebody at 60 pixels misses his neighbours and outlines him coarsely. What it found tells where and
how large things are: looks are spent there alone, so that their number follows the crowd and not the photo.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from inpaint_app.segmenters.base import GROUPED
from inpaint_app.segmenters.tiling import merged, moved, ranked, seen_once, shrunk, whole_in
from inpaint_app.types import Box, Image, Instance, Mask

SIDE = 640
"""The longer side in pixels at which one look sees its picture."""
SMALL = 160
"""Longer side in such pixels below which somebody is looked at from nearer."""
LEAST = 24
"""Longer side in the photo's own pixels below which nearer shows no more."""
WANTED = 200
"""How large he is then seen: a third of the view, so that his neighbours are seen with him."""
LIKE = 2.0
"""Up to so many times larger or smaller, others are seen well in the same view."""
LARGEST = 0.6
"""Share of the view up to which what is found in it counts."""
BESIDE = 0.15
"""Share of the view that must lie beside a find, for its neighbours to be seen."""
MOST, FEW = 12, 6
"""Looks at one photo, and at one whose finds are only left out or told: another shot outvotes who is missed."""


def seen_nearer(
    image: Image,
    found: Sequence[Instance],
    confidence: float,
    look: Callable[[Image], tuple[Instance, ...]],
    most: int = MOST,
    within: Mask | None = None,
) -> tuple[Instance, ...]:
    """The finds with what is seen from nearer around small ones; of what both show, the outline seen from near.

    found: from `confidence` on, less sure ones behind. look: what one look at a picture finds, with masks of its size.
    most: looks. within: (H, W) bool, what is looked at; None: everything.
    """
    shape = (image.shape[0], image.shape[1])
    sure = [one for one in found if one.confidence >= confidence]
    views, seen = list[Box](), [list(found)]
    while len(views) < most and (view := next_view(sure, views, shape, within)) is not None:
        seen.append(seen_in_view(image, view, look))
        sure = merged(sure, [one for one in seen[-1] if one.confidence >= confidence])
        views.append(view)
    return tuple(ranked(seen, confidence)) if views else tuple(found)


def seen_in_view(image: Image, view: Box, look: Callable[[Image], tuple[Instance, ...]]) -> list[Instance]:
    """What one look at a view of a photo finds and shows whole, in the photo's frame."""
    near = (moved(one, view.left, view.top) for one in seen_once(image[view.slices], look))
    return [one for one in near if whole_in(one.box, view, (image.shape[0], image.shape[1]), LARGEST)]


def next_view(
    sure: Sequence[Instance], views: Sequence[Box], shape: tuple[int, int], within: Mask | None = None
) -> Box | None:
    """The view that shows most small finds from nearer; None once all were shown.

    views: those before. shape: (H, W) of the photo; one of half a look's size was enlarged enough at once. within: see
    `seen_nearer`.
    """
    if 2 * max(shape) < SIDE:
        return None
    limit = SMALL * shrunk(*shape, SIDE)
    small = [one for one in sure if one.label in GROUPED and LEAST <= _size(one) < limit]
    left = [one for one in small if not any(_shown(one, view, shape) for view in views)]
    around = [_around(one, shape) for one in left]
    if within is not None:
        around = [view for view in around if within[view.slices].any()]
    return max(around, key=lambda view: sum(_shown(one, view, shape) for one in left), default=None)


def _around(one: Instance, shape: tuple[int, int]) -> Box:
    """The view with the find in its middle, as far as the photo goes."""
    length = round(_size(one) * SIDE / WANTED)
    height, width = min(length, shape[0]), min(length, shape[1])
    left = min(max(0, (one.box.left + one.box.right - width) // 2), shape[1] - width)
    top = min(max(0, (one.box.top + one.box.bottom - height) // 2), shape[0] - height)
    return Box(left, top, left + width, top + height)


def _shown(one: Instance, view: Box, shape: tuple[int, int]) -> bool:
    """Whether a view shows all of a find about as large as is wanted, and who stands beside it."""
    length = max(view.width, view.height)
    beside = BESIDE * length
    inside = (
        (view.left + beside <= one.box.left or view.left == 0)
        and (view.top + beside <= one.box.top or view.top == 0)
        and (one.box.right <= view.right - beside or view.right == shape[1])
        and (one.box.bottom <= view.bottom - beside or view.bottom == shape[0])
    )
    return inside and 1 / LIKE <= _size(one) * SIDE / length / WANTED <= LIKE


def _size(one: Instance) -> int:
    return max(one.box.width, one.box.height)
