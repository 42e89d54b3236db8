"""A shot that shows the very thing that is to go, where it was or a few steps beside."""

from __future__ import annotations

import cv2
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


def test_a_large_thing_may_have_gone_further() -> None:
    large, opening = place(0, (360, 480)), np.zeros((360, 480), bool)
    opening[100:260, 150:290] = True
    photo, shot = large.astype(np.float32), large.astype(np.float32)
    thing = np.random.default_rng(4).uniform(0, 255, (160, 140, 3)).astype(np.float32)
    photo[100:260, 150:290], shot[100:260, 190:330] = thing, thing
    gone = np.abs(photo - shot).max(axis=2) > 9
    seen = np.ones(opening.shape, bool)
    stays, _ = standing(photo, [shot], [gone], [seen], opening, opening, [9.0])
    assert stays[0][150:200, 200:280].min() == 1


def test_what_went_away_is_not_found() -> None:
    stays, still = found(None)
    assert not stays.any()
    assert not still.any()


def test_of_two_found_in_one_hole_each_stands_or_left_by_itself() -> None:
    photo = with_thing(with_thing(place()), 130).astype(np.float32)
    shot = with_thing(place(), 130).astype(np.float32)  # the left one went
    things = np.zeros(hole().shape, np.int32)
    things[hole()] = 7
    things[70:120, 130:165] = 9
    opening = np.zeros(hole().shape, bool)
    opening[66:124, 86:169] = True  # grown, and joined
    gone = np.abs(photo - shot).max(axis=2) > 9
    seen = np.ones(hole().shape, bool)
    stays, still = standing(photo, [shot], [gone], [seen], opening, things > 0, [9.0], things)
    assert stays[0][things == 7].max() == 0
    assert stays[0][things == 9].min() == 1
    assert still[things == 9].all()
    assert still[95, 167]  # and around it
    assert not still[things == 7].any()


def test_around_a_found_thing_that_left_nothing_stands_still() -> None:
    photo, shot = with_thing(place()).astype(np.float32), place().astype(np.float32)
    disc = np.ones((3, 3), np.uint8)
    wide = cv2.dilate(hole().view(np.uint8), disc, iterations=2)  # an outline wider than the thing
    core = cv2.dilate(wide, disc) > 0  # what it covers in part counts, too
    opening = cv2.dilate(wide, disc, iterations=5) > 0
    gone = np.abs(photo - shot).max(axis=2) > 9
    seen = np.ones(hole().shape, bool)
    stays, still = standing(photo, [shot], [gone], [seen], opening, core, [9.0], 7 * wide.astype(np.int32))
    assert not still.any()
    assert stays[0].max() < 0.5


def test_who_crosses_before_a_found_thing_hides_it_only_there() -> None:
    photo = with_thing(place()).astype(np.float32)
    crossed = photo.copy()
    crossed[70:120, 90:105] = 255
    gone = [np.abs(photo - shot).max(axis=2) > 9 for shot in (photo, crossed)]
    seen, things = [np.ones(hole().shape, bool)] * 2, hole().astype(np.int32)
    stays, still = standing(photo, [photo, crossed], gone, seen, hole(), hole(), [9.0, 9.0], things)
    assert stays[0][hole()].min() == 1
    assert stays[1][95, 92:95].max() == 0
    assert stays[1][95, 118:124].min() == 1
    assert still[95, 120]
    assert not still[95, 93]
