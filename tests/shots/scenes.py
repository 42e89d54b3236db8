"""A painted place, photographed several times: with a hand that moves, in other light, with things in the way."""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_app.shots.stack import Shot
from inpaint_app.types import Image, Mask

SIZE = (180, 240)
THING = (slice(70, 120), slice(90, 125))
"""Where something stands before the place in the photo."""


def place(seed: int = 0, size: tuple[int, int] = SIZE) -> Image:
    """Cloudy colours with lines and boxes: enough to be aligned by."""
    random = np.random.default_rng(seed)
    rough = random.uniform(60, 200, (size[0] // 12, size[1] // 12, 3)).astype(np.float32)
    image = cv2.resize(rough, size[::-1], interpolation=cv2.INTER_CUBIC)
    for _ in range(60):
        x, y = int(random.integers(0, size[1])), int(random.integers(0, size[0]))
        width, height = (int(side) for side in random.integers(4, 22, 2))
        cv2.rectangle(image, (x, y), (x + width, y + height), random.uniform(30, 230, 3).tolist(), -1)
    return np.asarray(np.clip(cv2.GaussianBlur(image, (0, 0), 0.8), 0, 255).astype(np.uint8))


def with_thing(image: Image, left: int = 90, top: int = 70) -> Image:
    """Something with a pattern of its own stands before the place."""
    image = image.copy()
    image[top : top + 50, left : left + 35] = (200, 40, 60)
    image[top + 10 : top + 20, left : left + 35] = (20, 20, 120)
    return image


def hole() -> Mask:
    mask = np.zeros(SIZE, bool)
    mask[THING] = True
    return mask


def hand_held(image: Image, seed: int, light: float = 1.0, reach: float = 5.0) -> Image:
    """The picture from a hand that moved a little, in a light of its own."""
    height, width = image.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + np.random.default_rng(seed).uniform(-reach, reach, (4, 2)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, moved)
    warped = cv2.warpPerspective(
        image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    return np.asarray(np.clip(np.rint(warped * light), 0, 255).astype(np.uint8))


def shots(*images: Image) -> list[Shot]:
    return [Shot(image, f"{number}.jpg") for number, image in enumerate(images, 2)]
