"""What makes a diffusion fill sit in its photo: colour across the seam, and grain. NumPy and OpenCV only."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.types import Image, Mask

FLAT = 60
"""Per cent of the known pixels, the calmest ones, over which grain is measured."""


def matched(fill: Image, image: Image, mask: Mask) -> Image:
    """The fill with its colours shifted so that its known pixels agree with the photo's, smoothly over the hole.

    An autoencoder changes colours a little everywhere. What it changed is known outside the hole; that difference is
    continued into the hole by pulling it down and pushing it up a pyramid (Gortler et al. 1996, section 3.3).
    """
    if mask.all() or not mask.any():
        return fill.copy()
    known = (~mask).astype(np.float32)
    shift = _spread((image.astype(np.float32) - fill.astype(np.float32)) * known[..., None], known)
    return np.asarray(np.clip(np.rint(fill + shift), 0, 255), dtype=np.uint8)


def _spread(weighted: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values where weight is 0 continued from where it is 1: (H, W, 3) already weighted, (H, W)."""
    height, width = weight.shape
    near = np.asarray(cv2.GaussianBlur(weight, (0, 0), 2), dtype=np.float32)
    summed = np.asarray(cv2.GaussianBlur(weighted, (0, 0), 2), dtype=np.float32).reshape(height, width, 3)
    values = np.asarray(summed / np.maximum(near, 1e-6)[..., None], dtype=np.float32)
    if min(height, width) < 4 or bool((near > 0.2).all()):
        return values
    half = (max(1, width // 2), max(1, height // 2))
    below = _spread(
        np.asarray(cv2.resize(weighted, half, interpolation=cv2.INTER_AREA), dtype=np.float32),
        np.asarray(cv2.resize(weight, half, interpolation=cv2.INTER_AREA), dtype=np.float32),
    )
    far = cv2.resize(below, (width, height), interpolation=cv2.INTER_LINEAR)
    trust = np.clip(near / 0.2, 0, 1)[..., None]
    return np.asarray(trust * values + (1 - trust) * far, dtype=np.float32)


def grained(fill: Image, image: Image, mask: Mask, seed: int) -> Image:
    """The fill with as much grain in the hole as the known pixels have in their calm parts; never less than it had."""
    known = ~cv2.dilate(mask.view(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    if known.sum() < 64 or not mask.any():
        return fill.copy()
    lacking = np.sqrt(np.maximum(grain(image, known) ** 2 - grain(fill, mask) ** 2, 0))
    noise = np.random.default_rng(seed).standard_normal(fill.shape).astype(np.float32) * lacking
    result = fill.copy()
    result[mask] = np.clip(np.rint(fill[mask] + noise[mask]), 0, 255).astype(np.uint8)
    return result


def grain(image: Image, where: Mask) -> NDArray[np.float32]:
    """Standard deviation of the grain per channel, from the calmest pixels of `where`.

    Immerkær (1996): the response to the difference of two Laplacians is free of edges' first two derivatives.
    """
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = np.abs(cv2.filter2D(image.astype(np.float32), -1, kernel))[where]
    if not len(response):
        return np.zeros(3, np.float32)
    slope = cv2.GaussianBlur(np.abs(cv2.Laplacian(image.astype(np.float32), -1)).max(axis=2), (0, 0), 3)[
        where
    ]
    calm = response[slope <= np.percentile(slope, FLAT)]
    return np.asarray(np.median(calm, axis=0) / 0.6745 / 6.0, dtype=np.float32)
