"""Between a window of any size and the size that a diffusion model was trained on."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inpaint_app.backends.base import Window
from inpaint_app.imaging.window import Frame, padded_to
from inpaint_app.types import Box, Image, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """A window at the pipeline's size. size: (H, W) of the part that is not padding."""

    image: Image
    mask: Mask
    start: Image
    size: tuple[int, int]


def prepared(window: Window, side: int, multiple: int) -> Work:
    """The window with its longer side at the model's own, mirrored up to the multiple."""
    height, width = window.mask.shape
    scale = side / max(height, width)
    size = max(1, round(height * scale)), max(1, round(width * scale))
    padding = -size[0] % multiple, -size[1] % multiple
    where = Frame(Box(0, 0, width, height), size, padding)
    image = padded_to(resized(window.image, size), where)
    opening = padded_to(_covered(window.mask, size), where)
    guide = window.guide if window.guide is not None else window.image
    return Work(image, opening, padded_to(resized(guide, size), where), size)


def resized(image: Image, size: tuple[int, ...]) -> Image:
    """The image in another size (H, W): averaged when it becomes smaller, cubic when larger."""
    if image.shape[:2] == tuple(size):
        return image.copy()
    how = cv2.INTER_AREA if size[0] < image.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (size[1], size[0]), interpolation=how), dtype=np.uint8)


def _covered(mask: Mask, size: tuple[int, int]) -> Mask:
    """The mask in another size: hole wherever any of it is."""
    how = cv2.INTER_AREA if size[0] < mask.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(mask.astype(np.float32), size[::-1], interpolation=how) > 0)
