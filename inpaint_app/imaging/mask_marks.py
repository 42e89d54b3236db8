"""How strongly each pixel of a mask picture is marked, and from which strength on it is hole: the one threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.errors import MaskError
from inpaint_app.types import Mask

Levels: TypeAlias = NDArray[np.uint8]

NOISE = 8
"""Levels of 255 that are no mark by themselves."""

LOSSY_NOISE = 48
"""The same in a file that lost something when it was written: ringing reaches that far."""

LABELS = 64
"""A picture of up to so many levels may be one of labels."""


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """How strongly each pixel is marked. levels: (H, W) uint8. top: the strongest one as the file has it, of `full`."""

    levels: Levels
    top: float
    full: float
    what: str

    @property
    def strength(self) -> float:
        """The strongest mark in levels of 255."""
        return 255.0 * self.top / self.full if self.full else 0.0


def levels_of(values: NDArray[Any], what: str) -> Marks:
    """Values of any kind and range as levels 0..255 that keep their order; whole numbers up to 255 stay."""
    if values.dtype == np.bool_:
        return Marks(
            np.ascontiguousarray(values).view(np.uint8) * np.uint8(255), float(values.any()), 1.0, what
        )
    if values.dtype == np.uint8:
        return Marks(np.ascontiguousarray(values), float(values.max()), 255.0, what)
    if values.dtype.kind == "f":
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    top = max(0.0, float(values.max()))
    if values.dtype.kind == "f" and top <= 1.0:
        full = 1.0
    elif values.dtype == np.uint16:
        full = 65535.0
    else:
        full = next((most for most in (255.0, 65535.0) if top <= most), top)
    if values.dtype.kind != "f" and top <= 255:
        return Marks(np.clip(values, 0, 255).astype(np.uint8), top, full, what)
    scale = 255.0 / top if top else 0.0
    if values.dtype == np.uint16:
        return Marks(np.asarray(cv2.convertScaleAbs(values, alpha=scale)), top, full, what)
    return Marks(np.rint(np.clip(values, 0, top) * np.float32(scale)).astype(np.uint8), top, full, what)


def marked(marks: Marks, lossy: bool) -> Mask:
    """The pixels that are marked strongly enough. Raises MaskError where none is."""
    levels, top, strength = marks.levels, int(marks.levels.max()), marks.strength
    if top == 0 or (lossy and strength < LOSSY_NOISE) or (strength <= NOISE and _strewn(levels > 0)):
        raise MaskError(
            f"Nothing is marked in the mask: {marks.what} is {marks.top:g} of {marks.full:g} in its {levels.shape[1]}×"
            f"{levels.shape[0]} pixels. White on black, or paint on a clear layer, is what goes."
        )
    weakest = top if lossy else _weakest_label(levels, top)
    return np.asarray(levels >= weakest / 2)


def _weakest_label(levels: Levels, top: int) -> int:
    """In a picture of a few plain areas the lowest level that is one; else the strongest mark."""
    counts = _counts(levels)
    if np.count_nonzero(counts) > LABELS:
        return top
    kernel = np.ones((3, 3), np.uint8)
    inner = _counts(levels, cv2.dilate(levels, kernel) == cv2.erode(levels, kernel))
    least = max(1, top // 16)
    share = 0.02 * counts[least:].sum()
    plain = [
        level for level in range(least, top) if 3 * inner[level] >= counts[level] and counts[level] > share
    ]
    return plain[0] if plain else top


def _counts(levels: Levels, where: Mask | None = None) -> NDArray[np.float32]:
    """How many pixels have each level, (256,)."""
    chosen = None if where is None else where.view(np.uint8)
    return np.asarray(cv2.calcHist([levels], [0], chosen, [256], [0, 256]), np.float32).ravel()


def _strewn(mark: Mask) -> bool:
    """Whether marks lie about as noise does: in many pieces, or with many gaps, for their number."""
    bytes_ = mark.view(np.uint8)
    pieces = cv2.connectedComponents(bytes_, connectivity=8)[0] - 1
    gaps = cv2.connectedComponents(1 - bytes_, connectivity=4)[0] - 1
    fewer = min(np.count_nonzero(mark), mark.size - np.count_nonzero(mark))
    return bool(16 * (pieces + gaps - 2) > fewer)


def between(levels: Levels) -> float:
    """Share of the pixels that are neither near the weakest nor near the strongest mark; 0 in a picture of labels."""
    counts = _counts(levels)
    if np.count_nonzero(counts) <= LABELS:
        return 0.0
    top = int(levels.max())
    return float(counts[top // 8 + 1 : top - top // 8].sum() / counts.sum())
