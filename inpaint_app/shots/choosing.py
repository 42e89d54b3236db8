"""From which shot each part of a hole is taken: a labelling whose seams lie where shots agree.

As in Agarwala et al. 2004 (Interactive Digital Photomontage), but over the few pieces that the shots' differences cut a
hole into, not over pixels, and by min-sum belief propagation (Felzenszwalb & Huttenlocher 2006). A seam costs where the
shots on its two sides differ, or differ from the photo at the hole's rim, so that nobody is cut in two; a piece costs
what speaks against its shot.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.shots.movers import Compared, blurred
from inpaint_app.types import Mask

Floats: TypeAlias = NDArray[np.float64]
Numbers: TypeAlias = NDArray[np.int64]

FILLED, ALONE, BEST = 0.9, 0.45, 0.1
"""Cost of a pixel that is filled; that no other shot agrees with; that is of a shot which lines up badly."""

UNUSUAL, FAR = 0.3, 64.0
"""Cost of a pixel that is so many levels or more from the median of all shots."""

SEAM = 8.0
"""Cost of a pixel of a seam between what differs. A seam with what is filled costs half of it."""

DOUBTED = 0.1
"""Share of a hole's surroundings that differs from the photo, from which a shot that is alone there is refused."""

SMALL, MOST_PIECES = 24, 2000
"""Pixels of a piece at least; pieces at most."""

ROUNDS = 60

NEAR, ODD, THREAD = 12.0, 16.0, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
"""Levels from the median within which shots agree, from which one is odd, and what does not fit into what is thin."""


def chosen(
    compared: Compared,
    opening: Mask,
    pictures: Sequence[NDArray[np.float32]],
    valid: Sequence[Mask],
    quality: Sequence[float],
) -> NDArray[np.uint8]:
    """For each pixel of `opening` the shot that it is taken from, from 1; 0: none.

    pictures: the shots, (H, W, 3), in one light. valid: where each reaches. quality: how well each lines up, to 1.
    """
    if not opening.any():
        return np.zeros(opening.shape, np.uint8)
    pieces = _pieces(compared, opening, valid)
    count = int(pieces.max()) + 1
    values = np.stack([blurred(picture)[opening] for picture in pictures])
    apart = np.abs(values - np.median(values, axis=0)).max(axis=2)
    apart[~np.stack([seen[opening] for seen in valid])] = np.inf
    lone, doubts = np.sum(valid, axis=0) == 1, _doubts(compared, opening)
    costs = np.zeros((count, len(valid) + 1))
    rates: list[NDArray[np.float32]] = []
    costs[:, 0] = FILLED * np.bincount(pieces.ravel(), minlength=count)
    for i, (seen, good) in enumerate(zip(valid, quality, strict=True)):
        rate = compared.against[i] / np.maximum(1, compared.differing[i])
        rates.append((rate + compared.stays[i])[opening])
        alone = compared.differing[i] / max(1, len(valid) - 1)
        cost = np.where(seen & ~compared.still, rate + ALONE * alone + BEST * (1 - good), 2.0)
        cost += compared.stays[i] + lone * doubts[i]
        cost[opening] += UNUSUAL * np.minimum(1, apart[i] / FAR)
        costs[:, i + 1] = np.bincount(pieces.ravel(), cost.ravel(), count)
    ends = list(_meeting(pieces))
    inside, outside = (np.concatenate(side) for side in zip(*ends, strict=True))
    costs[:, 1:] += _rim(compared, pieces.ravel(), inside, outside, count)
    costs[0] = 0
    pairs, seams = _seams(compared, pieces.ravel(), inside, outside)
    labels = np.asarray(_settled(costs, pairs, seams).astype(np.uint8)[pieces])
    return _without_threads(labels, opening, apart, np.array(rates))


def _without_threads(
    labels: NDArray[np.uint8],
    opening: Mask,
    apart: NDArray[np.float32],
    rates: NDArray[np.float32],
) -> NDArray[np.uint8]:
    """What is thin and not in most shots (a tape in the wind, a bird, a far walker) from the shot in their middle.

    apart, rates: (N, pixels of the opening), levels from the median of all shots, and what speaks against each, 0..1.
    """
    middle, own = apart.argmin(axis=0), labels[opening]
    at = np.arange(len(own))
    told = (np.mean(apart < NEAR, axis=0) > 0.5) & (rates[middle, at] < 0.5)
    odd = np.zeros(opening.shape, np.uint8)
    odd[opening] = told & (own > 0) & (apart[np.maximum(own, 1) - 1, at] > ODD)
    whole = cv2.morphologyEx(odd, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    thick = cv2.dilate(cv2.erode(whole, THREAD), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (19, 19)))
    thin = (cv2.dilate(whole, np.ones((3, 3), np.uint8)) > thick) & opening & (labels > 0)
    nearest = np.zeros_like(labels)
    nearest[opening] = middle + 1
    return np.where(thin, nearest, labels)


