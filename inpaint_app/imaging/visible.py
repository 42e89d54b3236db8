"""Colours that nobody sees: under opacity 0 a file may hold anything, so no fill is computed from it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.types import Image, Mask

_SIDE = 512  # of the small picture in which hidden colours are made up: they are looked at, never copied


def without_hidden(image: Image, hidden: Mask, hole: Mask) -> Image:
    """The image (H, W, 3) with other colours where it is hidden: those of the nearest pixels that are seen and known.

    Middle grey where there are none. A new array; equal to `image` wherever that is seen.
    """
    seen = (~(hidden | hole)).view(np.uint8)
    scale = min(1.0, _SIDE / max(hidden.shape))
    size = (max(1, round(hidden.shape[1] * scale)), max(1, round(hidden.shape[0] * scale)))
    weight = cv2.resize(seen * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(cv2.copyTo(image, seen), size, interpolation=cv2.INTER_AREA).astype(np.float32)
    whole = image.copy()
    if not weight.any():
        whole[hidden] = 127
        return whole
    small *= 255 / np.maximum(weight, 1)[..., None]
    nearest = _nearest(np.clip(np.rint(small), 0, 255).astype(np.uint8), weight > 0)
    large = cv2.resize(nearest, (hidden.shape[1], hidden.shape[0]), interpolation=cv2.INTER_LINEAR)
    cv2.copyTo(large, hidden.view(np.uint8), whole)
    return whole


def _nearest(small: Image, known: NDArray[np.bool_]) -> Image:
    """Every pixel with the colour of the nearest known one."""
    if known.all():
        return small
    unknown = (~known).view(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(unknown, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    table = np.zeros((int(labels.max()) + 1, 3), np.uint8)
    table[labels[known]] = small[known]
    return np.asarray(table[labels])
