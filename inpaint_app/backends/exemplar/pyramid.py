"""The window at halving sizes: colours of the known pixels, and the texture, continued smoothly into the hole."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inpaint_app.backends.exemplar.field import CHANNELS, RADIUS, Flags, Floats
from inpaint_app.types import Image

TEXTURE_WEIGHT = 2.0
TEXTURE_CAP = 40.0  # a strong edge is no texture
TEXTURE_SIGMA = 3.0
DEPTH = 18.0


@dataclass(slots=True)
class Level:
    """One size of the window. features (H, W, 4): red, green, blue (in the hole to be filled), texture."""

    features: Floats
    hole: Flags
    forbidden: Flags


def texture(image: Image, hole: Flags) -> Floats:
    """Mean absolute gradient of the luma over known pixels (H, W): tells grain from flat where colours agree.

    Newson et al. (2014), section 3.3, use both axes apart; one value for both was measured to be enough.
    """
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    gx = np.abs(cv2.Sobel(luma, cv2.CV_32F, 1, 0, ksize=1))
    gy = np.abs(cv2.Sobel(luma, cv2.CV_32F, 0, 1, ksize=1))
    near = cv2.dilate(hole.view(np.uint8), np.ones((3, 3), np.uint8)) == 0
    known = near.astype(np.float32)
    total = cv2.GaussianBlur(np.minimum(gx + gy, TEXTURE_CAP) * known, (0, 0), TEXTURE_SIGMA)
    mass = cv2.GaussianBlur(known, (0, 0), TEXTURE_SIGMA)
    return np.asarray(total / np.maximum(mass, 1e-6), np.float32)


def spread(values: Floats, hole: Flags) -> Floats:
    """Continue the known values smoothly into the hole ("push-pull": each size is filled from the next smaller)."""
    known = (~hole).astype(np.float32)
    masses, totals = [known], [values * known]
    while min(masses[-1].shape) > 2:
        masses.append(np.asarray(cv2.pyrDown(masses[-1]), np.float32))
        totals.append(np.asarray(cv2.pyrDown(totals[-1]), np.float32))
    filled = np.full_like(masses[-1], totals[-1].sum() / max(float(masses[-1].sum()), 1e-6))
    for mass, total in zip(masses[::-1], totals[::-1], strict=True):
        if filled.shape != mass.shape:
            filled = np.asarray(cv2.pyrUp(filled, dstsize=mass.shape[::-1]), np.float32)
        filled = np.asarray(total + (1 - np.minimum(mass, 1)) * filled, np.float32)
    return np.asarray(np.where(hole, filled, values), np.float32)


def first_level(image: Image, hole: Flags, forbidden: Flags) -> Level:
    """The window at its own size, features in 0..255."""
    features = np.empty((*hole.shape, CHANNELS), np.float32)
    features[..., :3] = image
    features[..., 3] = TEXTURE_WEIGHT * texture(image, hole)
    features[hole] = 0
    features[..., 3] = spread(np.asarray(features[..., 3], np.float32), hole)
    return Level(features, hole, forbidden)


def halve(level: Level) -> Level:
    """Half the size (rounded up); a pixel is hole where more than half of what it covers is."""
    known = (~level.hole).astype(np.float32)
    mass = cv2.pyrDown(known)
    total = cv2.pyrDown(level.features * known[..., None])
    features = total / np.maximum(mass, 1e-6)[..., None]
    hole = mass < 0.5
    features[hole] = 0
    features[..., 3] = spread(np.asarray(features[..., 3], np.float32), hole)
    forbidden = cv2.pyrDown(level.forbidden.astype(np.float32)) > 0.1
    return Level(np.ascontiguousarray(features, np.float32), hole, forbidden)


def halvings(guide: Image, count: int) -> list[Floats]:
    """A guide at the sizes of `count` levels, the finest first (H, W, 3)."""
    sizes = [np.ascontiguousarray(guide, np.float32)]
    while len(sizes) < count:
        sizes.append(np.asarray(cv2.pyrDown(sizes[-1]), np.float32))
    return sizes


def build(first: Level) -> list[Level]:
    """Levels from the finest to the coarsest, on which the hole is a few patches thick."""
    levels = [first]
    while True:
        last = levels[-1]
        depth = float(cv2.distanceTransform(last.hole.view(np.uint8), cv2.DIST_L2, 3).max())
        if depth <= DEPTH or min(last.hole.shape) < 8 * RADIUS:
            return levels
        levels.append(halve(last))
