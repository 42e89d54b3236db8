"""True pixels from other shots, and what cannot be trusted left alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inpaint_app.shots import align, looking, stack
from inpaint_app.shots.moving import moving
from inpaint_app.types import Box, Image
from tests.shots.scenes import SIZE, hand_held, hole, place, shots, with_thing


def error(image: np.ndarray, where: np.ndarray, truth: np.ndarray | None = None) -> float:
    truth = place() if truth is None else truth
    return float(np.abs(image[where].astype(int) - truth[where]).mean())


def test_a_hand_held_shot_in_other_light_shows_what_is_behind() -> None:
    photo = with_thing(place())
    image, found = stack.behind(photo, hole(), shots(hand_held(place(), 1, 0.9), hand_held(place(), 2, 1.08)))
    assert found.share > 0.97
    assert error(image, hole() & found.seen) < 4
    assert np.array_equal(image[~hole()], photo[~hole()])
    assert not found.notes


def test_a_shot_is_taken_only_where_nobody_is_in_its_way() -> None:
    """In two of three shots somebody stands where the hole is; the third alone would lose a vote."""
    way = with_thing(place(), 108, 80)
    image, found = stack.behind(with_thing(place()), hole(), shots(way, way, hand_held(place(), 3)))
    assert error(image, hole() & found.seen) < 4
    assert found.share > 0.9
    assert found.fits[2].used > max(found.fits[0].used, 0)


def test_the_source_names_the_shot() -> None:
    _, found = stack.behind(with_thing(place()), hole(), shots(place(5), place()))
    assert set(np.unique(found.source)) == {0, 2}
    assert (found.source > 0).sum() == found.fits[1].used
    assert found.told == "100 % true pixels, 0 % filled"


def test_another_place_is_refused_in_a_sentence() -> None:
    image, found = stack.behind(with_thing(place()), hole(), shots(place(5), place(6)))
    assert found.share == 0
    assert np.array_equal(image, with_thing(place()))
    assert len(found.notes) == 2
    assert all("shows another place" in note for note in found.notes)


def test_a_blurred_shot_is_refused_in_a_sentence() -> None:
    blurred = cv2.GaussianBlur(place(), (0, 0), 4)
    _, found = stack.behind(with_thing(place()), hole(), shots(blurred))
    assert found.share == 0
    assert "blurred" in found.notes[0] or "another place" in found.notes[0]


@pytest.mark.parametrize("size", [(360, 480), (120, 160)])
def test_another_size_is_scaled(size: tuple[int, int]) -> None:
    other = cv2.resize(
        place(), size[::-1], interpolation=cv2.INTER_AREA if size[0] < SIZE[0] else cv2.INTER_CUBIC
    )
    image, found = stack.behind(with_thing(place()), hole(), shots(other))
    if found.share:
        assert error(image, hole() & found.seen) < 10
    else:
        assert "blurred" in found.notes[0]


def test_another_orientation_is_turned() -> None:
    other = np.ascontiguousarray(np.rot90(place()))
    image, found = stack.behind(with_thing(place()), hole(), shots(other))
    assert found.share > 0.95
    assert error(image, hole() & found.seen) < 6


def test_what_stands_still_in_all_shots_is_left_to_the_fill() -> None:
    photo = with_thing(place())
    image, found = stack.behind(photo, hole(), shots(hand_held(photo, 1), hand_held(photo, 2)))
    assert found.share == 0
    assert np.array_equal(image, photo)
    assert "stands still in all shots" in found.notes[0]


def test_one_shot_alone_is_told_also_where_something_stands_still() -> None:
    still = with_thing(place(), 20, 20)
    mask = hole()
    mask[20:70, 20:55] = True
    _, found = stack.behind(with_thing(still), mask, shots(still))
    assert 0.2 < found.share < 0.8
    assert "stands still in all shots" in found.notes[0]
    assert "look whether one was left" in found.notes[1]


def test_what_moves_all_the_time_is_left_to_the_fill() -> None:
    """Sea, leaves, a crowd: no two shots agree in the hole, so nothing there is known to be background."""
    others = []
    for seed in range(4):
        other = place()
        other[50:140, 70:145] = place(20 + seed)[50:140, 70:145]
        others.append(other)
    image, found = stack.behind(with_thing(place()), hole(), shots(*others))
    assert found.share < 0.2
    assert "changes from shot to shot" in found.notes[0]
    assert np.array_equal(image[~found.seen], with_thing(place())[~found.seen])


def test_a_crowd_around_the_hole_is_told() -> None:
    """The hole itself is free in all shots: what is laid in is right, and yet somebody has to look."""
    others = []
    for seed in range(3):
        other = place()
        for rows in (slice(0, 40), slice(150, None)):
            other[rows] = place(20 + seed)[rows]
        others.append(other)
    _, found = stack.behind(with_thing(place()), hole(), shots(*others))
    assert found.share > 0.5
    assert "look whether one was left" in found.notes[0]
    _, calm = stack.behind(with_thing(place()), hole(), shots(place(), place()))
    assert calm.notes == ()
    _, lone = stack.behind(with_thing(place()), hole(), shots(place()))
    assert lone.share > 0.5
    assert "One shot alone" in lone.notes[0]


def test_one_shot_alone_is_not_taken_where_somebody_stands_across_the_rim() -> None:
    for left in (70, 112):
        image, found = stack.behind(
            with_thing(place()), hole(), shots(with_thing(hand_held(place(), 4), left))
        )
        assert found.share == 0
        assert np.array_equal(image, with_thing(place()))


def test_a_smaller_shot_is_told_where_it_is_softer() -> None:
    small = cv2.resize(hand_held(place(), 1), None, fx=0.65, fy=0.65, interpolation=cv2.INTER_AREA)
    _, found = stack.behind(with_thing(place()), hole(), shots(small))
    assert found.share > 0.9
    assert "% of the photo's resolution" in found.notes[0]


def test_a_smaller_shot_is_not_shrunk_further_for_a_view_that_needs_all_of_it() -> None:
    view = align.view(Box(0, 0, 2 * align.SIDE, align.SIDE))
    shot = np.zeros((align.SIDE // 2, align.SIDE, 3), np.uint8)
    assert view.shrunk(shot, np.diag([0.5, 0.5, 1]))[0].shape == shot.shape


def test_what_a_view_does_not_need_of_a_shot_is_cut_away() -> None:
    view = align.view(Box(100, 100, 140, 130))
    small, there = view.shrunk(place(), np.eye(3))
    assert small.shape[0] < SIZE[0]
    assert small.shape[1] < SIZE[1]
    seen, inside = view.warped((small, there), np.eye(3))
    assert inside.all()
    assert np.array_equal(seen, place()[100:130, 100:140])


def test_hidden_pixels_of_a_shot_are_never_taken() -> None:
    hidden = np.zeros(SIZE, bool)
    hidden[:, 100:] = True
    _, found = stack.behind(with_thing(place()), hole(), [stack.Shot(place(), "2.jpg", hidden)])
    assert 0 < found.share < 0.5
    assert not (found.source[:, 102:] > 0).any()


def waved(image: np.ndarray, seed: int, reach: float) -> np.ndarray:
    random = np.random.default_rng(seed)
    off = [cv2.GaussianBlur(random.standard_normal(SIZE).astype(np.float32), (0, 0), 6) for _ in "xy"]
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    x, y = (at + reach / one.std() * one for at, one in zip((x, y), off, strict=True))
    return cv2.remap(image, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def test_where_everything_waves_nothing_is_taken_and_that_is_told() -> None:
    others = shots(*(waved(with_thing(place()), seed, 4.0) for seed in range(3)))
    image, found = stack.behind(with_thing(place()), hole(), others)
    assert found.share == 0
    assert np.array_equal(image, with_thing(place()))
    assert "everything moves" in found.notes[0]
    gently = shots(*(waved(place(), seed, 0.3) for seed in range(3)))
    assert stack.behind(with_thing(place()), hole(), gently)[1].share > 0.9


def test_a_light_that_cannot_be_matched_is_refused_and_told() -> None:
    flash = np.exp(-(((np.arange(SIZE[1]) - 40) / 40.0) ** 2))[None, :, None]
    others = shots(np.clip(place() * (0.3 + 1.6 * flash), 0, 255).astype(np.uint8))
    photo, nothing = with_thing(place()), np.zeros(SIZE, bool)
    image, found = stack.behind(photo, hole(), others)
    assert np.array_equal(image, photo)
    assert "light" in found.notes[0]
    moved, told = moving(photo, others, stack.fits(photo, nothing, others))
    assert not moved.any()
    assert told[0].note


@pytest.mark.parametrize("left", [False, True])
def test_a_shot_is_laid_more_finely_only_where_the_thing_has_left_it(
    left: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    refined = list[Image]()
    monkeypatch.setattr(align, "refined", lambda photo, shot, where: refined.append(shot))
    photo, view = with_thing(place()), align.view(Box(0, 0, place().shape[1], place().shape[0]))
    sight = looking.Sight(view, view.cut(photo), ~view.cut_mask(hole()))
    assert looking.seen_in(sight, 0, place() if left else photo.copy(), None, np.eye(3)) is not None
    assert len(refined) == left
