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
BESIDE = 4.0, 12.0
"""Pixels of the guide from the rim outwards, between which steps are looked at that the photo itself has."""
BREAKS = 1.2, 2.0
"""Steps across the rim over those beside it, up to which a guide is followed wholly, and from which not at all."""
SOFT_BREAKS = 1.15, 1.25
"""The same under a blurred guide, which has fewer steps of its own."""
LARGE = 6.0
"""From which pixel of a blurred guide on the votes are pulled by it in coarse shapes alone (`engine.misfit`): in small
pictures nobody sees the difference, and the mean of guesses scores better."""
EVEN = 1.0
"""Grey values that a network may be off by at the rim of an even ground."""
RING = 24
"""Pixels around the hole whose detail is the measure."""
TRUSTED = 0.5
"""Share of the fill's energy that a band of the guide must have for the fill to take that band from it."""
BANDS = (2, 4), (1, 2), (0, 2)
"""Between which blurs, in pixels, the fill's detail is brought to its strength, one after the other, twice."""
LOUDER = 0.8, 1.35
"""What a band is lowered and raised by at most at once."""
FORETELLING = 2.5
"""From so many sigmas of the split on, the guide has all that is there: its energy tells how rough the hole is."""
FAINT = 0.1
"""Squared grey values that are as good as none."""


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
    sigma = (blur_of(guide, fill, hole, pixel, finest) if finest < BLUR else split) * pixel
    area = padded(box, round(3 * sigma) + 1, hole.shape).slices
    apart: NDArray[Any] = np.zeros(fill[area].shape, np.int16)
    cv2.subtract(guide[area], fill[area], apart, hole[area].view(np.uint8), cv2.CV_16S)
    moved = share * coarse(apart, hole[area], sigma)
    out = fill if in_place else fill.copy()
    part, opening = out[area], hole[area]
    height, width = opening.shape
    for rows in bands(height):
        here = enlarged(moved, (rows.start, rows.stop), (height, width))
        cv2.add(part[rows], here, part[rows], opening[rows].view(np.uint8), cv2.CV_8U)
    if sigma < BLUR * pixel:
        near = padded(box, RING, hole.shape).slices
        _strengthen(out[near], guide[near], hole[near], FORETELLING * sigma)
    return out


