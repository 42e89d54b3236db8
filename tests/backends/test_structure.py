"""Edges that go on across a hole stay whole in the fill."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inpaint_app.backends.base import Window
from inpaint_app.backends.exemplar import Exemplar, ExemplarOptions, structure
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Progress

NOTHING = np.zeros((420, 500), bool)
HOLE = NOTHING.copy()
HOLE[60:360, 130:370] = True


def pole(width: int) -> tuple[Image, Mask]:
    """A bright pole before an uneven sky, and where it is."""
    random = np.random.default_rng(1)
    sky = np.array((90, 140, 200)) + random.integers(-4, 5, (*HOLE.shape, 1))
    place = np.zeros(HOLE.shape, np.uint8)
    cv2.line(place, (-20, 300), (520, 120), 1, width)
    image = np.where(place[..., None] > 0, 225 + random.integers(-4, 5, (*HOLE.shape, 1)), sky)
    return image.astype(np.uint8), place > 0


def holed(image: Image) -> Image:
    out = image.copy()
    out[HOLE] = 127
    return out


@pytest.mark.parametrize("guided", [False, True])
def test_a_pole_goes_on_through_a_large_hole(guided: bool) -> None:
    image, place = pole(9)
    sky = np.full_like(image, (90, 140, 200))
    window = Window(
        holed(image), HOLE, None, *((np.where(HOLE[..., None], sky, image), 3.0) if guided else ())
    )
    filled = Exemplar(Settings()).inpaint(window, ExemplarOptions(), Progress())
    core = cv2.erode(place.view(np.uint8), np.ones((3, 3), np.uint8)) > 0
    assert np.mean(filled[core & HOLE][:, 0] > 180) > 0.9
    away = ~(cv2.dilate(place.view(np.uint8), np.ones((9, 9), np.uint8)) > 0)
    assert np.mean(filled[away & HOLE][:, 0] > 180) < 0.01


def test_the_drawing_lies_on_the_edge_and_nowhere_else() -> None:
    image, place = pole(9)
    drawn = structure.draw(holed(image), HOLE, NOTHING)
    assert drawn is not None
    guide = np.full_like(image, 90)
    with_edges = structure.into_guide(drawn, guide, HOLE)
    changed = (with_edges != guide).any(-1)
    assert not (changed & ~HOLE).any()
    assert np.mean(with_edges[place & HOLE][:, 0] > 170) > 0.9
    assert not (changed & ~(cv2.dilate(place.view(np.uint8), np.ones((41, 41), np.uint8)) > 0)).any()


def test_what_may_be_copied_lies_along_the_edge() -> None:
    image, place = pole(12)
    drawn = structure.draw(holed(image), HOLE, NOTHING)
    assert drawn is not None
    y, x = np.nonzero(drawn.share > 0.99)
    rows, columns = y / drawn.scale[1] + drawn.box.top, x / drawn.scale[0] + drawn.box.left
    to_y, to_x = (
        np.rint(at + drawn.offset[y, x, axis]).astype(int) for axis, at in ((0, rows), (1, columns))
    )
    assert not HOLE[to_y, to_x].any()
    alike = place[to_y, to_x] == place[np.rint(rows).astype(int), np.rint(columns).astype(int)]
    assert alike.mean() > 0.9


def test_nothing_is_drawn_from_what_may_not_be_copied_or_without_edges() -> None:
    image, place = pole(12)
    around = cv2.dilate(place.view(np.uint8), np.ones((31, 31), np.uint8)) > 0
    assert structure.draw(holed(image), HOLE, around & ~HOLE) is None
    assert structure.draw(holed(np.full_like(image, 90)), HOLE, NOTHING) is None
    assert structure.draw(image, NOTHING, NOTHING) is None
