"""An object in a crop of bounded size: how dark the ground is, where it stands, its outline laid onto the ground."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.imaging.mask import bounds, padded
from inpaint_app.types import Box, Image, Instance, Mask

Plane = NDArray[np.float32]

SIZE = 120
"""Pixels of an object's longer side in its crop."""
REACH = 1.3
"""How far the crop goes beyond the object, in its longer sides."""
FOOT = 0.3
"""The share of an object's height, from below, that may stand on the ground: twice that where it is wide."""
ABOVE = 0.5
"""How far above the object's top, in its longer sides, ground is looked for: of squat things shadows lie there."""
BESIDE, BEHIND = 0.6, 0.15
"""How far to the sides and up and down, in the object's longer sides, lit ground is compared with."""
BRIGHT = 0.75
"""The expectile of the light around that counts as lit."""
OUTLINE = 36
"""Pixels of an object's longer side where its outline is laid down in every direction."""
ACROSS = (-2.6, -1.9, -1.3, -0.9, -0.55, -0.25, 0.0, 0.25, 0.55, 0.9, 1.3, 1.9, 2.6)
UPWARDS = (-0.9, -0.6, -0.4, -0.25, -0.12, 0.05, 0.12, 0.25, 0.4, 0.6)
"""Where the top of an object one unit high may lie, seen from its foot."""
LEAST = 20
"""Pixels of a crop below which nothing is a region."""


@dataclass(frozen=True, eq=False)
class View:
    """An object in its crop of bounded size; all masks (h, w).

    log: (h, w, 3) logarithm of the photo. dark: how much darker than lit ground beside. free: where a shadow may
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
    front: Mask
    cut: float
    laid: Laid = field(repr=False)

    @cached_property
    def body(self) -> Mask:
        """The object with its blurred rim."""
        return dilated(self.own, 5)

    @cached_property
    def grain(self) -> Plane:
        """How strong the finest detail is."""
        light = self.log.mean(axis=2)
        return np.asarray(cv2.absdiff(light, cv2.GaussianBlur(light, (0, 0), 2)), np.float32)

    @cached_property
    def lighter(self) -> float:
        """How much lighter ground is than what counts as lit."""
        over = self.dark[self.ground & (self.dark < 0)]
        return float(np.sqrt(np.mean(over**2))) if over.size else 0.0

    @cached_property
    def tiny(self) -> Plane:
        """`dark` at the size at which outlines are laid down."""
        size = self.laid.room.shape[::-1]
        return np.asarray(cv2.resize(self.dark, size, interpolation=cv2.INTER_AREA), np.float32)

    def dim(self, level: float) -> float:
        """The share of the low ground that is darker than a level."""
        beside = self.dark[self.free & self.low]
        return np.count_nonzero(beside > level) / (1 + len(beside))


@dataclass(frozen=True, eq=False)
class Laid:
    """The outline laid onto the ground in every direction and length, at a small size: (n, h, w).

    sizes: (n,), pixels of each. ways: (n, 2), where the top of an object one unit high comes to lie, seen from its
    foot: right, down.
    """

    planes: Mask
    sizes: NDArray[np.int64]
    ways: NDArray[np.float64]
    room: Mask

    def best(self, region: Mask) -> tuple[float, int]:
        """The intersection over union of the region with the laid outline most like it, and that one's number."""
        height, width = self.room.shape
        tiny = resized(region, (width, height)) > 100
        shared = np.bitwise_count(self._packed & _packed(tiny[None])).sum(axis=1, dtype=np.int64)
        union = self.sizes + np.count_nonzero(tiny) - shared
        likeness = shared / (union + 4)
        best = int(np.argmax(likeness))
        return float(likeness[best]), best

    @cached_property
    def _packed(self) -> NDArray[np.uint64]:
        return _packed(self.planes)


def _packed(planes: Mask) -> NDArray[np.uint64]:
    """Masks (n, h, w) with a bit for a pixel, in words of 64: what two share is counted word by word."""
    bits = planes.reshape(len(planes), -1)
    return np.packbits(np.pad(bits, ((0, 0), (0, -bits.shape[1] % 64))), axis=1).view(np.uint64)


def seen(image: Image, caster: Instance, others: Sequence[Instance]) -> View | None:
    """The object in its crop; None where there is no ground to see."""
    box = caster.box
    longer = max(box.width, box.height)
    area = padded(box, math.ceil(REACH * longer), image.shape)
    scale = min(1.0, SIZE / longer)
    size = (max(1, round(area.width * scale)), max(1, round(area.height * scale)))
    own = _small([caster], area, size)
    taken = own | _small(others, area, size)
    rows = np.arange(size[1])[:, None]
    top, bottom = (int((edge - area.top) * scale) for edge in (box.top, box.bottom))
    height = box.height * scale
    visible = rows >= top - int(ABOVE * longer * scale)
    free, ground = ~taken & visible, ~dilated(taken, 3) & visible
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
        darkness(np.asarray(cv2.GaussianBlur(log.mean(axis=2), (0, 0), 1.2)), ground, longer * scale),
        own,
        free,
        ground,
        dilated(own & stands, rim) & stands,
        np.broadcast_to(rows >= max(0, int(bottom - 0.35 * height)), free.shape),
        np.broadcast_to(rows >= max(0, int(bottom - 0.08 * height)), free.shape),
        float(np.count_nonzero(last)) / box.width,
        _laid_down(own, free, bottom - 0.04 * height),
    )


