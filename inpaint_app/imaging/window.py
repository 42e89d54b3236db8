"""Windows: one crop per separate hole, with context, in the size that a backend wants, and the exact way back.

Far-apart holes become separate windows, so that the cost follows the holes and never the photo. Holes are joined
where one common window is hardly larger than two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.imaging.mask import bounds, padded, scaled
from inpaint_app.types import Box, Image, Mask

Sample = TypeVar("Sample", bound=np.generic)

CELLS = 128
"""Holes are told apart on a grid of at most this many cells a side, which bounds the number of windows."""

WASTE = 1.3
"""Two windows become one when the common one has at most this many times their pixels."""

BLANK = 127
"""What stands in the hole of a window: no backend can peep at what it is to replace."""


@dataclass(frozen=True, slots=True, eq=False)
class Hole:
    """One hole, or holes so near each other that they share a window. `mask` covers `box` only."""

    box: Box
    mask: Mask


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a window lies in the photo and how it was scaled and padded: all that the way back needs.

    crop: in the photo. size: (H, W) after scaling. padding: (bottom, right) pixels added after that.
    """

    crop: Box
    size: tuple[int, int]
    padding: tuple[int, int]


def holes(mask: Mask, context: float, context_minimum: int) -> list[Hole]:
    """The separate holes of a mask, left to right within top to bottom; together they cover it exactly."""
    box = bounds(mask)
    if box is None:
        return []
    inside = mask[box.slices]
    cell = max(1, -(-max(inside.shape) // CELLS))
    rows, columns = -(-inside.shape[0] // cell), -(-inside.shape[1] // cell)
    grid = np.zeros((rows * cell, columns * cell), dtype=bool)
    grid[: inside.shape[0], : inside.shape[1]] = inside
    occupied: Mask = np.asarray(grid.reshape(rows, cell, columns, cell).any(axis=(1, 3)), dtype=bool)
    count, found = cv2.connectedComponents(occupied.view(np.uint8), connectivity=8)
    labels = np.asarray(found, dtype=np.int32)
    groups = []
    for index in range(1, count):
        groups.append((_around(inside, labels == index, cell, box), {index}))
    merged = _merged(groups, mask.shape, context, context_minimum)
    result = [_hole(inside, labels, members, cell, hull, box) for hull, members in merged]
    return sorted(result, key=lambda hole: (hole.box.top, hole.box.left))


def _around(inside: Mask, chosen: Mask, cell: int, outer: Box) -> Box:
    """The tight box, in the photo, of the hole pixels that lie in the chosen cells."""
    cells = _bounds(chosen)
    area = Box(cells.left * cell, cells.top * cell, cells.right * cell, cells.bottom * cell)
    pixels = _expanded(chosen[cells.slices], cell)
    part = inside[area.slices]
    tight = _bounds(part & pixels[: part.shape[0], : part.shape[1]])
    left, top = outer.left + area.left, outer.top + area.top
    return Box(left + tight.left, top + tight.top, left + tight.right, top + tight.bottom)


def _bounds(mask: Mask) -> Box:
    """The bounds of a mask that is known to have a hole."""
    box = bounds(mask)
    if box is None:
        raise AssertionError("a group of hole pixels has at least one")
    return box


def _expanded(cells: Mask, cell: int) -> Mask:
    return np.repeat(np.repeat(cells, cell, axis=0), cell, axis=1)


def _hole(
    inside: Mask, labels: NDArray[np.int32], members: set[int], cell: int, hull: Box, outer: Box
) -> Hole:
    left, top = hull.left - outer.left, hull.top - outer.top
    rows = np.arange(top, top + hull.height) // cell
    columns = np.arange(left, left + hull.width) // cell
    chosen = np.isin(labels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], list(members))
    pixels = chosen[rows - rows[0]][:, columns - columns[0]]
    return Hole(hull, inside[top : top + hull.height, left : left + hull.width] & pixels)


def margin(box: Box, context: float, context_minimum: int) -> int:
    """Pixels of context around a hole's box."""
    return max(context_minimum, round(context * max(box.width, box.height)))


def _merged(
    groups: list[tuple[Box, set[int]]], shape: tuple[int, ...], context: float, context_minimum: int
) -> list[tuple[Box, set[int]]]:
    """Join groups while a common window costs hardly more than separate ones; nearest boxes first."""

    def area(box: Box) -> int:
        window = padded(box, margin(box, context, context_minimum), shape)
        return window.width * window.height

    pending, done = list(groups), []
    while pending:
        hull, members = pending.pop()
        for index, (other, more) in enumerate(pending):
            joined = _hull(hull, other)
            if area(joined) <= WASTE * (area(hull) + area(other)):
                pending[index] = (joined, members | more)
                break
        else:
            done.append((hull, members))
    return done


def _hull(one: Box, other: Box) -> Box:
    return Box(
        min(one.left, other.left),
        min(one.top, other.top),
        max(one.right, other.right),
        max(one.bottom, other.bottom),
    )


def frame(
    box: Box,
    shape: tuple[int, ...],
    *,
    context: float,
    context_minimum: int,
    native: int | None = None,
    maximum: int | None = None,
    multiple: int = 1,
) -> Frame:
    """The window for a hole's box in a photo of `shape` (H, W, ...): see SizeRule for what the rules mean."""
    crop = padded(box, margin(box, context, context_minimum), shape)
    if native is not None:
        crop = _squared(crop, shape)
    longest = max(crop.width, crop.height)
    scale = native / longest if native else min(1.0, maximum / longest) if maximum else 1.0
    height, width = max(1, round(crop.height * scale)), max(1, round(crop.width * scale))
    if native is not None:
        return Frame(crop, (height, width), (native - height, native - width))
    return Frame(crop, (height, width), (-height % multiple, -width % multiple))


def _squared(crop: Box, shape: tuple[int, ...]) -> Box:
    """The crop with its shorter side lengthened to the longer one, as far as the photo goes."""
    side = max(crop.width, crop.height)

    def stretched(start: int, stop: int, limit: int) -> tuple[int, int]:
        length = min(side, limit)
        begin = min(max(0, (start + stop - length) // 2), limit - length)
        return begin, begin + length

    left, right = stretched(crop.left, crop.right, shape[1])
    top, bottom = stretched(crop.top, crop.bottom, shape[0])
    return Box(left, top, right, bottom)


def cut(image: Image, mask: Mask, where: Frame) -> tuple[Image, Mask]:
    """Image and mask of the window, the hole blanked; both are new arrays of the frame's padded size."""
    hole = mask[where.crop.slices]
    part = image[where.crop.slices].copy()
    part[hole] = BLANK
    image, opening = resized(part, where), padded_to(_opening(hole, where.size), where)
    if where.size != hole.shape:
        image = image.copy()
        image[opening] = BLANK
    return image, opening


def resized(part: Image, where: Frame) -> Image:
    """A crop of the photo, nothing blanked, at the frame's padded size."""
    if where.size != part.shape[:2]:
        how = cv2.INTER_AREA if _shrinks(part.shape, where.size) else cv2.INTER_LINEAR
        part = np.asarray(cv2.resize(part, where.size[::-1], interpolation=how), dtype=np.uint8)
    return padded_to(part, where)


def _shrinks(shape: tuple[int, ...], size: tuple[int, int]) -> bool:
    return size[0] < shape[0] or size[1] < shape[1]


def _opening(hole: Mask, size: tuple[int, int]) -> Mask:
    """The hole in another size: every pixel into which `resized` mixed something of the hole."""
    if size == hole.shape or _shrinks(hole.shape, size):
        return scaled(hole, size)
    return np.asarray(cv2.resize(hole.astype(np.float32), size[::-1], interpolation=cv2.INTER_LINEAR) > 0)


def cut_mask(mask: Mask, where: Frame) -> Mask:
    """A mask (such as the pixels never to copy from) in the window's frame."""
    return padded_to(scaled(mask[where.crop.slices], where.size), where)


def padded_to(array: NDArray[Sample], where: Frame) -> NDArray[Sample]:
    """The array mirrored at its bottom and right edges up to the frame's padded size."""
    bottom, right = where.padding
    if not bottom and not right:
        return np.ascontiguousarray(array)
    rest = ((0, 0),) * (array.ndim - 2)
    return np.pad(array, ((0, bottom), (0, right), *rest), mode="symmetric")


def restored(fill: Image, where: Frame) -> Image:
    """A backend's fill, without the padding, at the size of the crop."""
    part = fill[: where.size[0], : where.size[1]]
    if where.size == (where.crop.height, where.crop.width):
        return part
    larger = where.size[0] < where.crop.height
    interpolation = cv2.INTER_CUBIC if larger else cv2.INTER_AREA
    return np.asarray(cv2.resize(part, (where.crop.width, where.crop.height), interpolation=interpolation))


def bands(height: int, rows: int = 256) -> Iterator[slice]:
    """Row bands of a frame, for work over all pixels without a full-frame temporary."""
    for start in range(0, height, rows):
        yield slice(start, min(height, start + rows))
