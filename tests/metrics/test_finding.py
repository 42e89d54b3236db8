"""Average precision by hand."""

from __future__ import annotations

import numpy as np
import pytest

from inpaint_app.metrics.finding import Tally


def mask(start: int, stop: int) -> np.ndarray:
    made = np.zeros((1, 12), dtype=bool)
    made[0, start:stop] = True
    return made


def test_average_precision_by_hand() -> None:
    tally = Tally()
    # right at 0.9, false at 0.8 (a second find of the same), right at 0.7; one of three labelled is never found
    tally.add(
        [(0.9, mask(0, 4)), (0.8, mask(0, 3)), (0.7, mask(6, 9))], [mask(0, 4), mask(6, 9), mask(10, 12)]
    )
    assert tally.average_precision() == pytest.approx(1 / 3 * 1 + 1 / 3 * 2 / 3)
    assert tally.at(0.75) == pytest.approx((1 / 3, 1 / 2))
    assert tally.at(0.95) == (0.0, 0.0)


def test_finds_are_ranked_over_all_photos() -> None:
    tally = Tally()
    tally.add([(0.5, mask(0, 4))], [mask(0, 4)])
    tally.add([(0.9, mask(0, 4))], [])
    assert tally.average_precision() == pytest.approx(0.5), "the surer one, in the other photo, is false"


def test_half_an_object_is_right_and_less_is_not() -> None:
    for stop, right in ((2, True), (1, False)):
        tally = Tally()
        tally.add([(0.5, mask(0, stop))], [mask(0, 4)])
        assert tally.average_precision() == float(right)


def test_without_labels_it_is_nothing() -> None:
    tally = Tally()
    tally.add([(0.5, mask(0, 4))], [])
    assert tally.average_precision() == 0.0
