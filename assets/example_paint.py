"""What the example photos are painted with: noise, ground that recedes, outlines and skies."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
"""(H, W) or (H, W, 3), light from 0 to 1."""

WIDTH, HEIGHT = 1200, 800
ROWS, COLUMNS = (grid.astype(np.float32) for grid in np.mgrid[0:HEIGHT, 0:WIDTH])


def noise(seed: int, across: float, down: float, octaves: int = 6, rough: float = 0.55) -> Field:
    """Fractal noise of mean 0 and deviation 1, about `across` × `down` pixels to a cell."""
    random = np.random.default_rng(seed)
    total = np.zeros((HEIGHT, WIDTH), np.float32)
    for octave in range(octaves):
        size = [
            max(2, round(side * 2**octave / cell)) + 3 for side, cell in ((WIDTH, across), (HEIGHT, down))
        ]
        size = [min(size[0], WIDTH), min(size[1], HEIGHT)]
        grid = random.standard_normal((size[1], size[0])).astype(np.float32)
        total += rough**octave * cv2.resize(grid, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.asarray((total - total.mean()) / total.std(), np.float32)


def receding(seed: int, horizon: int, near: float, octaves: int = 5, flat: float = 1.0) -> Field:
    """Noise on a plane that runs to the horizon; 0 above it. near: pixels to a cell at the lower edge."""
    side = 2048
    random = np.random.default_rng(seed)
    sheet = np.zeros((side, side), np.float32)
    for octave in range(octaves):
        cells = 64 * 2**octave
        grid = random.standard_normal((cells, cells)).astype(np.float32)
        sheet += 0.7**octave * cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)
    sheet /= sheet.std()
    below = np.maximum(ROWS - horizon, 0.75)
    depth = (HEIGHT - horizon) / below
    cell = side / 64
    across = (COLUMNS - WIDTH / 2) * depth / near * cell + side / 2
    away = depth * (HEIGHT - horizon) / near * cell * flat
    levels = [sheet]
    while len(levels) < 7:  # coarser where a pixel covers more of the plane, so that nothing glitters
        levels.append(cv2.GaussianBlur(sheet, (0, 0), 1.2 * 2 ** (len(levels) - 1)))
    level = np.clip(np.log2(np.maximum(depth * depth * cell / near * 0.5, 1.0)), 0, 5.99)
    seen = np.zeros((HEIGHT, WIDTH), np.float32)
    for index, each in enumerate(levels):
        part = cv2.remap(each, across % side, away % side, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        seen += part * np.clip(1 - np.abs(level - index), 0, 1)
    return np.where(horizon <= ROWS, seen, 0.0).astype(np.float32)


def colour(*rgb: float) -> Field:
    """A colour that fills a picture."""
    return np.broadcast_to(np.array(rgb, np.float32), (HEIGHT, WIDTH, 3))


def mixed(first: Field, second: Field, share: Field) -> Field:
    """`second` laid over `first`."""
    share = np.clip(share, 0, 1)[..., None]
    return np.asarray(first * (1 - share) + second * share, np.float32)


def inside(points: list[tuple[float, float]], soft: float = 0.7) -> Field:
    """A polygon with smooth edges, 0..1."""
    sheet = np.zeros((HEIGHT, WIDTH), np.uint8)
    corners = np.round(np.array(points) * 16).astype(np.int32)
    cv2.fillPoly(sheet, [corners], 255, cv2.LINE_AA, shift=4)
    return cv2.GaussianBlur(sheet.astype(np.float32) / 255, (0, 0), soft)


def sky(horizon: int, seed: int, cover: float) -> Field:
    """Clear towards the top, bright at the horizon, with clouds that flatten as they go away."""
    height = np.clip(1 - ROWS / horizon, 0, 1)[..., None]
    air = (
        np.array([0.80, 0.87, 0.92], np.float32) * (1 - height)
        + np.array([0.24, 0.47, 0.77], np.float32) * height
    )
    shape = noise(seed, 420, 120, 7, 0.58) + 0.5 * noise(seed + 1, 900, 260, 3)
    dense = np.clip((shape - cover) * 0.55, 0, 1) * np.clip(height[..., 0] * 5, 0.15, 1)
    above = np.vstack([shape[:1].repeat(14, axis=0), shape[:-14]])
    lit = np.clip(0.86 + 0.10 * (shape - above), 0.6, 1.0)[..., None]
    return mixed(air, lit * np.array([1.0, 0.99, 0.975], np.float32), dense**0.8)
