"""Shapes of holes to cut for training and for testing, each a function of a random generator and a frame.

`size` is the side of a square frame or its (H, W). Shares are of the frame's shorter side. All return (H, W) bool,
True = hole, never empty, and are the same for the same generator state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np

from inpaint_app.types import Mask

Size: TypeAlias = int | tuple[int, int]
Hole: TypeAlias = Callable[[np.random.Generator, Size], Mask]


def frame(size: Size) -> tuple[int, int]:
    """(H, W) of a size."""
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))


def centre(rng: np.random.Generator, size: Size, share: float = 0.5) -> Mask:
    """The square in the middle whose side is `share` of the whole: 64 of 128 px in most papers."""
    height, width = frame(size)
    side = _side(size, share)
    return _box(size, (height - side) // 2, (width - side) // 2, side, side)


def disc(rng: np.random.Generator, size: Size, share: float = 20 / 64) -> Mask:
    """The disc in the middle whose diameter is `share` of the whole (report 003)."""
    height, width = frame(size)
    side = _side(size, share)
    return _disc(size, (height - side) // 2, (width - side) // 2, side)


def square(rng: np.random.Generator, size: Size, low: float = 0.2, high: float = 0.5) -> Mask:
    """A square of random side and place."""
    side = _side(size, rng.uniform(low, high))
    return _box(size, *_place(rng, size, side, side), side, side)


def rectangle(rng: np.random.Generator, size: Size, low: float = 0.15, high: float = 0.55) -> Mask:
    """A rectangle of random sides and place."""
    height, width = (
        max(1, round(side * share))
        for side, share in zip(frame(size), rng.uniform(low, high, 2), strict=True)
    )
    return _box(size, *_place(rng, size, height, width), height, width)


def circle(rng: np.random.Generator, size: Size, low: float = 0.2, high: float = 0.5) -> Mask:
    """A disc of random diameter and place."""
    side = _side(size, rng.uniform(low, high))
    return _disc(size, *_place(rng, size, side, side), side)


def squares(rng: np.random.Generator, size: Size, count: int = 10, side: int = 2) -> Mask:
    """Many small squares at random places, which may overlap: 10 of 2×2 px in report 003."""
    hole = np.zeros(frame(size), dtype=bool)
    side = min(side, *frame(size))
    for _ in range(count):
        hole |= _box(size, *_place(rng, size, side, side), side, side)
    return hole


def equal_area(rng: np.random.Generator, size: Size, share: float = 20 / 64, side: int = 2) -> Mask:
    """As many side×side squares, none overlapping, as make up the area of the centre square of `share` (report 003)."""
    height, width = frame(size)
    side = min(side, height, width)
    rows, columns = height // side, width // side
    count = min(rows * columns, max(1, round((min(height, width) * share) ** 2 / side**2)))
    grid = np.zeros(rows * columns, dtype=bool)
    grid[rng.choice(rows * columns, count, replace=False)] = True
    hole = np.zeros((height, width), dtype=bool)
    tiles = grid.reshape(rows, columns).repeat(side, 0).repeat(side, 1)
    hole[: rows * side, : columns * side] = tiles
    return hole


def freeform(rng: np.random.Generator, size: Size) -> Mask:
    """A few bending brush strokes (after Yu et al. 2019, "Free-Form Image Inpainting", algorithm 1; own constants)."""
    height, width = frame(size)
    short = min(height, width)
    canvas = np.zeros((height, width), dtype=np.uint8)
    for _ in range(rng.integers(1, 5)):
        thickness = max(1, round(short * rng.uniform(0.04, 0.14)))
        y, x = rng.uniform(0, (height, width), 2)
        angle = rng.uniform(0, 2 * np.pi)
        for _ in range(rng.integers(2, 9)):
            angle += rng.normal(0, 0.8)
            length = short * rng.uniform(0.05, 0.25)
            end_y = float(np.clip(y + length * np.sin(angle), 0, height - 1))
            end_x = float(np.clip(x + length * np.cos(angle), 0, width - 1))
            cv2.line(canvas, (round(x), round(y)), (round(end_x), round(end_y)), 1, thickness)
            cv2.circle(canvas, (round(end_x), round(end_y)), thickness // 2, 1, -1)
            y, x = end_y, end_x
    return canvas > 0


def objects(rng: np.random.Generator, size: Size) -> Mask:
    """One to three closed shapes with waving outlines, upright or lying, like people and cars."""
    height, width = frame(size)
    canvas = np.zeros((height, width), dtype=np.uint8)
    for _ in range(rng.integers(1, 4)):
        angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        radius = np.ones_like(angles)
        for wave in range(2, 6):
            radius += rng.normal(0, 0.35 / wave) * np.cos(wave * angles + rng.uniform(0, 2 * np.pi))
        radius = radius.clip(0.25, None) / radius.max()
        tall, wide = min(height, width) * rng.uniform(0.08, 0.3, 2)
        y, x = rng.uniform(0.1, 0.9, 2) * (height, width)
        outline = np.stack([x + wide * radius * np.cos(angles), y + tall * radius * np.sin(angles)], 1)
        cv2.fillPoly(canvas, [outline.round().astype(np.int32)], 1)
    if not canvas.any():
        return square(rng, size)
    return canvas > 0


def _side(size: Size, share: float) -> int:
    return max(1, round(min(frame(size)) * share))


def _place(rng: np.random.Generator, size: Size, height: int, width: int) -> tuple[int, int]:
    rows, columns = frame(size)
    return int(rng.integers(rows - height + 1)), int(rng.integers(columns - width + 1))


def _box(size: Size, top: int, left: int, height: int, width: int) -> Mask:
    hole = np.zeros(frame(size), dtype=bool)
    hole[top : top + height, left : left + width] = True
    return hole


def _disc(size: Size, top: int, left: int, side: int) -> Mask:
    height, width = frame(size)
    y, x = np.ogrid[:height, :width]
    middle = (side - 1) / 2
    return np.asarray((y - top - middle) ** 2 + (x - left - middle) ** 2 <= (side / 2) ** 2)