def trust(guide: Image, hole: Mask, pixel: float, finest: float = 0.0) -> float:
    """How far the layout is to be followed, 0 to 1: by how it goes on across the hole's rim, at its own resolution.

    Its steps across the rim (root of the mean square) are held against those of the known pixels beside, across lines
    that run along the rim. A layout that belongs elsewhere breaks off there; what is blurred, or wrong in the middle
    alone, is not seen. Arguments as in `with_layout`.
    """
    box = bounds(hole)
    if box is None or pixel <= 0:
        return 1.0
    area = padded(box, round((BESIDE[1] + 2) * pixel), hole.shape).slices
    size = [max(1, round(side / pixel)) for side in hole[area].shape]
    small = cv2.resize(guide[area], size[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
    inside = cv2.resize(hole[area].astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA) > 0.5
    depth = cv2.distanceTransform(inside.view(np.uint8), cv2.DIST_L2, 5)
    beyond = cv2.distanceTransform((~inside).view(np.uint8), cv2.DIST_L2, 5)
    across, down = (_slope(cv2.GaussianBlur(depth - beyond, (0, 0), 1), way) for way in (0, 1))
    steps = _slope(small, 0) * across[..., None] + _slope(small, 1) * down[..., None]
    squares = np.square(steps).mean(-1) / np.maximum(across**2 + down**2, 1e-6)
    rim, beside = (depth + beyond) < 2, (beyond > BESIDE[0]) & (beyond < BESIDE[1])
    if not rim.any() or not beside.any():
        return 1.0
    ratio = squares[rim].mean() ** 0.5 / (squares[beside].mean() ** 0.5 + EVEN)
    return float(np.interp(ratio, BREAKS if finest < BLUR else SOFT_BREAKS, (1, 0)))


def _slope(values: NDArray[Any], axis: int) -> NDArray[np.float32]:
    """Change for each pixel, to the right (0) or down (1)."""
    return np.asarray(cv2.Sobel(values, cv2.CV_32F, 1 - axis, axis, scale=1 / 8))


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


def _strengthen(part: Image, guide: Image, opening: Mask, sigma: float) -> None:
    """Bring the detail in the hole to the strength that the guide foretells, by LOUDER at most. Writes into `part`.

    Foretold is what a ring around the hole has, times how much more or less of the guide's finest two octaves the hole
    has than that ring: smooth stays smooth beside a rough rim, and foam is rougher than the water around it. Band by
    band, for the split takes most where the guide's knowledge ends. In brightness alone, as in `grain`.
    """
    wide = cv2.dilate(opening.view(np.uint8), np.ones((2 * RING + 1,) * 2, np.uint8)) > 0
    ring = wide & ~opening
    if not ring.any():
        return
    laid = energy(guide, sigma, 2 * sigma)
    foretold = (laid[opening].mean() + FAINT) / (laid[ring].mean() + FAINT)
    for low, high in BANDS * 2:
        detail = band(part, low, high)
        squares = np.square(detail)
        gain = ((foretold * squares[ring].mean() + FAINT) / (squares[opening].mean() + FAINT)) ** 0.5
        louder = np.rint((np.clip(gain, *LOUDER) - 1) * detail).astype(np.int16)
        cv2.add(part, cv2.merge([louder] * 3), part, opening.view(np.uint8), cv2.CV_8U)


def band(image: Image, low: float, high: float) -> NDArray[np.float32]:
    """Brightness between two blurs (sigma in pixels; 0: none)."""
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = cv2.GaussianBlur(luma, (0, 0), low) if low else luma
    return np.asarray(fine - cv2.GaussianBlur(luma, (0, 0), high), np.float32)


def energy(image: Image, low: float, high: float) -> NDArray[np.float32]:
    """Squares of that."""
    return np.asarray(np.square(band(image, low, high)), np.float32)


def coarse(apart: NDArray[Any], hole: Mask, sigma: float) -> NDArray[np.float32]:
    """A difference (H, W, 3), 0 outside the hole, blurred over it, on a grid as coarse as the blur allows.

    The mean is of the hole's pixels alone; it fades to 0 at the rim, where half of what the blur sees is known.
    """
    step = max(1, int(sigma / 2))
    size = (-(-hole.shape[1] // step), -(-hole.shape[0] // step))
    inside = hole.view(np.uint8) * np.uint8(255)
    if step > 1:
        apart = cv2.resize(apart, size, interpolation=cv2.INTER_AREA)
        inside = np.asarray(cv2.resize(inside, size, interpolation=cv2.INTER_AREA), np.uint8)
    total = cv2.GaussianBlur(apart.astype(np.float32), (0, 0), sigma / step)
    mass = cv2.GaussianBlur(inside.astype(np.float32) / 255, (0, 0), sigma / step)[..., None]
    return np.asarray(total / np.maximum(mass, 0.5) * np.clip(2 * mass - 1, 0, 1), np.float32)


def enlarged(
    small: NDArray[np.float32], rows: tuple[int, int], shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Rows top..stop of the small picture at `shape` (H, W), interpolated linearly between pixel centres."""
    if small.shape[:2] == shape:
        return small[rows[0] : rows[1]]
    down, across = small.shape[0] / shape[0], small.shape[1] / shape[1]
    matrix = np.array([[across, 0, across / 2 - 0.5], [0, down, (rows[0] + 0.5) * down - 0.5]], np.float32)
    return np.asarray(
        cv2.warpAffine(
            small,
            matrix,
            (shape[1], rows[1] - rows[0]),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )
