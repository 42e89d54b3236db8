"""Giving the fill the grain of its surroundings.

Patches are matched by squared differences, which prefer the smoother of two equally unrelated sources: a fill comes
out with about half the high-pass energy of the rim. The detail of the copied pixels is therefore amplified until it
meets that of the known pixels around, continued into the hole (a gain on matched patches as in Darabi et al.,
"Image Melding" (2012), section 3.2, but on the detail alone and after the fact). Detail is compared by its mean
size, not by its energy: energy is what a few edges have most of, and an even sky beside a tree would get the tree's.
Brightness alone is amplified: grain in colour reads as blotches.
"""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_app.backends.exemplar.field import Flags, Floats
from inpaint_app.backends.exemplar.pyramid import spread
from inpaint_app.types import Image

DETAIL = 2.0  # sigma in pixels: what is finer counts as detail
REACH = 8.0  # sigma in pixels of the neighbourhood that sizes are averaged over
STRONGEST = 60.0  # detail above this is an edge, not grain
MOST = 3.0  # limit of the gain
EVEN = 4.0  # grey values: what has less detail than this is even, and hardly amplified
POWER = 1.3  # of the ratio of sizes: a gain on what is copied raises the mean less than it says


def match_grain(image: Image, hole: Flags) -> Image:
    """The image with the detail inside `hole` amplified, by 1 to `MOST`, to its size in the known surroundings."""
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = luma - cv2.GaussianBlur(luma, (0, 0), DETAIL)
    size = np.minimum(np.abs(detail), np.float32(STRONGEST))
    known = (~hole).astype(np.float32)
    wanted = spread(_mean(size, known), hole)
    own = _mean(size, 1 - known)
    limit = 1 + (MOST - 1) * own / (own + EVEN)
    gain = np.clip(((wanted + 1) / (own + 1)) ** POWER, 1, limit)
    out = image.copy()
    added = (gain[hole] - 1) * np.clip(detail[hole], -STRONGEST, STRONGEST)
    out[hole] = np.clip(np.rint(image[hole] + added[:, None]), 0, 255).astype(np.uint8)
    return out


def _mean(values: Floats, weight: Floats) -> Floats:
    """Weighted mean over the neighbourhood of every pixel."""
    total = cv2.GaussianBlur(values * weight, (0, 0), REACH)
    mass = cv2.GaussianBlur(weight, (0, 0), REACH)
    return np.asarray(total / np.maximum(mass, 1e-3), np.float32)
