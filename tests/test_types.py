"""Boxes and finds in frames of one another."""

from __future__ import annotations

import numpy as np
import pytest

from inpaint_app.types import Box, Instance

PLUS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], bool)


def test_a_box_is_told_in_the_frame_of_another() -> None:
    assert Box(5, 7, 8, 9).within(Box(4, 4, 20, 20)) == (1, 3, 4, 5)


@pytest.mark.parametrize(
    ("other", "width", "height"),
    [(Box(2, 1, 9, 9), 2, 3), (Box(4, 0, 9, 4), 0, 4), (Box(7, 7, 9, 9), 0, 0)],
    ids=["overlap", "touch", "apart"],
)
def test_what_boxes_share_is_empty_where_they_lie_apart(other: Box, width: int, height: int) -> None:
    one = Box(0, 0, 4, 4)
    assert (one.shared(other).width, one.shared(other).height) == (width, height)
    assert other.shared(one)[2:] == one.shared(other)[2:]


@pytest.mark.parametrize(
    "area", [Box(11, 11, 14, 12), Box(0, 0, 20, 20), Box(0, 0, 3, 3), Box(12, 0, 13, 30)]
)
def test_a_find_covers_of_an_area_what_it_covers_of_the_photo(area: Box) -> None:
    photo = np.zeros((30, 30), bool)
    photo[10:13, 10:13] = PLUS
    find = Instance(1, "kite", 0.9, Box(10, 10, 13, 13), PLUS)
    assert np.array_equal(find.within(area), photo[area.slices])
    assert np.array_equal(find.full_mask((30, 30)), photo)
