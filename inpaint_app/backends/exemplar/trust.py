"""How far a layout is to be followed, by what its pixels and the photo's around the hole say.

A layout that belongs elsewhere breaks off at the hole's rim. One that is blurred is guessed: a network that does not
know draws a mean. Its large shapes are worth having, but pulled to its every pixel, the matching finds what is as grey.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.backends.exemplar.layout import BLUR
from inpaint_app.backends.exemplar.strength import energy
from inpaint_app.imaging.mask import bounds, padded
from inpaint_app.types import Image, Mask

BESIDE = 4.0, 12.0
"""Pixels of the guide from the rim outwards, between which steps are looked at that the photo itself has."""
BREAKS = 1.2, 2.0
"""Steps across the rim over those beside it, up to which a guide is followed wholly, and from which not at all."""
SOFT_BREAKS = 1.15, 1.25
"""The same under a blurred guide, which has fewer steps of its own."""
EVEN = 1.0
"""Grey values that a network may be off by at the rim of an even ground."""
BLURRED = 0.45, 0.65
"""Detail of the hole's finest octave over that beside it, up to which a guide is a guess, and from which it is none."""
GUESSED = 0.3
"""How strongly the matching is steered by a guess at most: what the default does, too."""
FAINT = 0.3
"""Squared grey values that are as good as none."""


class _Small(NamedTuple):
    """The hole's surroundings at the guide's own size, and how far each pixel is from the rim, inside and outside."""

    image: Image
    depth: NDArray[Any]
    beyond: NDArray[Any]


def trust(guide: Image, hole: Mask, pixel: float, finest: float = 0.0) -> float:
    """How far the layout is to be followed, 0 to 1: by how it goes on across the hole's rim, at its own resolution.

    Its steps across the rim (root of the mean square) are held against those of the known pixels beside, across lines
    that run along the rim. What is blurred, or wrong in the middle alone, is not seen. Arguments as in `with_layout`.
    """
    seen = _small(guide, hole, pixel)
    if seen is None:
        return 1.0
    image, depth, beyond = seen
    across, down = (_slope(cv2.GaussianBlur(depth - beyond, (0, 0), 1), way) for way in (0, 1))
    steps = _slope(image, 0) * across[..., None] + _slope(image, 1) * down[..., None]
    squares = np.square(steps).mean(-1) / np.maximum(across**2 + down**2, 1e-6)
    rim, beside = (depth + beyond) < 2, (beyond > BESIDE[0]) & (beyond < BESIDE[1])
    if not rim.any() or not beside.any():
        return 1.0
    ratio = squares[rim].mean() ** 0.5 / (squares[beside].mean() ** 0.5 + EVEN)
    return float(np.interp(ratio, BREAKS if finest < BLUR else SOFT_BREAKS, (1, 0)))


def steering(guide: Image, hole: Mask, pixel: float) -> float:
    """How strongly the matching may be steered by a layout that should be sharp, GUESSED to 1: by how sharp it is.

    The energy of its finest octave in the hole is held against that of the known pixels around.
    """
    seen = _small(guide, hole, pixel)
    if seen is None:
        return 1.0
    fine = energy(seen.image, 1, 2)
    inside, around = seen.depth > 0, (seen.beyond > 0) & (seen.beyond < BESIDE[1])
    if not inside.any() or not around.any():
        return 1.0
    sharp = ((fine[inside].mean() + FAINT) / (fine[around].mean() + FAINT)) ** 0.5
    return float(np.interp(sharp, BLURRED, (GUESSED, 1)))


def _small(guide: Image, hole: Mask, pixel: float) -> _Small | None:
    box = bounds(hole)
    if box is None or pixel <= 0:
        return None
    area = padded(box, round((BESIDE[1] + 2) * pixel), hole.shape).slices
    size = [max(1, round(side / pixel)) for side in hole[area].shape]
    image = np.asarray(cv2.resize(guide[area], size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    opening = hole[area].view(np.uint8) * np.uint8(255)
    inside = cv2.resize(opening, size[::-1], interpolation=cv2.INTER_AREA) > 127
    depth, beyond = (cv2.distanceTransform(one.view(np.uint8), cv2.DIST_L2, 5) for one in (inside, ~inside))
    return _Small(image, depth, beyond)


def _slope(values: NDArray[Any], axis: int) -> NDArray[np.float32]:
    """Change for each pixel, to the right (0) or down (1)."""
    return np.asarray(cv2.Sobel(values, cv2.CV_32F, 1 - axis, axis, scale=1 / 8))
