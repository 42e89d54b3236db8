"""Parts go with what they belong to: by word, in turn, and not where a kind is off or numbers are named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inpaint_app.errors import OptionError
from inpaint_app.removal import parts
from inpaint_app.removal.request import Request, chosen
from inpaint_app.types import Box, Instance
from tests.toys import instance

PLACE = Box(0, 0, 2, 2)
FOUND = (
    instance(1, "person", 0.9, PLACE),
    replace(instance(2, "bicycle", 0.6, PLACE), of=1),
    replace(instance(3, "shadow", 0.5, PLACE), of=2),
    instance(4, "bicycle", 0.5, PLACE),
)


def nothing(image: object, found: tuple[Instance, ...]) -> tuple[Instance, ...]:
    return found


@pytest.fixture(autouse=True)
def both_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("belongings", "shadows"):
        monkeypatch.setitem(parts.KINDS, name, parts.Kind(nothing, ""))


def gone(wanted: Request) -> list[int]:
    return [one.number for one in chosen(FOUND, wanted, ("person", "bicycle"))]


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
        kind = parts.Kind(lambda image, found, name=name: seen.append(name) or found, "")  # type: ignore[misc]
        monkeypatch.setitem(parts.KINDS, name, kind)
    parts.with_found_parts(np.zeros((2, 2, 3), np.uint8), FOUND, {"shadows"}, 0.35)
    assert seen == ["shadows"]
