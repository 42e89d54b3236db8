"""Where points of one picture lie in another, and the planes that most of them move by.

SIFT (Lowe 2004), matched by its ratio test, and MAGSAC++ (Barath et al. 2020), as OpenCV has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.types import Image, Mask

Matrix: TypeAlias = NDArray[np.float64]
Points: TypeAlias = NDArray[np.float32]

_opencv: Any = cv2  # whose stubs lack some of it

MOST, INLIERS = 2000, 15
"""Points of a picture at most, and of those that a plane moves at least."""

RATIO, OFF = 0.8, 2.0
"""How much nearer the best match is than the next, and by how many pixels a point of a plane may be off."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Points (N, 2) float32 of a picture and what they look like, (N, 128) float32."""

    points: Points
    words: NDArray[np.float32]


def features(gray: Image, where: Mask | None = None) -> Features:
    """The points of a gray picture, (H, W) uint8, over `where` alone."""
    sift = _opencv.SIFT_create(nfeatures=MOST, contrastThreshold=0.02)
    points, words = sift.detectAndCompute(gray, None if where is None else where.view(np.uint8))
    if words is None:
        words = np.zeros((0, 128), np.float32)
    return Features(np.array([point.pt for point in points], np.float32).reshape(-1, 2), words)


def planes(one: Features, other: Features, most: int) -> Iterator[Matrix]:
    """Homographies from one picture to the other, those that most points follow first, each of points of its own."""
    if min(len(one.points), len(other.points)) < INLIERS:
        return
    pairs = cv2.BFMatcher().knnMatch(one.words, other.words, k=2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < RATIO * pair[1].distance]
    source = one.points[[match.queryIdx for match in good]]
    target = other.points[[match.trainIdx for match in good]]
    for _ in range(most):
        if len(source) < INLIERS:
            return
        matrix, held = _opencv.findHomography(
            source, target, cv2.USAC_MAGSAC, OFF, maxIters=5000, confidence=0.999
        )
        if matrix is None or int(held.sum()) < INLIERS:
            return
        yield np.asarray(matrix, np.float64)
        free = held.ravel() == 0
        source, target = source[free], target[free]
