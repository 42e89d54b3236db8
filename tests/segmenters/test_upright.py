"""A photo that lies on its side is looked at upright, and its finds lie where they are in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inpaint_app.segmenters.upright import NOTE, found_upright, quarter_turns, turned_back
from inpaint_app.types import Box, Image, Instance

SIZE = (1500, 2000)


PLACE = Box(10, 20, 40, 100)


def person(confidence: float, box: Box = PLACE) -> Instance:
    return Instance(1, "person", confidence, box, np.ones((box.height, box.width), bool))


def standing(image: Image) -> tuple[Instance, ...]:
    """Finds what is bright, and higher than wide."""
    rows, columns = np.nonzero(image[..., 0] > 128)
    box = Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    if box.height < box.width:
        return ()
    return (replace(person(0.95, box), mask=image[box.slices][..., 0] > 128),)


@pytest.mark.parametrize("turns", [1, 3])
def test_who_lies_is_found_where_he_lies(turns: int) -> None:
    upright = np.zeros((*SIZE, 3), np.uint8)
    upright[300:900, 500:600] = 200
    upright[300:400, 600:650] = 200  # an arm, so that turning it wrongly shows
    lying = np.ascontiguousarray(np.rot90(upright, -turns))
    notes: list[str] = []
    glances: list[int] = []
    completed: list[tuple[int, ...]] = []

    def glance(small: Image) -> tuple[Instance, ...]:
        """Tells head from feet: only he whose arm is above counts."""
        glances.append(max(small.shape))
        half = small.shape[0] // 2
        return standing(small) if (small[:half] > 128).sum() > (small[half:] > 128).sum() else ()

    def complete(picture: Image, found: tuple[Instance, ...]) -> tuple[Instance, ...]:
        completed.append(picture.shape[:2])
        return found

    (one,) = found_upright(lying, standing, complete, glance, notes)

    assert (one.full_mask(lying.shape[:2]) == (lying[..., 0] > 128)).all()
    assert notes == [NOTE]
    assert glances == [1280, 1280]
    assert completed == [SIZE], "once, and upright"


@pytest.mark.parametrize(
    ("upright", "lying", "turns"),
    [
        ([], [0.85], 0),  # one alone, and not sure enough to be one more
        ([], [0.95], 1),
        ([0.8], [0.95, 0.95, 0.95], 0),  # somebody surely stands
        ([0.7], [0.86, 0.78], 1),
        ([], [0.65, 0.58], 0),  # two doubtful ones
        ([], [0.67, 0.55, 0.52, 0.46], 1),
    ],
)
def test_only_people_who_are_seen_better_lying_turn_the_photo(
    upright: list[float], lying: list[float], turns: int
) -> None:
    image = np.zeros((*SIZE, 3), np.uint8)
    found = tuple(person(each) for each in upright)
    looks = iter([tuple(person(each) for each in lying), ()])
    assert quarter_turns(image, found, lambda _: next(looks)) == turns


def test_small_pictures_are_taken_as_they_are() -> None:
    def never(_: Image) -> tuple[Instance, ...]:
        raise AssertionError("it was turned")

    assert quarter_turns(np.zeros((900, 1280, 3), np.uint8), (), never) == 0


@pytest.mark.parametrize("turns", [1, 3])
def test_a_find_turned_back_covers_the_same_pixels(turns: int) -> None:
    mask = np.random.default_rng(0).random((5, 3)) > 0.5
    turned = np.rot90(np.zeros((30, 40), bool), turns).copy()
    one = Instance(7, "person", 0.9, Box(4, 6, 7, 11), mask)
    turned[one.box.slices] = mask
    back = turned_back(one, turns, (30, 40))
    assert (back.full_mask((30, 40)) == np.rot90(turned, -turns)).all()
