"""Windows: one crop per separate hole, with context, in the size that a backend wants, and the exact way back.

Which holes there are, and which share a window, is in separate.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.imaging.hole_grouping import Hole, holes
from inpaint_app.imaging.mask import bounds, padded, scaled, widened
from inpaint_app.types import Box, Image, Mask

__all__ = [
    "BLANK",
    "Frame",
    "Hole",
    "bands",
    "cut",
    "cut_mask",
    "frame",
    "holes",
    "laid",
    "padded_to",
    "resized",
    "restored",
]

Sample = TypeVar("Sample", bound=np.generic)

BLANK = 127
"""What stands in the hole of a window: no backend can peep at what it is to replace."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a window lies in the photo and how it was scaled and padded: all that the way back needs.

    crop: in the photo. size: (H, W) after scaling. padding: (bottom, right) pixels added after that.
    """

    crop: Box
    size: tuple[int, int]
    padding: tuple[int, int]


def frame(
    box: Box,
    shape: tuple[int, ...],
    *,
    context: float,
    context_minimum: int,
    native: int | None = None,
    maximum: int | None = None,
    multiple: int = 1,
    margin: int | None = None,
    square: bool = False,
) -> Frame:
    """The window for a hole's box in a photo of `shape` (H, W, ...): see SizeRule for what the rules mean.

    margin: pixels of context, where the hole has its own; None takes them from the box.
    """
    if margin is None:
        margin = max(context_minimum, round(context * max(box.width, box.height)))
    crop = padded(box, margin, shape)
    if native is not None or square:
        crop = widened(crop, max(crop.width, crop.height), shape)
    longest = max(crop.width, crop.height)
    scale = native / longest if native else min(1.0, maximum / longest) if maximum else 1.0
    height, width = max(1, round(crop.height * scale)), max(1, round(crop.width * scale))
    if native is not None:
        return Frame(crop, (height, width), (native - height, native - width))
    return Frame(crop, (height, width), (-height % multiple, -width % multiple))


def cut(image: Image, mask: Mask, where: Frame) -> tuple[Image, Mask]:
    """Image and mask of the window, the hole blanked; both are new arrays of the frame's padded size."""
    hole = mask[where.crop.slices]
    part = image[where.crop.slices].copy()
    _blank(part, hole)
    image, opening = resized(part, where), padded_to(_opening(hole, where.size), where)
    if where.size != hole.shape:
        _blank(image, opening)
    return image, opening


def _blank(image: Image, hole: Mask) -> None:
    box = bounds(hole)
    if box is not None:
        laid(np.full((box.height, box.width, 3), BLANK, np.uint8), hole[box.slices], image[box.slices])


def laid(source: Image, mask: Mask, target: Image) -> None:
    """Copy the pixels of `source` into `target` where `mask` is; one call takes a fortieth of numpy's time."""
    cv2.copyTo(source, mask.view(np.uint8), target)


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
