"""Scores without truth, and how well each agrees with HaarPSI where the truth is known.

Only those that agree are worth showing: see benchmarks/results/auto.md for the figures, `AGREES` for the outcome.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.errors import MissingError
from inpaint_app.imaging.mask import bounds, dilated, padded
from inpaint_app.imaging.window import BLANK
from inpaint_app.lab.evaluation.statistics import Estimate, estimate
from inpaint_app.metrics.full_reference import scores
from inpaint_app.metrics.no_reference import report
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.session import Session
from inpaint_app.types import Image, Mask, Result

AGREES = ("texture", "seam")
"""The scores without truth that order two fills of a hole as HaarPSI does, clearly more often than not. The page shows
these two, as metrics.no_reference has them (benchmarks/results/auto.md has the figures of all)."""

Floats = NDArray[np.float32]
RING = 24
PATCH = 7


def seam(cut: Image, result: Result) -> float | None:
    """Seam contrast (metrics.no_reference): its distance from 1, so that less is better."""
    value = report(cut, result).seam_contrast
    return None if value is None else abs(math.log(max(value, 1e-3)))


def texture(cut: Image, result: Result) -> float | None:
    """Texture energy (metrics.no_reference): its distance from 1."""
    value = report(cut, result).texture_energy
    return None if value is None else abs(math.log(max(value, 1e-3)))


def spread(cut: Image, result: Result) -> float | None:
    """How far the values inside lie from those around: mean 1-D Wasserstein distance of colour and fine contrast.

    In units of the surroundings' own spread.
    """
    image, hole, ring = _around(result)
    if not ring.any():
        return None
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    grey = np.ascontiguousarray(lab[..., 0])
    bands = [
        np.abs(cv2.GaussianBlur(grey, (0, 0), s) - cv2.GaussianBlur(grey, (0, 0), 2 * s))
        for s in (0.7, 1.5, 3.0)
    ]
    levels = np.linspace(0.02, 0.98, 25)
    distances = []
    for values in (lab[..., 0], lab[..., 1], lab[..., 2], *bands):
        inside, around = (np.quantile(values[where], levels) for where in (hole, ring))
        distances.append(np.abs(inside - around).mean() / (values[ring].std() + 0.5))
    return float(np.mean(distances))


def repetition(cut: Image, result: Result) -> float | None:
    """How much nearer the hole's patches are to a known patch than known patches to each other: log ratio, 0 = alike.

    7×7 patches, at most 400 of each kind against 3,000; a copy has a distance near 0 and so a high score.
    """
    image, hole, ring = _around(result)
    whole = np.ones((PATCH, PATCH), np.uint8)
    known = cv2.erode(ring.view(np.uint8), whole, borderValue=0) > 0
    inside = cv2.erode(hole.view(np.uint8), whole, borderValue=0) > 0
    if np.count_nonzero(known) < 50 or np.count_nonzero(inside) < 10:
        return None
    rng = np.random.default_rng(0)
    sources, targets, others = (
        _patches(image, where, rng, n) for where, n in ((known, 3000), (inside, 400), (known, 400))
    )
    near, usual = _nearest(targets, sources), _nearest(others, sources)
    return float(np.log((np.median(usual) + 1.0) / (np.median(near) + 1.0)))


def _patches(
    image: Image, where: Mask, rng: np.random.Generator, most: int
) -> tuple[Floats, NDArray[np.int64]]:
    rows, columns = np.nonzero(where)
    chosen = rng.permutation(rows.size)[:most]
    rows, columns = rows[chosen], columns[chosen]
    half = PATCH // 2
    views = np.lib.stride_tricks.sliding_window_view(image, (PATCH, PATCH), axis=(0, 1))
    patches = views[rows - half, columns - half].reshape(rows.size, -1).astype(np.float32)
    return patches, np.stack([rows, columns], 1)


def _nearest(targets: tuple[Floats, NDArray[np.int64]], sources: tuple[Floats, NDArray[np.int64]]) -> Floats:
    """Root mean squared distance of each target to its nearest source that is not the patch itself or beside it."""
    (one, place), (other, home) = targets, sources
    squared = (one**2).sum(1)[:, None] + (other**2).sum(1)[None] - 2 * one @ other.T
    beside = (np.abs(place[:, None] - home[None]).max(axis=2)) < PATCH
    squared[beside] = np.inf
    return np.asarray(np.sqrt(np.maximum(squared.min(axis=1), 0) / one.shape[1]), dtype=np.float32)


def consistency(session: Session, result: Result, backend: str, times: int = 2) -> float | None:
    """Re-inpainting self-consistency (Chen et al. 2024, arXiv 2405.16263): refill random squares of the fill.

    The squares cover about 40 % of the hole; the score is the mean HaarPSI between the first fill and the second, so
    that more is better. The paper's second masks are random patches too; it averages more of them.
    """
    box = bounds(result.mask)
    if box is None:
        return None
    side = max(4, round(0.18 * max(box.width, box.height)))
    found = []
    for seed in range(times):
        again = _squares(result.mask, side, np.random.default_rng([5, seed]))
        if not again.any():
            return None
        cut = result.image.copy()
        cut[again] = BLANK
        second = session.remove(Removal(cut, again, grow=0, feather=0, options={"seed": seed + 1}), backend)
        found.append(scores(result.image, second.image, again, names=("haarpsi",))["hole"]["haarpsi"])
    return float(np.mean(found))


def _squares(mask: Mask, side: int, rng: np.random.Generator) -> Mask:
    rows, columns = np.nonzero(mask)
    again = np.zeros_like(mask)
    for _ in range(200):
        at = int(rng.integers(rows.size))
        top, left = max(0, int(rows[at]) - side // 2), max(0, int(columns[at]) - side // 2)
        again[top : top + side, left : left + side] = True
        if np.count_nonzero(again & mask) >= 0.4 * rows.size:
            break
    return again & mask


def redetection(session: Session, result: Result) -> float | None:
    """The confidence of the surest object that lies mostly in the hole: 0 where there is none. None without weights."""
    try:
        found = session.detect(result.image)
    except MissingError:
        return None
    surest = 0.0
    for instance in found:
        inside = np.count_nonzero(instance.mask & result.mask[instance.box.slices])
        if inside > 0.5 * np.count_nonzero(instance.mask):
            surest = max(surest, instance.confidence)
    return surest


CANDIDATES: Mapping[str, Callable[[Image, Result], float | None]] = {
    "seam": seam,
    "texture": texture,
    "spread": spread,
    "repetition": repetition,
}
"""Scores of the result alone; less is better in seam, texture and spread, more in repetition."""

MORE_IS_BETTER = {"seam": False, "texture": False, "spread": False, "repetition": True}
MORE_IS_BETTER |= {"consistency": True, "redetection": False}


def every(session: Session, cut: Image, result: Result, *, costly: bool = True) -> dict[str, float]:
    """All candidates of one result; costly: those too that fill or detect again."""
    found = {name: score(cut, result) for name, score in CANDIDATES.items()}
    if costly:
        found["consistency"] = consistency(session, result, result.backend)
        found["redetection"] = redetection(session, result)
    return {name: value for name, value in found.items() if value is not None}


def _around(result: Result) -> tuple[Image, Mask, Mask]:
    """The window of all holes, the hole in it, and the ring around the hole."""
    box = bounds(result.mask)
    if box is None:
        raise AssertionError("a result has a hole")
    area = padded(box, RING, result.mask.shape).slices
    hole = np.ascontiguousarray(result.mask[area])
    return np.ascontiguousarray(result.image[area]), hole, dilated(hole, RING) & ~hole


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well a score without truth agrees with HaarPSI.

    right: of the pairs of fills of the same hole whose HaarPSI differs by at least 0.02, the share that it orders
    rightly (0.5 is chance, a tie counts half). best: mean HaarPSI of the fill it would choose, less the mean of all.
    correlation: Spearman's, over the fills of a single backend on many photos, mean over the backends.
    """

    name: str
    right: Estimate
    gain: Estimate
    correlation: float


