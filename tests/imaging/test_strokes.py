"""Strokes as they are defined: every pixel whose centre lies within half a width of the line, and no other."""

from __future__ import annotations

import numpy as np
import pytest

from inpaint_app.imaging import strokes
from inpaint_app.imaging.strokes import box_of, stroke
from inpaint_app.types import Mask


def painted(points: list[tuple[float, float]], width: float, shape: tuple[int, int]) -> Mask:
    mask = np.zeros(shape, bool)
    line = np.array(points, float)
    box = box_of(line, width, shape)
    if box is not None:
        mask[box.slices] = stroke(line, width, box)
    return mask


def defined(points: list[tuple[float, float]], width: float, shape: tuple[int, int]) -> Mask:
    """The definition, pixel by pixel."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]] + 0.5
    mask = np.zeros(shape, bool)
    for (ax, ay), (bx, by) in zip(points, points[1:] or points, strict=False):
        squared = (bx - ax) ** 2 + (by - ay) ** 2
        share = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / squared if squared else 0 * x
        share = np.clip(share, 0, 1)
        mask |= np.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay)) <= max(width, 1.5) / 2 + 1e-9
    return mask


@pytest.mark.parametrize(
    ("points", "width"),
    [
        ([(5, 5)], 1),
        ([(5.5, 5.5)], 7),
        ([(2, 4), (17, 4)], 3),
        ([(4.5, 1.5), (4.5, 11.5)], 4),
        ([(1, 1), (18, 11), (3, 10), (3, 10)], 2.5),
        ([(-30, 6), (60, 6.4)], 5),
        ([(19.9, 11.9), (25, 30)], 6),
        ([(0, 0), (20, 12)], 0.1),
        ([(10, 6)], 90),
    ],
)
def test_a_pixel_is_painted_when_its_centre_is_within_half_a_width(
    points: list[tuple[float, float]], width: float
) -> None:
    np.testing.assert_array_equal(painted(points, width, (12, 20)), defined(points, width, (12, 20)))


def test_scribbles_piece_by_piece_are_as_defined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strokes, "CELLS", 200)  # a few rows at a time
    rng = np.random.default_rng(5)
    for _ in range(20):
        points = [tuple(point) for point in rng.uniform(-8, 48, (rng.integers(1, 7), 2))]
        width = float(rng.uniform(0.3, 20))
        np.testing.assert_array_equal(painted(points, width, (40, 35)), defined(points, width, (40, 35)))


def test_the_thinnest_stroke_leaves_no_gap() -> None:
    mask = painted([(3.0, 3.0), (3.0, 17.0)], 0.01, (20, 8))
    assert mask[3:17].any(axis=1).all()


def test_what_lies_outside_paints_nothing() -> None:
    assert box_of(np.array([[-20.0, 3.0], [-9.0, 5.0]]), 6, (12, 20)) is None
    assert box_of(np.array([[5.0, 40.0]]), 6, (12, 20)) is None
