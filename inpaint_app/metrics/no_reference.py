"""What can be said of a removal without its truth: can the seam be told, is the texture like its surroundings.

NumPy and OpenCV, in the windows of the result only, so that the cost follows the hole and never the photo.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.imaging.mask import dilated, padded
from inpaint_app.types import Box, Image, Mask, Result

RING = 16
"""Pixels around a hole that count as its surroundings; more for large holes."""

FLAT = 0.5
"""Grey levels added to both sides of a ratio, so that two flat areas compare as equal and noise does not decide."""


@dataclass(frozen=True, slots=True)
class NoReference:
    """Scores without truth; None where there are no surroundings to compare with.

    seam_contrast: mean step across the hole's border, relative to the step between neighbours in the surroundings;
    1 = not to be told apart, 2 = twice as sharp. texture_energy: high-frequency contrast inside the hole relative to
    the surroundings'; 1 = as rich, 0 = flat. changed_known: pixels outside the hole that differ from the photo.
    """

    seam_contrast: float | None
    texture_energy: float | None
    changed_known: int


def report(photo: Image, result: Result) -> NoReference:
    """The scores of one result. photo: (H, W, 3) uint8, what the result was made from."""
    image, mask = result.image, result.mask
    sums = np.zeros(8)
    for box in result.boxes:
        area = padded(box, _ring(box), mask.shape)
        sums += _window(image[area.slices], mask[area.slices], box.within(area), _ring(box))
    seam, seams, around, arounds, inside, insides, outside, outsides = sums
    contrast = energy = None
    if seams and arounds:
        contrast = (seam / seams + FLAT) / (around / arounds + FLAT)
    if insides and outsides:
        energy = ((inside / insides) ** 0.5 + FLAT) / ((outside / outsides) ** 0.5 + FLAT)
    return NoReference(_rounded(contrast), _rounded(energy), result.changed_known)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)


def _ring(box: Box) -> int:
    return max(RING, min(128, max(box.width, box.height) // 4))


def _window(image: Image, mask: Mask, inner: Box, ring: int) -> NDArray[np.float64]:
    """Sums and counts of one window: steps at the seam and around, high-frequency energy inside and around.

    Holes that reach in from a neighbouring window are neither inside nor surroundings here.
    """
    own = np.zeros_like(mask)
    own[inner.slices] = mask[inner.slices]
    near = dilated(own, ring) & ~mask
    sums = np.zeros(8)
    for axis in (0, 1):
        sums[:4] += _steps(image, own, near, mask, axis)
    fine = _fine(image)
    core, rim = _eroded(own), _eroded(near)
    for place, part in ((4, core), (6, rim)):
        sums[place : place + 2] = fine[part].sum(dtype=np.float64), np.count_nonzero(part)
    return sums


def _steps(image: Image, own: Mask, near: Mask, mask: Mask, axis: int) -> NDArray[np.float64]:
    """Sum and count of steps across the seam along an axis, and, in the same count, of the mean step around."""
    ahead = (slice(1, None), slice(None)) if axis == 0 else (slice(None), slice(1, None))
    behind = (slice(None, -1), slice(None)) if axis == 0 else (slice(None), slice(None, -1))
    seam = (own[ahead] & ~mask[behind]) | (own[behind] & ~mask[ahead])
    around = near[ahead] & near[behind]
    seams, arounds = np.count_nonzero(seam), np.count_nonzero(around)
    if not seams or not arounds:
        return np.zeros(4)
    across = _step(image, ahead, behind, seam)
    # Weighted by the seam's own directions, so that a texture with a direction is compared with itself.
    return np.array([across.sum(), seams, _step(image, ahead, behind, around).mean() * seams, seams])


def _step(
    image: Image, ahead: tuple[slice, slice], behind: tuple[slice, slice], where: Mask
) -> NDArray[np.float64]:
    difference = np.abs(image[ahead][where].astype(np.int16) - image[behind][where])
    return np.asarray(difference.mean(axis=1), dtype=np.float64)


def _fine(image: Image) -> NDArray[np.float32]:
    """Squared high-frequency part of the luma, (H, W): what a Gaussian blur of 2 px takes away."""
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = luma - cv2.GaussianBlur(luma, (0, 0), 2.0)
    return np.asarray(fine * fine, dtype=np.float32)


def _eroded(mask: Mask) -> Mask:
    """The mask without its outermost pixels, so that the seam itself counts to neither side; as it is when too thin."""
    core = cv2.erode(mask.view(np.uint8), np.ones((5, 5), np.uint8), borderValue=1) > 0
    return np.asarray(core) if core.any() else mask
