"""Holes to measure an inpainting backend on, and the measures."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from inpaint_app.metrics import deep
from inpaint_app.metrics.structure import haarpsi

DATA = Path(os.environ.get("INPAINT_TEST_DATA", "../shared/data"))
MARGIN = 24


@dataclass(frozen=True)
class Case:
    """A photo with a hole cut into it; `image` still holds the truth inside the hole."""

    name: str
    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]

    @property
    def crop(self) -> tuple[slice, slice]:
        """The hole's box with a margin of 24 px."""
        rows, columns = np.flatnonzero(self.mask.any(1)), np.flatnonzero(self.mask.any(0))
        height, width = self.mask.shape
        return (
            slice(max(0, int(rows[0]) - MARGIN), min(height, int(rows[-1]) + 1 + MARGIN)),
            slice(max(0, int(columns[0]) - MARGIN), min(width, int(columns[-1]) + 1 + MARGIN)),
        )


def load(path: Path) -> NDArray[np.uint8]:
    """Read a photo as (H, W, 3) RGB."""
    return np.asarray(PillowImage.open(path).convert("RGB"))


def silhouettes() -> list[NDArray[np.bool_]]:
    """The shapes of the masks of eval/object_removal, cut to their boxes."""
    shapes = []
    for path in sorted((DATA / "eval/object_removal/masks").iterdir()):
        mask = np.asarray(PillowImage.open(path).convert("L")) > 127
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        shapes.append(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    return shapes


def place(shape: NDArray[np.bool_], size: tuple[int, int], share: float, seed: int) -> NDArray[np.bool_]:
    """Scale a silhouette to `share` of the photo's area and put it at a seeded random place inside."""
    height, width = size
    scale = float(np.sqrt(share * height * width / shape.sum()))
    h = min(round(shape.shape[0] * scale), int(height * 0.8))
    w = min(round(shape.shape[1] * scale), int(width * 0.8))
    small = cv2.resize(shape.astype(np.uint8), (w, h), interpolation=cv2.INTER_AREA) > 0
    rng = np.random.default_rng(seed)
    top, left = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
    mask = np.zeros(size, bool)
    mask[top : top + h, left : left + w] = small
    return mask


def scores(case: Case, fill: NDArray[np.uint8]) -> dict[str, float]:
    """HaarPSI and FSIM on the hole's crop, PSNR (dB) in the hole, texture energy of the hole over its ring's.

    `fill` is composited first, so what a method does to known pixels does not count.
    """
    result = np.where(case.mask[..., None], fill, case.image)
    pair = case.image[case.crop], result[case.crop]
    error = (result[case.mask].astype(np.float64) - case.image[case.mask]) ** 2
    return {
        "haarpsi": haarpsi(*pair),
        "fsim": deep.fsim(*pair),
        "psnr": float(10 * np.log10(255**2 / max(error.mean(), 1e-9))),
        "texture": texture_ratio(result, case.mask),
    }


def texture_ratio(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> float:
    """High-pass energy (luma minus its Gaussian blur of 2 px) in the hole over that in a ring of 24 px around it."""
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    energy = (luma - cv2.GaussianBlur(luma, (0, 0), 2)) ** 2
    ring = cv2.dilate(mask.astype(np.uint8), np.ones((2 * MARGIN + 1,) * 2, np.uint8)) > 0
    return float((energy[mask].mean() + 0.1) / (energy[ring & ~mask].mean() + 0.1))
