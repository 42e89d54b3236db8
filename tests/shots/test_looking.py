"""A shot from another spot: the plane around the hole is followed, and only what two shots show alike is taken."""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_app.shots import features, likeness, stack
from inpaint_app.types import Image, Mask
from tests.shots.scenes import place, shots, with_thing

SIZE = (360, 480)
WALL = 230
"""From this row down lies another plane."""


def from_aside(steps: int) -> Image:
    """A wall before which a garden lies that is nearer: a step aside moves it more, and the wall the other way."""
    wall, garden = place(1, (SIZE[0], SIZE[1] + 80)), place(2, (SIZE[0], SIZE[1] + 240))
    image = wall[:, 40 - 4 * steps : 40 - 4 * steps + SIZE[1]].copy()
    image[WALL:] = garden[WALL:, 120 + 16 * steps : 120 + 16 * steps + SIZE[1]]
    return image


def hole_at(top: int) -> Mask:
    mask = np.zeros(SIZE, bool)
    mask[top : top + 50, 200:235] = True
    return mask


def off(image: Image, where: Mask) -> float:
    return float(np.abs(image[where].astype(int) - from_aside(0)[where]).mean())


def test_planes_are_found_one_after_the_other() -> None:
    gray = [cv2.cvtColor(from_aside(steps), cv2.COLOR_RGB2GRAY) for steps in (0, 1)]
    found = list(features.planes(features.features(gray[0]), features.features(gray[1]), 3))
    moved = {round(float((plane @ (240, 200, 1))[0] / (plane @ (240, 200, 1))[2])) - 240 for plane in found}
    assert {4, -16} <= moved


def test_too_few_points_give_no_plane() -> None:
    flat = features.features(np.full(SIZE, 90, np.uint8))
    assert not list(features.planes(flat, flat, 3))


def test_behind_what_stands_before_a_wall_the_wall_is_seen() -> None:
    hole = hole_at(100)
    image, found = stack.behind(
        with_thing(from_aside(0), 200, 100), hole, shots(from_aside(-2), from_aside(2), from_aside(1))
    )
    assert found.share > 0.7
    assert off(image, hole & found.seen) < 6


def test_where_two_planes_meet_nothing_wrong_is_called_true() -> None:
    hole = hole_at(WALL - 25)
    image, found = stack.behind(
        with_thing(from_aside(0), 200, WALL - 25), hole, shots(from_aside(-2), from_aside(2), from_aside(-1))
    )
    assert not found.seen.any() or off(image, hole & found.seen) < 10


def test_alike_is_what_has_the_same_detail_or_none() -> None:
    one = np.zeros((80, 160), np.float32)
    one[:, :80] = np.random.default_rng(0).normal(0, 20, (80, 80))
    everywhere = np.ones(one.shape, bool)
    assert likeness.alike(one, one, everywhere).min() > 0.9
    other = likeness.alike(one, np.roll(one, 7, axis=0), everywhere)
    assert other[:, :60].max() < 0.5
    assert other[:, 100:].min() > 0.9
