"""A first fill of the coarsest level: from the hole's rim inwards, layer by layer ("onion peel").

Newson et al. (2014), section 3.4: each layer is matched by its known pixels only, then becomes known itself. At this
size all sources can be looked at, so nothing is left to chance.
"""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_app.backends.exemplar.field import CHANNELS, RADIUS, SPAN, Field, Flags, Floats, Ints
from inpaint_app.backends.exemplar.jit import kernel, run


@kernel
def _match_known(
    rows: Floats, known: Floats, ys: Ints, xs: Ints, pool: Ints, entries: Ints, match: Ints, cost: Floats,
    start: int, stop: int, stride: int, near: float,
) -> None:  # fmt: skip
    patch = np.empty((2 * RADIUS + 1, SPAN), np.float32)
    mask = np.empty((2 * RADIUS + 1, SPAN), np.float32)
    for n in range(start, stop):
        k = entries[n]
        y, x = ys[k], xs[k]
        for i in range(2 * RADIUS + 1):
            for j in range(SPAN):
                patch[i, j] = rows[y - RADIUS + i, (x - RADIUS) * CHANNELS + j]
                mask[i, j] = known[y - RADIUS + i, x - RADIUS + j // CHANNELS]
        best = np.float32(np.inf)
        for m in range(0, pool.shape[0], stride):
            sy, sx = pool[m, 0], pool[m, 1]
            left = (sx - RADIUS) * CHANNELS
            total = np.float32(near) * np.float32((sy - y) ** 2 + (sx - x) ** 2)
            for i in range(2 * RADIUS + 1):
                part = np.float32(0.0)
                for j in range(SPAN):
                    d = patch[i, j] - rows[sy - RADIUS + i, left + j]
                    part += mask[i, j] * d * d
                total += part
                if total >= best:
                    break
            if total < best:
                best = total
                match[k, 0], match[k, 1] = sy, sx
        cost[k] = best


def onion_peel(features: Floats, hole: Flags, field: Field, *, most: int = 4096) -> None:
    """Fill `features` inside `hole` in place and set field.match, looking at up to about `most` sources a patch."""
    known = ~hole
    rows = features.reshape(features.shape[0], -1)
    stride = max(1, len(field.pool) // most)
    cross = cv2.getStructuringElement(cv2.MORPH_RECT, (3, 3))
    pending = np.ones(len(field.ys), bool)
    while not known.all():
        layer = (cv2.dilate(known.view(np.uint8), cross) > 0) & ~known
        # A patch is matched once its centre is known or on the rim, or when nothing else can reach the rim.
        reach = known | layer
        entries = np.flatnonzero(pending & reach[field.ys, field.xs]).astype(np.int32)
        if not len(entries):
            entries = np.flatnonzero(pending).astype(np.int32)
        flags = known.astype(np.float32)

        def band(start: int, stop: int, entries: Ints = entries, flags: Floats = flags) -> None:
            _match_known(
                rows, flags, field.ys, field.xs, field.pool, entries, field.match, field.cost,
                start, stop, stride, 0.0,
            )  # fmt: skip

        run(band, len(entries), 16)
        pending[entries] = False
        _fill_layer(features, layer, field, ~pending)
        known = known | layer


def _fill_layer(features: Floats, layer: Flags, field: Field, ready: Flags) -> None:
    """Average the proposals of the ready patches over the layer's pixels."""
    height, width = layer.shape
    py, px = np.nonzero(layer)
    total = np.zeros((len(py), CHANNELS), np.float32)
    mass = np.zeros((len(py), 1), np.float32)
    for dy in range(-RADIUS, RADIUS + 1):
        for dx in range(-RADIUS, RADIUS + 1):
            cy, cx = py + dy, px + dx
            inside = (cy >= 0) & (cy < height) & (cx >= 0) & (cx < width)
            entry = np.where(inside, field.index[cy.clip(0, height - 1), cx.clip(0, width - 1)], -1)
            usable = np.flatnonzero((entry >= 0) & ready[entry])
            source = field.match[entry[usable]] - (dy, dx)
            total[usable] += features[source[:, 0], source[:, 1]]
            mass[usable] += 1
    features[py, px] = total / np.maximum(mass, 1)
