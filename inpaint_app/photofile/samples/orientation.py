"""EXIF orientation 1..8 as a change of axes: stored pixels ↔ upright pixels.

Exif 2.32, tag 0x0112. 1 as stored, 2 mirrored, 3 turned by 180°, 4 flipped, 5 transposed, 6 stored turned left
(turn right to see it upright), 7 transversed, 8 stored turned right.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.types import Box

INVERSE = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
TURNED = frozenset({5, 6, 7, 8})


def upright(stored: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Stored pixels (H, W, ...) as they are seen; a view, never a copy."""
    if orientation == 2:
        return stored[:, ::-1]
    if orientation == 3:
        return stored[::-1, ::-1]
    if orientation == 4:
        return stored[::-1]
    if orientation == 5:
        return stored.swapaxes(0, 1)
    if orientation == 6:
        return stored[::-1].swapaxes(0, 1)
    if orientation == 7:
        return stored[::-1, ::-1].swapaxes(0, 1)
    if orientation == 8:
        return stored[:, ::-1].swapaxes(0, 1)
    return stored


def turned(stored: NDArray[Any], orientation: int) -> NDArray[Any]:
    """`upright` as an array of its own, in one pass: OpenCV turns pixels several times sooner than a strided copy."""
    if orientation == 1:
        return np.ascontiguousarray(stored)
    if stored.dtype not in (np.uint8, np.uint16):
        return np.ascontiguousarray(upright(stored, orientation))
    whole = np.ascontiguousarray(stored)
    if orientation in (2, 3, 4):
        return np.asarray(cv2.flip(whole, {2: 1, 3: -1, 4: 0}[orientation]))
    if orientation in (6, 8):
        way = cv2.ROTATE_90_CLOCKWISE if orientation == 6 else cv2.ROTATE_90_COUNTERCLOCKWISE
        return np.asarray(cv2.rotate(whole, way))
    across = np.asarray(cv2.transpose(whole))
    return across if orientation == 5 else np.asarray(cv2.flip(across, -1))


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
    return {
        2: (width - x, y),
        3: (width - x, height - y),
        4: (x, height - y),
        5: (y, x),
        6: (y, width - x),
        7: (height - y, width - x),
        8: (height - y, x),
    }.get(orientation, (x, y))


def axes(shape: tuple[int, int], orientation: int) -> tuple[int, int, int, int, int, int]:
    """(a, b, c, d, e, f) so that the stored pixel (x, y) is seen at (a·x + b·y + c, d·x + e·y + f).

    shape: (H, W) of the upright picture.
    """
    height, width = shape
    return {
        2: (-1, 0, width - 1, 0, 1, 0),
        3: (-1, 0, width - 1, 0, -1, height - 1),
        4: (1, 0, 0, 0, -1, height - 1),
        5: (0, 1, 0, 1, 0, 0),
        6: (0, -1, width - 1, 1, 0, 0),
        7: (0, -1, width - 1, -1, 0, height - 1),
        8: (0, 1, 0, -1, 0, height - 1),
    }.get(orientation, (1, 0, 0, 0, 1, 0))
