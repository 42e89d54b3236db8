"""The nearest-neighbour field: for every patch that touches the hole, the known patch that resembles it most.

Barnes, Shechtman, Finkelstein & Goldman, "PatchMatch" (2009), sections 3.2-3.3: propagation from the neighbours in
scan order, then random search in shrinking windows. Deviations: only patches that touch the hole have an entry; the
scan runs inside bands of the list of entries, reading neighbours in other bands as they were before the pass, so
that bands can run on any number of threads with the same result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.backends.exemplar.jit import inline, kernel, run
from inpaint_app.backends.exemplar.lanes import row_distance
from inpaint_app.imaging.mask import bounds, padded
from inpaint_app.types import Box

RADIUS = 3  # patches are 7x7
CHANNELS = 4  # red, green, blue, texture
NEARBY = 12  # pixels within which a match that fell on no source looks for one
SPAN = (2 * RADIUS + 1) * CHANNELS  # floats in a row of a patch

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]
Values = NDArray[np.float32] | NDArray[np.uint8]  # features as floats, or as bytes on the largest levels


@dataclass(slots=True)
class Field:
    """A level's field. stride: distance of neighbouring patches' centres.

    index (h, w): the entry of the patch centred there, or -1; it covers what the hole's patches can, and begins at
    `corner` (row, column) of the level.

    ys, xs (N,): centres of the patches that touch the hole, in scan order. match (N, 2): row and column of the
    source patch's centre. cost (N,): sum of squared differences. sources (H, W): centres that may be copied from;
    pool (M, 2): the same as a list.
    """

    stride: int
    index: Ints
    corner: tuple[int, int]
    ys: Ints
    xs: Ints
    match: Ints
    cost: Floats
    sources: Flags
    pool: Ints


def make_field(hole: Flags, forbidden: Flags, stride: int = 1) -> Field | None:
    """Lay out the entries for a hole; None where no patch is free of hole and forbidden pixels.

    stride: distance of the patches' centres (1 to 3); at 3 every pixel still lies in about five patches.
    """
    sources = free_patches(hole, forbidden)
    if not sources.any():
        return None
    height, width = hole.shape
    area = padded(bounds(hole) or Box(0, 0, 1, 1), RADIUS, hole.shape)
    rows, columns = (
        np.flatnonzero(_centres(np.arange(first, stop) - RADIUS, side - 1 - 2 * RADIUS, stride)).astype(
            np.int32
        )
        for first, stop, side in ((area.top, area.bottom, height), (area.left, area.right, width))
    )
    thin = max(1, int(np.sqrt(sources.size / 100_000)))
    pool = np.argwhere(sources[::thin, ::thin]).astype(np.int32) * thin
    if not len(pool):
        pool = np.argwhere(sources).astype(np.int32)
    touching = _touching(np.ascontiguousarray(hole[area.slices]))
    i, j = np.nonzero(touching[np.ix_(rows, columns)])
    ys, xs = rows[i], columns[j]
    index = np.full(touching.shape, -1, np.int32)
    index[ys, xs] = np.arange(len(ys), dtype=np.int32)
    match, cost = np.zeros((len(ys), 2), np.int32), np.full(len(ys), np.inf, np.float32)
    corner = area.top, area.left
    return Field(stride, index, corner, ys + corner[0], xs + corner[1], match, cost, sources, pool)


def _centres(places: NDArray[np.int64], last: int, stride: int) -> Flags:
    """Which rows or columns hold patches' centres: every so many, and the last, else pixels at the border had none."""
    return np.asarray((places >= 0) & (places <= last) & ((places % stride == 0) | (places == last)))


def free_patches(hole: Flags, forbidden: Flags) -> Flags:
    """(H, W): centres of the patches that lie inside and hold no pixel of the hole and none that is forbidden."""
    free = ~_touching(hole | forbidden)
    _clear_border(free)
    return free


def _touching(hole: Flags) -> Flags:
    """Centres of patches that hold a pixel of the hole."""
    box = np.ones((2 * RADIUS + 1, 2 * RADIUS + 1), np.uint8)
    return np.asarray(cv2.dilate(hole.view(np.uint8), box)).view(bool)


