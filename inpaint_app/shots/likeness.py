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
    both, energy = _shared(a, b, where)
    weight = np.minimum(energy, np.quantile(energy[where], 0.75)) * where
    total = float(weight.sum())
    return float(np.sum(weight * both / (energy + 1.0))) / total if total > 1e-3 else 0.0


def lined_up(a: Floats, b: Floats, where: Mask) -> float:
    """The correlation that the best quarter of what has detail reaches: a crowd leaves that, waves do not."""
    both, energy = _shared(a, b, where)
    told = where & (energy > TOLD)
    if np.count_nonzero(told) <= 1000:
        return 1.0
    return float(np.quantile(both[told] / (energy[told] + 1.0), 0.75))


def alike(a: Floats, b: Floats, where: Mask) -> Floats:
    """(H, W), -1..1: the correlation around each pixel of `where`; 1 where neither has detail."""
    both, energy = _shared(a, b, where)
    return np.asarray((both + TOLD) / (energy + TOLD), np.float32)


def _shared(a: Floats, b: Floats, where: Mask) -> tuple[Floats, Floats]:
    """The energy of detail around each pixel that two pictures have in common, and what they have at all."""
    mask = where.astype(np.float32)
    both, mine, its = (cv2.boxFilter(one * mask, -1, (31, 31)) for one in (a * b, a * a, b * b))
    return np.asarray(both, np.float32), np.asarray(np.sqrt(np.maximum(0, mine * its)), np.float32)
