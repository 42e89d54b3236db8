"""The window at halving sizes: colours of the known pixels, and the texture, continued smoothly into the hole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np

from inpaint_app.backends.exemplar.field import CHANNELS, RADIUS, Flags, Floats, Ints, Values
from inpaint_app.backends.exemplar.jit import kernel, run
from inpaint_app.imaging.mask import bounds, padded
from inpaint_app.types import Box, Image

TEXTURE_WEIGHT = 1.0
OWN = 0.5  # of its own texture, added to that of the finer levels: benchmarks/results/layout.md
TEXTURE_CAP = 40.0  # a strong edge is no texture
TEXTURE_SIGMA = 3.0
DEPTH = 10.0
WORKING = 1_500_000  # pixels of the largest level that the field is searched on in full


@dataclass(slots=True)
class Level:
    """One size of the window. features (H, W, 4): red, green, blue (in the hole to be filled), texture."""

    features: Values
    hole: Flags
    forbidden: Flags

    def paint(self, ys: Ints, xs: Ints, colours: Floats) -> None:
        """Set the colours (N, 3) of the pixels at rows `ys` and columns `xs`, rounded where the level holds bytes."""
        if self.features.dtype == np.uint8:
            colours = np.clip(np.rint(colours), 0, 255).astype(np.uint8)
        run(partial(_paint, self.features, ys, xs, colours), len(ys), 16_384)


@kernel
def _paint(features: Values, ys: Ints, xs: Ints, colours: Values, start: int, stop: int) -> None:
    for n in range(start, stop):
        for c in range(3):
            features[ys[n], xs[n], c] = colours[n, c]


def texture(image: Values, hole: Flags) -> Floats:
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
    """The window at its own size, features in 0..255; above `WORKING` pixels as bytes and without the texture.

    Such levels only refine what smaller ones found, and floats of them would not fit beside a large photo.
    """
    if hole.size > WORKING:
        # The fourth channel is a texture that is the same everywhere.
        return _blanked(Level(np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2RGBA), np.uint8), hole, forbidden))
    features = np.empty((*hole.shape, CHANNELS), np.float32)
    features[..., :3] = image
    features[..., 3] = TEXTURE_WEIGHT * spread(texture(image, hole), hole)
    return _blanked(Level(features, hole, forbidden))


def _blanked(level: Level) -> Level:
    """The level, its hole's colours 0."""
    near = _around(level.hole, 0).slices
    level.features[near][level.hole[near], :3] = 0
    return level


def _around(hole: Flags, margin: int) -> Box:
    """The hole's box with a margin, its left and top even."""
    box = padded(bounds(hole) or Box(0, 0, 1, 1), margin, hole.shape)
    return Box(box.left - box.left % 2, box.top - box.top % 2, box.right, box.bottom)


def halve(level: Level) -> Level:
    """Half the size (rounded up); a pixel is hole where more than half of what it covers is.

    Half of its own texture is added to that of the finer levels. Newson et al. take the finest alone, which cannot
    tell near pebbles from far ones: those match everything a little, and covered a beach at half the size of its own.
    """
    features: Any = cv2.pyrDown(level.features)  # holes are 0 there
    height, width = features.shape[:2]
    near = _around(level.hole, 6)  # elsewhere all is known
    mass = cv2.pyrDown((~level.hole[near.slices]).astype(np.float32))
    top, left = near.top // 2, near.left // 2
    half = slice(top, top + mass.shape[0]), slice(left, left + mass.shape[1])
    hole = np.zeros((height, width), bool)
    hole[half] = mass < 0.5
    forbidden = np.zeros((height, width), bool)
    if level.forbidden.any():
        forbidden = cv2.pyrDown(level.forbidden.view(np.uint8) * np.uint8(255)) > 25
    rim = (mass >= 0.5) & (mass < 1)
    colours = features[half][rim, :3] / mass[rim][:, None]
    features[half][rim, :3] = np.clip(np.rint(colours), 0, 255) if features.dtype == np.uint8 else colours
    if features.dtype == np.uint8 and hole.size <= WORKING:
        return first_level(np.ascontiguousarray(features[..., :3]), hole, forbidden)
    if features.dtype != np.uint8:
        features[..., 3] += OWN * TEXTURE_WEIGHT * spread(texture(features[..., :3], hole), hole)
    return _blanked(Level(features, hole, forbidden))


def halvings(guide: Image, count: int) -> list[Values]:
    """A guide at the sizes of `count` levels, the finest first (H, W, 3); bytes where the levels are bytes."""
    sizes: list[Values] = [guide if guide.shape[0] * guide.shape[1] > WORKING else guide.astype(np.float32)]
    while len(sizes) < count:
        half = cv2.pyrDown(sizes[-1])
        large = half.shape[0] * half.shape[1] > WORKING
        sizes.append(np.asarray(half, np.uint8) if large else np.asarray(half, np.float32))
    return sizes


def build(first: Level) -> list[Level]:
    """Levels from the finest to the coarsest, on which the hole is a few patches thick."""
    levels = [first]
    while True:
        last = levels[-1]
        opening = np.ascontiguousarray(last.hole[_around(last.hole, 1).slices])  # what is nearest lies within
        depth = float(cv2.distanceTransform(opening.view(np.uint8), cv2.DIST_L2, 3).max())
        if depth <= DEPTH or min(last.hole.shape) < 8 * RADIUS:
            return levels
        levels.append(halve(last))
