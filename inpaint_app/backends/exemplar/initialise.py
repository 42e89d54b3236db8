"""A first fill of the coarsest level: from the hole's rim inwards, layer by layer ("onion peel").

Newson et al. (2014), section 3.4: each layer is matched by its known pixels only, then becomes known itself. This
start decides the layout, so it looks at many more sources than a pass of PatchMatch would: what the neighbours
found, a random sample of all sources, and the surroundings of the best. Where a hole is thin all over (dust, scratches)
there is no coarser level to start on; then the sample shrinks, and sources nearby are tried instead.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from inpaint_app.backends.exemplar import vote
from inpaint_app.backends.exemplar.field import (
    CHANNELS,
    RADIUS,
    SPAN,
    Field,
    Flags,
    Floats,
    Ints,
    Values,
    hashed,
    shuffled,
)
from inpaint_app.backends.exemplar.jit import inline, kernel, run
from inpaint_app.backends.exemplar.lanes import known_row_distance
from inpaint_app.backends.exemplar.pyramid import Level
from inpaint_app.backends.exemplar.structure import Laid

FIRST = 1  # rows, the best known, by which a patch is compared with all sampled ones; what is left, wholly
SAMPLE = 1200  # random sources that every patch is compared with
USUAL = 20_000  # patches above which each gets fewer, in proportion: dust and scratches have hundreds of thousands
LEAST = 24  # of them, however many patches there are
NEAR, REACH = (
    96,
    32,
)  # those that get fewer look at so many places at most so far away, where what fits thin holes is


@inline
def _known_distance(
    patch: Floats, mask: Floats, order: Ints, rows: Values, y: Any, x: Any, limit: Any
) -> Any:
    """Sum of squared differences over known values, the rows with most of them first; stops above `limit`."""
    total = np.float32(0.0)
    left = (x - RADIUS) * CHANNELS
    for n in range(2 * RADIUS + 1):
        i = order[n]
        total += known_row_distance(patch, mask, i, rows, y - RADIUS + i, left)
        if total >= limit:
            return total
    return total


@inline
def _add_pixel(total: Floats, values: Floats, own: Floats, at: Any) -> None:
    """Add the squared differences of one pixel of a patch, four values from `at` on, to those of all sampled ones."""
    red, green, blue, texture = own[at], own[at + 1], own[at + 2], own[at + 3]
    for m in range(len(total)):
        a, b = values[0, m] - red, values[1, m] - green
        c, d = values[2, m] - blue, values[3, m] - texture
        total[m] += a * a + b * b + c * c + d * d


@inline
def _add_texture(total: Floats, values: Floats, own: Any) -> None:
    """The same of a pixel of which the texture alone is known."""
    for m in range(len(total)):
        d = values[3, m] - own
        total[m] += d * d


@kernel
def _match_known(
    rows: Values, known: Floats, index: Ints, corner: tuple[int, int], ys: Ints, xs: Ints, sources: Flags, pool: Ints,
    sampled: Floats, ready: Flags, entries: Ints, match: Ints, cost: Floats, start: int, stop: int, seed: int,
    near: int,
) -> None:  # fmt: skip
    height, width = sources.shape
    patch = np.empty((2 * RADIUS + 1, SPAN), np.float32)
    mask = np.empty((2 * RADIUS + 1, SPAN), np.float32)
    apart = np.empty(pool.shape[0], np.float32)
    counts, order = np.empty(2 * RADIUS + 1, np.float32), np.empty(2 * RADIUS + 1, np.int32)
    for n in range(start, stop):
        k = entries[n]
        y, x = ys[k], xs[k]
        for i in range(2 * RADIUS + 1):
            for j in range(SPAN):
                patch[i, j] = rows[y - RADIUS + i, (x - RADIUS) * CHANNELS + j]
                mask[i, j] = known[y - RADIUS + i, x - RADIUS + j // CHANNELS]
                if j % CHANNELS == CHANNELS - 1:  # the texture is known everywhere
                    mask[i, j] = 1.0
        for i in range(2 * RADIUS + 1):  # numpy's sort would take seconds to compile
            count, place = np.float32(0.0), i
            for j in range(SPAN):
                count += mask[i, j]
            while place > 0 and counts[place - 1] < count:
                counts[place], order[place] = counts[place - 1], order[place - 1]
                place -= 1
            counts[place], order[place] = count, i
        best_y, best_x = pool[0, 0], pool[0, 1]
        best = np.float32(np.inf)
        at, beside = y - corner[0], x - corner[1]
        for i in range(max(0, at - 1), min(index.shape[0], at + 2)):
            for j in range(max(0, beside - 1), min(index.shape[1], beside + 2)):
                other = index[i, j]
                if other < 0 or not ready[other]:
                    continue
                cy, cx = match[other, 0] + at - i, match[other, 1] + beside - j
                if cy < 0 or cy >= height or cx < 0 or cx >= width or not sources[cy, cx]:
                    continue
                found = _known_distance(patch, mask, order, rows, cy, cx, best)
                if found < best:
                    best, best_y, best_x = found, cy, cx
        apart[:] = 0.0
        for i in order[:FIRST]:
            for j in range(0, SPAN, CHANNELS):
                values = sampled[i * SPAN + j : i * SPAN + j + CHANNELS]
                if mask[i, j] > 0.0:
                    _add_pixel(apart, values, patch[i], j)
                else:
                    _add_texture(apart, values, patch[i, j + 3])
        promising = np.argmin(apart)  # its distance rules most others out
        for m in range(-1, pool.shape[0]):
            one = promising if m < 0 else m
            if apart[one] < best:
                found = _known_distance(patch, mask, order, rows, pool[one, 0], pool[one, 1], best)
                if found < best:
                    best, best_y, best_x = found, pool[one, 0], pool[one, 1]
        state = hashed(k, seed)
        for _ in range(near):
            state = shuffled(state)
            cy = y - REACH + np.int64(state % np.uint32(2 * REACH + 1))
            state = shuffled(state)
            cx = x - REACH + np.int64(state % np.uint32(2 * REACH + 1))
            if cy < 0 or cy >= height or cx < 0 or cx >= width or not sources[cy, cx]:
                continue
            found = _known_distance(patch, mask, order, rows, cy, cx, best)
            if found < best:
                best, best_y, best_x = found, cy, cx
        for m in range(24):
            reach = 8 >> (m // 8)
            state = shuffled(state)
            cy = best_y - reach + np.int64(state % np.uint32(2 * reach + 1))
            state = shuffled(state)
            cx = best_x - reach + np.int64(state % np.uint32(2 * reach + 1))
            if cy < 0 or cy >= height or cx < 0 or cx >= width or not sources[cy, cx]:
                continue
            found = _known_distance(patch, mask, order, rows, cy, cx, best)
            if found < best:
                best, best_y, best_x = found, cy, cx
        match[k, 0], match[k, 1] = best_y, best_x
        cost[k] = best


def onion_peel(
    level: Level, field: Field, seed: int, laid: Laid | None = None, *, sample: int = SAMPLE
) -> None:
    """Fill the colours of the level's hole in place and set field.match. What is laid already counts as known."""
    features, known = level.features, ~level.hole
    rows = features.reshape(features.shape[0], -1)
    pool, near = field.pool, 0
    if len(field.ys) > USUAL:
        sample, near = max(LEAST, sample * USUAL // len(field.ys)), NEAR
    if len(pool) > sample:
        pool = pool[np.sort(np.random.default_rng(seed).choice(len(pool), sample, replace=False))]
    sampled = _patches(rows, pool)
    square = np.ones((3, 3), np.uint8)
    pending = np.ones(len(field.ys), bool)
    if laid:
        known, pending = known | laid.own, ~laid.matched
    while not known.all():
        layer = (cv2.dilate(known.view(np.uint8), square) > 0) & ~known
        if not layer.any():  # nothing known to start from: everything is one layer
            layer = ~known
        # A patch is matched once its centre is known or on the rim, or when nothing else can reach the rim.
        reach = known | layer
        entries = np.flatnonzero(pending & reach[field.ys, field.xs]).astype(np.int32)
        if not len(entries):
            entries = np.flatnonzero(pending).astype(np.int32)
        flags, ready = known.astype(np.float32), ~pending

        def band(
            start: int, stop: int, entries: Ints = entries, flags: Floats = flags, ready: Flags = ready
        ) -> None:
            _match_known(
                rows, flags, field.index, field.corner, field.ys, field.xs, field.sources, pool, sampled, ready,
                entries, field.match, field.cost, start, stop, seed, near,
            )  # fmt: skip

        run(band, len(entries), 16)
        pending[entries] = False
        py, px = (places.astype(np.int32) for places in np.nonzero(layer))
        level.paint(py, px, vote.vote(features, field, (~pending).astype(np.float32), py, px))
        known = known | layer


def _patches(rows: Values, centres: Ints) -> Floats:
    """The patches at some centres (M, 2), one value of all of them after the other: (values, M)."""
    ys, xs = centres[:, 0] - RADIUS, (centres[:, 1] - RADIUS) * CHANNELS
    values = [rows[ys + i, xs + j] for i in range(2 * RADIUS + 1) for j in range(SPAN)]
    return np.array(values, np.float32)
