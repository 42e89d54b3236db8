"""What a fill may be copied from when found objects stay in the photo."""

from __future__ import annotations

import numpy as np

from inpaint_app.removal.request import Request, forbidden
from inpaint_app.types import Box, Instance, Mask


def instance(number: int, label: str, box: Box) -> Instance:
    return Instance(number, label, 0.9, box, np.ones((box.height, box.width), dtype=bool))


def hole(box: Box) -> Mask:
    mask = np.zeros((100, 200), dtype=bool)
    mask[box.slices] = True
    return mask


PERSON = instance(1, "person", Box(50, 40, 60, 80))


def avoided(*others: Instance, removed: tuple[Instance, ...] = (PERSON,)) -> Mask | None:
    return forbidden(hole(PERSON.box), (PERSON, *others), removed, Request())


def test_what_the_person_stood_in_front_of_may_be_copied() -> None:
    bus = instance(2, "bus", Box(20, 10, 120, 85))
    assert avoided(bus) is None


def test_no_second_person_is_copied_even_from_beside_the_hole() -> None:
    other = instance(2, "person", Box(60, 40, 70, 80))
    avoid = avoided(other)
    assert avoid is not None
    assert avoid[60, 65]
    assert not avoid[PERSON.box.slices].any()


def test_what_stands_apart_is_not_copied() -> None:
    dog = instance(2, "dog", Box(150, 60, 180, 80))
    avoid = avoided(dog)
    assert avoid is not None
    assert avoid.sum() == 30 * 20


def test_an_object_that_the_brush_covers_counts_as_going() -> None:
    """Nothing was chosen, but the brushed mask lies on the person: she is no reason to avoid her own surroundings."""
    assert avoided(removed=()) is None


def test_what_is_to_be_avoided_joins_the_finds_that_stay() -> None:
    other, given = instance(2, "person", Box(150, 40, 160, 80)), hole(Box(0, 90, 40, 100))
    before = given.copy()
    avoid = forbidden(hole(PERSON.box), (PERSON, other), (PERSON,), Request(avoid=given))
    assert avoid is not None
    assert avoid[given].all()
    assert avoid[other.box.slices].all()
    assert not avoid[PERSON.box.slices].any()
    assert np.array_equal(given, before), "the given region was written into"
