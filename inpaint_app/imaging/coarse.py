"""What is wide is worked out on a coarse grid and seen at full size again."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.types import Box


def blurred(values: NDArray[Any], sigma: float) -> NDArray[np.float32]:
    """Values (H, W[, C]) blurred by `sigma` pixels, on a grid as coarse as the blur allows: see `enlarged`."""
    step = max(1, int(sigma / 2))
    size = -(-values.shape[1] // step), -(-values.shape[0] // step)
    small = cv2.resize(values, size, interpolation=cv2.INTER_AREA) if step > 1 else values
    return np.asarray(cv2.GaussianBlur(small.astype(np.float32), (0, 0), sigma / step))


def enlarged(
    small: NDArray[np.float32], part: Box, shape: tuple[int, ...], how: int = cv2.INTER_LINEAR
) -> NDArray[np.float32]:
    """A part of the small picture as it is at `shape` (H, W, ...), interpolated between pixel centres."""
    if small.shape[:2] == shape[:2]:
        return small[part.slices]
    down, across = small.shape[0] / shape[0], small.shape[1] / shape[1]
    matrix = np.array(
        [[across, 0, (part.left + 0.5) * across - 0.5], [0, down, (part.top + 0.5) * down - 0.5]]
    )
    size, flags = (part.width, part.height), how | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(small, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE))
