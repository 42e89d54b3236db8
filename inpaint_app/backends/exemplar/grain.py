"""Giving the fill the grain of its surroundings.

Patches are matched by squared differences, which prefer the smoother of two equally unrelated sources: a fill comes
out with about half the high-pass energy of the rim. The detail of the copied pixels is therefore amplified until its
energy meets that of the known pixels around, continued into the hole (a gain on matched patches as in Darabi et al.,
"Image Melding" (2012), section 3.2, but on the detail alone and after the fact).
"""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_app.backends.exemplar.field import Flags, Floats
from inpaint_app.backends.exemplar.pyramid import spread
from inpaint_app.types import Image

DETAIL = 2.0  # sigma in pixels: what is finer counts as detail
REACH = 8.0  # sigma in pixels of the neighbourhood that energies are averaged over
STRONGEST = 60.0  # detail above this is an edge, not grain
MOST = 1.8  # limit of the gain


def match_grain(image: Image, hole: Flags) -> Image:
    """The image with the detail inside `hole` amplified, by 1 to `MOST`, to the energy of the known surroundings."""
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = luma - cv2.GaussianBlur(luma, (0, 0), DETAIL)
    energy = np.minimum(detail * detail, np.float32(STRONGEST**2))
    known = (~hole).astype(np.float32)
    wanted = spread(_mean(energy, known), hole)
    gain = np.clip(np.sqrt((wanted + 1) / (_mean(energy, 1 - known) + 1)), 1, MOST)
    colours = image.astype(np.float32)
    low = cv2.GaussianBlur(colours, (0, 0), DETAIL)
    out = image.copy()
    sharper = low[hole] + gain[hole][:, None] * (colours[hole] - low[hole])
    out[hole] = np.clip(np.rint(sharper), 0, 255).astype(np.uint8)
    return out


def _mean(values: Floats, weight: Floats) -> Floats:
    """Weighted mean over the neighbourhood of every pixel."""
    total = cv2.GaussianBlur(values * weight, (0, 0), REACH)
    mass = cv2.GaussianBlur(weight, (0, 0), REACH)
    return np.asarray(total / np.maximum(mass, 1e-3), np.float32)
