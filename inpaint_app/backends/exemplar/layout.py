"""What a guide knows and the engine does not: the large shapes. The fill takes them from it and keeps its own detail.

A split of frequencies (Burt & Adelson 1983, one band): the difference between guide and fill, blurred until nothing of
it is finer than the guide's own pixels, is added to the fill. It fades towards the hole's rim, where both agree.

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
"""Sigma of the split, in pixels of the guide. Chosen with the share: benchmarks/results/layout.md."""
STEPS = 6
"""Sigmas that are tried, half an octave apart."""
RING = 24
"""Pixels around the hole's box whose detail is the measure."""
TRUSTED = 0.5
"""Share of the fill's energy that a band of the guide must have for the fill to take that band from it."""
LOUDER = 1.3
"""Most that the fill's detail is raised by where the guide's was smoother."""


def with_layout(
    fill: Image,
    guide: Image,
    hole: Mask,
    pixel: float,
    share: float,
    *,
    finest: float = BLUR,
    in_place: bool = False,
) -> Image:
    """The fill (H, W, 3), in the hole moved by `share` of the way to the guide in all that is coarser than `pixel`.

    pixel: what one pixel of the guide covers, in pixels of the fill. finest: sigma of the split, in the guide's pixels;
    under BLUR it is the least that a sharp guide reaches, a blurred one is followed as far as it goes (`blur_of`), and
    the fill's detail is brought to its surroundings' strength. Equal to `fill` outside the hole. in_place: write into
    `fill` itself, which may be as large as a photo.
    """
    box = bounds(hole)
    if box is None or share <= 0 or pixel <= 0:
        return fill
    sharp = finest < BLUR
    sigma = (blur_of(guide, fill, hole, pixel, finest) if sharp else finest) * pixel
    area = padded(box, round(3 * sigma) + 1, hole.shape).slices
    moved = share * _coarse(guide[area], fill[area], hole[area], sigma)
    out = fill if in_place else fill.copy()
    part, opening = out[area], hole[area]
    height, width = opening.shape
    for rows in bands(height):
        here = _enlarged(moved, (rows.start, rows.stop), (height, width))
        cv2.add(part[rows], here, part[rows], opening[rows].view(np.uint8), cv2.CV_8U)
    if sharp:
        near = padded(box, RING, hole.shape).slices
        _strengthen(out[near], hole[near])
    return out


def blur_of(guide: Image, fill: Image, hole: Mask, pixel: float, finest: float) -> float:
    """Sigma, in the guide's pixels, above which the guide has as much to tell as what was copied from the photo.

    The finest band of half an octave in which the guide's energy in the hole is at least TRUSTED of the fill's.
    """
    box = bounds(hole) or Box(0, 0, 1, 1)
    area = padded(box, 0, hole.shape).slices
    grey = [cv2.cvtColor(one[area], cv2.COLOR_RGB2GRAY).astype(np.float32) for one in (guide, fill)]
    sigmas = [finest * 2 ** (step / 2) for step in range(STEPS)]
    for sigma in sigmas:
        energies = []
        for luma in grey:
            band = cv2.GaussianBlur(luma, (0, 0), sigma * pixel)
            cv2.subtract(band, cv2.GaussianBlur(luma, (0, 0), 2 * sigma * pixel), band)
            energies.append(float(np.square(band)[hole[area]].mean()))
        if energies[0] >= TRUSTED * energies[1]:
            return sigma
    return sigmas[-1]


def _strengthen(part: Image, opening: Mask) -> None:
    """Raise the detail in the hole towards its surroundings', by LOUDER at most. Writes into `part`."""
    if opening.all():
        return
    luma = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = np.square(luma - cv2.GaussianBlur(luma, (0, 0), 2))
    ratio = float(detail[~opening].mean() + 0.1) / float(detail[opening].mean() + 0.1)
    gain = min(LOUDER, ratio**0.5)
    if gain > 1:
        soft = cv2.GaussianBlur(part, (0, 0), 2)
        cv2.copyTo(cv2.addWeighted(part, gain, soft, 1 - gain, 0), opening.view(np.uint8), part)


def _coarse(guide: Image, fill: Image, hole: Mask, sigma: float) -> NDArray[np.float32]:
    """The blurred difference over the hole, on a grid as coarse as the blur allows.

    The mean is of the hole's pixels alone; it fades to 0 at the rim, where half of what the blur sees is known.
    """
    apart: NDArray[Any] = np.zeros(fill.shape, np.int16)
    cv2.subtract(guide, fill, apart, hole.view(np.uint8), cv2.CV_16S)
    step = max(1, int(sigma / 2))
    size = (-(-hole.shape[1] // step), -(-hole.shape[0] // step))
    inside = hole.view(np.uint8) * np.uint8(255)
    if step > 1:
        apart = cv2.resize(apart, size, interpolation=cv2.INTER_AREA)
        inside = np.asarray(cv2.resize(inside, size, interpolation=cv2.INTER_AREA), np.uint8)
    total = cv2.GaussianBlur(apart.astype(np.float32), (0, 0), sigma / step)
    mass = cv2.GaussianBlur(inside.astype(np.float32) / 255, (0, 0), sigma / step)[..., None]
    return np.asarray(total / np.maximum(mass, 0.5) * np.clip(2 * mass - 1, 0, 1), np.float32)


def _enlarged(
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
