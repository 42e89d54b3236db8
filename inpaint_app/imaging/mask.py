"""Masks (mask_reader.py makes them of pictures): grown by the scale of their holes, closed, inverted, joined.

A mask is (H, W) bool, True = hole. No function writes into its arguments, and all touch only the hole's surroundings.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.types import Box, Instance, Mask

GROW_SHARE = 0.015
GROW_MINIMUM = 4


def bounds(mask: Mask) -> Box | None:
    """The smallest box around the hole, or None where there is none. (cv2 takes 1.3 ms at 12 MP, nonzero 32.)"""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return Box(left, top, left + width, top + height) if width and height else None


def padded(box: Box, margin: int, shape: tuple[int, ...]) -> Box:
    """The box widened by `margin` on all sides, as far as a frame of `shape` (H, W, ...) goes."""
    return Box(
        max(0, box.left - margin),
        max(0, box.top - margin),
        min(shape[1], box.right + margin),
        min(shape[0], box.bottom + margin),
    )


def hull(boxes: Iterable[Box]) -> Box:
    """The smallest box around boxes."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


def widened(box: Box, side: int, shape: tuple[int, ...]) -> Box:
    """The box with sides of at least `side`, around its middle as far as a frame of `shape` (H, W, ...) lets it."""

    def span(start: int, stop: int, limit: int) -> tuple[int, int]:
        length = min(max(stop - start, side), limit)
        begin = min(max(0, (start + stop - length) // 2), limit - length)
        return begin, begin + length

    (left, right), (top, bottom) = span(box.left, box.right, shape[1]), span(box.top, box.bottom, shape[0])
    return Box(left, top, right, bottom)


def scaled(mask: Mask, shape: tuple[int, int]) -> Mask:
    """The mask in another size (H, W): a pixel is hole if any part of it is, so that nothing is left uncovered."""
    if mask.shape == shape:
        return mask.copy()
    if shape[0] < mask.shape[0] or shape[1] < mask.shape[1]:
        # Of 8 bits nothing is left where it is 23 times smaller.
        full = mask.astype(np.uint16) * np.uint16(0xFFFF)
        small = cv2.resize(full, shape[::-1], interpolation=cv2.INTER_AREA)
        return np.asarray(small > 0)
    return np.asarray(cv2.resize(mask.view(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT) > 0)


def automatic_growth(width: int, height: int, frame: tuple[int, ...], area: int | None = None) -> int:
    """Pixels by which a hole of that size is grown: 1.5 % of its diagonal, at least 4 (fewer in tiny frames).

    area: hole pixels in it. Something thin, longer than about 16 times its width, counts as 4 √area instead: a wire
    across the whole photo is not to become a road.
    """
    least = min(GROW_MINIMUM, max(1, min(frame[:2]) // 64))
    size = math.hypot(width, height)
    if area is not None:
        size = min(size, 4 * math.sqrt(area))
    return max(least, round(GROW_SHARE * size))


def dilated(mask: Mask, radius: int) -> Mask:
    """The mask grown by a disc of `radius` pixels, or itself; its cost follows the hole, not the frame."""
    box = bounds(mask)
    if radius <= 0 or box is None:
        return mask
    area = padded(box, radius, mask.shape)
    distance = cv2.distanceTransform((~mask[area.slices]).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    grown = mask.copy()
    grown[area.slices] = distance <= radius
    return grown


def grow(mask: Mask, radius: int | None = None) -> tuple[Mask, int, int]:
    """The mask grown by `radius`, or by each connected hole's own automatic growth when None.

    Returns the grown mask, the smallest growth used, which is what bounds the feather, and the largest.
    """
    box = bounds(mask)
    if box is None:
        return mask, 0, 0
    if radius is not None:
        return dilated(mask, radius), max(0, radius), max(0, radius)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask[box.slices].view(np.uint8), connectivity=8
    )
    radii = [automatic_growth(int(s[2]), int(s[3]), mask.shape, int(s[4])) for s in stats[1:count]]
    grown = mask.copy()
    for size in sorted(set(radii)):
        chosen = np.array([False, *(r == size for r in radii)])
        area = padded(box, size, mask.shape)
        part = np.zeros((area.height, area.width), dtype=bool)
        part[box.within(area).slices] = chosen[labels]
        grown[area.slices] |= dilated(part, size)
    return grown, min(radii), max(radii)


def closed(mask: Mask, smallest: int) -> Mask:
    """The mask with enclosed gaps of fewer than `smallest` pixels filled: thin parts and the outline stay."""
    box = bounds(mask)
    if box is None:
        return mask.copy()
    area = padded(box, 1, mask.shape)
    gaps = (~mask[area.slices]).view(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(gaps, connectivity=4)
    height, width = gaps.shape
    fill = np.zeros(count, dtype=bool)
    for index in range(1, count):
        left, top, across, down, size = (int(v) for v in stats[index])
        inside = left > 0 and top > 0 and left + across < width and top + down < height
        fill[index] = inside and size < smallest
    result = mask.copy()
    result[area.slices] |= fill[labels]
    return result


def feathered(grown: Mask, feather: int, box: Box | None = None) -> NDArray[np.float32]:
    """Opacity of the fill in `box` (the whole frame), float32 in 0..1: 0 on known pixels, 1 from `feather` pixels on.

    Where the mask was grown by at least `feather`, the original hole is at 1 throughout: only the ring blends.
    """
    box = box or Box(0, 0, grown.shape[1], grown.shape[0])
    if feather <= 0:
        return grown[box.slices].astype(np.float32)
    area = padded(box, feather + 2, grown.shape)  # what lies further off gives no less than full opacity
    near = np.ascontiguousarray(grown[area.slices])
    if near.all():
        return np.ones((box.height, box.width), np.float32)
    distance = cv2.distanceTransform(near.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # Whatever is further than `feather` from all known pixels has a squared distance of at least feather² + 1.
    full = np.float32(math.sqrt(feather * feather + 1) * (1 - 1e-6))
    opacity: NDArray[np.float32] = np.clip(distance[box.within(area).slices] / full, 0.0, 1.0)
    return opacity


def marked(
    shape: tuple[int, int],
    instances: Iterable[Instance],
    brushed: Mask | None = None,
    erased: Mask | None = None,
) -> Mask:
    """Found objects corrected by hand: their union, less what was erased, joined with what was brushed.

    shape: (H, W) of the photo and of both hand-made masks.
    """
    mask = np.zeros(shape, dtype=bool)
    for instance in instances:
        mask[instance.box.slices] |= instance.mask
    if erased is not None:
        mask &= ~erased
    if brushed is not None:
        mask |= brushed
    return mask
