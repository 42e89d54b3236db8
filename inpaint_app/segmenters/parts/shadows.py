"""The shadows that found objects cast, from photo and outlines alone.

A cast shadow is darker than the lit ground of its colour by nearly the same ratio in every channel, stands out from
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
    dilated,
    part_of,
    resized,
    seen,
)
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Instance, Mask

LEVELS = (0.1, 0.14, 0.2, 0.28, 0.4, 0.55)
"""Darkness (natural logarithm of lit by shaded) from which on ground is tried as shadow."""
CLEAR = 0.575
"""How sure judge and network together have to be of a region for it to be marked."""
POSSIBLE = 2 * CLEAR - 1
"""Where the network says less than that, the judge cannot make it CLEAR and is not asked."""
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
    """A region of a view that may be shadow; sure: what judge and network say, their mean; way: see Laid."""

    region: Mask
    sure: float
    way: NDArray[np.float64]


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
    said = zip(views, sights, chances, strict=True)
    tried = [
        list(candidates(view, sight, chance)) if view is not None else [] for view, sight, chance in said
    ]
    alone = [best(regions) for regions in tried]
    ways = np.array([np.zeros(2) if one is None else one.way / np.linalg.norm(one.way) for one in alone])
    leans = [
        AGREE * (ways.sum(axis=0) - way) / max(2, np.count_nonzero(ways.any(axis=1)) - 1) for way in ways
    ]
    chosen = [
        (best(*pair), *rest)
        for *pair, rest in zip(tried, leans, zip(casters, views, strict=True), strict=True)
    ]
    taken: list[Instance] = []
    for region, caster, view in sorted(chosen, key=lambda one: -one[0].sure if one[0] else 0):
        if region is None or view is None:
            continue
        part = part_of(caster, judge.LABEL, region.sure, region.region, view.area, (*found, *taken))
        if part is not None:
            taken.append(part)
    return (*found, *taken)


def best(regions: Sequence[Candidate], lean: NDArray[np.float64] | None = None) -> Candidate | None:
    """The region that is most and surest shadow; None where there is no clear one.

    lean: where the photo's other shadows point, (right, down), as long as that is worth.
    """
    best, most = None, 0.0
    for one in regions:
        sure = one.sure + (0.0 if lean is None else float(lean @ one.way) / float(np.linalg.norm(one.way)))
        gain = (sure - NOTHING) * np.count_nonzero(one.region) ** POWER
        if gain > most and one.sure >= CLEAR:
            best, most = one, gain
    return best


def candidates(view: View, sight: network.Sight, chance: Plane) -> Iterator[Candidate]:
    """Ground that is darker than each level and hangs together with the foot: low, all, and where the outline falls.

    chance: what the network says of the sight.
    """
    chance = network.moved(chance, sight.area, view.area, view.own.shape)
    for level in LEVELS:
        dim = (view.dark > level) & view.free
        whole = _standing(dim, view.foot)
        if np.count_nonzero(whole) < LEAST:
            continue
        _, outline = view.laid.best(whole)
        falls = resized(dilated(view.laid.planes[outline], 5), view.free.shape[::-1]) > 127
        sizes: set[int] = set()
        for within in (view.low, None, falls):
            region = whole if within is None else _standing(dim & within, view.foot)
            size = int(np.count_nonzero(region))
            if size < LEAST or size in sizes:
                continue
            sizes.add(size)
            region = _softened(region, view)
            likely = float(chance[region].mean())
            if likely < POSSIBLE:
                continue
            like = view.laid.best(region)
            features = judge.features(view, region, level, size / np.count_nonzero(whole), like)
            if features is not None:
                sure = (judge.share(features) + likely) / 2
                yield Candidate(region, sure, view.laid.ways[like[1]])


def _standing(dim: Mask, foot: Mask) -> Mask:
    """What of the dim ground hangs together with the foot."""
    region = cv2.morphologyEx(dim.view(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(region)
    touching = np.zeros(count, dtype=bool)
    touching[labels[foot]] = True
    touching[0] = False
    return np.asarray(touching[labels])


def _softened(region: Mask, view: View) -> Mask:
    """The region with its penumbra: what is near and at least a third as dark."""
    level = max(0.05, 0.35 * float(np.median(view.dark[region])))
    return region | (dilated(region, 9) & view.free & (view.dark > level))
