"""Opacity in a hole: continued from its surroundings, so that what was cut out leaves no silhouette."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.types import Mask

Opacity = NDArray[np.uint8]

_SEPARATE = 256  # more holes than this are continued as one
_CLEAR, _SOLID = 15, 240
_SOFT = 0.25  # share of a rim that is neither clear nor solid from which on the opacity counts as gradual
_EDGE = 1.5  # pixels over which a hard edge goes from clear to solid
_SWEEPS = 48


def continued(alpha: Opacity, hole: Mask) -> Opacity:
    """The opacity (H, W) with the hole continued from around it; equal to `alpha` outside, a new array.

    Where everything around a hole is alike, the hole becomes the same. Where clear meets solid, the border between them
    goes on through the hole as a hard edge; a gradual opacity is continued as a membrane (the harmonic function).
    """
    whole = alpha.copy()
    rim = cv2.dilate(hole.view(np.uint8), np.ones((3, 3), np.uint8)).view(bool) & ~hole
    values = alpha[rim]
    if not values.size:
        return whole
    if values.min() == values.max():
        whole[hole] = values[0]
        return whole
    count, numbers, stats, _ = cv2.connectedComponentsWithStats(hole.view(np.uint8), connectivity=8)
    if count > _SEPARATE:
        _continue(whole, hole, (slice(0, hole.shape[0]), slice(0, hole.shape[1])))
        return whole
    for number in range(1, count):
        left, top, width, height = (int(value) for value in stats[number, :4])
        near = slice(max(0, top - 2), top + height + 2), slice(max(0, left - 2), left + width + 2)
        _continue(whole, numbers[near] == number, near, hole)
    return whole


def _continue(whole: Opacity, part: Mask, near: tuple[slice, slice], hole: Mask | None = None) -> None:
    """Fill one hole, `part` of the window `near`; other holes in the window are no known pixels."""
    known = ~(part if hole is None else hole[near])
    rim = cv2.dilate(part.view(np.uint8), np.ones((3, 3), np.uint8)).view(bool) & known
    values = whole[near][rim]
    if not values.size:
        return
    if values.min() == values.max():
        whole[near][part] = values[0]
        return
    smooth = _membrane(whole[near], known)
    if np.mean((values > _CLEAR) & (values < _SOLID)) < _SOFT:
        smooth = _hardened(smooth)
    whole[near][part] = np.rint(smooth[part]).astype(np.uint8)


def _membrane(values: Opacity, known: Mask) -> NDArray[np.float32]:
    """The unknown values as a membrane over the known ones: pull-push (Gortler et al. 1996), then relaxed."""
    levels: list[tuple[NDArray[Any], NDArray[Any]]] = [
        (values.astype(np.float32) * known, known.astype(np.float32))
    ]
    while max(levels[-1][1].shape) > 1:
        value, weight = levels[-1]
        size = (max(1, -(-weight.shape[1] // 2)), max(1, -(-weight.shape[0] // 2)))
        value = cv2.resize(value, size, interpolation=cv2.INTER_AREA)
        weight = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
        scale = np.minimum(1, 4 * weight) / np.maximum(weight, 1e-6)
        levels.append((value * scale, weight * scale))
    value, weight = levels.pop()
    filled = value / np.maximum(weight, 1e-6)
    while levels:
        value, weight = levels.pop()
        below = cv2.resize(filled, value.shape[::-1], interpolation=cv2.INTER_LINEAR)
        filled = value + (1 - weight) * below
    around = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32) / 4
    for _ in range(_SWEEPS):
        relaxed = cv2.filter2D(filled, -1, around, borderType=cv2.BORDER_REPLICATE)
        np.copyto(filled, relaxed, where=~known)
    return np.asarray(filled, np.float32)


def _hardened(smooth: NDArray[np.float32]) -> NDArray[np.float32]:
    """A hard, antialiased edge where the membrane passes one half."""
    down, across = np.gradient(smooth) if min(smooth.shape) > 1 else (np.zeros_like(smooth),) * 2
    slope = np.maximum(np.hypot(down, across), 1e-3)
    return np.asarray(np.clip(127.5 + (smooth - 127.5) / slope * (255 / _EDGE), 0, 255), np.float32)
