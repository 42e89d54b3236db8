"""Edges across a hole: which are found, and that what only looks like one is not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inpaint_app.imaging import lines
from inpaint_app.types import Image, Mask

HOLE = np.zeros((160, 200), bool)
HOLE[50:110, 70:130] = True


def painted(mask: Mask) -> Image:
    """A bright and a dark side with a little noise, in grey where the hole is."""
    image = np.where(mask[..., None], 200, 80) + np.random.default_rng(0).integers(-3, 4, (*mask.shape, 3))
    image[HOLE] = 127
    return image.astype(np.uint8)


def slope(degrees: float) -> Mask:
    rows, columns = np.mgrid[0:160, 0:200]
    return np.asarray(rows - 80 > np.tan(np.deg2rad(degrees)) * (columns - 100))


@pytest.mark.parametrize("degrees", [0, 20, -35])
def test_a_straight_edge_is_one_line_where_it_is(degrees: float) -> None:
    (line,) = lines.find(painted(slope(degrees)), HOLE, HOLE)
    x, y = line.path.T
    expected = 80 + np.tan(np.deg2rad(degrees)) * (x - 100)
    assert np.abs(y - expected).max() < 2
    assert np.hypot(*(line.path[-1] - line.path[0])) > 55


def test_a_bent_edge_bends_in_the_hole() -> None:
    rows, columns = np.mgrid[0:160, 0:200]
    arc = (
        np.hypot(rows - 280, columns - 100) < 200
    )  # its top at row 80, 2.3 pixels above the chord in the hole
    (line,) = lines.find(painted(arc), HOLE, HOLE)
    middle = line.path[len(line.path) // 2]
    assert middle[1] < (line.path[0, 1] + line.path[-1, 1]) / 2 - 0.5


def test_an_edge_that_ends_in_the_hole_is_none() -> None:
    rows, columns = np.mgrid[0:160, 0:200]
    assert not lines.find(painted((rows > 80) & (columns < 100)), HOLE, HOLE)


def test_edges_between_other_colours_are_not_one() -> None:
    image = painted(slope(0))
    image[80:, 100:] = (30, 30, 160)
    image[:80, 100:] = (30, 160, 30)
    image[HOLE] = 127
    assert not lines.find(image, HOLE, HOLE)


def test_a_step_between_both_sides_is_not_bridged() -> None:
    rows, columns = np.mgrid[0:160, 0:200]
    assert not lines.find(painted(rows > np.where(columns < 100, 65, 95)), HOLE, HOLE)
    assert not lines.find(painted(rows > np.where(columns < 100, 75, 85)), HOLE, HOLE)


def test_an_edge_behind_a_post_that_is_half_seen_is_none() -> None:
    image = painted(slope(0))
    image[:, 85:115] = (160, 90, 40)
    hole = HOLE.copy()
    hole[82:90, 85:115] = False  # the post, just below the edge
    image[hole] = 127
    assert not lines.find(image, hole, hole)


def test_what_is_hidden_tells_nothing() -> None:
    hidden = HOLE.copy()
    hidden[:, :70] = True
    assert not lines.find(painted(slope(0)), HOLE, hidden)


def test_of_bars_that_cross_one_goes_on_alone() -> None:
    bars = np.zeros(HOLE.shape, np.uint8)
    for start, stop in (((0, 40), (199, 120)), ((0, 130), (199, 30))):
        cv2.line(bars, start, stop, 1, 9)
    found = lines.find(painted(bars > 0), HOLE, HOLE)
    ways = [line.stop.at - line.start.at for line in found]
    assert found
    assert len({way[1] / way[0] > 0 for way in ways}) == 1


def test_a_lattice_is_left_alone() -> None:
    lattice = np.zeros(HOLE.shape, np.uint8)
    for place in range(-200, 400, 9):
        for way in (-1, 1):
            start = place if way > 0 else place + 160
            cv2.line(lattice, (start, 0), (start + way * 160, 160), 1, 3)
    assert not lines.find(painted(lattice > 0), HOLE, HOLE)


def test_no_hole_and_nothing_around_have_none() -> None:
    assert not lines.find(painted(slope(0)), np.zeros_like(HOLE), np.zeros_like(HOLE))
    assert not lines.find(painted(slope(0)), np.ones_like(HOLE), np.ones_like(HOLE))
