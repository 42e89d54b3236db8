"""The light of a made view: where an object's shadow falls, how soft and how dark it is."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from inpaint_app.lab.objectives.painted import COLUMNS, HEIGHT, ROWS, WIDTH
from inpaint_app.segmenters.parts.shadow_network import FOOT, SHAPE
from inpaint_app.segmenters.parts.shadow_view import Plane
from inpaint_app.types import Box


class Sun(NamedTuple):
    """Where the top of an object one unit high comes to lie, seen from its foot; and how dark it is there.

    kind: "laid", "pushed" (as seen from above) or "none". soft, near: how blurred far from the foot and at it. thick:
    how far behind its foot the object goes on, in its heights. wall: the row where the ground ends at a wall, or -1.
    """

    kind: str
    across: float
    up: float
    depth: float
    soft: float
    near: float
    thick: float
    dim: float
    wall: int


class Sprite(NamedTuple):
    """An object in the view: cover (h, w) in 0..1; colours of a box of it; its row of standing, height and width."""

    cover: Plane
    box: Box
    colours: Plane
    foot: float
    height: float
    width: float


def drawn(rng: np.random.Generator) -> Sun:
    """A light as it may be."""
    kind = str(rng.choice(["laid", "pushed", "none"], p=[0.55, 0.18, 0.27]))
    across, up = rng.normal(0, 1.2), rng.uniform(-1.2, 0.8)
    if rng.random() < 0.2:  # low: long shadows
        across, up = np.array([across, up]) * rng.uniform(1.5, 3)
    across = float(np.clip(across, -4, 4))
    if abs(up) < 0.04:
        up = 0.04
    if np.hypot(across, up) < 0.3:
        across += 0.5
    depth = float((0.12 + 1.1 * rng.beta(1.2, 1.8)) * (rng.uniform(1, 2.5) if rng.random() < 0.3 else 1))
    dim = float(rng.uniform(0.1, 0.7)) if rng.random() < (0.35 if kind == "none" else 0.5) else 0.0
    wall = int(FOOT - rng.uniform(3, 25)) if rng.random() < 0.15 else -1
    soft, near = (rng.uniform(2, 8), rng.uniform(0.6, 3)) if rng.random() < 0.25 else (rng.uniform(0, 3), 0.6)
    thick = rng.uniform(0.1, 0.6) if rng.random() < 0.3 else rng.uniform(0, 0.08)
    return Sun(kind, across, float(up), depth, float(soft), float(near), float(thick), dim, wall)


def darkness(one: Sprite, sun: Sun, rng: np.random.Generator) -> Plane:
    """How much of the light's logarithm an object takes from the ground."""
    dark = np.zeros(SHAPE, np.float32)
    if not one.cover.any():
        return dark
    if sun.kind == "laid":
        thick = max(sun.thick, 0.3 if one.width > one.height else 0) * one.height
        for line in one.foot - np.linspace(0.03 * one.height * rng.random(), thick, 2 + int(thick / 3)):
            dark = np.maximum(dark, _laid(one.cover, float(line), sun))
    elif sun.kind == "pushed":
        length = max(one.height, one.width) * 0.4 * np.hypot(sun.across, sun.up)
        angle = np.arctan2(-sun.up, sun.across)
        for step in np.linspace(0, 1, 2 + int(length / 3)):
            move = np.array([[1, 0, step * length * np.cos(angle)], [0, 1, step * length * np.sin(angle)]])
            dark = np.maximum(dark, cv2.warpAffine(one.cover, move, (WIDTH, HEIGHT)))
    if sun.kind != "none":
        near, far = (cv2.GaussianBlur(dark, (0, 0), sun.near + extra) for extra in (0.0, sun.soft))
        foot = float(np.average(COLUMNS[0], weights=one.cover.sum(0) + 1e-6))
        share = np.clip(np.hypot(ROWS - one.foot, COLUMNS - foot) / (1.2 * max(one.height, one.width)), 0, 1)
        dark = sun.depth * (near + (far - near) * share)
    if sun.dim:
        dark = np.maximum(dark, _dim(one, sun, rng))
    return dark.astype(np.float32)


def _laid(cover: Plane, line: float, sun: Sun) -> Plane:
    """The outline laid onto the ground from a line on, and up a wall where it reaches one."""
    way = np.array([[1, -sun.across, sun.across * line], [0, sun.up, line - sun.up * line]])
    laid = cv2.warpAffine(cover, way, (WIDTH, HEIGHT))
    if sun.wall >= 0 and sun.up > 0 and line > sun.wall:
        before = (line - sun.wall) / sun.up  # of the object's height that lies on the ground
        up = np.array([[1, 0, sun.across * before], [0, 1, sun.wall - line + before]])
        laid[: sun.wall] = cv2.warpAffine(cover, up, (WIDTH, HEIGHT))[: sun.wall]
    return np.asarray(laid, np.float32)


def _dim(one: Sprite, sun: Sun, rng: np.random.Generator) -> Plane:
    """The dim ground under and around an object that hides much of the sky."""
    longer = max(one.height, one.width)
    if sun.kind == "pushed":
        patch = cv2.GaussianBlur(one.cover, (0, 0), longer * rng.uniform(0.03, 0.1)) * np.float32(1.5)
    else:
        low = one.cover.copy()
        low[: max(0, int(one.foot - rng.uniform(0.05, 0.2) * one.height))] = 0
        wide = longer * rng.uniform(0.04, 0.22)
        spread = cv2.GaussianBlur(low, (0, 0), wide, sigmaY=wide * rng.uniform(0.3, 0.7))
        patch = spread / (spread.max() + 1e-6)
    return np.asarray(sun.dim * np.minimum(patch, 1), np.float32)
