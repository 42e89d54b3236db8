"""The window at halving sizes, with colours and texture of the known pixels only."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inpaint_app.backends.exemplar.field import CHANNELS, RADIUS, Flags, Floats
from inpaint_app.types import Image

TEXTURE_WEIGHT = 1.0
TEXTURE_SIGMA = 3.0


@dataclass(slots=True)
class Level:
    """One size of the window. features (H, W, 4): red, green, blue, texture; hole pixels are to be filled."""

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
    total = cv2.GaussianBlur((gx + gy) * known, (0, 0), TEXTURE_SIGMA)
    mass = cv2.GaussianBlur(known, (0, 0), TEXTURE_SIGMA)
    return np.asarray(total / np.maximum(mass, 1e-6), np.float32)


def first_level(image: Image, hole: Flags, forbidden: Flags) -> Level:
    """The window at its own size, features in 0..255."""
    features = np.empty((*hole.shape, CHANNELS), np.float32)
    features[..., :3] = image
    features[..., 3] = TEXTURE_WEIGHT * texture(image, hole)
    features[hole] = 0
    return Level(features, hole, forbidden)


def halve(level: Level) -> Level:
    """Half the size (rounded up); a pixel is hole where more than half of what it covers is."""
    known = (~level.hole).astype(np.float32)
    mass = cv2.pyrDown(known)
    total = cv2.pyrDown(level.features * known[..., None])
    features = total / np.maximum(mass, 1e-6)[..., None]
    hole = mass < 0.5
    features[hole] = 0
    forbidden = cv2.pyrDown(level.forbidden.astype(np.float32)) > 0.1
    return Level(np.ascontiguousarray(features, np.float32), hole, forbidden)


def build(first: Level) -> list[Level]:
    """Levels from the finest to the coarsest, on which the hole is about two patches thick."""
    levels = [first]
    while True:
        last = levels[-1]
        depth = float(cv2.distanceTransform(last.hole.view(np.uint8), cv2.DIST_L2, 3).max())
        if depth <= 2 * RADIUS or min(last.hole.shape) < 8 * RADIUS:
            return levels
        levels.append(halve(last))