def darkness(light: Plane, ground: Mask, longer: float) -> Plane:
    """How much darker every pixel is than the lit ground beside it; (h, w), 0: lit.

    light: (h, w), logarithm. longer: the object's longer side. What lies beside is compared with, less what lies above
    and below: in a photo of level ground that is as far away, mostly of one kind, and under one light.
    """
    step = max(1, round(BEHIND * longer / 3))
    small = (max(1, light.shape[1] // step), max(1, light.shape[0] // step))
    weight = cv2.resize(ground.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    level = cv2.resize(ground * light, small, interpolation=cv2.INTER_AREA) / (weight + 1e-6)
    lit = np.full(weight.shape, (weight * level).sum() / weight.sum(), np.float32)
    beside, behind = BESIDE * longer / step, BEHIND * longer / step
    for _ in range(5):
        pull = weight * np.where(level > lit, np.float32(BRIGHT), np.float32(1 - BRIGHT))
        total = cv2.GaussianBlur(pull, (0, 0), beside, sigmaY=behind)
        lit = (cv2.GaussianBlur(pull * level, (0, 0), beside, sigmaY=behind) + 1e-5 * lit) / (total + 1e-5)
    return np.asarray(cv2.resize(lit, light.shape[::-1], interpolation=cv2.INTER_LINEAR) - light, np.float32)


def _laid_down(own: Mask, free: Mask, foot: float) -> Laid:
    box = bounds(own) or Box(0, 0, 1, 1)
    scale = OUTLINE / max(box.width, box.height)
    size = (max(1, round(own.shape[1] * scale)), max(1, round(own.shape[0] * scale)))
    outline, room = resized(own, size), resized(free, size) > 127
    line = foot * size[1] / own.shape[0]
    ways = [(across, up) for up in UPWARDS for across in ACROSS if math.hypot(across, up) > 0.2]
    planes = []
    for across, up in ways:
        matrix = np.array([[1, -across, across * line], [0, up, line - up * line]])
        planes.append((cv2.warpAffine(outline, matrix, size) > 100) & room)
    sizes = np.array([np.count_nonzero(plane) for plane in planes])
    return Laid(np.array(planes), sizes, np.array(ways) * (1, -1), room)


def _small(instances: Sequence[Instance], area: Box, size: tuple[int, int]) -> Mask:
    """What the instances cover of an area, in a crop of it of a size (width, height): every pixel that they touch."""
    mask = np.zeros(size[::-1], dtype=bool)
    across, down = size[0] / area.width, size[1] / area.height
    for one in instances:
        left, right = (math.floor((edge - area.left) * across) for edge in (one.box.left, one.box.right - 1))
        top, bottom = (math.floor((edge - area.top) * down) for edge in (one.box.top, one.box.bottom - 1))
        box = Box(left, top, right + 1, bottom + 1)
        if min(right, bottom) >= 0 and left < size[0] and top < size[1]:
            part = resized(one.mask, (box.width, box.height)) > 0
            inner = Box(max(0, -left), max(0, -top), size[0] - left, size[1] - top)
            mask[max(0, top) : box.bottom, max(0, left) : box.right] |= part[inner.slices]
    return mask


def covered(instances: Sequence[Instance], area: Box) -> Mask:
    """What the instances cover of an area."""
    mask = np.zeros((area.height, area.width), dtype=bool)
    for one in instances:
        box = one.box.shared(area)
        mask[box.within(area).slices] |= one.mask[box.within(one.box).slices]
    return mask


def resized(mask: Mask, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The mask's coverage, 0..255, in another size (width, height)."""
    grows = size[0] > mask.shape[1]
    way = cv2.INTER_LINEAR if grows else cv2.INTER_AREA
    return np.asarray(
        cv2.resize(mask.view(np.uint8) * np.uint8(255), size, interpolation=way), dtype=np.uint8
    )


def around(region: Mask, rim: int) -> tuple[slice, slice]:
    """The part of a crop that holds a region and a rim of so many pixels."""
    return padded(bounds(region) or Box(0, 0, 1, 1), rim, region.shape).slices


def dilated(mask: Mask, width: int) -> Mask:
    """The mask grown by an ellipse of an odd width."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    return np.asarray(cv2.dilate(mask.view(np.uint8), kernel) > 0)


def part_of(
    owner: Instance, label: str, sure: float, region: Mask, area: Box, known: Sequence[Instance]
) -> Instance | None:
    """A region of an area's crop as a part of its owner at the photo's own size, numbered on behind what is known.

    What is known keeps its pixels; None where nothing else is left.
    """
    box, mask = _placed(region, area)
    mask &= ~covered(known, box)
    tight = bounds(mask)
    if tight is None:
        return None
    number = max(one.number for one in known) + 1
    return Instance(
        number, label, sure, tight.moved(box.left, box.top), mask[tight.slices].copy(), of=owner.number
    )


def _placed(region: Mask, area: Box) -> tuple[Box, Mask]:
    """A region of an area's crop at the photo's own size: its box there and its mask."""
    tight = padded(bounds(region) or Box(0, 0, 1, 1), 1, region.shape)
    across, down = area.width / region.shape[1], area.height / region.shape[0]
    left, right = (area.left + round(edge * across) for edge in (tight.left, tight.right))
    top, bottom = (area.top + round(edge * down) for edge in (tight.top, tight.bottom))
    box = Box(left, top, right, bottom)
    return box, resized(region[tight.slices], (box.width, box.height)) > 127
