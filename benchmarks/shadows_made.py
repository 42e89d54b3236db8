"""Photos with made shadows: outlines of people and vehicles of the training set, set into other scenes of it.

Half of them cast a shadow (their outline laid down, softened, darkening by a nearly constant ratio), a fifth stand in a
soft patch, the others cast nothing. What is darkest is known to the pixel.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from benchmarks.exemplar_cases import DATA
from inpaint_app.imaging.mask import bounds
from inpaint_app.types import Image, Instance, Mask

SIDE = 240
Plane = NDArray[np.float32]


def made(seed: int, count: int) -> Iterator[tuple[Image, Instance, Mask]]:
    """Photo, what stands in it, and its shadow (empty where it casts none)."""
    rng = np.random.default_rng(seed)
    labels = json.loads((DATA / "train/street-labels.json").read_text())
    with tarfile.open(DATA / f"train/scenes-train-{seed % 3}.tar") as shard:
        names = shard.getnames()
        cut = [(n, *one) for n in names for one in labels.get(n, ()) if _whole(*one)]
        empty = [name for name in names if name not in labels]

        def photo(name: str) -> Image:
            file = shard.extractfile(name)
            assert file is not None
            return np.asarray(PillowImage.open(io.BytesIO(file.read())).convert("RGB"))

        while count:
            name, label, _, polygon = cut[rng.integers(len(cut))]
            scene = cv2.resize(
                photo(empty[rng.integers(len(empty))]), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC
            )
            case = _case(scene, photo(name), np.array(polygon).reshape(-1, 2), label, rng)
            if case is not None:
                count -= 1
                yield case


def _whole(label: str, confidence: float, polygon: list[float]) -> bool:
    x, y = np.array(polygon[::2]), np.array(polygon[1::2])
    large = np.ptp(y) > 0.4 if label == "person" else np.ptp(x) > 0.35
    return bool(confidence > 0.6 and y.max() < 0.97 and large)


def _case(
    scene: Image, source: Image, polygon: NDArray[np.float64], label: str, rng: np.random.Generator
) -> tuple[Image, Instance, Mask] | None:
    mask = np.zeros(source.shape[:2], np.uint8)
    cv2.fillPoly(mask, [(polygon * source.shape[1::-1]).round().astype(np.int32)], 255)
    left, top, width, height = cv2.boundingRect(mask)
    scale = rng.uniform(45, 105) / (height if label == "person" else max(width, height))
    foot, middle = int(rng.uniform(0.6, 0.97) * SIDE), int(rng.uniform(0.1, 0.9) * SIDE)
    turn = rng.choice([-1, 1])
    place = np.array(
        [
            [turn * scale, 0, middle - turn * scale * (left + width / 2)],
            [0, scale, foot - scale * (top + height)],
        ]
    )
    opacity = cv2.warpAffine(mask, place, (SIDE, SIDE)).astype(np.float32) / 255
    colours = cv2.warpAffine(source, place, (SIDE, SIDE)).astype(np.float32)
    dark = _dark(opacity, foot, middle, scale * width, scale * height, rng)
    tint = np.array([1 + rng.uniform(0, 0.1), 1, 1 - rng.uniform(0, 0.12)], np.float32)
    photo = (scene.astype(np.float32) + 6) * np.exp(-dark[..., None] * tint) - 6
    photo += (colours - photo) * opacity[..., None] + rng.normal(0, rng.uniform(0, 4), photo.shape)
    _, file = cv2.imencode(".jpg", np.clip(photo, 0, 255).astype(np.uint8), [1, int(rng.integers(60, 96))])
    outline = (opacity > 0.4).view(np.uint8)
    wrong = int(rng.integers(0, 3)) + 1  # outlines that are found are never exact
    outline = (cv2.dilate if rng.random() < 0.7 else cv2.erode)(outline, np.ones((wrong, wrong), np.uint8))
    box = bounds(outline > 0)
    if box is None or outline.sum() < 150:
        return None
    shadow = (dark > max(0.06, 0.4 * dark.max())) & (outline == 0) & (dark.max() > 0.1)
    found = Instance(1, label, 0.9, box, outline[box.slices] > 0)
    return cv2.imdecode(file, cv2.IMREAD_COLOR), found, shadow


def _dark(
    opacity: Plane, foot: int, middle: int, width: float, height: float, rng: np.random.Generator
) -> Plane:
    """How much darker the scene becomes, as logarithm."""
    dark = np.zeros_like(opacity)
    kind = rng.choice(["cast", "patch", "none"], p=[0.5, 0.2, 0.3])
    if kind == "cast":
        across, up = rng.normal(0, 1.1), rng.uniform(-0.9, 0.6)
        up = 0.05 if abs(up) < 0.05 else up
        across += 0.5 if np.hypot(across, up) < 0.3 else 0
        line = foot - 0.04 * height * rng.random()
        laid = np.array([[1, -across, across * line], [0, up, line - up * line]])
        cast = cv2.warpAffine(opacity, laid, opacity.shape[::-1])
        dark = rng.uniform(0.12, 1.1) * cv2.GaussianBlur(cast, (0, 0), rng.uniform(0.5, 2.5))
    if kind == "patch" or (kind == "cast" and rng.random() < 0.4):
        patch = np.zeros_like(opacity)
        axes = (int(width * rng.uniform(0.4, 0.8)), max(2, int(width * rng.uniform(0.1, 0.3))))
        cv2.ellipse(patch, (middle, foot - int(0.03 * height)), axes, 0, 0, 360, 1.0, -1)
        patch = cv2.GaussianBlur(patch, (0, 0), max(1.0, width * rng.uniform(0.03, 0.15)))
        dark = np.maximum(dark, patch * np.float32(rng.uniform(0.1, 0.7)))
    return np.asarray(dark, np.float32)
