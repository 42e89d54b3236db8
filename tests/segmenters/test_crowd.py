"""Around small people a photo is looked at from nearer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inpaint_app.segmenters import crowd
from inpaint_app.segmenters.crowd import next_view, seen_nearer
from inpaint_app.types import Box, Image, Instance

SHAPE = (640, 640)
"""At that size one look sees a photo as it is."""


def somebody(
    left: int, top: int, height: int, label: str = "person", sure: float = 0.8, number: int = 1
) -> Instance:
    box = Box(left, top, left + max(1, height // 3), top + height)
    return Instance(number, label, sure, box, np.ones((box.height, box.width), bool))


def photo(*people: Instance) -> Image:
    """A dark photo in which everybody is a grey of his own."""
    image = np.zeros((*SHAPE, 3), np.uint8)
    for shade, one in enumerate(people, start=1):
        image[one.box.slices] = 20 * shade
    return image


def large_enough(picture: Image) -> tuple[Instance, ...]:
    """Everybody of 150 pixels or more once the picture is enlarged to 640: a finder to which the small are nothing."""
    found = []
    for number, shade in enumerate(np.unique(picture[picture > 0]), start=1):
        rows, columns = np.nonzero(picture[..., 0] == shade)
        box = Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
        if box.height * 640 / max(picture.shape) >= 150:
            found.append(Instance(number, "person", 0.7, box, picture[box.slices][..., 0] == shade))
    return tuple(found)


def test_neighbours_too_small_to_be_seen_are_found() -> None:
    there = somebody(100, 300, 60), somebody(150, 310, 52), somebody(60, 290, 50)
    found = seen_nearer(photo(*there), there[:1], 0.35, large_enough)
    assert {one.box for one in found} == {one.box for one in there}
    assert sorted(one.number for one in found) == [1, 2, 3]


def test_whom_a_new_find_stands_beside_is_looked_at_in_turn() -> None:
    row = [somebody(20 + 36 * at, 300, 60) for at in range(7)]
    found = seen_nearer(photo(*row), row[:1], 0.35, large_enough)
    assert {one.box for one in found} == {one.box for one in row}


def test_outline_seen_from_near_is_taken() -> None:
    one = somebody(100, 300, 60)
    coarse = replace(one, mask=np.pad(one.mask[:, 2:], ((0, 0), (2, 0))))
    (found,) = seen_nearer(photo(one), (coarse,), 0.35, large_enough)
    assert found.mask.all()
    assert found.confidence == 0.8


def test_large_people_and_other_things_cost_no_look() -> None:
    def no_look(picture: Image) -> tuple[Instance, ...]:
        raise AssertionError(f"looked at {picture.shape}")

    found = (somebody(10, 10, 400), somebody(300, 10, 60, "bottle", number=2))
    assert seen_nearer(photo(*found), found, 0.35, no_look) == found
    doubted = (somebody(300, 10, 60, sure=0.2),)
    assert seen_nearer(photo(*doubted), doubted, 0.35, no_look) == doubted


def test_a_crowd_is_shown_in_few_views_and_none_twice() -> None:
    near = [somebody(250 + 22 * at, 300, 60) for at in range(4)]
    view = next_view(near, [], SHAPE)
    assert view is not None
    assert next_view(near, [view], SHAPE) is None
    assert view.width == round(60 * crowd.SIDE / crowd.WANTED)
    apart = [somebody(x, y, 24) for x in range(20, 600, 90) for y in range(20, 600, 90)]
    views: list[Box] = []
    while (view := next_view(apart, views, SHAPE)) is not None:
        views.append(view)
    assert len(views) == len(set(views)) > crowd.MOST


def test_no_more_looks_than_are_allowed() -> None:
    apart = tuple(somebody(x, 300, 60, number=x) for x in range(20, 600, 190))
    looks = list[Image]()

    def look(picture: Image) -> tuple[Instance, ...]:
        looks.append(picture)
        return ()

    for most, made in ((0, 0), (1, 1), (12, 4)):
        looks.clear()
        seen_nearer(photo(*apart), apart, 0.35, look, most)
        assert len(looks) == made


def test_views_stay_inside_the_photo() -> None:
    for left, top in ((0, 0), (620, 0), (0, 580), (620, 580)):
        view = next_view([somebody(left, top, 60)], [], SHAPE)
        assert view is not None
        assert min(view) >= 0
        assert max(view) <= 640


def test_who_lies_is_shown_whole() -> None:
    box = Box(100, 300, 200, 320)
    lying = Instance(1, "person", 0.8, box, np.ones((20, 100), bool))
    view = next_view([lying], [], SHAPE)
    assert view is not None
    assert view.left <= 100
    assert view.right >= 200
    assert next_view([lying], [view], SHAPE) is None


def test_what_the_views_border_cuts_off_does_not_count() -> None:
    one, cut = somebody(300, 300, 60), somebody(396, 300, 60)
    found = seen_nearer(photo(one, cut), (one,), 0.35, large_enough)
    assert [each.box for each in found] == [one.box]


def test_who_has_hardly_a_pixel_is_not_looked_at_from_nearer() -> None:
    assert next_view([somebody(300, 300, crowd.LEAST - 1)], [], SHAPE) is None
    assert next_view([somebody(300, 300, crowd.LEAST)], [], SHAPE) is not None


def test_a_photo_that_the_first_look_enlarged_is_not_looked_at_again() -> None:
    one = somebody(40, 40, 30)
    assert next_view([one], [], (200, 319)) is None
    assert next_view([one], [], (200, 320)) is not None


def test_nothing_is_looked_at_from_nearer_where_nothing_is_asked_for() -> None:
    one, other = somebody(60, 300, 60), somebody(500, 300, 60)
    within = np.zeros(SHAPE, bool)
    assert next_view([one, other], [], SHAPE, within) is None
    within[300:310, 500:510] = True
    view = next_view([one, other], [], SHAPE, within)
    assert view is not None
    assert view.left > 300, "around the other"
