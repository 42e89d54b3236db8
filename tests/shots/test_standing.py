"""A shot that shows the very thing that is to go, where it was or a few steps beside."""

from __future__ import annotations

import numpy as np

from inpaint_app.shots.standing import standing
from tests.shots.scenes import hole, place, with_thing


def found(left: int | None) -> tuple[np.ndarray, np.ndarray]:
    """How surely a shot shows the thing that the photo has at 90, from 0 to 1, and whether it stands still."""
    photo = with_thing(place()).astype(np.float32)
    shot = (place() if left is None else with_thing(place(), left)).astype(np.float32)
    gone, opening = np.abs(photo - shot).max(axis=2) > 9, hole()
    stays, still = standing(photo, [shot], [gone], [np.ones(hole().shape, bool)], opening, opening, [9.0])
    return stays[0], still


def test_what_stands_where_it_was_is_found_and_still() -> None:
    stays, still = found(90)
    assert np.array_equal(stays == 1, hole())
    assert np.array_equal(still, hole())


def test_what_went_a_few_steps_is_found_beside_its_place() -> None:
    stays, still = found(105)
    assert stays[90, 110:125].min() == 1
    assert stays[90, 90:100].max() < 0.5
    assert not still.any()


def test_what_went_away_is_not_found() -> None:
    stays, still = found(None)
    assert not stays.any()
    assert not still.any()