def agreement(
    name: str, photos: Sequence[Mapping[str, tuple[float, float]]], seed: int = 0
) -> Agreement | None:
    """Judge one score. photos: for each, {backend: (score, HaarPSI)}; None where there is nothing to compare."""
    sign = 1.0 if MORE_IS_BETTER[name] else -1.0
    right, gain = [], []
    by_backend: dict[str, list[tuple[float, float]]] = {}
    for fills in photos:
        pairs = [
            _ordered(sign * one[0], sign * other[0], one[1], other[1])
            for number, one in enumerate(fills.values())
            for other in list(fills.values())[number + 1 :]
            if abs(one[1] - other[1]) >= 0.02
        ]
        if pairs:
            right.append(float(np.mean(pairs)))
        if len(fills) > 1:
            chosen = max(fills.values(), key=lambda fill: sign * fill[0])
            gain.append(chosen[1] - float(np.mean([fill[1] for fill in fills.values()])))
        for backend, fill in fills.items():
            by_backend.setdefault(backend, []).append((sign * fill[0], fill[1]))
    shares, gains = estimate(right, seed), estimate(gain, seed)
    if shares is None or gains is None:
        return None
    return Agreement(name, shares, gains, float(np.mean([_spearman(fills) for fills in by_backend.values()])))


def _ordered(a: float, b: float, truth_a: float, truth_b: float) -> float:
    return 0.5 if a == b else float((a > b) == (truth_a > truth_b))


def _spearman(fills: Sequence[tuple[float, float]]) -> float:
    """Rank correlation; ties share their mean rank. 0 where nothing varies."""
    ranks = [_ranks(np.array(column)) for column in zip(*fills, strict=True)]
    if any(rank.std() == 0 for rank in ranks):
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    order = np.sort(values)
    return np.asarray(
        (np.searchsorted(order, values) + np.searchsorted(order, values, side="right") - 1) / 2.0
    )
