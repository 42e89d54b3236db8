"""How bright a network sees a hole's surroundings: at dusk and in the dark as what it learned from mostly was.

A network that is off by so many grey values everywhere is off by as much in the dark, where it shines: a grey veil lay
over a town at night. Seen through a power of the values it is off by less there. benchmarks/results/layout.md.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.types import Image, Mask

USUAL = 0.3
"""Median around a hole, of 1, from which on it is seen as it is; a darker one becomes this."""
STRONGEST = 0.35
"""Least power."""
RIM = 8
"""Pixels around a hole, at the network's size, that tell how bright it is there."""

Curve = NDArray[np.uint8]
"""Of every value 0..255 the one that is shown instead of it."""
AS_IT_IS: tuple[Curve, Curve] = (np.arange(256, dtype=np.uint8),) * 2


def curves(image: Image, mask: Mask) -> tuple[Curve, Curve]:
    """The curve by which a network is to see an image (H, W, 3) with a hole, and the one that undoes it.

    One power for all channels, so that grey stays grey.
    """
    power = _power(image, mask)
    return _curve(power), _curve(1 / power)


def _power(image: Image, mask: Mask) -> float:
    near = cv2.dilate(mask.view(np.uint8), np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8)) > 0
    beside = image[near & ~mask]
    if not len(beside):
        return 1.0
    middle = min(max(float(np.median(np.median(beside, axis=0))) / 255, 0.01), 0.99)
    return max(math.log(max(middle, USUAL)) / math.log(middle), STRONGEST)


def _curve(power: float) -> Curve:
    return np.asarray(np.rint(255 * (np.arange(256) / 255) ** power), np.uint8)
