"""Means with bootstrap intervals, and paired differences between backends. Photos are what is drawn again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
LEVEL = 0.95
MOST_DB = 100.0
"""A perfect fill has an infinite PSNR: it counts as this in a mean."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over `count` photos with its 95 % interval (percentile bootstrap); low = high = mean for one photo."""

    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Backend `first` less backend `second` on the same photos and holes. clear: the interval leaves 0 out.

    won: share of the photos on which `first` is the better one (half of a tie).
    """

    first: str
    second: str
    estimate: Estimate
    clear: bool
    won: float


def finite(value: float) -> float:
    """The value, an infinite one as MOST_DB."""
    return min(value, MOST_DB) if value == value else value


def estimate(values: Sequence[float], seed: int = 0) -> Estimate | None:
    """The mean of one value per photo with its interval; None of no values. The same seed, the same interval."""
    numbers = np.array([finite(value) for value in values], dtype=np.float64)
    if not numbers.size:
        return None
    low, high = np.quantile(_resampled(numbers, seed), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(numbers.mean()), float(low), float(high), int(numbers.size))


def _resampled(numbers: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """The means of RESAMPLES draws with replacement, drawn in pieces that stay small."""
    rng = np.random.default_rng([seed, 11, numbers.size])
    piece = max(1, 2_000_000 // numbers.size)
    means = []
    for start in range(0, RESAMPLES, piece):
        draws = rng.integers(numbers.size, size=(min(piece, RESAMPLES - start), numbers.size))
        means.append(numbers[draws].mean(axis=1))
    return np.concatenate(means)


def difference(
    first: str,
    second: str,
    values: Mapping[str, Mapping[str, float]],
    *,
    higher_is_better: bool = True,
    seed: int = 0,
) -> Difference | None:
    """Compare two backends photo by photo.

    values: {backend: {photo: value}}; only photos that both have count. None where they share none.
    """
    shared = sorted(values[first].keys() & values[second].keys())
    pairs = [(finite(values[first][photo]), finite(values[second][photo])) for photo in shared]
    found = estimate([one - other for one, other in pairs], seed)
    if found is None:
        return None
    won = float(np.mean([0.5 if a == b else float((a > b) == higher_is_better) for a, b in pairs]))
    return Difference(first, second, found, found.low > 0 or found.high < 0, won)
