"""Rows → tables: a mean with its interval per hole, protocol, backend and score; paired differences; the examples."""

from __future__ import annotations

import statistics as middle
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from inpaint_app.lab.evaluation.measure import MOSAIC, Row
from inpaint_app.lab.evaluation.protocol import as_fractions
from inpaint_app.lab.evaluation.statistics import Difference, Estimate, difference, estimate, finite
from inpaint_app.metrics.full_reference import HIGHER_IS_BETTER

ALL = "all holes"
RANKED_BY = "haarpsi"
"""The score that rankings and examples go by: of those that need no download it agreed best with the eye."""

Cells: TypeAlias = Mapping[str, Estimate]
"""{score: its mean with the interval}, of one backend."""

SECONDS = "seconds"
MEMORY = "peak MB"


@dataclass(frozen=True, slots=True)
class Table:
    """One hole in one protocol: {backend: {score: estimate}}. failed: photos without a fill, by backend."""

    hole: str
    protocol: str
    cells: Mapping[str, Cells]
    failed: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Example:
    """A photo that stands for the best, the middle or the worst of a hole; value: mean HaarPSI over the backends."""

    rank: str
    hole: str
    photo: str
    value: float


def holes_of(rows: Iterable[Row]) -> list[str]:
    """The holes, in the order in which they came."""
    return list(dict.fromkeys(row.hole for row in rows))


def backends_of(rows: Iterable[Row]) -> list[str]:
    """The backends, in the order in which they came."""
    return list(dict.fromkeys(row.backend for row in rows))


def values(rows: Iterable[Row], hole: str, protocol: str) -> dict[str, dict[str, dict[str, float]]]:
    """{score: {backend: {photo: value}}}; for ALL, a photo's mean over its holes."""
    gathered: dict[str, dict[str, dict[str, list[float]]]] = {}
    for row in rows:
        if row.error or hole not in (ALL, row.hole) or (hole == ALL and row.backend == MOSAIC):
            continue
        found = as_fractions(row.scores, protocol)
        if row.seconds is not None:
            found[SECONDS] = row.seconds
        if row.peak_mb is not None:
            found[MEMORY] = row.peak_mb
        if protocol == "hole":
            found |= {
                name: value
                for name, value in (("seam", row.seam_contrast), ("texture", row.texture_energy))
                if value is not None
            }
        for name, value in found.items():
            gathered.setdefault(name, {}).setdefault(row.backend, {}).setdefault(row.photo, []).append(value)
    return {
        name: {
            backend: {
                photo: float(np.mean([finite(v) for v in several])) for photo, several in photos.items()
            }
            for backend, photos in backends.items()
        }
        for name, backends in gathered.items()
    }


def table(rows: Sequence[Row], hole: str, protocol: str, seed: int = 0) -> Table:
    """Means with intervals over the photos."""
    found = values(rows, hole, protocol)
    cells: dict[str, dict[str, Estimate]] = {}
    for name, backends in found.items():
        for backend, photos in backends.items():
            mean = estimate([photos[photo] for photo in sorted(photos)], seed)
            if mean is not None:
                cells.setdefault(backend, {})[name] = mean
    failed: dict[str, int] = {}
    for row in rows:
        if row.error and hole in (ALL, row.hole):
            failed[row.backend] = failed.get(row.backend, 0) + 1
    return Table(
        hole, protocol, {backend: cells[backend] for backend in backends_of(rows) if backend in cells}, failed
    )


def differences(rows: Sequence[Row], hole: str, score: str = RANKED_BY, seed: int = 0) -> list[Difference]:
    """The best backend by the score's mean against each other one, photo by photo, in the hole protocol."""
    found = values(rows, hole, "hole").get(score, {})
    found.pop(MOSAIC, None)
    if len(found) < 2:
        return []
    higher = HIGHER_IS_BETTER.get(score, True)
    ranked = sorted(found, key=lambda backend: middle.fmean(found[backend].values()), reverse=higher)
    pairs = (difference(ranked[0], other, found, higher_is_better=higher, seed=seed) for other in ranked[1:])
    return [pair for pair in pairs if pair is not None]


def examples(rows: Sequence[Row], hole: str) -> list[Example]:
    """The photos on which the backends did best, middling and worst, by the mean of their HaarPSI in the hole."""
    found = values(rows, hole, "hole").get(RANKED_BY, {})
    photos: dict[str, list[float]] = {}
    for backend in found:
        for photo, value in found[backend].items():
            photos.setdefault(photo, []).append(value)
    ranked = sorted(photos, key=lambda photo: (middle.fmean(photos[photo]), photo), reverse=True)
    if not ranked:
        return []
    chosen = {"best": ranked[0], "median": ranked[len(ranked) // 2], "worst": ranked[-1]}
    kept: dict[str, str] = {}
    for rank, photo in chosen.items():
        if photo not in kept.values():
            kept[rank] = photo
    return [Example(rank, hole, photo, middle.fmean(photos[photo])) for rank, photo in kept.items()]
