"""How much of a dark region beside an object is its shadow: a logistic regression on what can be measured of it.

Fitted by `python -m benchmarks.shadow_judge DATA/train` on made shadows and the tuning half of `benchmarks.shadows`.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.segmenters.parts.shadow_view import View, dilated
from inpaint_app.types import Mask

LABEL = "shadow"


def features(
    view: View, region: Mask, level: float, share: float, like: tuple[float, int]
) -> NDArray[np.float64] | None:
    """What the judge goes by; None for a region without lit ground beside it.

    region: (h, w). level: the darkness that it was cut at. share: of all ground that is so dark and hangs together.
    like: what `Laid.best` says of the region.
    """
    body = dilated(view.own, 5)
    lit = view.ground & ~region & ~body
    inner, ring = region & ~body, dilated(region, 15) & lit
    near = dilated(region, 41) & lit
    inside, outside = _local(view.log, region), _local(view.log, lit)
    edge = dilated(region, 3) & lit & (inside[1] > 0.05) & (outside[1] > 0.05)
    if min(np.count_nonzero(part) for part in (inner, ring, edge)) < 10:
        return None
    dark = view.dark
    steps = (outside[0] - inside[0])[edge]
    step = steps.mean(axis=1)
    middle = float(np.median(step))
    away = float(np.median(dark[near]))
    spread = 1.48 * float(np.median(np.abs(dark[near] - away)))
    depth = float(np.median(dark[inner]))
    light = view.log.mean(axis=2)
    grain = cv2.absdiff(light, cv2.GaussianBlur(light, (0, 0), 2))
    rim = np.ones_like(region)
    rim[1:-1, 1:-1] = False
    likeness, best = like
    outline = view.laid.planes[best]
    around = dilated(outline, 7) & view.laid.room & ~outline
    tiny = cv2.resize(dark, outline.shape[::-1], interpolation=cv2.INTER_AREA)
    lift = float(tiny[outline].mean() - tiny[around].mean()) if outline.any() and around.any() else 0.0
    size = np.count_nonzero(region)
    area, touch = (
        _log(size / np.count_nonzero(view.own)),
        math.sqrt(np.count_nonzero(view.foot & region) / size),
    )
    lighter = dark[view.ground & (dark < 0)]
    beside = view.free & view.low
    dim = np.count_nonzero(beside & (dark > level)) / (1 + np.count_nonzero(beside))
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
            float(np.sqrt(np.mean(lighter**2))) if lighter.size else 0.0,
            min(4.0, np.count_nonzero(region & rim) / math.sqrt(size)),
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
