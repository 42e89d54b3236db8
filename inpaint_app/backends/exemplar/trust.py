"""How far a layout is to be followed, by what its pixels and the photo's around the hole say.

A layout that belongs elsewhere breaks off at the hole's rim. One that fades inwards is guessed: a network that does not
know goes on from the rim and ends in a mean. Its large shapes are worth having, but pulled to its every pixel, the
matching finds what is as grey. One that is as blurred everywhere is merely coarse.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.backends.exemplar.layout import BLUR
from inpaint_app.backends.exemplar.options import ExemplarOptions
from inpaint_app.backends.exemplar.strength import energy
from inpaint_app.imaging.mask import bounds, padded
from inpaint_app.types import Box, Image, Mask

BESIDE = 4.0, 12.0
"""Pixels of the guide from the rim outwards, between which steps are looked at that the photo itself has."""
BREAKS = 1.05, 1.2
"""Steps across the rim over those beside it, up to which a sharp guide is followed wholly, from which not at all."""
SECTORS = 12
"""Parts of the rim, of which each is looked at: a missing edge breaks off in few, what belongs elsewhere in most."""
ALONG = 1.6
"""Pixels of the guide: how deep those lie that are the rim."""
SOFT_BREAKS = 1.15, 1.25
"""The same of a blurred guide, which has fewer steps of its own: over those outside alone."""
EVEN = 1.0
"""Grey values that a network may be off by at the rim of an even ground."""
BLURRED = 0.45, 0.65
"""Detail of the finest octave deep in the hole over that beside it: up to which it is blurred, from which sharp."""
DEEP = 4.0
"""Pixels of the guide from the rim inwards: nearer, a network that knows the rim alone still has what to draw."""
FADES = 0.4, 0.8
"""The same deep in the hole over the whole hole's, up to which a blurred guide does not steer the matching, and from
which it does wholly."""
GUESS = 0.5
"""Steering up to which a layout is a guess."""
FAINT = 0.3
"""Squared grey values that are as good as none."""


class Trust(NamedTuple):
    """Of 1: how far a layout is followed at all, and how strongly the matching may be steered by it at most."""

    followed: float = 1.0
    steering: float = 1.0

    def of(self, options: ExemplarOptions) -> ExemplarOptions:
        """The options for such a layout; a guess counts as blurred, whatever it was said to be."""
        guidance = min(self.followed * options.guidance, self.steering)
        finest = options.finest if self.steering > GUESS else BLUR
        return replace(options, guidance=guidance, layout=self.followed * options.layout, finest=finest)


def trust(guide: Image, hole: Mask, pixel: float, finest: float = 0.0) -> Trust:
    """By how the layout goes on across the hole's rim, and by how sharp it is; both at its own resolution.

    What steps across the rim is held against the steps beside it; where the guide is blurred, at half its resolution.
    What is wrong in the middle alone is not seen. The finest octave deep in the hole is held against that of the known
    pixels around and of the whole hole. Arguments as in `with_layout`.
    """
    if bounds(hole) is None or pixel <= 0:
        return Trust()
    seen = _seen(guide, hole, pixel)
    if finest >= BLUR:
        return Trust(followed=float(np.interp(_soft_break(*seen), SOFT_BREAKS, (1, 0))))
    sharp, fades = _detail(*seen)
    breaks = _break(*seen)
    if sharp < BLURRED[1]:
        breaks = min(breaks, _break(*_seen(guide, hole, 2 * pixel)))
    steering = max(np.interp(sharp, BLURRED, (0, 1)), np.interp(fades, FADES, (0, 1)))
    return Trust(float(np.interp(breaks, BREAKS, (1, 0))), float(steering))


def _seen(guide: Image, hole: Mask, pixel: float) -> tuple[Image, NDArray[Any], NDArray[Any]]:
    """The hole's surroundings at the guide's resolution, how deep in the hole each pixel lies, and how far outside."""
    area = padded(bounds(hole) or Box(0, 0, 1, 1), round((BESIDE[1] + 2) * pixel), hole.shape).slices
    size = [max(1, round(side / pixel)) for side in hole[area].shape]
    image = np.asarray(cv2.resize(guide[area], size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    opening = hole[area].view(np.uint8) * np.uint8(255)
    inside = cv2.resize(opening, size[::-1], interpolation=cv2.INTER_AREA) > 127
    depth, beyond = (cv2.distanceTransform(one.view(np.uint8), cv2.DIST_L2, 5) for one in (inside, ~inside))
    return image, depth, beyond


def _break(image: Image, depth: NDArray[Any], beyond: NDArray[Any]) -> float:
    """The usual step at the rim, over the larger of those two pixels farther out and in; the median of SECTORS."""
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
    steps = [np.abs(colours[one] - colours[one + 1]).sum(1) for one in (-3, -1, 2)]
    around = np.argsort(np.arctan2(*(places - places.mean(0)).T))
    ratios = []
    for sector in np.array_split(around, min(SECTORS, -(-len(around) // 8))):
        outside, rim, inside = (_middle(one[sector]) for one in steps)
        ratios.append(rim / (max(outside, inside) + 2 * EVEN))
    return float(np.median(ratios))


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


def _detail(image: Image, depth: NDArray[Any], beyond: NDArray[Any]) -> tuple[float, float]:
    """The finest octave's detail deep in the hole, over that of the known pixels around, and over the whole hole's."""
    fine = energy(image, 1, 2)
    deep, inside = depth > min(DEEP, 0.75 * float(depth.max())), depth > 0
    around = (beyond > 0) & (beyond < BESIDE[1])
    if not deep.any() or not around.any():
        return 1.0, 1.0
    middle, whole, known = ((fine[where].mean() + FAINT) ** 0.5 for where in (deep, inside, around))
    return float(middle / known), float(middle / whole)


def _slope(values: NDArray[Any], axis: int) -> NDArray[np.float32]:
    """Change for each pixel, to the right (0) or down (1)."""
    return np.asarray(cv2.Sobel(values, cv2.CV_32F, 1 - axis, axis, scale=1 / 8))
