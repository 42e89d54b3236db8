"""Filling the hole from the field: every patch proposes the pixels of its match, and the proposals are averaged.

Wexler, Shechtman & Irani, "Space-time completion of video" (2007), section 4: a proposal counts by the confidence of
its patch (which falls with the distance to known pixels) and by its likeness. Newson et al. (2014), section 3.5: the
last vote takes the best proposal alone, which keeps the grain.
"""

from __future__ import annotations

import numpy as np

from inpaint_app.backends.exemplar.field import RADIUS, Field, Flags, Floats, Ints, Values
from inpaint_app.backends.exemplar.jit import kernel, run


@kernel
def _vote(
    features: Values, index: Ints, rows: Flags, match: Ints, weight: Floats, py: Ints, px: Ints,
    out: Floats, start: int, stop: int,
) -> None:  # fmt: skip
    height, width = index.shape
    for n in range(start, stop):
        y, x = py[n], px[n]
        red = green = blue = mass = np.float32(0.0)
        for i in range(max(0, y - RADIUS), min(height, y + RADIUS + 1)):
            if not rows[i]:
                continue
            for j in range(max(0, x - RADIUS), min(width, x + RADIUS + 1)):
                k = index[i, j]
                if k < 0:
                    continue
                w = weight[k]
                sy, sx = match[k, 0] + y - i, match[k, 1] + x - j
                red += w * np.float32(features[sy, sx, 0])
                green += w * np.float32(features[sy, sx, 1])
                blue += w * np.float32(features[sy, sx, 2])
                mass += w
        if mass > 0.0:
            out[n, 0], out[n, 1], out[n, 2] = red / mass, green / mass, blue / mass


@kernel
def _best(
    index: Ints, rows: Flags, match: Ints, rank: Floats, py: Ints, px: Ints, out: Ints, start: int, stop: int
) -> None:
    height, width = index.shape
    for n in range(start, stop):
        y, x = py[n], px[n]
        least = np.float32(np.inf)
        for i in range(max(0, y - RADIUS), min(height, y + RADIUS + 1)):
            if not rows[i]:
                continue
            for j in range(max(0, x - RADIUS), min(width, x + RADIUS + 1)):
                k = index[i, j]
                if k >= 0 and rank[k] < least:
                    least = rank[k]
                    out[n, 0], out[n, 1] = match[k, 0] + y - i, match[k, 1] + x - j


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
    out = features[py, px, :3].astype(np.float32)

    def band(start: int, stop: int) -> None:
        _vote(
            features, field.index, field.rows, field.match, weight, py, px, out, start, stop
        )  # fmt: skip

    run(band, len(py))
    return out


def best_sources(field: Field, rank: Floats, py: Ints, px: Ints) -> Ints:
    """Where each hole pixel is copied from (N, 2): its place in the match of the covering patch of lowest rank."""
    out = np.stack([py, px], 1).astype(np.int32)

    def band(start: int, stop: int) -> None:
        _best(field.index, field.rows, field.match, rank, py, px, out, start, stop)

    run(band, len(py))
    return out
