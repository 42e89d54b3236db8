"""Who owns what, on outlines that can be read: a person is 40 wide and 100 high, his feet on row 140."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inpaint_app.segmenters.parts.belongings import WEAKEST, owned
from inpaint_app.types import Box, Instance
from tests.toys import instance

PHOTO = np.zeros((300, 400, 3), np.uint8)
PERSON = instance(1, "person", 0.9, Box(100, 40, 140, 140))


def owners(*found: Instance) -> list[int | None]:
    return [one.of for one in owned(PHOTO, found)]


@pytest.mark.parametrize(
    ("label", "box", "owner"),
    [
        ("bicycle", Box(90, 90, 180, 160), 1),  # below the rider
        ("bicycle", Box(90, 60, 180, 130), None),  # parked behind: ends above his feet
        ("bicycle", Box(142, 90, 230, 160), None),  # beside him
        ("bicycle", Box(200, 90, 290, 160), None),  # touches nobody
        ("handbag", Box(138, 80, 158, 110), 1),
        ("handbag", Box(138, 150, 158, 180), None),
        ("skis", Box(60, 135, 200, 145), 1),
        ("skateboard", Box(100, 138, 150, 150), 1),
        ("umbrella", Box(80, 10, 170, 50), 1),
        ("cell phone", Box(98, 60, 104, 70), 1),
        ("dog", Box(140, 100, 190, 142), 1),
        ("dog", Box(140, 40, 190, 80), None),  # on a wall behind
        ("chair", Box(100, 90, 150, 142), 1),
        ("stop sign", Box(138, 80, 158, 110), None),
    ],
)
def test_a_thing_belongs_to_whom_it_touches_in_the_right_place(
    label: str, box: Box, owner: int | None
) -> None:
    assert owners(PERSON, instance(2, label, 0.5, box)) == [None, owner]


def test_of_two_riders_the_one_who_touches_more_of_the_bicycle_has_it_and_nobody_has_two() -> None:
    other = instance(2, "person", 0.9, Box(160, 40, 200, 140))
    near, far = (
        instance(3, "bicycle", 0.8, Box(150, 80, 200, 160)),
        instance(4, "bicycle", 0.5, Box(178, 90, 228, 160)),
    )
    assert owners(PERSON, other, near, far) == [None, None, 2, None]


def test_a_chair_that_two_sit_on_stays() -> None:
    other = instance(2, "person", 0.9, Box(142, 40, 182, 140))
    assert owners(PERSON, other, instance(3, "chair", 0.8, Box(100, 85, 182, 142)))[2] is None


def test_a_driver_belongs_to_the_car_and_the_open_car_to_its_driver() -> None:
    car = instance(1, "car", 0.9, Box(50, 60, 250, 160))
    driver = instance(2, "person", 0.6, Box(120, 70, 150, 110))
    assert owners(car, driver) == [None, 1]
    kart = instance(2, "car", 0.8, Box(80, 100, 165, 150))
    assert owners(PERSON, kart) == [None, 1]


def test_a_find_mostly_under_a_surer_outline_is_its_part_whatever_it_is_called() -> None:
    assert owners(PERSON, instance(2, "sheep", 0.4, Box(95, 60, 135, 120))) == [None, 1]
    assert owners(PERSON, instance(2, "sheep", 0.4, Box(75, 60, 115, 120))) == [None, None]
    assert (
        owners(replace(PERSON, confidence=0.5), instance(2, "sheep", 0.8, Box(95, 60, 135, 120)))[1] is None
    )


def test_parts_have_parts_and_nothing_owns_itself() -> None:
    car = instance(1, "car", 0.9, Box(50, 60, 250, 160))
    driver = instance(2, "person", 0.6, Box(120, 70, 150, 130))
    assert owners(car, driver, instance(3, "tie", 0.5, Box(130, 85, 138, 105))) == [None, 1, 2]
    twins = [instance(n, "cat", 0.8, Box(10, 10, 40, 40)) for n in (1, 2)]
    assert sorted(owners(*twins), key=str) == [1, None] or sorted(owners(*twins), key=str) == [2, None]


def test_a_weak_find_under_its_owners_outline_adds_nothing() -> None:
    assert owners(PERSON, instance(2, "cell phone", 0.2, Box(110, 60, 120, 75))) == [None, None]
    assert owners(PERSON, instance(2, "cell phone", 0.2, Box(138, 60, 148, 75))) == [None, 1]


def test_the_narrow_gap_between_the_two_outlines_is_closed() -> None:
    bag = instance(2, "handbag", 0.8, Box(142, 80, 160, 110))
    found = owned(PHOTO, (PERSON, bag))[1]
    assert found.box.left == 140
    assert found.mask[2:-2].all()
    assert (found.box.top, found.box.bottom) == (80, 110)
    assert bag.box.left == 142, "nothing is written into what was given"


def test_cars_dogs_and_chairs_are_never_believed_weaker_than_asked() -> None:
    assert not {"chair", "dog", "car"} & set(WEAKEST)
    assert WEAKEST["skis"] < 0.2


def test_somebody_half_hidden_goes_with_whom_he_stands_beside() -> None:
    behind = instance(2, "person", 0.15, Box(130, 30, 165, 120))
    assert owners(PERSON, behind) == [None, 1]
    assert owners(PERSON, instance(2, "person", 0.15, Box(300, 30, 335, 120))) == [None, None], "far off"
    assert owners(PERSON, instance(2, "person", 0.15, Box(138, 30, 150, 38))) == [None, None], "too small"
    assert owners(PERSON, instance(2, "person", 0.4, Box(130, 30, 165, 120))) == [None, None], "seen surely"
    far = instance(3, "person", 0.2, Box(163, 30, 195, 120))
    assert owners(PERSON, behind, far)[1:] == [1, 2], "one leads to the next"
