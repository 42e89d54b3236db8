"""EXIF orientation 1..8 as a change of axes: stored pixels ↔ upright pixels.

Exif 2.32, tag 0x0112. 1 as stored, 2 mirrored, 3 turned by 180°, 4 flipped, 5 transposed, 6 stored turned left
(turn right to see it upright), 7 transversed, 8 stored turned right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.types import Box

INVERSE = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
TURNED = frozenset({5, 6, 7, 8})
_STEPS = {2: (1, -1), 3: (-1, -1), 4: (-1, 1), 6: (-1, 1), 7: (-1, -1), 8: (1, -1)}
"""In which direction stored rows and columns are read; then, for those TURNED, rows become columns."""
_PASSES: dict[int, tuple[Callable[..., Any], int]] = {
    2: (cv2.flip, 1), 3: (cv2.flip, -1), 4: (cv2.flip, 0),
    6: (cv2.rotate, cv2.ROTATE_90_CLOCKWISE), 8: (cv2.rotate, cv2.ROTATE_90_COUNTERCLOCKWISE),
}  # fmt: skip


def upright(stored: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Stored pixels (H, W, ...) as they are seen; a view, never a copy."""
    down, across = _STEPS.get(orientation, (1, 1))
    seen = stored[::down, ::across]
    return seen.swapaxes(0, 1) if orientation in TURNED else seen


def turned(stored: NDArray[Any], orientation: int) -> NDArray[Any]:
    """`upright` as an array of its own, in one pass: OpenCV turns pixels several times sooner than a strided copy."""
    if orientation not in _PASSES or stored.dtype not in (np.uint8, np.uint16):
        return np.ascontiguousarray(upright(stored, orientation))
    way, code = _PASSES[orientation]
    return np.asarray(way(np.ascontiguousarray(stored), code))


def stored(seen: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Upright pixels (H, W, ...) as the file stores them; a view, never a copy. The inverse of `upright`."""
    return upright(seen, INVERSE.get(orientation, 1))


def stored_box(box: Box, shape: tuple[int, int], orientation: int) -> Box:
    """Where a box of the upright picture of `shape` (H, W) lies in the stored one."""
    height, width = shape
    left, top, right, bottom = box
    corners = [(left, top), (right, bottom)]
    mapped = [point(x, y, width, height, orientation) for x, y in corners]
    xs, ys = zip(*mapped, strict=True)
    return Box(int(min(xs)), int(min(ys)), int(max(xs)), int(max(ys)))


def point(x: float, y: float, width: int, height: int, orientation: int) -> tuple[float, float]:
    """A place of the upright picture of that size in the stored one; with INVERSE, the other way."""
    down, across = _STEPS.get(orientation, (1, 1))
    if orientation in TURNED:
        x, y, width, height = y, x, height, width
    return x if across > 0 else width - x, y if down > 0 else height - y


def axes(shape: tuple[int, int], orientation: int) -> tuple[int, int, int, int, int, int]:
    """(a, b, c, d, e, f) so that the stored pixel (x, y) is seen at (a·x + b·y + c, d·x + e·y + f).

    shape: (H, W) of the upright picture.
    """
    down, across = _STEPS.get(orientation, (1, 1))
    x, y = ((0, down), (across, 0)) if orientation in TURNED else ((across, 0), (0, down))
    return *x, 0 if sum(x) > 0 else shape[1] - 1, *y, 0 if sum(y) > 0 else shape[0] - 1
