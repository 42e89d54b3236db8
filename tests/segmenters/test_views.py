"""Tiles cover the photo, and what two views find becomes one list."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from inpaint_app.segmenters import registry
from inpaint_app.segmenters.tiling import (
    LARGE,
    OVERLAP,
    SHARE,
    SMALLEST,
    agreed,
    closer,
    merged,
    ranked,
    whole_in,
)
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Instance


def instance(box: Box, confidence: float = 0.5, label: str = "person") -> Instance:
    return Instance(0, label, confidence, box, np.ones((box.height, box.width), dtype=bool))


def test_a_small_photo_is_seen_as_a_whole() -> None:
    assert closer(LARGE, 100) == []


@pytest.mark.parametrize(
    ("height", "width"),
    [
        (1281, 300),
        (1290, 1290),
        (2000, 3000),
        (3000, 4000),
        (900, 8000),
        (6000, 8000),
        (20000, 2160),
        (8700, 11500),
    ],
)
def test_tiles_cover_everything_and_overlap(height: int, width: int) -> None:
    for one in closer(height, width):
        seen = np.zeros((height // 10, width // 10), dtype=bool)
        for tile in one.tiles:
            assert 0 <= tile.left < tile.right <= width
            assert 0 <= tile.top < tile.bottom <= height
            seen[tile.top // 10 : -(-tile.bottom // 10), tile.left // 10 : -(-tile.right // 10)] = True
        assert seen.all()
        for near, far in (("left", "right"), ("top", "bottom")):
            edges = sorted({(getattr(tile, near), getattr(tile, far)) for tile in one.tiles})
            side = max(one.tiles[0].width, one.tiles[0].height)
            assert all(far - near >= OVERLAP * side - 2 for (_, far), (near, _) in itertools.pairwise(edges))


def test_the_smallest_person_is_large_enough_in_a_tile_whatever_the_size() -> None:
    for height, width in ((6000, 8000), (8700, 11500), (8000, 6000)):
        last = closer(height, width)[-1].tiles[0]
        assert SMALLEST * min(height, width) >= SHARE * max(last.width, last.height) - 1


def test_the_number_of_looks_follows_the_shape_and_not_the_pixels() -> None:
    def looks(height: int, width: int) -> int:
        return sum(len(one.tiles) for one in closer(height, width))

    assert looks(3000, 4000) <= 12
    assert looks(6000, 8000) <= 35
    assert looks(60_000, 80_000) == looks(30_000, 40_000) <= 35
    assert looks(2160, 20_000) <= 70


def test_a_panorama_is_also_looked_at_in_squares() -> None:
    squares, near = closer(2160, 20_000)
    assert {(tile.width, tile.height) for tile in squares.tiles} == {(2160, 2160)}
    assert squares.longest == 1.0
    assert near.tiles[0].width < 2160
    assert len(closer(3000, 4000)) == 1


def test_finds_that_a_tile_cuts_off_do_not_count() -> None:
    tile = Box(500, 0, 1500, 1000)
    assert whole_in((600, 100, 700, 300), tile, (2000, 3000))
    assert not whole_in((501, 100, 700, 300), tile, (2000, 3000))
    assert not whole_in((1400, 900, 1499, 999), tile, (2000, 3000))
    assert whole_in((600, 0, 700, 300), tile, (2000, 3000)), "the photo's own border cuts nothing off"
    assert not whole_in((600, 100, 1200, 900), tile, (2000, 3000)), "large ones belong to the whole view"


def test_a_twin_keeps_the_near_outline_and_the_better_confidence() -> None:
    (kept,) = merged([instance(Box(0, 0, 10, 10), 0.9)], [instance(Box(0, 0, 10, 11), 0.4)])
    assert kept.box == Box(0, 0, 10, 11)
    assert kept.confidence == 0.9
    assert kept.number == 1


def test_two_looks_count_by_their_mean_and_a_find_of_one_half() -> None:
    twin, alone = instance(Box(0, 0, 10, 11), 0.4), instance(Box(50, 0, 60, 10), 0.6)
    car = instance(Box(0, 0, 10, 10), 0.5, "car")
    found = agreed([instance(Box(0, 0, 10, 10), 0.9), car], [alone, twin])
    told = [(find.label, find.box, pytest.approx(find.confidence)) for find in found]
    assert told == [
        ("person", Box(0, 0, 10, 10), 0.65),
        ("car", Box(0, 0, 10, 10), 0.25),
        ("person", Box(50, 0, 60, 10), 0.3),
    ]


def test_a_part_goes_and_a_neighbour_stays() -> None:
    whole = [instance(Box(0, 0, 40, 100), 0.6)]
    part, neighbour = instance(Box(5, 0, 25, 20), 0.9), instance(Box(30, 0, 70, 100), 0.8)
    assert [kept.box for kept in merged(whole, [part, neighbour])] == [neighbour.box, whole[0].box]


def test_classes_do_not_swallow_one_another() -> None:
    finds = merged([instance(Box(0, 0, 100, 100), 0.9, "bus")], [instance(Box(10, 10, 20, 40), 0.5)])
    assert [find.label for find in finds] == ["bus", "person"]


def test_of_two_equal_finds_one_is_kept() -> None:
    box = Box(0, 0, 30, 30)
    assert len(merged([instance(box, 0.5), instance(box, 0.6)], [])) == 1
    assert len(merged([], [instance(box, 0.5), instance(box, 0.5)])) == 1


def test_most_confident_first_numbered_from_one() -> None:
    finds = merged([instance(Box(0, 0, 5, 5), 0.4), instance(Box(9, 9, 15, 15), 0.7)], [])
    assert [(find.number, find.confidence) for find in finds] == [(1, 0.7), (2, 0.4)]


def test_weak_finds_follow_the_sure_ones_and_change_nothing_about_them() -> None:
    sure, small = instance(Box(0, 0, 40, 100), 0.9, "person"), instance(Box(50, 10, 60, 40), 0.5, "person")
    crowd, ski = instance(Box(45, 5, 70, 60), 0.1, "person"), instance(Box(0, 95, 60, 105), 0.2, "skis")
    again = instance(Box(1, 0, 40, 100), 0.2, "person")
    alone = ranked([[sure], [small]], 0.35)
    found = ranked([[sure, crowd], [small, ski, again]], 0.35)
    assert [(one.number, one.label, one.box) for one in found[:2]] == [
        (one.number, one.label, one.box) for one in alone
    ]
    assert [(one.number, one.label, one.confidence) for one in found[2:]] == [
        (3, "skis", 0.2),
        (4, "person", 0.1),
    ]


def test_the_next_larger_finder_is_named_where_many_people_are_small() -> None:
    crowd = [instance(Box(n, 0, n + 9, 60), 0.5, "person") for n in range(6)]
    larger = registry.larger("yolov8n-seg", crowd, (640, 480), Settings())
    assert larger is not None
    assert larger.name == "yolov8s-seg"
    assert registry.larger("yolov8n-seg", crowd[1:], (640, 480), Settings()) is None
    assert registry.larger("yolov8x-seg", crowd, (640, 480), Settings()) is None
    assert registry.larger("yolov8n-seg", crowd, (160, 120), Settings()) is None, "there they are large"
