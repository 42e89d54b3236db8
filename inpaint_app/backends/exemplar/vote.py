"""Filling the hole from the field: every patch proposes the pixels of its match, and the proposals are averaged.

Wexler, Shechtman & Irani, "Space-time completion of video" (2007), section 4: a proposal counts by the confidence of
its patch (which falls with the distance to known pixels) and by its likeness. Newson et al. (2014), section 3.5: the
last vote takes the best proposal alone, which keeps the grain.
"""

from __future__ import annotations

import numpy as np

from inpaint_app.backends.exemplar.field import RADIUS, Field, Floats, Ints, Values
from inpaint_app.backends.exemplar.jit import kernel, run


@kernel
def _vote(
    features: Values, index: Ints, corner: tuple[int, int], rows: Ints, columns: Ints, match: Ints, weight: Floats,
    py: Ints, px: Ints, out: Floats, start: int, stop: int,
) -> None:  # fmt: skip
    height, width = index.shape
    for n in range(start, stop):
        y, x = py[n] - corner[0], px[n] - corner[1]
        red = green = blue = mass = np.float32(0.0)
        i = rows[max(0, y - RADIUS)]
        while i < min(height, y + RADIUS + 1):
            j = columns[max(0, x - RADIUS)]
            while j < min(width, x + RADIUS + 1):
                k = index[i, j]
                ahead, j = x - j, columns[j + 1]
                if k < 0:
                    continue
                w = weight[k]
                sy, sx = match[k, 0] + y - i, match[k, 1] + ahead
                red += w * np.float32(features[sy, sx, 0])
                green += w * np.float32(features[sy, sx, 1])
                blue += w * np.float32(features[sy, sx, 2])
                mass += w
            i = rows[i + 1]
        if mass > 0.0:
            out[n, 0], out[n, 1], out[n, 2] = red / mass, green / mass, blue / mass
        else:
            for c in range(3):
                out[n, c] = features[py[n], px[n], c]


@kernel
def _best(
    index: Ints, corner: tuple[int, int], rows: Ints, columns: Ints, match: Ints, rank: Floats, py: Ints, px: Ints,
    out: Ints, start: int, stop: int,
) -> None:  # fmt: skip
    height, width = index.shape
    for n in range(start, stop):
        y, x = py[n] - corner[0], px[n] - corner[1]
        least = np.float32(np.inf)
        i = rows[max(0, y - RADIUS)]
        while i < min(height, y + RADIUS + 1):
            j = columns[max(0, x - RADIUS)]
            while j < min(width, x + RADIUS + 1):
                k = index[i, j]
                if k >= 0 and rank[k] < least:
                    least = rank[k]
                    out[n, 0], out[n, 1] = match[k, 0] + y - i, match[k, 1] + x - j
                j = columns[j + 1]
            i = rows[i + 1]


def _next(field: Field) -> tuple[Ints, Ints]:
    """For every row and every column of the index (and the one past the end) the first from there on with centres."""
    found = []
    for length, start, centres in zip(field.index.shape, field.corner, (field.ys, field.xs), strict=True):
        following = np.full(length + 1, length, np.int32)
        places = centres - start
        following[places] = places
        found.append(np.minimum.accumulate(following[::-1])[::-1].copy())
    return found[0], found[1]


def weights(field: Field, confidence: Floats, sharpness: float) -> Floats:
    """How much each patch's proposal counts: confidence times a Gaussian of its cost.

    sharpness: 1 takes the 75th percentile of the costs as sigma squared (Wexler); larger values let the best win.
    """
    at = len(field.cost) * 3 // 4  # partition, since numpy's quantile takes ten times as long
    scale = max(float(np.partition(field.cost, at)[at]), 1e-3) / sharpness
    likeness = np.exp(np.maximum(-field.cost / (2 * scale), -60.0))
    return np.asarray(confidence * likeness + 1e-30, np.float32)


def vote(features: Values, field: Field, weight: Floats, py: Ints, px: Ints) -> Floats:
    """The averaged colours proposed (N, 3) for the hole's pixels at rows `py` and columns `px`."""
    out = np.empty((len(py), 3), np.float32)
    rows, columns = _next(field)

    def band(start: int, stop: int) -> None:
        _vote(
            features, field.index, field.corner, rows, columns, field.match, weight, py, px, out, start, stop
        )  # fmt: skip

    run(band, len(py))
    return out


def best_sources(field: Field, rank: Floats, py: Ints, px: Ints) -> Ints:
    """Where each hole pixel is copied from (N, 2): its place in the match of the covering patch of lowest rank."""
    out = np.stack([py, px], 1).astype(np.int32)
    rows, columns = _next(field)

    def band(start: int, stop: int) -> None:
        _best(field.index, field.corner, rows, columns, field.match, rank, py, px, out, start, stop)

    run(band, len(py))
    return out
