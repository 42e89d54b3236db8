"""What is marked on the page, drawn at the photo's own size whatever the page shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inpaint_app.errors import MaskError
from inpaint_app.server import marks
from inpaint_app.server.marks import HeldMask, HeldMasks, drawn
from inpaint_app.types import Box, Instance, Mask

SHAPE = (10, 20)
FIND = Instance(7, "person", 0.9, Box(8, 2, 16, 8), np.ones((6, 8), bool))
OTHER = Instance(8, "dog", 0.8, Box(0, 0, 4, 4), np.ones((4, 4), bool))


def columns(left: int, right: int, erase: bool = False) -> dict[str, Any]:
    """A stroke over columns left..right, ten rows high and more."""
    middle = (left + right) / 2
    return {
        "kind": "stroke",
        "points": [middle, -20.0, middle, 40.0],
        "width": float(right - left),
        "erase": erase,
    }


def choose(*numbers: int, on: bool = True) -> dict[str, Any]:
    return {"kind": "choose", "numbers": list(numbers), "on": on}


def mask(*operations: Any, given: dict[str, HeldMask] | None = None) -> Mask:
    found = drawn(operations, SHAPE, (FIND, OTHER), given).mask
    return np.zeros(SHAPE, bool) if found is None else found


def expected(*parts: tuple[slice, slice]) -> Mask:
    whole = np.zeros(SHAPE, bool)
    for part in parts:
        whole[part] = True
    return whole


ALL = slice(None)


def test_the_mask_is_the_chosen_less_the_erased_joined_with_the_brushed() -> None:
    got = mask(choose(7), columns(12, 20, erase=True), columns(0, 2))
    np.testing.assert_array_equal(got, expected((slice(2, 8), slice(8, 12)), (ALL, slice(0, 2))))


def test_each_operation_goes_on_from_what_was_there() -> None:
    brushed, erased = columns(4, 8), columns(6, 12, erase=True)
    np.testing.assert_array_equal(mask(brushed, erased), expected((ALL, slice(4, 6))))
    np.testing.assert_array_equal(mask(erased, brushed), expected((ALL, slice(4, 8))))
    np.testing.assert_array_equal(mask(choose(7, 8), choose(8, on=False)), FIND.full_mask(SHAPE))
    np.testing.assert_array_equal(mask(brushed, {"kind": "clear"}, choose(8)), OTHER.full_mask(SHAPE))


def test_choosing_an_object_again_takes_back_what_was_erased_of_it() -> None:
    erased = columns(0, 20, erase=True)
    assert not mask(choose(7), erased).any()
    np.testing.assert_array_equal(mask(choose(7), erased, choose(7)), FIND.full_mask(SHAPE))


def test_inverting_turns_all_that_is_marked_and_twice_is_nothing() -> None:
    invert = {"kind": "invert"}
    marked = (choose(7), columns(0, 3), columns(1, 2, erase=True))
    once = mask(*marked, invert)
    np.testing.assert_array_equal(once, ~mask(*marked))
    np.testing.assert_array_equal(mask(*marked, invert, invert), mask(*marked))
    assert drawn([*marked, invert], SHAPE, (FIND,)).chosen == frozenset()


def test_strokes_are_drawn_at_the_size_of_the_photo() -> None:
    """A hair of 2 pixels in a photo of 40 megapixels, far thinner than a pixel of the preview."""
    wire = {
        "kind": "stroke",
        "points": [0.0, 2500.0, 8000.0, 2500.0],
        "width": 2.0,
        "erase": False,
    }
    got = drawn([wire], (5000, 8000)).mask
    assert got is not None
    assert got.sum() == 2 * 8000
    assert got[2499:2501].all()


def test_a_mask_file_is_used_pixel_for_pixel() -> None:
    wire = np.zeros(SHAPE, bool)
    wire[:, 13] = True
    given = {"a": HeldMask.of(wire)}
    image = {"kind": "image", "id": "a"}
    np.testing.assert_array_equal(mask(image, given=given), wire)
    got = mask(columns(0, 2), image, columns(13, 20, erase=True), given=given)
    np.testing.assert_array_equal(got, expected((ALL, slice(0, 2))))


def test_it_says_what_had_a_part_in_it() -> None:
    told = drawn([choose(7), columns(0, 2)], SHAPE, (FIND,))
    assert (told.chosen, told.brushed, told.erased) == ({7}, True, False)
    told = drawn([choose(7), columns(9, 10, erase=True)], SHAPE, (FIND,))
    assert (told.chosen, told.brushed, told.erased) == ({7}, False, True)
    assert drawn([choose(7), columns(0, 20, erase=True)], SHAPE, (FIND,)).mask is None
    assert drawn([choose(99)], SHAPE, (FIND,)).mask is None
    assert drawn([], SHAPE).mask is None


def test_a_cancel_ends_the_drawing_between_two_operations() -> None:
    seen = []

    def check() -> None:
        seen.append(1)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drawn([columns(0, 2)] * 5, SHAPE, check=check)


def test_more_than_can_be_drawn_is_refused_before_it_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "MOST_WORK", 100)
    with pytest.raises(MaskError, match="more brushed than can be drawn"):
        mask(*[columns(0, 2)] * 30)


def test_a_mask_file_that_is_gone_or_of_another_photo_is_said() -> None:
    given = {"a": HeldMask.of(np.ones((3, 3), bool))}
    for name in ("a", "b"):
        with pytest.raises(MaskError, match="no longer here"):
            mask({"kind": "image", "id": name}, given=given)


def test_mask_files_are_held_small_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "MOST_MASKS", 2)
    wire = np.zeros((3000, 4000), bool)
    wire[7] = True
    held = HeldMasks()
    names = [held.take(wire) for _ in range(3)]
    assert list(held) == names[1:]
    np.testing.assert_array_equal(held[names[2]].whole(), wire)
    assert len(held[names[2]].packed) < 50_000
