"""How a large photo is looked at: as a whole and in overlapping tiles, and how what both find becomes one list."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from inpaint_app.types import Box, Image, Instance

LARGE = 1280
"""Photos with a longer side than this are looked at in tiles too: seen as a whole, small people are lost."""
TILE = 1280
"""Least side of a tile in pixels: at that size the networks see half of the photo's own detail."""
SMALLEST = 0.02
"""Height of the smallest person that is looked for, as a share of the photo's short side."""
SHARE = 0.075
"""Height of a person, as a share of the tile, from which most are found: benchmarks/finding.py counts them."""
WIDE = 2.0
"""From this ratio of its sides on, a photo is also looked at in squares of its short side."""
OVERLAP = 0.25
"""Share of a tile that its neighbour shows too."""
HALF = 0.5
"""The same for the squares of a panorama: nothing else sees what is as large as half of them."""
SMALL = 0.5
"""Finds longer than this share of a tile are left to the larger view."""
SAME = 0.5
"""Intersection over union from which two masks of one class are the same object."""
PART = 0.75
"""Share of a mask inside another of its class from which it is a part of that object."""


@dataclass(frozen=True, slots=True)
class Closer:
    """One round of closer looks. longest: share of a tile up to which what it finds counts."""

    tiles: tuple[Box, ...]
    longest: float


def moved(one: Instance, left: int, top: int, across: float = 1.0, down: float = 1.0) -> Instance:
    """A find of a picture in what the picture was cut out of, at (left, top), and shrunk from by these ratios."""
    box = Box(
        left + round(one.box.left * across),
        top + round(one.box.top * down),
        left + max(round(one.box.right * across), round(one.box.left * across) + 1),
        top + max(round(one.box.bottom * down), round(one.box.top * down) + 1),
    )
    mask = cv2.resize(one.mask.view(np.uint8) * np.uint8(255), (box.width, box.height)) > 127
    return replace(one, box=box, mask=mask, cell=one.cell * max(across, down))


def seen_once(image: Image, look: Callable[[Image], tuple[Instance, ...]]) -> tuple[Instance, ...]:
    """What a finder sees in a picture at one look, without tiles; outlines are as fine as that look's."""
    small = for_one_look(image)
    if small is image:
        return look(image)
    across, down = image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]
    return tuple(moved(one, 0, 0, across, down) for one in look(small))


def for_one_look(image: Image) -> Image:
    """The picture made smaller to what is looked at without tiles; itself where it is no larger."""
    scale = max(image.shape[:2]) / LARGE
    if scale <= 1:
        return image
    size = (max(1, round(image.shape[1] / scale)), max(1, round(image.shape[0] / scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def closer(height: int, width: int) -> list[Closer]:
    """The rounds of closer looks at a photo of that size, largest tiles first; none where the whole shows all.

    Squares of the short side for a panorama, of which the whole would be a thin strip; then tiles in which a person
    of SMALLEST is large enough. Their number follows the photo's shape, not its pixels: at most 35 at 4:3.
    """
    short, longest = sorted((height, width))
    if longest <= LARGE:
        return []
    rounds = []
    if longest >= WIDE * short:
        rounds.append(Closer(tuple(tiles(height, width, short, HALF)), 1.0))
    side = max(TILE, round(short * SMALLEST / SHARE))
    if side <= (1 - OVERLAP) * (short if rounds else longest):
        rounds.append(Closer(tuple(tiles(height, width, side)), SMALL))
    return rounds


def shrunk(height: int, width: int, side: int = 640) -> float:
    """How many of the photo's pixels one pixel of the closest look covers, which sees tiles at `side` pixels."""
    longest, tile = max(height, width), max(TILE, round(min(height, width) * SMALLEST / SHARE))
    return min(longest, tile) / side


def tiles(height: int, width: int, side: int, overlap: float = OVERLAP) -> list[Box]:
    """Overlapping tiles of that side over a photo, as far as it goes."""
    return [
        Box(left, top, left + min(side, width), top + min(side, height))
        for top in _starts(height, side, overlap)
        for left in _starts(width, side, overlap)
    ]


def _starts(length: int, side: int, overlap: float) -> list[int]:
    if length <= side:
        return [0]
    count = max(2, math.ceil((length / side - overlap) / (1 - overlap) - 1e-6))
    return [round(index * (length - side) / (count - 1)) for index in range(count)]


def whole_in(
    box: tuple[float, float, float, float], tile: Box, shape: tuple[int, int], longest: float = SMALL
) -> bool:
    """Whether a find of a tile counts: small beside the tile, and not cut off at a border inside the photo."""
    left, top, right, bottom = box
    side = max(tile.width, tile.height)
    if max(right - left, bottom - top) > longest * side:
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
        twin = next((at for at, other in enumerate(kept) if twins(find, other)), None)
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


def ranked(views: Sequence[Sequence[Instance]], confidence: float) -> list[Instance]:
    """What several views saw, largest first, as one list; finds below the confidence are kept apart and follow.

    So weak finds, which are looked for as parts of others, change nothing about the sure ones.
    """
    sure, weak = merged([one for one in views[0] if one.confidence >= confidence], []), list[Instance]()
    for view in views[1:]:
        sure = merged(sure, [one for one in view if one.confidence >= confidence])
    for view in views:
        weak = merged(weak, [one for one in view if one.confidence < confidence])
    weak = [one for one in weak if not any(twins(one, other) for other in sure)]
    return sure + [replace(one, number=number) for number, one in enumerate(weak, start=len(sure) + 1)]


def agreed(one: list[Instance], other: list[Instance]) -> list[Instance]:
    """The finds of two looks at the same view, one of them mirrored, as one list: each counts by its mean confidence.

    What only one look finds counts half. The outline is the more confident one's.
    """
    left = sorted(other, key=lambda instance: -instance.confidence)
    found = []
    for find in sorted(one, key=lambda instance: -instance.confidence):
        twin = next((at for at, candidate in enumerate(left) if twins(find, candidate)), None)
        second = left.pop(twin) if twin is not None else replace(find, confidence=0.0)
        surer = max(find, second, key=lambda instance: instance.confidence)
        found.append(replace(surer, confidence=(find.confidence + second.confidence) / 2))
    return found + [replace(find, confidence=find.confidence / 2) for find in left]


def twins(one: Instance, other: Instance) -> bool:
    """Whether two finds are the same object: of one class, and over half of what both cover in common."""
    return overlap(one, other) > SAME


def overlap(one: Instance, other: Instance) -> float:
    """Intersection over union of two masks; 0 for different classes."""
    shared = _shared(one, other)
    return shared and shared / (int(one.mask.sum()) + int(other.mask.sum()) - shared)


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
    box = one.box.shared(other.box)
    return int(
        np.count_nonzero(one.mask[box.within(one.box).slices] & other.mask[box.within(other.box).slices])
    )
