"""The shadows that found objects cast, from photo and outlines alone.

A cast shadow is darker than the lit ground beside it by nearly the same ratio in every channel, stands out from
that ground's own variation, begins where the object stands and looks like its outline laid down. Every object is
looked at in a crop of bounded size, so that the cost follows the objects, not the photo. Ground darker than some level
that hangs together with the foot is a candidate (`shadow_view.py` sees it); how much of it is shadow is said by
`shadow_judge.py` from figures and by a network from the picture (`shadow_network.py`), and only the clear ones stay.
Paired regions and constant ratios: Guo, Dai, Hoiem, "Paired Regions for Shadow Detection and Removal", PAMI 2013; the
outlines laid down and the choice among levels are our own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.segmenters.parts import shadow_judge as judge
from inpaint_app.segmenters.parts import shadow_network as network
from inpaint_app.segmenters.parts.shadow_view import (
    LEAST,
    Plane,
    View,
    around,
    dilated,
    part_of,
    resized,
    seen,
)
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Instance, Mask

LEVELS = (0.1, 0.14, 0.2, 0.28, 0.4, 0.55)
"""Darkness (natural logarithm of lit by shaded) from which on ground is tried as shadow."""
CLEAR = 0.5
"""How sure judge and network together have to be of a region for it to be marked."""
SUPPORTED = 0.45
"""The same where the photo's other shadows say so: they point about its way and are about as dark."""
ALONG, TIMES = 0.5, 3.0
"""The least cosine between its way and theirs, and how many times as dark it may be as they are, or they as it is."""
POSSIBLE = 0.2
"""Where the network says less than that, the judge is not asked."""
SMALLEST = 0.13
"""Less than that share of the object is the dim rim at its foot mostly, and no clear shadow by itself."""
THIN = 0.03
"""So little of it may be the thin shadow under a high sun, where another object's is like it."""
SAME, TWICE = 0.9, 2.0
"""What is like it: the least cosine between their ways, and how many times as dark one may be as the other."""
NOTHING = 0.2
"""What counts for nothing when regions are compared."""
POWER = 0.75
"""How much a larger region counts against a surer one."""
AGREE = 0.1
"""What it counts that a shadow points where all others of the photo do."""
MOST = 24
"""How many of the finds are looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A region of a view that may be shadow; sure: what the judge says of its features and the network, their mean.

    share: how large it is beside the object. way: where it points, (right, down), of length 1. depth: how much darker
    it is than the ground around it.
    """

    region: Mask
    share: float
    features: NDArray[np.float64]
    sure: float
    way: NDArray[np.float64]
    depth: float


def with_shadows(image: Image, found: tuple[Instance, ...], settings: Settings) -> tuple[Instance, ...]:
    """The finds with their clear cast shadows: instances labelled "shadow", numbered on, `of` what casts them.

    image: (H, W, 3) uint8 RGB. A pixel that two could cast belongs to the surer one. Only the MOST largest finds are
    looked at. Raises MissingWeights, CheckpointError.
    """
    solid = [one for one in found if one.label != judge.LABEL and max(one.box.width, one.box.height) >= LEAST]
    casters = sorted(solid, key=lambda one: -one.mask.size)[:MOST]
    others = [[other for other in solid if other is not one] for one in casters]
    sights = [network.sight(image, *pair) for pair in zip(casters, others, strict=True)]
    chances = network.chances(sights, settings)
    views = [
        seen(image, one, rest) if chance.max() >= POSSIBLE else None
        for one, rest, chance in zip(casters, others, chances, strict=True)
    ]
    tried = [
        list(candidates(view, network.moved(chance, sight.area, view.area, view.own.shape))) if view else []
        for view, sight, chance in zip(views, sights, chances, strict=True)
    ]
    chosen = [
        (region, caster, view)
        for region, caster, view in zip(clear(tried), casters, views, strict=True)
        if region is not None and view is not None
    ]
    taken: list[Instance] = []
    for region, caster, view in sorted(chosen, key=lambda one: -one[0].sure):
        part = part_of(caster, judge.LABEL, region.sure, region.region, view.area, (*found, *taken))
        if part is not None:
            taken.append(part)
    return (*found, *taken)


