"""A click, a box and a scribble become the outline of the thing that is meant, at the photo's own size."""

from __future__ import annotations

import time
from dataclasses import replace

import cv2
import numpy as np
import pytest

from inpaint_app.errors import OptionError
from inpaint_app.segmenters.selecting.cut import sharpened
from inpaint_app.segmenters.selecting.gesture import Gesture
from inpaint_app.segmenters.selecting.meaning import joined
from inpaint_app.segmenters.selecting.select import LABEL, selected
from inpaint_app.types import Box, Image, Instance, Mask


def scene(size: int = 120, seed: int = 0) -> tuple[Image, Mask]:
    """A reddish disc, a quarter of the picture wide, on a bluish ground, both with some grain; and where it is."""
    rows, columns = np.mgrid[:size, :size]
    disc = np.hypot(rows - 0.5 * size, columns - 0.55 * size) < 0.17 * size
    image = np.where(disc[..., None], (190, 70, 60), (70, 90, 150)) + np.random.default_rng(seed).normal(
        0, 12, (size, size, 3)
    )
    return np.clip(image, 0, 255).astype(np.uint8), disc


def overlap(one: Instance, truth: Mask) -> float:
    mask = one.full_mask((truth.shape[0], truth.shape[1]))
    return float((mask & truth).sum() / (mask | truth).sum())


ZIGZAG = tuple((x, y) for y in (46, 56, 66, 74) for x in ((52, 80) if y % 4 else (80, 52)))
CIRCLE = tuple((66 + 30 * np.cos(a), 60 + 30 * np.sin(a)) for a in np.linspace(0, 6.1, 40))


@pytest.mark.parametrize(
    "gesture",
    [
        Gesture(points=((66.5, 60.5),)),
        Gesture(Box(44, 38, 88, 82)),
        Gesture(Box(48, 38, 100, 90)),
        Gesture(points=ZIGZAG, width=12),
        Gesture(points=((56, 56), (76, 66)), width=3),
        Gesture(points=CIRCLE, width=3),
    ],
    ids=["click", "box", "shifted box", "painted", "line", "circled"],
)
def test_a_gesture_becomes_the_outline_of_the_thing(gesture: Gesture) -> None:
    image, disc = scene()
    one = selected(image, gesture)
    assert overlap(one, disc) > 0.9
    assert (one.number, one.label) == (0, LABEL)
    assert one.mask.any(axis=0).all()
    assert one.mask.any(axis=1).all()


def test_a_click_on_a_large_thing_of_a_large_photo_gives_it() -> None:
    image, disc = scene(3000)
    with np.errstate(
        over="raise"
    ):  # where the click was lost on the way, everything was endlessly far from it
        one = selected(image, Gesture(points=((1650.5, 1500.5),)))
    assert overlap(one, disc) > 0.9


@pytest.mark.parametrize("size", [6, 20])
def test_the_smallest_photos_have_things_too(size: int) -> None:
    image, _ = scene(size)
    for gesture in (Gesture(points=((size / 2, size / 2),)), Gesture(Box(1, 1, size - 2, size - 1))):
        assert selected(image, gesture).mask.any()


def test_where_all_is_of_one_colour_the_box_is_about_what_is_meant() -> None:
    plain = np.full((60, 80, 3), 128, np.uint8)
    one = selected(plain, Gesture(Box(20, 10, 60, 50)))
    assert 0.5 < one.mask.sum() / 1600 < 1.2


@pytest.mark.parametrize(
    "gesture",
    [
        Gesture(points=((120.0, 5.0),)),
        Gesture(points=((-3.0, 5.0),)),
        Gesture(Box(130, 0, 150, 20)),
        Gesture(points=((200.0, 5.0), (210.0, 8.0)), width=4),
    ],
)
def test_a_gesture_beside_the_photo_says_so(gesture: Gesture) -> None:
    with pytest.raises(OptionError, match="120×120"):
        selected(scene()[0], gesture)


def find(number: int, box: Box) -> Instance:
    return Instance(number, "dog", 0.8, box, np.ones((box.height, box.width), dtype=bool))


def test_a_find_that_is_meant_is_taken() -> None:
    image, _ = scene()
    large, small = find(1, Box(10, 10, 100, 100)), find(2, Box(40, 40, 80, 80))
    assert selected(image, Gesture(points=((60, 60),)), (large, small)) is small
    assert selected(image, Gesture(Box(12, 8, 98, 104)), (large, small)) is large
    assert (
        selected(image, Gesture(points=((42, 50), (78, 50), (42, 70), (78, 70)), width=24), (large, small))
        is small
    )
    assert selected(image, Gesture(Box(44, 38, 88, 82)), (large,)).number == 0
    circle = tuple((60 + 23 * np.cos(a), 60 + 23 * np.sin(a)) for a in np.linspace(0, 6.1, 40))
    assert selected(image, Gesture(points=circle, width=3), (large, small)) is small
    assert selected(image, Gesture(points=((45, 50), (75, 70)), width=3), (large, small)) is small
    assert selected(image, Gesture(points=((20, 50), (90, 70)), width=3), (large, small)) is large


