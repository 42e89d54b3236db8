"""How a large photo is looked at: as a whole and in overlapping tiles, and how what both find becomes one list."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from inpaint_app.types import Box, Instance

LARGE = 1280
"""Photos with a longer side than this are looked at in tiles too: seen as a whole, small people are lost."""
TILE = 1280
"""Wanted side of a tile in pixels; where it would take more than MOST tiles a side, tiles are larger."""
MOST = 3
OVERLAP = 0.25
"""Share of a tile that its neighbour shows too."""
SMALL = 0.5
"""Finds longer than this share of a tile are left to the view of the whole photo."""
SAME = 0.5
"""Intersection over union from which two masks of one class are the same object."""
PART = 0.75
"""Share of a mask inside another of its class from which it is a part of that object."""


def tiles(height: int, width: int) -> list[Box]:
    """Overlapping tiles over a photo of that size; none where the photo is small enough to be seen as a whole."""
    longest = max(height, width)
    if longest <= LARGE:
        return []
    count = min(MOST, math.ceil((longest / TILE - OVERLAP) / (1 - OVERLAP)))
    side = math.ceil(longest / (count - (count - 1) * OVERLAP))
    return [
        Box(left, top, left + min(side, width), top + min(side, height))
        for top in _starts(height, side)
        for left in _starts(width, side)
    ]


def _starts(length: int, side: int) -> list[int]:
    if length <= side:
        return [0]
    count = math.ceil((length / side - OVERLAP) / (1 - OVERLAP) - 1e-6)
    return [round(index * (length - side) / (count - 1)) for index in range(count)]


def whole_in(box: tuple[float, float, float, float], tile: Box, shape: tuple[int, int]) -> bool:
    """Whether a find of a tile counts: small beside the tile, and not cut off at a border inside the photo."""
    left, top, right, bottom = box
    side = max(tile.width, tile.height)
    if max(right - left, bottom - top) > SMALL * side:
        return False
    edge = 0.01 * side
    return (
        (left > tile.left + edge or tile.left == 0)
        and (top > tile.top + edge or tile.top == 0)
        and (right < tile.right - edge or tile.right == shape[1])
        and (bottom < tile.bottom - edge or tile.bottom == shape[0])
    )


def merged(whole: list[Instance], near: list[Instance]) -> list[Instance]:
    """The finds of both views as one list, most confident first, numbered from 1.

    An object found in both keeps the outline seen from near and the better confidence; a find that lies mostly
    inside another one of its class is a part of it and goes.
    """
    kept = sorted(whole, key=lambda instance: -instance.confidence)
    seen = [False] * len(kept)
    for find in sorted(near, key=lambda instance: -instance.confidence):
        twin = next((at for at, other in enumerate(kept) if _same(find, other)), None)
        if twin is None:
            kept.append(find)
            seen.append(True)
        else:
            best = max(find.confidence, kept[twin].confidence)
            kept[twin] = replace(kept[twin] if seen[twin] else find, confidence=best)
            seen[twin] = True
    kept = [find for find in kept if not any(_part(find, other) for other in kept if other is not find)]
    kept.sort(key=lambda instance: -instance.confidence)
    return [replace(find, number=number) for number, find in enumerate(kept, start=1)]


def agreed(one: list[Instance], other: list[Instance]) -> list[Instance]:
    """The finds of two looks at the same view, one of them mirrored, as one list: each counts by its mean confidence.

    What only one look finds counts half. The outline is the more confident one's.
    """
    left = sorted(other, key=lambda instance: -instance.confidence)
    found = []
    for find in sorted(one, key=lambda instance: -instance.confidence):
        twin = next((at for at, candidate in enumerate(left) if _same(find, candidate)), None)
        second = left.pop(twin) if twin is not None else replace(find, confidence=0.0)
        surer = max(find, second, key=lambda instance: instance.confidence)
        found.append(replace(surer, confidence=(find.confidence + second.confidence) / 2))
    return found + [replace(find, confidence=find.confidence / 2) for find in left]


def _same(one: Instance, other: Instance) -> bool:
    shared = _shared(one, other)
    return shared > 0 and shared > SAME * (int(one.mask.sum()) + int(other.mask.sum()) - shared)


def _part(one: Instance, other: Instance) -> bool:
    """Whether `one` lies inside the larger `other`; of two equal ones the less confident is the part."""
    shared = _shared(one, other)
    if shared <= 0:
        return False
    own, its = int(one.mask.sum()), int(other.mask.sum())
    return shared > PART * own and (own, one.confidence) < (its, other.confidence)


def _shared(one: Instance, other: Instance) -> int:
    """Pixels in both masks; 0 for different classes."""
    if one.label != other.label:
        return 0
    left, top = max(one.box.left, other.box.left), max(one.box.top, other.box.top)
    right, bottom = min(one.box.right, other.box.right), min(one.box.bottom, other.box.bottom)
    if right <= left or bottom <= top:
        return 0

    def part(instance: Instance) -> np.ndarray:
        x, y = instance.box.left, instance.box.top
        return instance.mask[top - y : bottom - y, left - x : right - x]

    return int(np.count_nonzero(part(one) & part(other)))
