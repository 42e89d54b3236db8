"""How alike two pictures are that lie over each other, whatever the light: correlation of their detail."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.types import Image, Mask

Floats: TypeAlias = NDArray[np.float32]

TOLD = 24.0
"""Energy of detail that noise does not reach."""


def detail(gray: Image) -> Floats:
    """A gray picture without what varies slowly, and without noise."""
    fine = cv2.GaussianBlur(gray.astype(np.float32), (0, 0), 1.0)
    return np.asarray(fine - cv2.GaussianBlur(fine, (0, 0), 6.0), np.float32)


def likeness(a: Floats, b: Floats, where: Mask) -> float:
    """Correlation of the `detail` of two pictures over `where`, -1..1; what moved spoils its own blocks only."""
    if not where.any():
        return -1.0
    alike, energy = _alike(a, b, where)
    weight = np.minimum(energy, np.quantile(energy[where], 0.75)) * where
    total = float(weight.sum())
    return float(np.sum(weight * alike)) / total if total > 1e-3 else 0.0


def lined_up(a: Floats, b: Floats, where: Mask) -> float:
    """The correlation that the best quarter of what has detail reaches: a crowd leaves that, waves do not."""
    alike, energy = _alike(a, b, where)
    told = where & (energy > TOLD)
    return float(np.quantile(alike[told], 0.75)) if np.count_nonzero(told) > 1000 else 1.0


def _alike(a: Floats, b: Floats, where: Mask) -> tuple[Floats, Floats]:
    """The correlation around each pixel, and the energy there."""
    mask = where.astype(np.float32)
    both, mine, its = (cv2.boxFilter(one * mask, -1, (31, 31)) for one in (a * b, a * a, b * b))
    energy = np.sqrt(np.maximum(0, mine * its))
    return both / (energy + 1.0), energy
