"""A coarse outline is drawn anew from nearer, and only where that shows more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inpaint_app.segmenters import finer as module
from inpaint_app.segmenters.finer import finer, nearer
from inpaint_app.segmenters.letterbox import Find, instances
from inpaint_app.types import Box, Instance

SHAPE = (2000, 2000)
CELL = 25


def find(left: int, top: int, right: int, bottom: int, cell: int = CELL, label: str = "person") -> Find:
    """A rectangle of which the network is sure, in cells of that many pixels."""
    logits = np.full(((bottom - top) // cell, (right - left) // cell), 5, np.float32)
    edges = (float(left), float(top), float(right), float(bottom))
    return Find(label, 0.8, edges, logits, edges)


def drawn_anew(coarse: list[Find], near: list[Find]) -> tuple[tuple[Instance, ...], list[tuple[Box, int]]]:
    looked: list[tuple[Box, int]] = []

    def look(view: Box, side: int) -> list[Find]:
        looked.append((view, side))
        return near

    return finer(instances(coarse, SHAPE), look, SHAPE), looked


def test_a_foot_that_only_the_nearer_look_shows_is_taken() -> None:
    body, whole = find(500, 500, 700, 1000), find(500, 500, 700, 1050, 5)
    (one,), looked = drawn_anew([body], [whole])
    assert one.box == (500, 500, 700, 1050)
    assert one.mask.all()
    assert looked == [nearer(Box(500, 500, 700, 1000), CELL, SHAPE)]


@pytest.mark.parametrize(("width", "kept"), [(CELL // 2, False), (2 * CELL, True)])
def test_the_coarse_rim_goes_and_a_limb_that_only_the_first_look_shows_stays(width: int, kept: bool) -> None:
    (one,), _ = drawn_anew([find(500, 500, 700, 1000)], [find(500 + width, 500, 700, 1000, 2)])
    assert one.box.left == (500 if kept else 500 + width)


@pytest.mark.parametrize(
    "near",
    [
        [],
        [find(500, 500, 700, 1050, 5, "dog")],
        [find(500, 900, 700, 1050, 5)],  # mostly something else
        [find(500, 500, 700, 1125, 5)],  # cut off where the view ends, as its shadow would be
    ],
)
def test_the_outline_stays_where_the_nearer_look_shows_another_thing(near: list[Find]) -> None:
    (one,), looked = drawn_anew([find(500, 500, 700, 1000)], near)
    assert one.box == (500, 500, 700, 1000)
    assert len(looked) == 1


def test_one_look_serves_all_that_it_shows() -> None:
    pair = [find(500, 500, 700, 1000), find(725, 600, 800, 900)]
    near = [find(500, 500, 700, 1050, 5), find(725, 600, 800, 950, 5)]
    found, looked = drawn_anew(pair, near)
    assert [one.box.bottom for one in found] == [1050, 950]
    assert len(looked) == 1


def test_only_what_one_click_removes_is_looked_at_and_no_more_than_it_may_cost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert drawn_anew([find(500, 500, 700, 1000, label="bottle")], [])[1] == []
    both = [find(100, 100, 300, 600), find(1200, 1200, 1600, 1800)]
    assert len(drawn_anew(both, [])[1]) == 2
    monkeypatch.setattr(module, "MOST", 300_000)
    (look,) = drawn_anew(both, [])[1]
    assert look[0].left > 1000, "the larger one is looked at"


def test_nothing_is_looked_at_that_would_not_become_finer() -> None:
    assert nearer(Box(0, 0, 400, 400), 4, SHAPE)[1] == 0, "the first look saw all pixels"
    assert nearer(Box(0, 0, 1900, 1900), 12.5, SHAPE)[1] == 0, "it fills the photo"
    view, side = nearer(Box(500, 500, 700, 1000), CELL, SHAPE)
    assert view == (371, 371, 829, 1129)
    assert CELL * side >= 2 * 4 * (view.bottom - view.top), "twice as fine"


def test_numbers_and_confidence_stay() -> None:
    coarse = find(500, 500, 700, 1000)
    one = replace(instances([coarse], SHAPE)[0], number=7, confidence=0.4)
    near = find(500, 500, 700, 1050, 5)
    (new,) = finer([one], lambda view, side: [near], SHAPE)
    assert (new.number, new.confidence, new.box.bottom) == (7, 0.4, 1050)
