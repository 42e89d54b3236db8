"""Intervals and paired differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import bootstrap

from inpaint_app.lab.evaluation.statistics import MOST_DB, difference, estimate


def test_the_interval_is_scipy_s() -> None:
    values = np.random.default_rng(0).gamma(2.0, 3.0, 60)
    ours = estimate(list(values))
    theirs = bootstrap((values,), np.mean, method="percentile", n_resamples=9999, rng=1).confidence_interval
    assert ours.mean == pytest.approx(values.mean())
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=0.03)
    assert ours == estimate(list(values))


def test_the_interval_covers_the_true_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    hits = 0
    for seed in range(150):
        found = estimate(list(rng.normal(5, 2, 40)), seed)
        hits += found.low <= 5 <= found.high
    assert 0.88 <= hits / 150 <= 0.99


def test_few_values() -> None:
    assert estimate([]) is None
    one = estimate([3.0])
    assert (one.mean, one.low, one.high, one.count) == (3.0, 3.0, 3.0, 1)
    assert estimate([math.inf, 20.0]).mean == (MOST_DB + 20) / 2


def test_pairs_see_what_means_do_not() -> None:
    """A small steady gain among photos that differ much: the intervals of the means overlap, the pairs' do not."""
    rng = np.random.default_rng(1)
    base = rng.normal(0.6, 0.2, 50)
    values = {
        "new": {str(n): float(v + 0.02 + rng.normal(0, 0.01)) for n, v in enumerate(base)},
        "old": {str(n): float(v) for n, v in enumerate(base)},
    }
    new, old = (estimate(list(values[name].values())) for name in ("new", "old"))
    assert new.low < old.high
    found = difference("new", "old", values)
    assert found.clear
    assert found.estimate.mean == pytest.approx(0.02, abs=0.005)
    assert found.won > 0.9
    assert difference("old", "new", values).won < 0.1
    assert difference("new", "old", values, higher_is_better=False).won < 0.1


def test_only_shared_photos_count_and_ties_are_halves() -> None:
    values = {"a": {"x": 1.0, "y": 2.0, "z": 9.0}, "b": {"x": 1.0, "y": 1.0}, "c": {}}
    found = difference("a", "b", values)
    assert found.estimate.count == 2
    assert found.won == 0.75
    assert difference("a", "c", values) is None
