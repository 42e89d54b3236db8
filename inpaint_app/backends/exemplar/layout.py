"""What a guide knows and the engine does not: the large shapes. The fill takes them from it and keeps its own detail.

A split of frequencies (Burt & Adelson 1983, one band): the difference between guide and fill, blurred until nothing of
it is finer than what the guide knows, is added to the fill. It fades towards the hole's rim, where both agree.

A guide says its resolution by the size of its window (SizeRule): what one pixel of that covers comes here as `pixel`. A
network that draws coarser than its window's pixels says too little, and the split then takes its blur for detail.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.backends.exemplar.strength import energy, strengthen
from inpaint_app.imaging.coarse import blurred, enlarged
from inpaint_app.imaging.mask import bounds, padded
from inpaint_app.imaging.window import bands
from inpaint_app.types import Box, Image, Mask

BLUR = 1.0
"""Sigma, in pixels of the guide, from which on a guide counts as blurred."""
SPLIT = 2.0
"""Sigma of the split under a blurred guide, in its pixels: what is finer is mostly its blur, and would take the fill's
own lines and detail away. Chosen with the share: benchmarks/results/layout.md."""
STEPS = 6
"""Sigmas that are tried, half an octave apart."""
LARGE = 6.0
"""From which pixel of a blurred guide on the votes are pulled by it in coarse shapes alone (`engine.misfit`): in small
pictures nobody sees the difference, and the mean of guesses scores better."""
NEARER = 1.4
"""So many times their share small pictures move to a blurred guide: benchmarks/results/layout.md."""
EVEN = 8.0
"""Spread of the known pixels, in grey values, below which they move less: on one colour the network's error shows."""
TRUSTED = 0.5
"""Share of the fill's energy that a band of the guide must have for the fill to take that band from it."""
OCTAVE = 1.75
"""From so many sigmas of the split on, the guide has all that is there: its energy tells how rough the hole is."""


def with_layout(
    fill: Image,
    guide: Image,
    hole: Mask,
    pixel: float,
    share: float,
    *,
    finest: float = BLUR,
    split: float = SPLIT,
    in_place: bool = False,
) -> Image:
    """The fill (H, W, 3), in the hole moved by `share` of the way to the guide in all that is coarse.

    pixel: what one pixel of the guide covers, in pixels of the fill. finest: from BLUR on the sigma is `split`. Under
    it, it is the least sigma, in the guide's pixels, that a sharp guide reaches; a blurred one is followed as far as it
    goes (`blur_of`), and of a sharp one the fill gets the strength of detail that it foretells. Equal to `fill` outside
    the hole. in_place: write into `fill` itself, which may be as large as a photo.
    """
    box = bounds(hole)
    if box is None or share <= 0 or pixel <= 0:
        return fill
    out = fill if in_place else fill.copy()
    sigma = blur_of(guide, fill, hole, pixel, finest) if finest < BLUR else split
    if sigma == finest:
        _agree(out, guide, hole, pixel, share)
    else:
        nearer = 1 + (NEARER - 1) * _uneven(fill, hole) if finest >= BLUR and pixel < LARGE else 1.0
        _split(out, guide, hole, sigma * pixel, min(1.0, nearer * share))
    if sigma < BLUR:
        strengthen(out, guide, hole, pixel, OCTAVE * sigma * pixel)
    return out


def _uneven(fill: Image, hole: Mask) -> float:
    """How far what is known is from one colour, 0..1."""
    _, spread = cv2.meanStdDev(fill, mask=(~hole).view(np.uint8))
    return min(1.0, float(spread.max()) / EVEN)


def _split(fill: Image, guide: Image, hole: Mask, sigma: float, share: float) -> None:
    """Move the fill to the guide in what is coarser than `sigma`; writes into `fill`."""
    area = padded(bounds(hole) or Box(0, 0, 1, 1), round(3 * sigma) + 1, hole.shape).slices
    part, opening = fill[area], hole[area]
    apart: NDArray[Any] = np.zeros(part.shape, np.int16)
    cv2.subtract(guide[area], part, apart, opening.view(np.uint8), cv2.CV_16S)
    moved = share * coarse(apart, opening, sigma)
    height, width = opening.shape
    for rows in bands(height):
        here = enlarged(moved, Box(0, rows.start, width, rows.stop), (height, width))
        cv2.add(part[rows], here, part[rows], opening[rows].view(np.uint8), cv2.CV_8U)


def _agree(fill: Image, guide: Image, hole: Mask, pixel: float, share: float) -> None:
    """Exchange in the hole what the fill has at the guide's own size for the guide; writes into `fill`.

    What is left of the fill is what shrinking to that size loses, as in back-projection (Irani & Peleg 1991): a blur
    would leave some of both out in between. The guide begins at the rim and is all there from a pixel of its own on.
    """
    area = padded(bounds(hole) or Box(0, 0, 1, 1), round(4 * pixel), hole.shape).slices
    part, opening = fill[area], hole[area]
    height, width = opening.shape
    size = max(1, round(width / pixel)), max(1, round(height / pixel))
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    depth = cv2.distanceTransform(opening.view(np.uint8), cv2.DIST_L2, 5)
    for rows in bands(height):
        there = Box(0, rows.start, width, rows.stop)
        here = guide[area][rows] - enlarged(small, there, (height, width), cv2.INTER_CUBIC)
        here *= (share * np.minimum(depth[rows] / np.float32(pixel), 1))[..., None]
        cv2.add(part[rows], here, part[rows], opening[rows].view(np.uint8), cv2.CV_8U)


def blur_of(guide: Image, fill: Image, hole: Mask, pixel: float, finest: float) -> float:
    """Sigma, in the guide's pixels, above which the guide has as much to tell as what was copied from the photo.

    The finest band of half an octave in which the guide's energy in the hole is at least TRUSTED of the fill's.
    """
    box = bounds(hole) or Box(0, 0, 1, 1)
    area = padded(box, 0, hole.shape).slices
    sigmas = [finest * 2 ** (step / 2) for step in range(STEPS)]
    for sigma in sigmas:
        told, own = (
            float(energy(one[area], sigma * pixel, 2 * sigma * pixel)[hole[area]].mean())
            for one in (guide, fill)
        )
        if told >= TRUSTED * own:
            return sigma
    return sigmas[-1]


def coarse(apart: NDArray[Any], hole: Mask, sigma: float) -> NDArray[np.float32]:
    """A difference (H, W, 3), 0 outside the hole, blurred over it, on a grid as coarse as the blur allows.

    The mean is of the hole's pixels alone; it fades to 0 at the rim, where half of what the blur sees is known.
    """
    total = blurred(apart, sigma)
    mass = blurred(hole.view(np.uint8) * np.uint8(255), sigma)[..., None] / 255
    return np.asarray(total / np.maximum(mass, 0.5) * np.clip(2 * mass - 1, 0, 1), np.float32)