def test_a_finder_looks_around_the_gesture_only_and_its_outline_comes_back_to_the_photo() -> None:
    image = np.zeros((2000, 3000, 3), np.uint8)
    image[900:1100, 1900:2300] = 200
    seen: list[tuple[int, ...]] = []

    def look(small: Image) -> tuple[Instance, ...]:
        seen.append(small.shape)
        left, top, width, height = cv2.boundingRect((small[..., 0] > 100).view(np.uint8))
        return (find(1, Box(left, top, left + width, top + height)),)

    one = selected(image, Gesture(Box(1890, 905, 2310, 1090)), look=look)
    assert max(seen[0][:2]) <= 640
    assert (one.number, one.label, one.confidence) == (0, "dog", 0.8)
    assert overlap(one, image[..., 0] > 100) > 0.98


def test_a_small_thing_under_a_click_is_looked_for_from_nearer() -> None:
    image = np.zeros((2000, 3000, 3), np.uint8)
    image[1490:1510, 2000:2012] = 200
    seen: list[tuple[int, ...]] = []

    def look(small: Image) -> tuple[Instance, ...]:
        seen.append(small.shape)
        left, top, width, height = cv2.boundingRect((small[..., 0] > 100).view(np.uint8))
        return (find(1, Box(left, top, left + width, top + height)),) if height > 12 else ()

    one = selected(image, Gesture(points=((2005, 1500),)), look=look)
    assert len(seen) == 2
    assert one.label == "dog"
    assert overlap(one, image[..., 0] > 100) > 0.8


def test_what_is_found_beside_the_thing_joins_what_is_known() -> None:
    picked = replace(find(0, Box(10, 10, 50, 50)), label=LABEL)
    known, again = find(3, Box(100, 100, 140, 140)), find(2, Box(101, 100, 141, 140))
    thing, bag = find(1, Box(12, 10, 50, 52)), replace(find(5, Box(48, 20, 60, 30)), label="bag", of=1)
    one, finds = joined(picked, (known,), (thing, again, bag))
    assert (one.number, one.label, one.box) == (4, "dog", picked.box)
    assert [(each.number, each.of) for each in finds] == [(3, None), (4, None), (6, 4)]
    alone, finds = joined(picked, (known,), ())
    assert (alone.number, alone.label) == (4, LABEL)
    assert finds == (known, alone)


def test_the_outline_follows_the_edge_at_full_size() -> None:
    rows, columns = np.mgrid[:900, :900]
    truth = np.hypot(rows - 450, columns - 450) < 300 + 12 * np.sin(np.arctan2(rows - 450, columns - 450) * 9)
    image = np.where(truth[..., None], 180, 90).astype(np.uint8).repeat(3, axis=2)
    small = cv2.resize(truth.astype(np.float32), (144, 144), interpolation=cv2.INTER_AREA)
    plain = cv2.resize((small > 0.5).astype(np.float32), (900, 900)) > 0.5
    sharp = sharpened(image, small)
    assert (sharp ^ truth).sum() < 0.25 * (plain ^ truth).sum()


def test_the_cost_follows_the_gesture_and_not_the_photo() -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    large = cv2.resize(image, (4000, 3000))
    box = Gesture(Box(1000, 1000, 1200, 1200))
    selected(large, box)
    began = time.process_time()
    selected(large, box)
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    "loose",
    [
        {}, {"points": "abc"}, {"points": [[1]]}, {"points": [[1, None]]}, {"points": [[float("nan"), 2]]},
        {"box": [1, 2, 3]}, {"box": [1, 2, 3, 1e9]}, {"box": {"left": 1}},
    ],
)  # fmt: skip
def test_what_points_nowhere_is_refused_in_a_sentence(loose: dict[str, object]) -> None:
    with pytest.raises(OptionError, match="expected x,y or left,top,right,bottom"):
        Gesture.of(**loose)


def test_a_call_lists_clicks_and_boxes_within_bounds() -> None:
    click, box = Gesture(points=((1, 2),)), Gesture(Box(3, 4, 9, 8))
    assert Gesture.listed([1, 2], [3, 4, 9, 8]) == (click, box)
    assert Gesture.listed([[1, 2]] * 2, [[3, 4, 9, 8]]) == (click, click, box)
    assert Gesture.listed() == ()
    for wrong in ({"at": [[1, 2]] * 16, "box": [0, 0, 9, 9]}, {"at": [0.5] * 5000}, {"box": [[1, 2]]}, {"at": "1,2"},
                  {"at": [[1, 2], 3]}, {"at": {"x": 1}}, {"at": None}):  # fmt: skip
        with pytest.raises(OptionError, match="expected"):
            Gesture.listed(**wrong)


def test_loose_values_become_a_gesture() -> None:
    assert Gesture.of(box=[4, 5, 4, 9]) == Gesture(Box(4, 5, 5, 9))
    assert Gesture.of(points=[[1, 2], [3, 4]], width=7) == Gesture(points=((1, 2), (3, 4)), width=7)
