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
BREAKS = 1.1, 1.35
"""Steps across the rim over those beside it, up to which a sharp guide is followed wholly, from which not at all."""
ALONG = 1.6
"""Pixels of the guide: how deep those lie that are the rim."""
SOFT_BREAKS = 1.15, 1.25
"""The same of a blurred guide, which has fewer steps of its own: over those outside alone."""
EVEN = 1.0
"""Grey values that a network may be off by at the rim of an even ground."""
BLURRED = 0.45, 0.65
"""Detail of the hole's finest octave over that beside it, up to which a guide is a guess, and from which it is none."""
GUESSED = 0.3
"""How strongly the matching is steered by a guess at most: what the default does, too."""
FAINT = 0.3
"""Squared grey values that are as good as none."""


class Trust(NamedTuple):
    """Of 1: how far a layout is followed at all, and how strongly the matching may be steered by it at most."""

    followed: float = 1.0
    steering: float = 1.0


def trust(guide: Image, hole: Mask, pixel: float, finest: float = 0.0) -> Trust:
    """By how the layout goes on across the hole's rim, and by how sharp it is; both at its own resolution.

    What steps across the rim is held against the steps beside it. What is blurred, or wrong in the middle alone, is
    not seen. A sharp layout's finest octave is held against that of the known pixels around. Arguments as in
    `with_layout`.
    """
    box = bounds(hole)
    if box is None or pixel <= 0:
        return Trust()
    area = padded(box, round((BESIDE[1] + 2) * pixel), hole.shape).slices
    size = [max(1, round(side / pixel)) for side in hole[area].shape]
    image = np.asarray(cv2.resize(guide[area], size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    opening = hole[area].view(np.uint8) * np.uint8(255)
    inside = cv2.resize(opening, size[::-1], interpolation=cv2.INTER_AREA) > 127
    depth, beyond = (cv2.distanceTransform(one.view(np.uint8), cv2.DIST_L2, 5) for one in (inside, ~inside))
    if finest >= BLUR:
        return Trust(followed=float(np.interp(_soft_break(image, depth, beyond), SOFT_BREAKS, (1, 0))))
    followed = float(np.interp(_break(image, depth, beyond), BREAKS, (1, 0)))
    return Trust(followed, _steering(image, depth, beyond))


def _break(image: Image, depth: NDArray[Any], beyond: NDArray[Any]) -> float:
    """The usual step at the rim, over the larger of those two pixels farther out and in."""
    ways = np.stack([_slope(cv2.GaussianBlur(depth - beyond, (0, 0), 1), axis) for axis in (1, 0)], -1)
    places = np.argwhere((depth > 0) & (depth < ALONG))
    if not len(places):
        return 0.0
    inwards = ways[tuple(places.T)]
    inwards /= np.maximum(np.linalg.norm(inwards, axis=1, keepdims=True), 1e-3)
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32)
    last = np.array(depth.shape) - 1
    colours = {
        to: lab[tuple(np.rint(places + to * inwards).clip(0, last).astype(int).T)]
        for to in (-3, -2, -1, 0, 2, 3)
    }
    outside, rim, inside = (_middle(np.abs(colours[one] - colours[one + 1]).sum(1)) for one in (-3, -1, 2))
    return rim / (max(outside, inside) + 2 * EVEN)


def _middle(values: NDArray[Any]) -> float:
    """Mean of the middle half."""
    return float(np.sort(values)[len(values) // 4 : 1 + 3 * len(values) // 4].mean())


def _soft_break(image: Image, depth: NDArray[Any], beyond: NDArray[Any]) -> float:
    """The root of the mean square of the steps across the rim, over that of those outside, across lines along it."""
    across, down = (_slope(cv2.GaussianBlur(depth - beyond, (0, 0), 1), axis) for axis in (0, 1))
    steps = _slope(image, 0) * across[..., None] + _slope(image, 1) * down[..., None]
    squares = np.square(steps).mean(-1) / np.maximum(across**2 + down**2, 1e-6)
    rim, beside = (depth + beyond) < 2, (beyond > BESIDE[0]) & (beyond < BESIDE[1])
    if not rim.any() or not beside.any():
        return 0.0
    return float(squares[rim].mean() ** 0.5 / (squares[beside].mean() ** 0.5 + EVEN))


def _steering(image: Image, depth: NDArray[Any], beyond: NDArray[Any]) -> float:
    fine = energy(image, 1, 2)
    inside, around = depth > 0, (beyond > 0) & (beyond < BESIDE[1])
    if not inside.any() or not around.any():
        return 1.0
    sharp = ((fine[inside].mean() + FAINT) / (fine[around].mean() + FAINT)) ** 0.5
    return float(np.interp(sharp, BLURRED, (GUESSED, 1)))


def _slope(values: NDArray[Any], axis: int) -> NDArray[np.float32]:
    """Change for each pixel, to the right (0) or down (1)."""
    return np.asarray(cv2.Sobel(values, cv2.CV_32F, 1 - axis, axis, scale=1 / 8))
