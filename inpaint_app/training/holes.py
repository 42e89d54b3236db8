"""Holes to train and to score with, each a function of a random generator and the side of the square.

All return (S, S) bool, True = hole, and are the same for the same generator state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.errors import OptionError
from inpaint_app.types import Mask

Hole = Callable[[np.random.Generator, int], Mask]


def centre(rng: np.random.Generator, size: int, share: float = 0.5) -> Mask:
    """The square in the middle whose side is `share` of the whole: 64 of 128 px in most papers."""
    side = max(1, round(size * share))
    return _box(size, (size - side) // 2, (size - side) // 2, side, side)


def square(rng: np.random.Generator, size: int, low: float = 0.2, high: float = 0.5) -> Mask:
    """A square of random side and place."""
    side = max(1, round(size * rng.uniform(low, high)))
    return _box(size, *_place(rng, size, side, side), side, side)


def rectangle(rng: np.random.Generator, size: int, low: float = 0.15, high: float = 0.55) -> Mask:
    """A rectangle of random sides and place."""
    height, width = (max(1, round(size * share)) for share in rng.uniform(low, high, 2))
    return _box(size, *_place(rng, size, height, width), height, width)


def circle(rng: np.random.Generator, size: int, low: float = 0.2, high: float = 0.5) -> Mask:
    """A disc of random diameter and place."""
    side = max(1, round(size * rng.uniform(low, high)))
    top, left = _place(rng, size, side, side)
    y, x = np.ogrid[:size, :size]
    middle = (side - 1) / 2
    return np.asarray((y - top - middle) ** 2 + (x - left - middle) ** 2 <= (side / 2) ** 2)


def squares(rng: np.random.Generator, size: int, count: int = 10, side: int = 2) -> Mask:
    """Many small squares: 10 of 2×2 in report 003."""
    hole = np.zeros((size, size), dtype=bool)
    for _ in range(count):
        hole |= _box(size, *_place(rng, size, side, side), side, side)
    return hole


def equal_area(rng: np.random.Generator, size: int, share: float = 20 / 64, side: int = 2) -> Mask:
    """As many 2×2 squares, none overlapping, as make up the area of the centre square of `share` (report 003)."""
    cells = size // side
    count = min(cells * cells, max(1, round((size * share) ** 2 / side**2)))
    grid = np.zeros(cells * cells, dtype=bool)
    grid[rng.choice(cells * cells, count, replace=False)] = True
    hole = np.zeros((size, size), dtype=bool)
    tiles = grid.reshape(cells, cells).repeat(side, 0).repeat(side, 1)
    hole[: cells * side, : cells * side] = tiles
    return hole


def freeform(rng: np.random.Generator, size: int) -> Mask:
    """A few bending brush strokes (after Yu et al. 2019, "Free-Form Image Inpainting", algorithm 1; own constants)."""
    canvas = np.zeros((size, size), dtype=np.uint8)
    for _ in range(rng.integers(1, 5)):
        thickness = max(1, round(size * rng.uniform(0.04, 0.14)))
        y, x = rng.uniform(0, size, 2)
        angle = rng.uniform(0, 2 * np.pi)
        for _ in range(rng.integers(2, 9)):
            angle += rng.normal(0, 0.8)
            length = size * rng.uniform(0.05, 0.25)
            end_y = float(np.clip(y + length * np.sin(angle), 0, size - 1))
            end_x = float(np.clip(x + length * np.cos(angle), 0, size - 1))
            cv2.line(canvas, (round(x), round(y)), (round(end_x), round(end_y)), 1, thickness)
            cv2.circle(canvas, (round(end_x), round(end_y)), thickness // 2, 1, -1)
            y, x = end_y, end_x
    return canvas > 0


def objects(rng: np.random.Generator, size: int) -> Mask:
    """One to three closed shapes with waving outlines, upright or lying, like people and cars."""
    canvas = np.zeros((size, size), dtype=np.uint8)
    for _ in range(rng.integers(1, 4)):
        angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        radius = np.ones_like(angles)
        for wave in range(2, 6):
            radius += rng.normal(0, 0.35 / wave) * np.cos(wave * angles + rng.uniform(0, 2 * np.pi))
        radius = radius.clip(0.25, None) / radius.max()
        tall, wide = size * rng.uniform(0.08, 0.3, 2)
        y, x = rng.uniform(0.1, 0.9, 2) * size
        outline = np.stack([x + wide * radius * np.cos(angles), y + tall * radius * np.sin(angles)], 1)
        cv2.fillPoly(canvas, [outline.round().astype(np.int32)], 1)
    if not canvas.any():
        return square(rng, size)
    return canvas > 0


HOLES: Mapping[str, Hole] = {
    "centre": centre,
    "square": square,
    "rectangle": rectangle,
    "circle": circle,
    "squares": squares,
    "equal-area": equal_area,
    "freeform": freeform,
    "objects": objects,
}

RANDOM: Mapping[str, float] = {
    "centre": 0.2,
    "square": 0.1,
    "rectangle": 0.25,
    "circle": 0.05,
    "squares": 0.03,
    "equal-area": 0.02,
    "freeform": 0.2,
    "objects": 0.15,
}
"""The default mixture: report 004 names the lack of random masks as its main flaw."""


def make_holes(kinds: Mapping[str, float], size: int, count: int, seed: int) -> NDArray[np.bool_]:
    """`count` holes (count, size, size) bool, kinds drawn by their weights. Raises OptionError for an unknown kind."""
    for kind in kinds:
        if kind not in HOLES:
            raise OptionError(f"There is no hole {kind!r}. Known: {', '.join(HOLES)}.")
    rng = np.random.default_rng([seed, 2])
    weights = np.array(list(kinds.values()), dtype=float)
    drawn = rng.choice(len(weights), count, p=weights / weights.sum())
    names = list(kinds)
    return np.stack([HOLES[names[number]](rng, size) for number in drawn])


def _place(rng: np.random.Generator, size: int, height: int, width: int) -> tuple[int, int]:
    return int(rng.integers(size - height + 1)), int(rng.integers(size - width + 1))


def _box(size: int, top: int, left: int, height: int, width: int) -> Mask:
    hole = np.zeros((size, size), dtype=bool)
    hole[top : top + height, left : left + width] = True
    return hole
