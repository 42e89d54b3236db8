"""The way to a network's own size and back."""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_app.backends.base import Window
from inpaint_app.types import Image, Mask


def scaled(image: Image, mask: Mask, size: int) -> tuple[Image, Mask]:
    """Window and hole at size × size, every pixel that holds some of the hole part of it."""
    if image.shape[:2] == (size, size):
        return image, mask
    how = cv2.INTER_AREA if size < max(mask.shape) else cv2.INTER_LINEAR
    small = cv2.resize(image, (size, size), interpolation=how)
    hole = cv2.resize(mask.astype(np.float32), (size, size), interpolation=how) > 0
    return np.asarray(small, dtype=np.uint8), np.asarray(hole)


def restored(fill: Image, window: Window) -> Image:
    """The fill at the window's size."""
    height, width = window.mask.shape
    if fill.shape[:2] == (height, width):
        return fill
    how = cv2.INTER_AREA if max(height, width) < len(fill) else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(fill, (width, height), interpolation=how), dtype=np.uint8)
