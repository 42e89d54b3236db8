"""From a network's coarse mask logits to an outline at the photo's full resolution.

What ends near the photo's border is taken to be cut off by it, and its outline reaches the border.
"""

from __future__ import annotations

import math
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.imaging.mask import bounds, closed
from inpaint_app.types import Box, Mask

Sample = TypeVar("Sample", bound=np.generic)

THRESHOLD = 0.4
"""Probability from which a pixel belongs to an object. At 0.5 the outline is a little truer (mask IoU 0.79 instead
of 0.78) but more of the object stays uncovered, which leaves ghosts: see benchmarks/results/masks.md."""
EDGE = 0.15
"""The same where a border of the photo cuts an object off: the networks are less sure there, and a row that stays
shines."""
RANGE = 8.0
"""Logits are kept within ± this, in 8 bits: at 48 megapixels a float outline would take 192 MB."""
GAP = 0.02
"""Enclosed gaps of less than this share of the object are closed."""
SPECK = 0.02
"""Pieces apart from the largest one and smaller than this share of it are dropped."""
NEAR = 3.0
"""An object that ends within so many cells of the network's mask of the photo's border is cut off by it: such boxes
end up to twelve input pixels early."""
NEARLY = 0.05
"""The same as a share of the object's own length: the longer it is, the less exactly its end is placed."""


def outlined(
    logits: NDArray[np.float32],
    area: tuple[float, float, float, float],
    box: tuple[float, float, float, float],
    shape: tuple[int, int],
) -> tuple[Box, Mask] | None:
    """The object's tight box in the photo and its mask there, or None where nothing is left.

    logits: (h, w), of which pixel centres are spread evenly over `area`. area, box: left, top, right, bottom in the
    photo's pixels; nothing outside `box` belongs to the object. shape: (H, W) of the photo.
    """
    whole = Box(math.floor(box[0]), math.floor(box[1]), math.ceil(box[2]), math.ceil(box[3]))
    frame = whole.shared(Box(0, 0, shape[1], shape[0]))
    if frame.width <= 0 or frame.height <= 0:
        return None
    cell = ((area[2] - area[0]) / logits.shape[1], (area[3] - area[1]) / logits.shape[0])
    near = (
        math.ceil(max(NEAR * cell[0], NEARLY * frame.width)),
        math.ceil(max(NEAR * cell[1], NEARLY * frame.height)),
    )
    frame = _to_borders(frame, near, shape)
    inside = _inside(_enlarged(logits, area, frame), frame, near, shape)
    inside = closed(inside, max(1, round(GAP * float(inside.sum()))))
    tight = bounds(inside)
    if tight is None:
        return None
    return tight.moved(frame.left, frame.top), inside[tight.slices].copy()


def _to_borders(frame: Box, near: tuple[int, int], shape: tuple[int, int]) -> Box:
    """The box out to every border of the photo that is `near` (columns, rows)."""
    return Box(
        0 if frame.left < near[0] else frame.left,
        0 if frame.top < near[1] else frame.top,
        shape[1] if shape[1] - frame.right < near[0] else frame.right,
        shape[0] if shape[0] - frame.bottom < near[1] else frame.bottom,
    )


def _inside(levels: NDArray[np.uint8], frame: Box, near: tuple[int, int], shape: tuple[int, int]) -> Mask:
    """What of the frame belongs to the object; where a border cuts it off, drawn out to the border."""
    inside = levels >= _level(THRESHOLD)
    strips = zip(_cut_off(inside, frame, near, shape), _cut_off(levels, frame, near, shape), strict=True)
    for strip, sure in strips:
        strip |= sure >= _level(EDGE)
    inside = _without_specks(inside)
    for strip in _cut_off(inside, frame, near, shape):
        strip[:] = np.logical_or.accumulate(strip[::-1], axis=0)[::-1]
    return inside


def _cut_off(
    array: NDArray[Sample], frame: Box, near: tuple[int, int], shape: tuple[int, int]
) -> list[NDArray[Sample]]:
    """The strips, `near` wide, along the borders of the photo that the frame reaches, each from its border inwards."""
    strips = (
        (frame.top == 0, array[: near[1]]),
        (frame.bottom == shape[0], array[::-1][: near[1]]),
        (frame.left == 0, array.T[: near[0]]),
        (frame.right == shape[1], array.T[::-1][: near[0]]),
    )
    return [strip for reached, strip in strips if reached]


def _level(probability: float) -> int:
    """A probability as one of the 8-bit levels of `_enlarged`."""
    logit = math.log(probability / (1 - probability))
    return round((logit / RANGE + 1) * 127.5)


def _enlarged(
    logits: NDArray[np.float32], area: tuple[float, float, float, float], frame: Box
) -> NDArray[np.uint8]:
    """The logits, in 8 bits, at every pixel of the frame: bilinear, so that outlines are smooth."""
    levels = np.clip((logits / RANGE + 1) * 127.5, 0, 255).round().astype(np.uint8)
    height, width = levels.shape
    across = width / (area[2] - area[0])
    down = height / (area[3] - area[1])
    # The centre of the frame's pixel (0, 0), seen in the logits' own pixel grid.
    x = (frame.left + 0.5 - area[0]) * across - 0.5
    y = (frame.top + 0.5 - area[1]) * down - 0.5
    back = np.array([[across, 0.0, x], [0.0, down, y]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(
            levels, back, (frame.width, frame.height), flags=flags, borderMode=cv2.BORDER_REPLICATE
        ),
        dtype=np.uint8,
    )


def _without_specks(mask: Mask) -> Mask:
    """The mask without pieces that are tiny beside the largest one."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    if count <= 2:
        return mask
    sizes = stats[1:, cv2.CC_STAT_AREA]
    keep = np.array([False, *(sizes >= SPECK * sizes.max())])
    return np.asarray(keep[labels])
