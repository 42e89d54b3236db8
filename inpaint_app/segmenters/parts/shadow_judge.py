"""How much of a dark region beside an object is its shadow: a logistic regression on what can be measured of it.

Fitted by `python -m benchmarks.shadow_judge DATA/train` of commit 6833ccd on made shadows and the tuning half of
`benchmarks.shadows`.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.segmenters.parts.shadow_view import View, around, dilated
from inpaint_app.types import Mask

LABEL = "shadow"
RIM = 21
"""Pixels around a region that are looked at: the widest ring of ground, and what is averaged over."""


def features(
    view: View, region: Mask, level: float, share: float, like: tuple[float, int]
) -> NDArray[np.float64] | None:
    """What the judge goes by; None for a region without lit ground beside it.

    region: (h, w). level: the darkness that it was cut at. share: of all ground that is so dark and hangs together.
    like: what `Laid.best` says of the region.
    """
    part = around(region, RIM)
    log, dark, grain = view.log[part], view.dark[part], view.grain[part]
    whole, body = region[part], view.body[part]
    lit = view.ground[part] & ~whole & ~body
    inner, ring = whole & ~body, dilated(whole, 15) & lit
    near = dilated(whole, 41) & lit
    inside, outside = _local(log, whole), _local(log, lit)
    edge = dilated(whole, 3) & lit & (inside[1] > 0.05) & (outside[1] > 0.05)
    if min(np.count_nonzero(some) for some in (inner, ring, edge)) < 10:
        return None
    steps = (outside[0] - inside[0])[edge]
    step = steps.mean(axis=1)
    middle = float(np.median(step))
    away = float(np.median(dark[near]))
    spread = 1.48 * float(np.median(np.abs(dark[near] - away)))
    depth = float(np.median(dark[inner]))
    likeness, best = like
    outline = view.laid.planes[best]
    beside = dilated(outline, 7) & view.laid.room & ~outline
    lift = (
        float(view.tiny[outline].mean() - view.tiny[beside].mean()) if outline.any() and beside.any() else 0.0
    )
    size, dim = np.count_nonzero(region), view.dim(level)
    area, touch = (
        _log(size / np.count_nonzero(view.own)),
        math.sqrt(np.count_nonzero(view.foot & region) / size),
    )
    return np.array(
        [
            1.0,
            _log((depth - away) / (spread + 0.03)),
            _log(middle),
            _log(depth),
            _log(depth - float(np.median(dark[ring]))),
            float((step > 0.5 * middle).mean()),
            _log(spread),
            area,
            touch,
            _log(float(np.median(grain[inner]) / (np.median(grain[ring]) + 1e-3))),
            np.count_nonzero(region & ~view.low) / size,
            view.lighter,
            min(4.0, (size - np.count_nonzero(region[1:-1, 1:-1])) / math.sqrt(size)),
            float(np.median(steps[:, 0] - steps[:, 2])),
            min(0.2, float(np.median(np.abs(steps - step[:, None])))),
            area**2,
            area * touch,
            likeness,
            likeness * area,
            lift,
            share,
            dim,
            dim**2,
            _log(middle) - _log(depth),
            level,
            level / max(depth, 0.05),
            view.cut,
        ]
    )


def share(values: NDArray[np.float64]) -> float:
    """The share of a region that is shadow, 0..1."""
    return float(1 / (1 + np.exp(-values @ WEIGHTS)))


def _local(log: NDArray[np.float32], mask: Mask) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The mean around every pixel of what the mask holds, and how much that is."""
    weight = mask.astype(np.float32)
    total = cv2.GaussianBlur(weight, (0, 0), 4)
    mean = cv2.GaussianBlur(log * weight[..., None], (0, 0), 4) / (total[..., None] + 1e-6)
    return mean.astype(np.float32, copy=False), total.astype(np.float32, copy=False)


def _log(value: float) -> float:
    return math.log(max(value, 1e-3))


WEIGHTS = np.array(
    [
        -2.6847,
        0.1235,
        0.1034,
        0.3835,
        -0.0944,
        0.5087,
        -0.3317,
        -0.3534,
        2.3349,
        -0.1144,
        -0.1546,
        -1.4327,
        0.0128,
        1.0233,
        -3.5968,
        0.0433,
        0.3778,
        3.8405,
        1.4127,
        -0.0608,
        -0.3152,
        -2.0301,
        1.6745,
        -0.0962,
        -0.0436,
        0.5950,
        -0.5968,
    ]
)
