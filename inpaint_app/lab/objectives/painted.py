"""What made shadows fall on and what misleads: painted ground, plain shapes, shadows of what is not there."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.segmenters.parts.shadow_network import FOOT, SHAPE
from inpaint_app.segmenters.parts.shadow_view import Plane

Photo = NDArray[np.uint8]
HEIGHT, WIDTH = SHAPE
ROWS, COLUMNS = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)


def stray(way: NDArray[np.float64], depth: float, rng: np.random.Generator) -> Plane:
    """Shadows of what nobody found: poles, leaves, something beside the photo; and patches that are dark."""
    dark = np.zeros(SHAPE, np.float32)
    kind = rng.choice(["none", "poles", "leaves", "half", "patches"], p=[0.5, 0.13, 0.12, 0.1, 0.15])
    depth = depth if rng.random() < 0.6 else rng.uniform(0.1, 0.9)
    if kind == "poles":
        for _ in range(rng.integers(1, 4)):
            start = np.array([rng.uniform(0, WIDTH), rng.uniform(30, HEIGHT)])
            length = rng.uniform(20, 120)
            ends = [tuple(int(v) for v in np.round(point * 16)) for point in (start, start + length * way)]
            cv2.line(dark, ends[0], ends[1], 1.0, int(rng.integers(1, 6)), cv2.LINE_AA, 4)
    elif kind == "leaves":
        noise = _noise(rng, (int(rng.integers(3, 14)), int(rng.integers(3, 16))))
        dark = (noise > np.quantile(noise, rng.uniform(0.4, 0.85))).astype(np.float32)
    elif kind == "half":
        angle = rng.uniform(0, 2 * np.pi)
        side = (COLUMNS - rng.uniform(30, 130)) * np.cos(angle) + (ROWS - rng.uniform(30, 110)) * np.sin(
            angle
        )
        dark = (side > 0).astype(np.float32)
    elif kind == "patches":
        for _ in range(rng.integers(1, 4)):
            middle = (int(rng.uniform(0, WIDTH)), int(rng.uniform(FOOT - 40, HEIGHT)))
            axes = (int(rng.uniform(3, 35)), int(rng.uniform(2, 14)))
            cv2.ellipse(dark, middle, axes, rng.uniform(0, 180), 0, 360, 1.0, -1, cv2.LINE_AA)
    return np.asarray(depth * cv2.GaussianBlur(dark, (0, 0), rng.uniform(0.5, 3)), np.float32)


def _noise(rng: np.random.Generator, cells: tuple[int, int]) -> Plane:
    small = rng.normal(size=cells).astype(np.float32)
    return np.asarray(cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.float32)


def ground(rng: np.random.Generator) -> Photo:
    """Ground painted from nothing: a colour or two with noise of every size, bricks or tiles in perspective on half."""
    shade = rng.uniform(60, 215)
    colour = shade * (
        1 + np.array([1, 0, -1]) * rng.normal(0.05, 0.12) + np.array([0, 1, 0]) * rng.normal(0, 0.06)
    )
    noises = [_noise(rng, (3 * size, 4 * size)) * rng.uniform(0, 0.05) for size in (1, 3, 8, 16)]
    light = np.sum(noises, axis=0) + rng.normal(0, rng.uniform(0, 0.1), SHAPE)
    if rng.random() < 0.25:  # two kinds of ground
        angle = rng.uniform(0, 2 * np.pi)
        side = (COLUMNS - rng.uniform(20, 140)) * np.cos(angle) + (ROWS - rng.uniform(30, 120)) * np.sin(
            angle
        )
        light = light + (side > 0) * rng.normal(0, 0.4)
    if rng.random() < 0.5:
        deep = 1 / (ROWS + rng.uniform(10, 300))
        deep /= deep[FOOT, 0]
        turn = rng.uniform(0, np.pi)
        u, v = (COLUMNS - 80) * deep, deep * rng.uniform(100, 400)
        u, v = u * np.cos(turn) - v * np.sin(turn), u * np.sin(turn) + v * np.cos(turn)
        side = rng.uniform(4, 40)
        v = v / side
        u = u / (side * rng.uniform(0.8, 2.5)) + 0.5 * (np.floor(v) % 2) * (rng.random() < 0.6)
        joint = np.minimum(np.abs(u - np.round(u)), np.abs(v - np.round(v)))
        light = light + rng.normal(0, 0.25) * np.clip(1 - joint / rng.uniform(0.04, 0.12), 0, 1)
        stone = np.sin(np.floor(u) * 12.9898 + np.floor(v) * 78.233) * 43758.5453
        light = light + rng.uniform(0, 0.2) * (stone - np.floor(stone) - 0.5)
        if side * deep.min() < 4:
            light = np.asarray(cv2.GaussianBlur(light, (0, 0), 0.8))
    return np.asarray(np.clip(colour * np.exp(light)[..., None], 0, 255), np.uint8)


def shape(rng: np.random.Generator) -> NDArray[np.float32]:
    """A plain shape: a box, a disc, a bottle or what a few random corners make, as points in 0..1."""
    kind = rng.choice(["box", "disc", "corners", "post"])
    if kind == "disc":
        angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        points = np.stack([np.cos(angles) * rng.uniform(0.3, 1), np.sin(angles)], 1)
    elif kind == "corners":
        angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(5, 14)))
        points = np.stack([np.cos(angles), np.sin(angles)], 1) * rng.uniform(0.3, 1, (len(angles), 1))
    else:
        wide = rng.uniform(0.3, 1) if kind == "box" else rng.uniform(0.06, 0.25)
        points = np.array([[-wide, -1], [wide, -1], [wide * rng.uniform(0.6, 1.4), 1], [-wide, 1]])
    points = (points - points.min(0)) / max(np.ptp(points, 0))
    return np.asarray(0.1 + 0.8 * points, np.float32)
