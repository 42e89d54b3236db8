"""What words for kinds of things stand for."""

from __future__ import annotations

import pytest

from inpaint_app.errors import OptionError
from inpaint_app.segmenters.base import labels_of

KNOWN = ("person", "car", "cat", "dog", "bus", "knife", "traffic cone", "trash can", "traffic light")


@pytest.mark.parametrize(
    ("word", "labels"),
    [
        ("people", ("person",)),
        ("dogs", ("dog",)),
        ("buses", ("bus",)),
        ("Knives", ("knife",)),
        ("traffic  cones", ("traffic cone",)),
        ("trafic cone", ("traffic cone",)),
        ("trash cans", ("trash can",)),
        ("cars", ("car", "bus")),
    ],
)
def test_plurals_and_slips_of_the_pen_are_understood(word: str, labels: tuple[str, ...]) -> None:
    assert labels_of([word], KNOWN) == labels


@pytest.mark.parametrize(
    ("word", "near"),
    [("cap", "'cat'"), ("traffic sign", "'traffic light'"), ("doog", "'dog'"), ("bystandrs", "'bystanders'")],
)
def test_an_unknown_word_is_answered_with_the_nearest(word: str, near: str) -> None:
    with pytest.raises(OptionError, match="nothing that can be found") as told:
        labels_of([word], KNOWN)
    assert near in str(told.value)
    assert "Known: people" in str(told.value)


def test_of_thousands_of_words_only_the_nearest_are_told() -> None:
    with pytest.raises(OptionError) as told:
        labels_of(["unicorn"], [f"thing {number}" for number in range(4500)])
    assert len(str(told.value)) < 300
