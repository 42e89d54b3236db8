"""Parts go with what they belong to: by word, in turn, and not where a kind is off or numbers are named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inpaint_app.errors import OptionError
from inpaint_app.removal import parts
from inpaint_app.removal import request as requests
from inpaint_app.removal.request import Request
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Instance
from tests.toys import instance

PLACE = Box(0, 0, 2, 2)
FOUND = (
    instance(1, "person", 0.9, PLACE),
    replace(instance(2, "bicycle", 0.6, PLACE), of=1),
    replace(instance(3, "shadow", 0.5, PLACE), of=2),
    instance(4, "bicycle", 0.5, PLACE),
)


def nothing(image: object, found: tuple[Instance, ...], settings: object) -> tuple[Instance, ...]:
    return found


@pytest.fixture(autouse=True)
def both_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("belongings", "shadows"):
        monkeypatch.setitem(parts.KINDS, name, parts.Kind(nothing, ""))


def gone(wanted: Request) -> list[int]:
    return [
        one.number
        for one in requests.chosen(FOUND, wanted, ("person", "bicycle"), np.zeros((4, 4, 3), np.uint8))
    ]


def test_parts_go_with_what_a_word_names_and_parts_of_parts_too() -> None:
    assert gone(Request(objects=("people",))) == [1, 2, 3]


@pytest.mark.parametrize(("off", "left"), [("belongings", [1]), ("shadows", [1, 2])])
def test_a_kind_that_is_off_stays(off: str, left: list[int]) -> None:
    assert gone(replace(Request(objects=("people",)), **{off: "off"})) == left


def test_numbers_decide_alone() -> None:
    assert gone(Request(numbers=frozenset({1, 4}))) == [1, 4]


def test_another_word_than_auto_and_off_is_refused() -> None:
    with pytest.raises(OptionError, match="belongings is 'yes', expected auto or off"):
        gone(Request(objects=("people",), belongings="yes"))


def test_only_the_named_kinds_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    for name in ("belongings", "shadows"):
        kind = parts.Kind(lambda image, found, settings, name=name: seen.append(name) or found, "")  # type: ignore[misc]
        monkeypatch.setitem(parts.KINDS, name, kind)
    parts.with_found_parts(np.zeros((2, 2, 3), np.uint8), FOUND, {"shadows"}, 0.35, Settings())
    assert seen == ["shadows"]


def test_bystanders_are_all_people_but_the_subjects_and_what_is_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(requests, "subjects", lambda image, found: frozenset({1}))
    found = (*FOUND, instance(5, "person", 0.8, PLACE), replace(instance(6, "handbag", 0.4, PLACE), of=5))
    image, known = np.zeros((4, 4, 3), np.uint8), ("person", "bicycle", "handbag")

    def numbers(*words: str) -> list[int]:
        return [one.number for one in requests.chosen(found, Request(objects=words), known, image)]

    assert numbers("bystanders") == [5, 6]
    assert numbers("bystanders", "bicycle") == [4, 5, 6] or numbers("bystanders", "bicycle") == [
        2,
        3,
        4,
        5,
        6,
    ]
    assert numbers("bystanders", "people") == [1, 2, 3, 5, 6]


def test_the_hole_keeps_out_of_whom_a_wall_is_around_and_of_what_is_his() -> None:
    subject = instance(1, "person", 0.9, Box(4, 0, 8, 8))
    bag = replace(instance(2, "handbag", 0.5, Box(8, 0, 10, 4)), of=1)
    bystander, bus = instance(3, "person", 0.8, Box(6, 0, 14, 8)), instance(4, "bus", 0.9, Box(0, 0, 16, 10))
    image, found = np.zeros((12, 20, 3), np.uint8), (subject, bag, bystander, bus)
    wanted = Request(objects=("bystanders",))
    hole = requests.hole(image, wanted, found, (bystander,))
    assert not hole[subject.box.slices].any()
    assert not hole[bag.box.slices].any()
    assert hole[5, 9]
    avoid = requests.forbidden(hole, found, (bystander,), wanted)
    assert avoid is not None
    assert avoid[subject.box.slices].all()
    assert avoid[bag.box.slices].all()
    assert requests.hole(image, Request(objects=("people",)), found, (bystander,))[0, 7]


def test_in_a_crowd_the_parts_of_one_are_looked_for_among_the_nearest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crowd = tuple(instance(k, "person", 0.9, Box(10 * k, 0, 10 * k + 6, 20)) for k in range(1, 31))
    weak = instance(31, "handbag", 0.1, Box(156, 8, 159, 12))
    seen: list[int] = []

    def owned(image: object, found: tuple[Instance, ...], settings: object) -> tuple[Instance, ...]:
        seen.extend(one.number for one in found)
        return tuple(replace(one, of=15) if one.label == "handbag" else one for one in found)

    monkeypatch.setitem(parts.KINDS, "belongings", parts.Kind(owned, ""))
    image, picked = np.zeros((20, 320, 3), np.uint8), replace(crowd[14], number=0)
    found = parts.with_parts_of(picked, image, (*crowd, weak), ("belongings",), 0.35, Settings())
    assert sorted(seen) == [12, 13, 14, 15, 16, 17, 18, 31]
    assert sorted(one.number for one in found) == sorted({one.number for one in found})
    assert len(found) == 31
    assert [one.label for one in found if one.of is not None] == ["handbag"]
    nowhere = parts.with_parts_of(
        instance(0, "selection", 1.0, Box(0, 0, 3, 3)),
        image,
        (*crowd, weak),
        ("belongings",),
        0.35,
        Settings(),
    )
    assert nowhere == crowd
    assert len(seen) == 8, "what is no find has no parts"


def test_what_belongs_to_nobody_sure_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    found = tuple(
        replace(instance(n, "person", sure, PLACE), of=of)
        for n, sure, of in ((1, 0.9, None), (2, 0.2, 1), (3, 0.2, 2), (4, 0.2, None), (5, 0.2, 4))
    )
    monkeypatch.setitem(parts.KINDS, "belongings", parts.Kind(lambda image, seen, settings: seen, ""))
    kept = parts.with_found_parts(np.zeros((4, 4, 3), np.uint8), found, {"belongings"}, 0.35, Settings())
    assert [(one.number, one.of) for one in kept] == [(1, None), (2, 1), (3, 2)]