def clear(tried: Sequence[Sequence[Candidate]]) -> list[Candidate | None]:
    """Of the regions of each of the photo's objects the one that is its shadow; None where there is no clear one.

    One light casts all: what the others' shadows say is heard, and where an object has none, a thin one counts that is
    like another's.
    """
    alone = [best(regions) for regions in tried]
    found = [best(regions, _without(alone, at)) for at, regions in enumerate(tried)]
    thin = [one or best(regions, least=THIN) for one, regions in zip(found, tried, strict=True)]
    return [
        one or best([r for r in regions if any(_twins(r, other) for other in _without(thin, at))], least=THIN)
        for at, (one, regions) in enumerate(zip(found, tried, strict=True))
    ]


def _without(regions: Sequence[Candidate | None], at: int) -> list[Candidate]:
    """All but the one at a place."""
    return [one for other, one in enumerate(regions) if one is not None and other != at]


def best(
    regions: Sequence[Candidate], others: Sequence[Candidate] = (), least: float = SMALLEST
) -> Candidate | None:
    """The region that is most and surest shadow; None where there is no clear one of `least` of the object.

    others: the photo's other shadows: what points their way is surer, and what is like them counts from SUPPORTED on.
    """
    best, most = None, 0.0
    way = np.mean([one.way for one in others], axis=0) if others else np.zeros(2)
    for one in regions:
        gain = (one.sure + AGREE * float(way @ one.way) - NOTHING) * np.count_nonzero(one.region) ** POWER
        sure = one.sure >= CLEAR or (one.sure >= SUPPORTED and _alike(one, others))
        if gain > most and sure and one.share >= least:
            best, most = one, gain
    return best


def _twins(one: Candidate, other: Candidate) -> bool:
    """Whether two regions point the same way and are as dark."""
    same = float(one.way @ other.way) >= SAME
    return same and other.depth <= TWICE * one.depth and one.depth <= TWICE * other.depth


def _alike(one: Candidate, others: Sequence[Candidate]) -> bool:
    """Whether the same light may have cast it as the others."""
    if not others:
        return False
    way = np.sum([other.way for other in others], axis=0)
    depth = float(np.median([other.depth for other in others]))
    return bool(way @ one.way >= ALONG * np.linalg.norm(way)) and depth / TIMES <= one.depth <= TIMES * depth


def candidates(view: View, chance: Plane, smallest: float = THIN) -> Iterator[Candidate]:
    """Ground darker than each level that hangs together with the foot: before it, low, all, where the outline falls.

    chance: (h, w), what the network says of the view. smallest: the least share of the object.
    """
    for level in LEVELS:
        dim = (view.dark > level) & view.free
        whole = _standing(dim, view.foot)
        if np.count_nonzero(whole) < LEAST:
            continue
        _, outline = view.laid.best(whole)
        falls = resized(dilated(view.laid.planes[outline], 5), view.free.shape[::-1]) > 127
        sizes: set[int] = set()
        for within in (view.front, view.low, None, falls):
            region = whole if within is None else _standing(whole & within, view.foot)
            size = int(np.count_nonzero(region))
            if size < LEAST or size in sizes:
                continue
            sizes.add(size)
            region = _softened(region, view)
            share = np.count_nonzero(region) / np.count_nonzero(view.own)
            if share < smallest:
                continue
            likely = float(chance[region].mean())
            if likely < POSSIBLE:
                continue
            like = view.laid.best(region)
            features = judge.features(view, region, level, size / np.count_nonzero(whole), like)
            if features is not None:
                sure, way = (judge.share(features) + likely) / 2, view.laid.ways[like[1]]
                yield Candidate(
                    region, share, features, sure, way / np.linalg.norm(way), _depth(region, view)
                )


def _depth(region: Mask, view: View) -> float:
    part = around(region, 10)
    ground = dilated(region[part], 21) & view.ground[part] & ~region[part]
    return float(np.median(view.dark[region]) - np.median(view.dark[part][ground]))


def _standing(dim: Mask, foot: Mask) -> Mask:
    """What of the dim ground hangs together with the foot."""
    part, standing = around(dim, 1), np.zeros_like(dim)
    region = cv2.morphologyEx(dim[part].view(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(region)
    touching = np.zeros(count, dtype=bool)
    touching[labels[foot[part]]] = True
    touching[0] = False
    standing[part] = touching[labels]
    return standing


def _softened(region: Mask, view: View) -> Mask:
    """The region with its penumbra: what is near and at least a third as dark."""
    level = max(0.05, 0.35 * float(np.median(view.dark[region])))
    part, softened = around(region, 4), region.copy()
    softened[part] |= dilated(region[part], 9) & view.free[part] & (view.dark[part] > level)
    return softened
