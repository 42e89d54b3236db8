"""From a network's coarse mask logits to an outline at the photo's full resolution."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.imaging.mask import bounds, closed
from inpaint_app.types import Box, Mask

THRESHOLD = 0.4
"""Probability from which a pixel belongs to an object. At 0.5 the outline is a little truer (mask IoU 0.79 instead
of 0.78) but more of the object stays uncovered, which leaves ghosts: see benchmarks/results/masks.md."""
RANGE = 8.0
"""Logits are kept within ± this, in 8 bits: at 48 megapixels a float outline would take 192 MB."""
GAP = 0.01
"""Enclosed gaps of less than this share of the object are closed."""
SPECK = 0.02
"""Pieces apart from the largest one and smaller than this share of it are dropped."""


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
    frame = Box(
        max(0, math.floor(box[0])),
        max(0, math.floor(box[1])),
        min(shape[1], math.ceil(box[2])),
        min(shape[0], math.ceil(box[3])),
    )
    if frame.width <= 0 or frame.height <= 0:
        return None
    inside = _enlarged(logits, area, frame) >= _level(THRESHOLD)
    inside = closed(_without_specks(inside), max(1, round(GAP * float(inside.sum()))))
    tight = bounds(inside)
    if tight is None:
        return None
    placed = Box(
        frame.left + tight.left, frame.top + tight.top, frame.left + tight.right, frame.top + tight.bottom
    )
    return placed, inside[tight.slices].copy()


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
