"""Exposure and white balance of a shot made the photo's: a curve for each channel, and a slowly varying field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.types import Image, Mask

Floats: TypeAlias = NDArray[np.float32]

ROUNDS = 6
SMOOTH = 0.12
"""Width of the field's Gaussian, as a share of the frame's longer side."""


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """curve: (3, 256) float32, each value of a shot in the photo's light. field: (H, W, 3) to add, of the view."""

    curve: Floats
    field: Floats

    def curved(self, shot: Image) -> Floats:
        """The shot through the curves only, float32."""
        return np.asarray(cv2.LUT(shot, self.curve.T[None]), np.float32)

    def matched(self, shot: Image) -> Floats:
        """The shot of the view in the photo's light, float32, not clipped."""
        return np.asarray(self.curved(shot) + self.field, np.float32)


def softened(picture: Image | Floats) -> Floats:
    """What light is fitted to, (H, W, 3) float32: neither noise nor a fraction of a pixel's shift counts."""
    return cv2.GaussianBlur(picture, (0, 0), 1.5).astype(np.float32)


def match(soft: Floats, shot: Image, where: Mask) -> tuple[Light, Mask]:
    """The light that makes the shot the photo's over `where`, and the pixels there that agree.

    soft: the photo, `softened`; shot: (H, W, 3) uint8 of the same view. Each channel's curve is a quadratic, fitted to
    blurred pixels by least squares that leave out, round by round, what differs by more than 2.5 times the median.
    """
    at = np.flatnonzero(where)[:: max(1, np.count_nonzero(where) // 6000)]
    goal, given = soft.reshape(-1, 3)[at], softened(shot).reshape(-1, 3)[at]
    curve = np.tile(np.arange(256, dtype=np.float32), (3, 1))
    kept = np.ones(len(at), bool)
    for _ in range(ROUNDS if len(at) >= 50 else 0):
        for c in range(3):
            curve[c] = _curve(given[kept, c], goal[kept, c])
        apart = np.abs(goal - _through(curve, given)).max(axis=1)
        kept = apart <= max(3.0, 2.5 * float(np.median(apart)))
    light = Light(curve, np.zeros((1, 1, 3), np.float32))
    apart = soft - softened(light.curved(shot))
    red, green, blue = cv2.split(np.abs(apart))
    worst = cv2.max(cv2.max(red, green), blue)
    limit = max(6.0, 2.5 * float(np.median(worst[where]))) if where.any() else 6.0
    agreed = where & (worst <= limit)
    return Light(curve, _field(apart, agreed)), agreed


def _through(curve: Floats, values: Floats) -> Floats:
    grid = np.arange(256, dtype=np.float32)
    return np.stack([np.interp(values[..., c], grid, curve[c]) for c in range(3)], -1).astype(np.float32)


def _curve(given: Floats, goal: Floats) -> Floats:
    """A rising quadratic (a line where there is none) from what is given to what it should be."""
    grid = np.arange(256, dtype=np.float32)
    low, high = np.percentile(given, (2, 98))
    if high - low < 24:  # too little to tell a slope by: a gain
        return np.asarray(grid * (float(goal.sum()) / max(1.0, float(given.sum()))), np.float32)
    powers = (given.astype(np.float64) / 255) ** np.arange(3)[:, None]
    squares, products = powers @ powers.T, powers @ goal
    values = (np.clip(grid, low - 20, high + 20).astype(np.float64) / 255) ** np.arange(3)[:, None]
    for terms in (3, 2):
        found = np.linalg.solve(squares[:terms, :terms], products[:terms]) @ values[:terms]
        slope = np.diff(found[int(low) : int(high) + 1])
        if slope.min() > 0.3 and slope.max() < 3:
            edge = found + (grid - np.clip(grid, low - 20, high + 20))
            return np.asarray(edge, np.float32)
    return np.asarray(grid + float(np.median(goal - given)), np.float32)


def _field(apart: Floats, agreed: Mask) -> Floats:
    """The difference that varies slowly, from where the two agree, carried into where they don't."""
    sigma = SMOOTH * max(agreed.shape)
    step = max(1, int(sigma / 8))
    size = (-(-agreed.shape[1] // step), -(-agreed.shape[0] // step))
    weight = cv2.resize(agreed.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    total = cv2.resize(apart * agreed[..., None], size, interpolation=cv2.INTER_AREA)
    weight = cv2.GaussianBlur(weight, (0, 0), sigma / step)[..., None]
    field = cv2.GaussianBlur(total, (0, 0), sigma / step) / (weight + 0.02)
    return np.asarray(cv2.resize(field, agreed.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
