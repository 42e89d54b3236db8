"""The select tool: a click, a box and a scribble become parts of the mask that can be undone, by mouse and by touch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest


def covered(studio: Any) -> float:
    """How well the mask is the red thing of the small photo, as intersection over union."""
    truth = np.zeros((480, 640), dtype=bool)
    truth[200:260, 300:340] = True
    mask = studio.mask()
    return float((mask & truth).sum() / (mask | truth).sum())


@pytest.mark.parametrize(
    "points",
    [
        ((320, 230),),
        ((290, 190), (350, 270)),
        ((310, 210), (330, 212), (310, 230), (332, 240), (312, 252)),
    ],
    ids=["click", "box", "scribble"],
)
def test_what_is_pointed_at_becomes_a_part_of_the_mask(studio: Any, small: Path, points: Any) -> None:
    studio.open(small)
    studio.page.keyboard.press("s")
    assert studio.page.locator("[data-tool=select]").get_attribute("aria-pressed") == "true"
    studio.brush(14)
    studio.stroke(*points)
    studio.page.wait_for_selector(".st.marked")
    studio.rest()
    assert covered(studio) > 0.85
    studio.do("undo")
    assert not studio.app("s.mask.marked()")
    studio.do("redo")
    studio.only("telea")
    studio.remove()
    (made,) = studio.visit().step().made.values()
    assert made.whole(studio.visit().pixels()).mask[230, 320]


def test_a_find_that_is_clicked_is_chosen(studio: Any, bus: Path) -> None:
    studio.open(bus)
    studio.do("find")
    studio.page.wait_for_selector(".chip")
    studio.rest()
    find = next(one for one in studio.visit().step().found if one.label == "person")
    rows, columns = np.nonzero(find.mask)
    studio.page.keyboard.press("s")
    middle = len(rows) // 2
    studio.stroke((find.box.left + columns[middle], find.box.top + rows[middle]))
    studio.page.wait_for_selector(".st.marked")
    studio.rest()
    theirs = {one.number for one in studio.visit().step().found if one.of == find.number}
    assert set(studio.app("s.mask.chosen()")) == {find.number} | theirs


def test_whoever_is_clicked_brings_what_is_his(studio: Any, bus: Path) -> None:
    studio.open(bus)
    studio.do("find")
    studio.page.wait_for_selector(".owned")
    studio.rest()
    found = {one.number: one for one in studio.visit().step().found}
    part = next(one for one in found.values() if one.of)
    owner = found[part.of]
    shape = studio.visit().pixels().shape[:2]
    rows, columns = np.nonzero(owner.full_mask(shape) & ~part.full_mask(shape))
    studio.page.keyboard.press("s")
    studio.stroke((columns[len(rows) // 2], rows[len(rows) // 2]))
    studio.page.wait_for_selector(".st.marked")
    studio.rest()
    assert {part.of, part.number} <= set(studio.app("s.mask.chosen()"))


def test_it_works_by_touch(phone: Any, small: Path) -> None:
    phone.open(small)
    phone.page.locator("[data-tool=select]").tap()
    phone.page.touchscreen.tap(*phone.at(320, 230))
    phone.page.wait_for_selector(".st.marked")
    phone.rest()
    assert covered(phone) > 0.85


def test_a_gesture_beside_the_photo_says_so_and_leaves_the_mask(studio: Any, small: Path) -> None:
    studio.open(small)
    studio.page.keyboard.press("s")
    studio.stroke((-20, 30))
    studio.says("the photo has 640×480 pixels")
    assert not studio.app("s.mask.marked()")
