"""The random masks of two papers' evaluations, by their published settings, for any frame.

The settings are for 256×256 px; lengths scale with the shorter side. Own code, so the same seed does not give the
papers' very masks, but masks of the same law.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inpaint_app.types import Mask

BASE = 256


@dataclass(frozen=True, slots=True)
class LamaSetting:
    """Strokes, or boxes with probability 0.3 to 1; px at 256×256 (published configs random_{thin,medium,thick}_256)."""

    strokes: tuple[int, int]
    width: int
    length: int
    boxes: tuple[int, int, int] | None
    """Margin to the frame, least and largest side; None for no boxes."""
    most_boxes: int = 0


THIN = LamaSetting((4, 50), 10, 40, None)
MEDIUM = LamaSetting((4, 5), 50, 100, (0, 10, 50), 5)
THICK = LamaSetting((1, 5), 100, 200, (10, 30, 150), 3)

LAMA_MOST = 0.5
"""Masks that cover more of the frame are drawn again, as in LaMa's protocol (max_tamper_area)."""


def lama(rng: np.random.Generator, frame: tuple[int, int], setting: LamaSetting) -> Mask:
    """A mask of LaMa's evaluation (Suvorov et al. 2022, "Resolution-robust Large Mask Inpainting")."""
    mask = np.zeros(frame, dtype=bool)
    for _ in range(100):
        boxes = setting.boxes is not None and rng.random() < 0.3 / 1.3
        mask = _lama_boxes(rng, frame, setting) if boxes else _lama_strokes(rng, frame, setting)
        if mask.any() and mask.mean() <= LAMA_MOST:
            break
    return mask


def _lama_strokes(rng: np.random.Generator, frame: tuple[int, int], setting: LamaSetting) -> Mask:
    """Polylines of 1 to 5 parts; a part's angle is 0, 1, 2 or 3 radians, mirrored for every other stroke."""
    height, width = frame
    scale = min(frame) / BASE
    canvas = np.zeros(frame, dtype=np.uint8)
    for stroke in range(rng.integers(setting.strokes[0], setting.strokes[1] + 1)):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        for _ in range(rng.integers(1, 6)):
            angle = 0.01 + rng.integers(4)
            angle = -angle if stroke % 2 == 0 else angle
            length = scale * (10 + rng.integers(setting.length))
            brush = max(1, round(scale * (5 + rng.integers(setting.width))))
            to_x = int(np.clip(x + length * np.sin(angle), 0, width))
            to_y = int(np.clip(y + length * np.cos(angle), 0, height))
            cv2.line(canvas, (x, y), (to_x, to_y), 1, brush)
            x, y = to_x, to_y
    return canvas > 0


def _lama_boxes(rng: np.random.Generator, frame: tuple[int, int], setting: LamaSetting) -> Mask:
    height, width = frame
    mask = np.zeros(frame, dtype=bool)
    scale = min(frame) / BASE
    margin, least, most = (round(scale * value) for value in setting.boxes or (0, 1, 2))
    most = max(least + 1, min(most, height - 2 * margin, width - 2 * margin))
    for _ in range(rng.integers(1, setting.most_boxes + 1)):
        down, across = (int(side) for side in rng.integers(max(1, least), most, 2))
        top = int(rng.integers(margin, max(margin, height - margin - down) + 1))
        left = int(rng.integers(margin, max(margin, width - margin - across) + 1))
        mask[top : top + down, left : left + across] = True
    return mask


def mat(rng: np.random.Generator, frame: tuple[int, int], low: float, high: float) -> Mask:
    """A mask of MAT's evaluation (Li et al. 2022), which is CoModGAN's: boxes and broad strokes, low..high covered."""
    share = min(low + high, 1.0)
    mask = np.zeros(frame, dtype=bool)
    for _ in range(1000):
        mask = _mat_boxes(rng, frame, max(1, int(4 * share)), 0.5)
        mask |= _mat_boxes(rng, frame, max(1, int(2 * share)), 1.0)
        mask |= _mat_brush(rng, frame, max(1, int(8 * share)))
        if low < mask.mean() < high:
            break
    return mask


def _mat_boxes(rng: np.random.Generator, frame: tuple[int, int], tries: int, largest: float) -> Mask:
    """Fewer than `tries` boxes with sides up to `largest` of the frame's, which may reach half out of it."""
    height, width = frame
    mask = np.zeros(frame, dtype=bool)
    for _ in range(rng.integers(tries)):
        across, down = (
            int(rng.integers(max(1, int(largest * width)))),
            int(rng.integers(max(1, int(largest * height)))),
        )
        left = int(rng.integers(-(across // 2), width - across + across // 2 + 1))
        top = int(rng.integers(-(down // 2), height - down + down // 2 + 1))
        mask[max(0, top) : top + down, max(0, left) : left + across] = True
    return mask


def _mat_brush(rng: np.random.Generator, frame: tuple[int, int], tries: int) -> Mask:
    """Fewer than `tries` zigzags of 4 to 17 parts, 12 to 48 px broad, turning about 72°; then flipped at random."""
    height, width = frame
    reach = np.hypot(height, width) / 8
    canvas = np.zeros(frame, dtype=np.uint8)
    for _ in range(rng.integers(tries)):
        corners = int(rng.integers(4, 18))
        least, most = (2 * np.pi / 5 + sign * rng.uniform(0, 2 * np.pi / 15) for sign in (-1, 1))
        brush = max(1, round(min(frame) / BASE * rng.uniform(12, 48)))
        points = [(float(rng.integers(width)), float(rng.integers(height)))]
        for corner in range(corners):
            angle = rng.uniform(least, most) * (-1 if corner % 2 == 0 else 1)
            length = np.clip(rng.normal(reach, reach / 2), 0, 2 * reach)
            x, y = points[-1]
            points.append(
                (
                    float(np.clip(x + length * np.cos(angle), 0, width)),
                    float(np.clip(y + length * np.sin(angle), 0, height)),
                )
            )
        outline = np.round(points).astype(np.int32)
        cv2.polylines(canvas, [outline], False, 1, brush)
        for point in outline:
            cv2.circle(canvas, (int(point[0]), int(point[1])), brush // 2, 1, -1)
    if rng.random() > 0.5:
        canvas = canvas[::-1]
    if rng.random() > 0.5:
        canvas = canvas[:, ::-1]
    return np.ascontiguousarray(canvas) > 0
