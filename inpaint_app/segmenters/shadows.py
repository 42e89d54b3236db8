"""The shadows that found objects cast, from photo and outlines alone.

A cast shadow is darker than the lit ground of its colour by nearly the same ratio in every channel, stands out from
that ground's own variation, begins where the object stands and looks like its outline laid down. Every object is
looked at in a crop of bounded size, so that the cost follows the objects, not the photo. Ground darker than some level
that hangs together with the foot is a candidate; `shadow_judge.py` says how much of it is shadow, and only the clear
ones stay.
Paired regions and constant ratios: Guo, Dai, Hoiem, "Paired Regions for Shadow Detection and Removal", PAMI 2013; the
outlines laid down and the choice among levels are our own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.imaging.mask import bounds, padded
from inpaint_app.segmenters import shadow_judge as judge
from inpaint_app.types import Box, Image, Instance, Mask

Plane = NDArray[np.float32]

SIZE = 120
"""Pixels of an object's longer side in its crop."""
REACH = 1.3
"""How far the crop goes beyond the object, in its longer sides."""
FOOT = 0.3
"""The share of an object's height, from below, that may stand on the ground: twice that where it is wide."""
LEVELS = (0.1, 0.14, 0.2, 0.28, 0.4, 0.55)
"""Darkness (natural logarithm of lit by shaded) from which on ground is tried as shadow."""
MATERIALS = 4
"""Colours that the ground is taken to consist of (cv2.resize takes four planes at once)."""
BRIGHT = 0.8
"""The expectile of a material's light around that counts as lit."""
ALIKE = 1.5
"""How much less light a material lends to another, for each unit of logarithm that their ratios differ: deep shade is
bluer than its ground."""
RARE = 0.05
"""The share of the ground around from which on a material is there to be compared with."""
OUTLINE = 36
"""Pixels of an object's longer side where its outline is laid down in every direction."""
ACROSS = (-2.6, -1.9, -1.3, -0.9, -0.55, -0.25, 0.0, 0.25, 0.55, 0.9, 1.3, 1.9, 2.6)
UPWARDS = (-0.9, -0.6, -0.4, -0.25, -0.12, 0.05, 0.12, 0.25, 0.4, 0.6)
"""Where the top of an object one unit high may lie, seen from its foot."""
CLEAR = 0.65
"""The share of a region that has to be shadow, as the judge sees it, for the region to be marked."""
POWER = 0.75
"""How much a larger region counts against a surer one."""
AGREE = 0.1
"""What it counts that a shadow points where all others of the photo do."""
MOST = 24
"""How many of the finds are looked at."""
LEAST = 20
"""Pixels of a crop below which nothing is a region."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """An object in its crop of bounded size; all masks (h, w).

    log: (h, w, 3) logarithm of the photo. dark: how much darker than lit ground of its colour. free: where a shadow may
    lie. ground: the same, less the blurred rim of objects. foot: around what the object may stand on. cut: the share
    of the object's width that the photo's lower border cuts off.
    """

    area: Box
    log: Plane
    dark: Plane
    own: Mask
    free: Mask
    ground: Mask
    foot: Mask
    low: Mask
    cut: float
    laid: Laid = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """The outline laid onto the ground in every direction and length, at a small size: (n, h, w).

    ways: (n, 2), where the top of an object one unit high comes to lie, seen from its foot: right, down.
    """

    planes: Mask
    ways: NDArray[np.float64]
    room: Mask

    def best(self, region: Mask) -> tuple[float, int]:
        """The intersection over union of the region with the laid outline most like it, and that one's number."""
        height, width = self.room.shape
        tiny = _resized(region, (width, height)) > 100
        shared = np.count_nonzero(self.planes & tiny, axis=(1, 2))
        union = np.count_nonzero(self.planes, axis=(1, 2)) + np.count_nonzero(tiny) - shared
        likeness = shared / (union + 4)
        best = int(np.argmax(likeness))
        return float(likeness[best]), best


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A region of a view that may be shadow; sure: how much of it is, as the judge sees it; way: see Laid."""

    region: Mask
    features: NDArray[np.float64]
    way: NDArray[np.float64]

    @property
    def sure(self) -> float:
        """The share of it that is shadow, 0..1."""
        return judge.share(self.features)


def with_shadows(image: Image, found: tuple[Instance, ...]) -> tuple[Instance, ...]:
    """The finds with their clear cast shadows: instances labelled "shadow", numbered on, `of` what casts them.

    image: (H, W, 3) uint8 RGB. A pixel that two could cast belongs to the surer one. Only the MOST largest finds are
    looked at.
    """
    solid = [one for one in found if one.label != judge.LABEL and max(one.box.width, one.box.height) >= LEAST]
    casters = sorted(solid, key=lambda one: -one.mask.size)[:MOST]
    views = [seen(image, one, [other for other in solid if other is not one]) for one in casters]
    tried = [list(candidates(view)) if view is not None else [] for view in views]
    alone = [best(regions) for regions in tried]
    ways = np.array([np.zeros(2) if one is None else one.way / np.linalg.norm(one.way) for one in alone])
    leans = [
        AGREE * (ways.sum(axis=0) - way) / max(2, np.count_nonzero(ways.any(axis=1)) - 1) for way in ways
    ]
    chosen = [
        (best(*pair), *rest)
        for *pair, rest in zip(tried, leans, zip(casters, views, strict=True), strict=True)
    ]
    number = max((one.number for one in found), default=0)
    taken: list[Instance] = []
    for region, caster, view in sorted(chosen, key=lambda one: -one[0].sure if one[0] else 0):
        if region is None or view is None:
            continue
        mask = _resized(region.region, (view.area.width, view.area.height)) > 127
        mask &= ~_covered([*found, *taken], view.area)
        tight = bounds(mask)
        if tight is not None:
            left, top = view.area[:2]
            box = Box(left + tight.left, top + tight.top, left + tight.right, top + tight.bottom)
            number += 1
            sure = region.sure
            taken.append(
                Instance(number, judge.LABEL, sure, box, mask[tight.slices].copy(), of=caster.number)
            )
    return (*found, *taken)


def best(regions: Sequence[Candidate], lean: NDArray[np.float64] | None = None) -> Candidate | None:
    """The region that is most and surest shadow; None where there is no clear one.

    lean: where the photo's other shadows point, (right, down), as long as that is worth.
    """
    best, most = None, 0.0
    for one in regions:
        sure = one.sure + (0.0 if lean is None else float(lean @ one.way) / float(np.linalg.norm(one.way)))
        gain = (sure - CLEAR) * np.count_nonzero(one.region) ** POWER
        if gain > most:
            best, most = one, gain
    return best


def seen(image: Image, caster: Instance, others: Sequence[Instance]) -> View | None:
    """The object in its crop; None where there is no ground to see."""
    box = caster.box
    longer = max(box.width, box.height)
    area = padded(box, math.ceil(REACH * longer), image.shape)
    scale = min(1.0, SIZE / longer)
    size = (max(1, round(area.width * scale)), max(1, round(area.height * scale)))
    own = _resized(_covered([caster], area), size) > 0
    taken = own | (_resized(_covered(others, area), size) > 0)
    rows = np.arange(size[1])[:, None]
    top, bottom = (int((edge - area.top) * scale) for edge in (box.top, box.bottom))
    height = box.height * scale
    free = ~taken & (rows >= top)
    ground = ~_dilated(taken, 3) & (rows >= top)
    stands = rows >= int(bottom - FOOT * min(2, max(1, 2 * box.width / box.height)) * height)
    rim = 2 * max(2, round(0.03 * longer * scale)) + 1
    if np.count_nonzero(ground) < 5 * LEAST:
        return None
    crop = cv2.resize(image[area.slices], size, interpolation=cv2.INTER_AREA)
    log = np.log((crop.astype(np.float32) + 6) / 261)
    last = caster.mask[-1] if box.bottom >= image.shape[0] else np.zeros(1, dtype=bool)
    return View(
        area,
        log,
        darkness(np.asarray(cv2.GaussianBlur(log, (0, 0), 1.2), np.float32), ground, 0.6 * longer * scale),
        own,
        free,
        ground,
        _dilated(own & stands, rim) & stands,
        np.broadcast_to(rows >= max(0, int(bottom - 0.35 * height)), free.shape),
        float(np.count_nonzero(last)) / box.width,
        _laid_down(own, free, bottom - 0.04 * height),
    )


def darkness(log: Plane, ground: Mask, reach: float) -> Plane:
    """How much darker every pixel is than the lit ground of its colour within about `reach` pixels; (h, w), 0: lit.

    log: (h, w, 3). The ground's colours are clustered by their ratios of channels, which shade hardly changes; each has
    a light that is the expectile BRIGHT of what lies around.
    """
    light = log.mean(axis=2)
    ratios = log[..., ::2] - log[..., 1:2]
    samples = ratios[ground]
    samples = samples[:: max(1, len(samples) // 3000)]
    cv2.setRNGSeed(0)
    rule = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 20, 1e-3)
    _, _, centres = cv2.kmeans(samples, MATERIALS, None, rule, 2, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
    near = np.exp(-((ratios[:, :, None] - centres) ** 2).sum(axis=3) / (2 * 0.08**2)) + np.float32(1e-6)
    near /= near.sum(axis=2, keepdims=True)
    step = max(1, round(reach / 6))
    small = (max(1, light.shape[1] // step), max(1, light.shape[0] // step))
    shares = near * ground[..., None]
    weight = cv2.resize(shares, small, interpolation=cv2.INTER_AREA)
    level = cv2.resize(shares * light[..., None], small, interpolation=cv2.INTER_AREA) / (weight + 1e-6)
    lit = np.broadcast_to((weight * level).sum((0, 1)) / weight.sum((0, 1)), weight.shape).astype(np.float32)
    for _ in range(6):
        pull = weight * np.where(level > lit, np.float32(BRIGHT), np.float32(1 - BRIGHT))
        total = cv2.GaussianBlur(pull, (0, 0), reach / step)
        lit = (cv2.GaussianBlur(pull * level, (0, 0), reach / step) + 1e-5 * lit) / (total + 1e-5)
    held = cv2.GaussianBlur(weight, (0, 0), reach / step)
    rare = 1 - np.minimum(1, held / (RARE * held.sum(axis=2, keepdims=True) + 1e-6))
    apart = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    lit = (lit[:, :, None] - 2 * rare[:, :, None] - ALIKE * apart).max(axis=3).astype(np.float32)
    wide = cv2.resize(lit, light.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray((near * wide).sum(axis=2) - light, dtype=np.float32)


def candidates(view: View) -> Iterator[Candidate]:
    """Ground that is darker than each level and hangs together with the foot: low, all, and where the outline falls."""
    for level in LEVELS:
        dim = (view.dark > level) & view.free
        whole = _standing(dim, view.foot)
        if np.count_nonzero(whole) < LEAST:
            continue
        _, outline = view.laid.best(whole)
        falls = _resized(_dilated(view.laid.planes[outline], 5), view.free.shape[::-1]) > 127
        sizes: set[int] = set()
        for within in (view.low, None, falls):
            region = whole if within is None else _standing(dim & within, view.foot)
            size = int(np.count_nonzero(region))
            if size < LEAST or size in sizes:
                continue
            sizes.add(size)
            region = _softened(region, view)
            features = judge.features(view, region, level, size / np.count_nonzero(whole))
            if features is not None:
                yield Candidate(region, features, view.laid.ways[view.laid.best(region)[1]])


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
    return region | (_dilated(region, 9) & view.free & (view.dark > level))


def _laid_down(own: Mask, free: Mask, foot: float) -> Laid:
    box = bounds(own) or Box(0, 0, 1, 1)
    scale = OUTLINE / max(box.width, box.height)
    size = (max(1, round(own.shape[1] * scale)), max(1, round(own.shape[0] * scale)))
    outline, room = _resized(own, size), _resized(free, size) > 127
    line = foot * size[1] / own.shape[0]
    ways = [(across, up) for up in UPWARDS for across in ACROSS if math.hypot(across, up) > 0.2]
    planes = []
    for across, up in ways:
        matrix = np.array([[1, -across, across * line], [0, up, line - up * line]])
        planes.append((cv2.warpAffine(outline, matrix, size) > 100) & room)
    return Laid(np.array(planes), np.array(ways) * (1, -1), room)


def _covered(instances: Sequence[Instance], area: Box) -> Mask:
    """What the instances cover of an area."""
    mask = np.zeros((area.height, area.width), dtype=bool)
    for one in instances:
        left, top = max(area.left, one.box.left), max(area.top, one.box.top)
        right, bottom = min(area.right, one.box.right), min(area.bottom, one.box.bottom)
        if left < right and top < bottom:
            part = Box(left - one.box.left, top - one.box.top, right - one.box.left, bottom - one.box.top)
            place = Box(left - area.left, top - area.top, right - area.left, bottom - area.top)
            mask[place.slices] |= one.mask[part.slices]
    return mask


def _resized(mask: Mask, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The mask's coverage, 0..255, in another size (width, height)."""
    grows = size[0] > mask.shape[1]
    way = cv2.INTER_LINEAR if grows else cv2.INTER_AREA
    return np.asarray(
        cv2.resize(mask.view(np.uint8) * np.uint8(255), size, interpolation=way), dtype=np.uint8
    )


def _dilated(mask: Mask, width: int) -> Mask:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    return np.asarray(cv2.dilate(mask.view(np.uint8), kernel) > 0)