def _clear_border(centres: Flags) -> None:
    """Drop the centres of patches that do not lie inside altogether."""
    for side in (centres, centres.T):
        side[:RADIUS] = False
        side[max(0, len(side) - RADIUS) :] = False


@inline
def shuffled(state: np.uint32) -> np.uint32:
    """The next state of a xorshift generator."""
    state ^= (state << np.uint32(13)) & np.uint32(0xFFFFFFFF)
    state ^= state >> np.uint32(17)
    state ^= (state << np.uint32(5)) & np.uint32(0xFFFFFFFF)
    return state


@inline
def hashed(a: int, b: int) -> np.uint32:
    """A first state for entry `a` under seed `b`, never 0."""
    value = np.uint32(a * 2654435761 + b * 40503 + 0x9E3779B9)
    value = np.uint32((value ^ (value >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    value = np.uint32((value ^ (value >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    value = value ^ (value >> np.uint32(16))
    return np.uint32(value | np.uint32(1))


@inline
def _distance(patch: Floats, rows: Values, y: int, x: int, limit: Any) -> Any:
    """Sum of squared differences between a gathered patch and the one centred at (y, x); stops above `limit`."""
    total = np.float32(0.0)
    left = (x - RADIUS) * CHANNELS
    for i in range(2 * RADIUS + 1):
        total += row_distance(patch, i, rows, y - RADIUS + i, left)
        if total >= limit:
            return total
    return total


@kernel
def _search(
    rows: Values, index: Ints, corner: tuple[int, int], ys: Ints, xs: Ints, match: Ints, before: Ints, cost: Floats,
    sources: Flags, toll: Floats, start: int, stop: int, stride: int, backward: bool, radius: int, seed: int,
) -> None:  # fmt: skip
    height, width = sources.shape
    down, across = index.shape
    charged = toll.shape[0] == height
    top, left_edge = corner
    patch = np.empty((2 * RADIUS + 1, SPAN), np.float32)
    step = -stride if backward else stride
    for n in range(stop - start):
        k = stop - 1 - n if backward else start + n
        y, x = ys[k], xs[k]
        left = (x - RADIUS) * CHANNELS
        for i in range(2 * RADIUS + 1):
            for j in range(SPAN):
                patch[i, j] = rows[y - RADIUS + i, left + j]
        best_y, best_x = match[k, 0], match[k, 1]
        best = _distance(patch, rows, best_y, best_x, np.float32(np.inf))
        if charged:
            best += toll[best_y, best_x]
        for axis in range(2):
            dy, dx = (step, 0) if axis == 0 else (0, step)
            i, j = y - dy - top, x - dx - left_edge
            if i < 0 or i >= down or j < 0 or j >= across:
                continue
            other = index[i, j]
            if other < 0:
                continue
            if start <= other < stop:
                cy, cx = match[other, 0] + dy, match[other, 1] + dx
            else:
                cy, cx = before[other, 0] + dy, before[other, 1] + dx
            if cy < 0 or cy >= height or cx < 0 or cx >= width or not sources[cy, cx]:
                continue
            if cy == best_y and cx == best_x:
                continue
            extra = toll[cy, cx] if charged else np.float32(0.0)
            found = extra + _distance(patch, rows, cy, cx, best - extra)
            if found < best:
                best, best_y, best_x = found, cy, cx
        state = hashed(k, seed)
        reach = radius
        while reach >= 1:
            state = shuffled(state)
            cy = best_y - reach + np.int64(state % np.uint32(2 * reach + 1))
            state = shuffled(state)
            cx = best_x - reach + np.int64(state % np.uint32(2 * reach + 1))
            reach //= 2
            if cy < 0 or cy >= height or cx < 0 or cx >= width or not sources[cy, cx]:
                continue
            extra = toll[cy, cx] if charged else np.float32(0.0)
            found = extra + _distance(patch, rows, cy, cx, best - extra)
            if found < best:
                best, best_y, best_x = found, cy, cx
        match[k, 0], match[k, 1] = best_y, best_x
        cost[k] = best


NO_TOLL = np.zeros((0, 0), np.float32)


def toll(field: Field, weight: float) -> Floats:
    """What every source's centre (H, W) costs for being copied more often than its share, in units of field.cost.

    Else one patch that fits everywhere a little covers a rock face like fish scales. weight: of a copy too many, in the
    75th percentile of the costs. Kaspar et al., "Self Tuning Texture Optimization" (2015), section 4.2.
    """
    height, width = field.sources.shape
    places = field.match[:, 0].astype(np.int64) * width + field.match[:, 1]
    copies = np.bincount(places, minlength=height * width).reshape(height, width).astype(np.float32)
    copies = np.asarray(cv2.blur(copies, (2 * RADIUS + 1, 2 * RADIUS + 1)), np.float32)
    share = max(1.0, len(field.ys) / int(field.sources.sum()))
    at = len(field.cost) * 3 // 4
    scale = weight * float(np.partition(field.cost, at)[at])
    return np.asarray(np.maximum(copies - np.float32(share), 0) * np.float32(scale), np.float32)


def search(
    features: Values, field: Field, *, backward: bool, radius: int, seed: int, toll: Floats = NO_TOLL
) -> None:
    """One pass of propagation and random search within `radius`; improves field.match and sets field.cost.

    toll: see `toll`; it counts as part of the cost.
    """
    rows = features.reshape(features.shape[0], -1)
    before = field.match.copy()

    def band(start: int, stop: int) -> None:
        _search(
            rows, field.index, field.corner, field.ys, field.xs, field.match, before, field.cost, field.sources,
            toll, start, stop, field.stride, backward, radius, seed,
        )  # fmt: skip

    run(band, len(field.ys))


def refine_from(coarse: Field, fine: Field, seed: int) -> None:
    """Carry a field to a level of twice the size: matches double, keeping each patch's offset inside its parent.

    Entries whose match falls on no source get the nearest free one nearby, or a random one.
    """
    labels = _nearest_entry(coarse.index)
    top, left = coarse.corner
    parent = labels[
        np.clip(fine.ys // 2 - top, 0, labels.shape[0] - 1),
        np.clip(fine.xs // 2 - left, 0, labels.shape[1] - 1),
    ]
    match = coarse.match[parent]
    height, width = fine.sources.shape
    y = np.clip(2 * match[:, 0] + fine.ys - 2 * coarse.ys[parent], RADIUS, height - RADIUS - 1)
    x = np.clip(2 * match[:, 1] + fine.xs - 2 * coarse.xs[parent], RADIUS, width - RADIUS - 1)
    lost = ~fine.sources[y, x]
    if lost.any():
        rng = np.random.default_rng(seed)
        y[lost], x[lost] = _nearest_sources(fine.sources, y[lost], x[lost])
        still = np.flatnonzero(~fine.sources[y, x])
        y[still], x[still] = fine.pool[rng.integers(0, len(fine.pool), len(still))].T
    fine.match[:, 0], fine.match[:, 1] = y, x


def _nearest_entry(index: Ints) -> Ints:
    """For every pixel the nearest entry of the field."""
    empty = (index < 0).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    lookup = np.zeros(int(labels.max()) + 1, np.int32)
    lookup[labels[index >= 0]] = index[index >= 0]
    return np.asarray(lookup[labels], np.int32)


def _nearest_sources(sources: Flags, ys: Ints, xs: Ints) -> tuple[Ints, Ints]:
    """Row and column of the source nearest to each place (N,), within `NEARBY` pixels; the place itself where none is.

    Looked for around these few places alone: distances over a whole window of 12 MP took a fifth of the fill's time
    and over half of its memory.
    """
    height, width = sources.shape
    found_y, found_x, left = ys.copy(), xs.copy(), np.arange(len(ys))
    reach = range(-NEARBY, NEARBY + 1)
    for dy, dx in sorted(
        ((i, j) for i in reach for j in reach), key=lambda step: step[0] ** 2 + step[1] ** 2
    ):
        y, x = np.clip(ys[left] + dy, 0, height - 1), np.clip(xs[left] + dx, 0, width - 1)
        hit = sources[y, x]
        found_y[left[hit]], found_x[left[hit]] = y[hit], x[hit]
        left = left[~hit]
        if not len(left):
            break
    return found_y, found_x
