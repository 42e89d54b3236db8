"""Who is seen only once others are painted over, on outlines that can be read: two people 20 wide and 60 high."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inpaint_app.segmenters.parts.hidden import with_hidden
from inpaint_app.types import Box, Image, Instance
from tests.toys import instance

PHOTO = np.full((120, 200, 3), 90, np.uint8)
PHOTO[40:100, 60:98] = 10
PAIR = (
    instance(1, "person", 0.9, Box(60, 40, 80, 100)),
    instance(2, "person", 0.8, Box(78, 40, 98, 100)),
)
AREA = Box(30, 10, 128, 120)
"""What is looked at: the pair with half of its height around it."""


def hidden(box: Box, found: tuple[Instance, ...] = PAIR, label: str = "person") -> tuple[Instance, ...]:
    """What is added where the second look finds one thing, its box given in the photo."""
    seen = instance(1, label, 0.7, box.moved(-AREA.left, -AREA.top))
    return with_hidden(PHOTO, found, lambda picture: (seen,))[len(found) :]


def test_a_head_over_a_shoulder_is_somebody_and_goes_with_the_one_before_him() -> None:
    (one,) = hidden(Box(84, 26, 96, 50))
    assert (one.number, one.label, one.of) == (3, "person", 2)
    assert one.box == Box(84, 26, 96, 39), "what the photo shows of him, less the rim that was painted over"
    assert one.mask.all()


@pytest.mark.parametrize(
    ("box", "label"),
    [
        (Box(62, 36, 96, 100), "person"),  # nearly all paint
        (Box(110, 40, 125, 100), "person"),  # apart from the others: nobody hid him
        (Box(84, 26, 96, 50), "dog"),
    ],
)
def test_what_is_paint_or_stands_apart_or_is_nobody_is_not_added(box: Box, label: str) -> None:
    assert hidden(box, label=label) == ()


def test_who_was_found_before_is_not_found_twice() -> None:
    third = instance(3, "person", 0.6, Box(84, 24, 98, 38))
    assert hidden(Box(84, 26, 96, 50), (*PAIR, third)) == ()


def test_only_people_who_touch_are_a_crowd() -> None:
    seen: list[Image] = []
    apart = (PAIR[0], replace(PAIR[1], box=Box(120, 40, 140, 100)))
    assert with_hidden(PHOTO, apart, lambda picture: (seen.append(picture), ())[1]) == apart
    assert not seen
    with_hidden(PHOTO, PAIR, lambda picture: (seen.append(picture), ())[1])
    assert [picture.shape for picture in seen] == [(AREA.height, AREA.width, 3)]
    assert (seen[0] == 90).all(), "the people are painted over with what is around them"