def _doubts(compared: Compared, opening: Mask) -> NDArray[np.float32]:
    """(N, H, W), 0..1: how much around each hole differs from the photo: where one shot is alone nothing else tells."""
    count, holes = cv2.connectedComponents(opening.view(np.uint8), connectivity=8)
    around = cv2.dilate(holes.astype(np.float32), np.ones((21, 21), np.uint8)).astype(np.int32)
    rim = (around > 0) & (
        cv2.dilate(opening.view(np.uint8), np.ones((13, 13), np.uint8)) == 0
    )  # outlines are soft
    size = np.maximum(1, np.bincount(around[rim], minlength=count))
    shares = [np.bincount(around[rim], off[rim], count) / size for off in compared.off]
    return np.array([np.minimum(1, share / DOUBTED)[holes] for share in shares], np.float32)


def _pieces(compared: Compared, opening: Mask, valid: Sequence[Mask]) -> NDArray[np.int32]:
    """(H, W), from 1: connected pixels where the same shots differ from the same others; 0 outside of the hole."""
    code = compared.still.astype(np.uint64)
    for others, seen in zip(compared.others, valid, strict=True):
        code = (code ^ (others + (seen.astype(np.uint64) << np.uint64(32)))) * np.uint64(0x9E3779B97F4A7C15)
    height, width = opening.shape
    grid = np.zeros(
        (2 * height - 1, 2 * width - 1), np.uint8
    )  # pixels, and between them whether they are alike
    grid[::2, ::2] = opening
    grid[::2, 1::2] = (code[:, :-1] == code[:, 1:]) & opening[:, :-1] & opening[:, 1:]
    grid[1::2, ::2] = (code[:-1] == code[1:]) & opening[:-1] & opening[1:]
    labels = cv2.connectedComponents(grid, connectivity=4)[1][::2, ::2]
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    least = min(max(SMALL, int(np.sort(sizes)[-min(MOST_PIECES, len(sizes))])), int(sizes.max()))
    large = (sizes >= least)[labels]
    nearest = cv2.distanceTransformWithLabels(
        (~large).view(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )[1]
    named = np.zeros(int(nearest.max()) + 1, np.int32)
    named[nearest[large]] = labels[large]
    pieces = np.zeros(opening.shape, np.int32)
    pieces[opening] = np.unique(named[nearest[opening]], return_inverse=True)[1].ravel() + 1
    return pieces


def _meeting(pieces: NDArray[np.int32]) -> Iterator[tuple[Numbers, Numbers]]:
    """Flat indices of neighbouring pixels of different pieces."""
    flat = np.arange(pieces.size).reshape(pieces.shape)
    for here, there in ((flat[:, :-1], flat[:, 1:]), (flat[:-1], flat[1:])):
        meet = pieces.ravel()[here] != pieces.ravel()[there]
        yield here[meet], there[meet]


def _rim(compared: Compared, of: NDArray[np.int32], one: Numbers, other: Numbers, count: int) -> Floats:
    """(pieces, N): the cost of each shot's seam with the photo. What differs in all of them says nothing."""
    out, back = of[other] == 0, of[one] == 0
    inside, outside = np.concatenate([one[out], other[back]]), np.concatenate([other[out], one[back]])
    off = compared.off.reshape(len(compared.off), -1)[:, outside].astype(np.float64)
    off -= off.min(axis=0)
    return np.asarray(SEAM * np.stack([np.bincount(of[inside], one, count) for one in off], axis=1))


def _seams(compared: Compared, of: NDArray[np.int32], one: Numbers, other: Numbers) -> tuple[Numbers, Floats]:
    """(E, 2): the pieces that meet, and (E, N + 1, N + 1): what each pair of labels costs there."""
    both = (of[one] > 0) & (of[other] > 0)
    one, other = one[both], other[both]
    pairs, number = np.unique(np.stack([of[one], of[other]], axis=1), axis=0, return_inverse=True)
    number = number.ravel()
    count = len(compared.others)
    others = compared.others.reshape(count, -1)
    seams = np.zeros((len(pairs), count + 1, count + 1))
    seams[:, 0, 1:] = seams[:, 1:, 0] = 0.5 * SEAM * np.bincount(number, minlength=len(pairs))[:, None]
    for i in range(count):
        here, there = others[i, one], others[i, other]
        for j in range(i + 1, count):
            bit = np.uint32(j)
            differ = (here & there) >> bit & np.uint32(1)
            cost = SEAM * np.bincount(number, differ, len(pairs))
            seams[:, i + 1, j + 1] = seams[:, j + 1, i + 1] = cost
    return pairs.astype(np.int64), seams


def _settled(costs: Floats, pairs: Numbers, seams: Floats) -> Numbers:
    """The cheapest labels that are met on the way. costs: (pieces, labels)."""
    first, second = pairs.T
    forth, back = np.zeros((2, len(pairs), costs.shape[1]))
    best, least = np.zeros(len(costs), np.int64), np.inf
    for _ in range(ROUNDS):
        belief = costs.copy()
        np.add.at(belief, second, forth)
        np.add.at(belief, first, back)
        labels = belief.argmin(axis=1)
        energy = costs[np.arange(len(costs)), labels].sum()
        energy += seams[np.arange(len(pairs)), labels[first], labels[second]].sum()
        if energy < least:
            best, least = labels, energy
        sent = ((belief[first] - back)[:, :, None] + seams).min(axis=1)
        answered = ((belief[second] - forth)[:, None, :] + seams).min(axis=2)
        forth = 0.5 * (forth + sent - sent.min(axis=1, keepdims=True))
        back = 0.5 * (back + answered - answered.min(axis=1, keepdims=True))
    return best
