"""Who is seen only in the finished fill: half of him stood behind somebody who went, and the other half beside him."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inpaint_app.errors import MissingWeights
from inpaint_app.removal.object_check import completed
from inpaint_app.removal.pipeline import Removal
from inpaint_app.types import Box, Image, Instance, Mask, Options, Progress, Result

SHAPE = (200, 300)


def person(number: int, box: Box, confidence: float = 0.9, label: str = "person") -> Instance:
    return Instance(number, label, confidence, box, np.ones((box.height, box.width), bool))


FRONT = person(1, Box(100, 60, 140, 160))
BEHIND = person(1, Box(90, 62, 110, 140))  # half of him beside the one in front
DOG = person(2, Box(20, 140, 50, 160), label="dog")


def removal(*instances: Instance, removed: tuple[Instance, ...] = (FRONT,)) -> Removal:
    mask = np.zeros(SHAPE, bool)
    for one in removed:
        mask[one.box.slices] = True
    return Removal(
        np.zeros((*SHAPE, 3), np.uint8), mask, 0, instances=(*removed, *instances), removed=removed
    )


def seen(made: Removal, *people: Instance, progress: Progress | None = None) -> Removal | None:
    """What comes of it when a finder sees these people, of the whole photo, wherever it looks at the fill."""
    boxes = tuple(one.box for one in made.removed)
    result = Result(made.image, made.mask, "telea", 0.0, boxes, 0, 0, 0, Options())

    def look(image: Image, progress: Progress, within: Mask) -> tuple[Instance, ...]:
        view = max(0, boxes[0].left - 100), max(0, boxes[0].top - 100)
        return tuple(replace(one, box=one.box.moved(-view[0], -view[1])) for one in people)

    return completed(made, result, look, progress or Progress())


def test_who_is_seen_behind_goes_and_is_listed_with_what_the_photo_shows_of_him() -> None:
    progress, before = Progress(), removal(DOG)
    after = seen(before, BEHIND, progress=progress)
    assert after is not None
    hidden = after.removed[-1]
    assert hidden.number == 3
    assert hidden.box == Box(90, 62, 100, 140)
    assert after.instances == (FRONT, DOG, hidden)
    assert np.array_equal(after.mask, before.mask | hidden.full_mask(SHAPE))
    assert progress.notes == ["Seen only once the others were gone, and removed too: 1 person"]


@pytest.mark.parametrize(
    "one",
    [
        replace(BEHIND, confidence=0.45),
        person(1, Box(98, 62, 130, 140)),  # nearly all of him is fill
        person(1, Box(60, 62, 80, 140), label="dog"),
    ],
    ids=["not sure", "painted", "no person"],
)
def test_who_is_not_surely_the_photos_own_changes_nothing(one: Instance) -> None:
    assert seen(removal(), one) is None


def test_who_stays_is_not_taken_under_another_outline() -> None:
    stays = person(2, Box(88, 60, 100, 142))
    assert seen(removal(stays), BEHIND) is None


def test_of_two_finds_of_one_person_one_goes() -> None:
    after = seen(removal(), BEHIND, replace(BEHIND, confidence=0.6, box=BEHIND.box.moved(1, 1)))
    assert after is not None
    assert len(after.removed) == 2


def test_what_must_not_be_copied_and_what_nobody_sees_stays() -> None:
    there = np.zeros(SHAPE, bool)
    there[BEHIND.box.slices] = True
    assert seen(replace(removal(), avoid=there), BEHIND) is None
    assert seen(replace(removal(), alpha=np.where(there, 0, 255).astype(np.uint8)), BEHIND) is None


def test_nobody_is_looked_for_where_nobody_went() -> None:
    driver = replace(FRONT, number=4, of=2)
    for gone in (DOG, driver):
        assert seen(removal(removed=(gone,)), BEHIND) is None


def test_a_finder_that_is_not_there_is_no_error() -> None:
    made = removal()
    result = Result(made.image, made.mask, "telea", 0.0, (FRONT.box,), 0, 0, 0, Options())

    def look(image: Image, progress: Progress, within: Mask) -> tuple[Instance, ...]:
        raise MissingWeights("none")

    assert completed(made, result, look, Progress()) is None
