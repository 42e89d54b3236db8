"""What the network backends share: where they run, and the way to their own size and back."""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_app import surroundings
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Window


def device() -> str:
    """Where networks run, by INPAINT_DEVICE."""
    return surroundings.torch_device(Settings.from_environment().device)


def squared(image: Image, mask: Mask) -> tuple[Image, Mask]:
    """Both mirrored at the bottom or the right edge up to a square."""
    height, width = mask.shape
    rest = ((0, max(0, width - height)), (0, max(0, height - width)))
    return np.pad(image, (*rest, (0, 0)), mode="symmetric"), np.pad(mask, rest, mode="symmetric")


def scaled(image: Image, mask: Mask, size: int) -> tuple[Image, Mask]:
    """Window and hole at size × size, every pixel that holds some of the hole part of it."""
    if image.shape[:2] == (size, size):
        return image, mask
    how = cv2.INTER_AREA if size < max(mask.shape) else cv2.INTER_LINEAR
    small = cv2.resize(image, (size, size), interpolation=how)
    hole = cv2.resize(mask.astype(np.float32), (size, size), interpolation=how) > 0
    return np.asarray(small, dtype=np.uint8), np.asarray(hole)


def restored(fill: Image, window: Window, size: tuple[int, int] | None = None) -> Image:
    """The fill at the window's size. size: (H, W) of the square that the window was mirrored to, if it was."""
    height, width = size or window.mask.shape
    if fill.shape[:2] != (height, width):
        how = cv2.INTER_AREA if height < len(fill) else cv2.INTER_CUBIC
        fill = np.asarray(cv2.resize(fill, (width, height), interpolation=how), dtype=np.uint8)
    return fill[: window.mask.shape[0], : window.mask.shape[1]]
