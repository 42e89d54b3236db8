"""A removal with further shots: true pixels first, a backend for the rest, known pixels as they were."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import inpaint_app
from inpaint_app.errors import NothingFound, OptionError
from inpaint_app.imaging.mask import bounds
from inpaint_app.imaging.packed_mask import unpacked
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.session import Request, Session
from inpaint_app.removal.shots import _places, behind
from inpaint_app.settings import Settings
from inpaint_app.shots import stack
from inpaint_app.shots.stack import Shot
from inpaint_app.types import Image, Instance, Mask, Progress
from tests.shots.scenes import hand_held, hole, place, shots, with_thing


def magenta(image: Image) -> Instance:
    """Who is plain magenta."""
    who = (image == (255, 0, 255)).all(axis=2)
    box = bounds(who)
    assert box is not None
    return Instance(1, "person", 0.9, box, who[box.slices])


@pytest.fixture(scope="module")
def session() -> Session:
    return Session(Settings())


def test_shots_come_before_the_fill(session: Session) -> None:
    photo = with_thing(place())
    request = Request(mask=hole(), backend="telea", shots=tuple(shots(place(), hand_held(place(), 2, 0.95))))
    result = session.run(photo, request)
    assert result.changed_known == 0
    assert np.array_equal(result.image[~result.mask], photo[~result.mask])
    assert np.abs(result.image.astype(int) - place()).max() < 30
    assert result.behind is not None
    assert result.behind.told.startswith(("100 %", "99 %"))


def test_what_no_shot_shows_is_filled_by_the_backend(session: Session) -> None:
    hidden = np.zeros(hole().shape, bool)
    hidden[:, 105:] = True
    photo = with_thing(place())
    result = session.run(
        photo, Request(mask=hole(), backend="telea", shots=(Shot(place(), "2.jpg", hidden),))
    )
    assert result.behind is not None
    assert 0.2 < result.behind.share < 0.8
    rest = result.mask & ~result.behind.seen
    assert np.abs(result.image[rest].astype(int) - photo[rest]).mean() > 5
    assert (result.image[~result.mask] == photo[~result.mask]).all()


@pytest.mark.parametrize(("count", "looked"), [(2, 2), (4, 0)])
def test_behind_a_brushed_hole_few_shots_are_looked_through_for_people(count: int, looked: int) -> None:
    """So few may show somebody each, and agree on nothing else."""
    seen = []

    def find(image: Any, progress: Progress, within: Mask) -> tuple[()]:
        seen.append(image.shape)
        return ()

    request = Request(mask=hole(), shots=tuple(shots(*[place()] * count)))
    behind(Removal(with_thing(place()), hole()), request, find, Progress())
    assert len(seen) == looked


def test_a_shot_is_looked_at_roughly(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    rough = []

    def detect(*given: Any, **named: Any) -> tuple[()]:
        rough.append(named["rough"])
        return ()

    monkeypatch.setattr(session, "detect", detect)
    request = Request(mask=hole(), backend="telea", shots=tuple(shots(place(), place())))
    session.run(with_thing(place()), request)
    assert rough == [True, True]


def test_people_are_looked_for_around_the_hole_where_it_lies_in_the_shot() -> None:
    large = place(0, (720, 960))
    somebody, shot = with_thing(large, 480, 300), np.roll(large, 20, axis=1)
    shot[290:340, 560:590] = (255, 0, 255)
    mask = np.zeros(large.shape[:2], bool)
    mask[300:350, 480:515] = True

    def find(image: Any, progress: Progress, within: Mask) -> tuple[Instance, ...]:
        assert max(image.shape) < 300
        return (magenta(image),)

    request = Request(mask=mask, shots=(Shot(shot, "2.jpg"),))
    hidden = behind(Removal(somebody, mask), request, find, Progress()).found.hidden[0]
    assert hidden is not None
    left_out = unpacked(hidden, shot.shape[:2], "shots")
    assert left_out[290:340, 560:590].all()
    assert not left_out[:, :540].any()
    assert not left_out[:, 610:].any()


def test_small_people_are_sought_only_where_a_shot_shows_another_thing_than_the_photo() -> None:
    large = place(0, (720, 960))
    stays = with_thing(large, 160, 300)
    photo, mask = with_thing(stays, 700, 300), np.zeros(large.shape[:2], bool)
    mask[300:350, 160:195] = mask[300:350, 700:735] = True
    sought = []

    def find(image: Any, progress: Progress, within: Mask) -> tuple[()]:
        assert within.shape == image.shape[:2]
        sought.append(bool(within.any()))
        return ()

    behind(Removal(photo, mask), Request(mask=mask, shots=(Shot(stays),)), find, Progress())
    assert sorted(sought) == [False, True]


def test_in_a_turned_shot_people_are_looked_for_upright() -> None:
    large = place(0, (720, 960))
    photo, shot = with_thing(large, 480, 300), large.copy()
    shot[290:340, 540:560] = (255, 0, 255)
    mask = np.zeros(large.shape[:2], bool)
    mask[300:350, 480:515] = True

    def find(image: Any, progress: Progress, within: Mask) -> tuple[Instance, ...]:
        one = magenta(image)
        assert one.box.height > one.box.width
        return (one,)

    for turns in (1, 3):
        turned = Shot(np.ascontiguousarray(np.rot90(shot, turns)), "2.jpg")
        request = Request(mask=mask, shots=(turned,))
        hidden = behind(Removal(photo, mask), request, find, Progress()).found.hidden[0]
        assert hidden is not None
        left_out = np.rot90(unpacked(hidden, turned.image.shape[:2], "shots"), -turns)
        assert left_out[290:340, 540:560].all()
        assert not left_out[:, :520].any()


def test_a_shot_of_another_place_is_not_looked_through() -> None:
    def find(image: Any, progress: Progress, within: Mask) -> tuple[Instance, ...]:
        raise AssertionError

    request = Request(mask=hole(), shots=(Shot(place(9), "9.jpg"),))
    seen = behind(Removal(with_thing(place()), hole()), request, find, Progress())
    assert not seen.found.seen.any()


@pytest.mark.parametrize("count", [1, 4])
def test_in_a_crowd_shots_are_looked_at_from_near(count: int) -> None:
    """People of a crowd are small in the look that they share: it is given at its own size, so that tiles see them."""
    photo, sizes = place(0, (240, 1800)), list[int]()
    crowd, one = np.zeros(photo.shape[:2], bool), np.zeros(photo.shape[:2], bool)
    one[100:140, 600:1200] = crowd[100:140, 600:1200] = True
    crowd[:, 620:1180:40] = False

    def find(image: Any, progress: Progress, within: Mask) -> tuple[()]:
        sizes.append(image.shape[1])
        return ()

    for mask in (crowd, one):
        request = Request(mask=mask, shots=tuple(shots(*[photo] * count)))
        behind(Removal(photo, mask, grow=0), request, find, Progress())
    assert len(sizes) == (2 if count == 1 else 4), "of a single hole four shots tell without"
    assert sizes[0] > 1280 >= min(sizes[1:] if count == 1 else [1280])


def test_many_holes_are_few_looks() -> None:
    mask = np.zeros((2000, 2000), bool)
    mask[100:1900:200, 100:1900:200] = True
    places = _places(mask, 2)
    assert len(places) <= 2
    assert any(one.left <= 100 and one.right >= 1700 for one in places)


def test_without_usable_shots_it_is_the_plain_fill(session: Session) -> None:
    photo = with_thing(place())
    plain = session.run(photo, Request(mask=hole(), backend="telea"))
    result = session.run(photo, Request(mask=hole(), backend="telea", shots=tuple(shots(place(9)))))
    assert np.array_equal(result.image, plain.image)
    assert (result.grow, result.feather) == (plain.grow, plain.feather)
    assert any("another place" in notice for notice in result.notices)


def test_everything_that_moves_needs_no_mask(session: Session) -> None:
    others = tuple(shots(place(), hand_held(place(), 2)))
    result = session.run(with_thing(place()), Request(backend="telea", shots=others, everything=True))
    assert np.abs(result.image.astype(int) - place()).mean() < 2
    with pytest.raises(NothingFound, match="Nothing moves"):
        session.run(place(), Request(backend="telea", shots=others, everything=True))
    with pytest.raises(OptionError, match="0 further shots"):
        session.run(place(), Request(backend="telea", everything=True))


def test_the_api_takes_shots() -> None:
    result = inpaint_app.remove(with_thing(place()), hole(), backend="telea", shots=[place()])
    assert result.behind is not None
    assert result.behind.share > 0.95


def test_shots_are_aligned_for_one_at_a_time(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, most = [], []
    theirs = stack.behind

    def behind(*given: Any, **named: Any) -> Any:
        at_work.append(1)
        most.append(len(at_work))
        time.sleep(0.05)
        try:
            return theirs(*given, **named)
        finally:
            at_work.pop()

    monkeypatch.setattr(stack, "behind", behind)
    request = Request(mask=hole(), shots=(Shot(place(), "a"),), backend="telea")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: session.run(with_thing(place()), request), range(4)))
    assert len(most) == 4
    assert max(most) == 1
    assert all(one.behind is not None for one in done)
