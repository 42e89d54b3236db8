"""Detail that attention borrows, at the window's own size: patches faded into each other over a layout.

A mean of patches that have nothing to do with each other is fainter than each of them (Heitz & Neyret,
"High-Performance By-Example Noise using a Histogram-Preserving Blending Operator", 2018, section 3). They divide by
what uncorrelated ones lose; patches from beside each other lose nothing, so the loss is measured here: the energy of
what was borrowed over that of the blend, around each pixel. Then the detail gives up what the layout knows, and the
layout meets the hole's rim.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.imaging.coarse import blurred, enlarged
from inpaint_app.imaging.window import bands
from inpaint_app.types import Box, Image, Mask

Floats = NDArray[np.float32]
STEP = 4
"""Pixels of the network between places; each lends a patch of twice that side (models/detail_attention.py)."""
MOST = 2.0
"""What the blend is enlarged by at most: four patches overlap, and uncorrelated ones lose no more."""
NEAR = 2.0
"""Sigma, in the network's pixels, of the neighbourhood whose energy is compared."""
SPLIT = 2.0
"""Sigma, in the layout's pixels, from which on the layout says it alone, and how far the rim's colours reach."""
FAINT = 0.1
"""Squared grey values that are as good as none."""


def lay_on(
    out: Image, layout: Image, area: Box, part: Mask, image: Image, hole: Mask, pixel: float, pairs: NDArray[Any],
    mean: Floats, amount: Floats,
) -> None:  # fmt: skip
    """Write into a part of the hole the layout with the detail that the image lends.

    out, image (H, W, 3), hole (H, W): the window. layout, part: of the area alone, which has some of its surroundings.
    pixel: what one of the layout's covers. pairs (N, 2, 2): row and column of each place that borrows, and of the one
    that lends. mean (S, S, 3), grey values, and amount (S, S), at the network's size: what is no detail, and how much
    of it to add.
    """
    detail = _blend(image, hole, area, pairs, mean)
    for rows, there in _rows(area):
        # Above 1 it learned to make up for the loss; it learned to err little, too, which takes texture: the root.
        share = np.sqrt(np.clip(enlarged(amount, there, hole.shape), 0, 1))
        detail[rows] *= (share * part[rows])[..., None]
    reach = SPLIT * pixel
    inside = blurred(part.view(np.uint8), reach)
    more = -blurred(detail, reach) / np.maximum(inside, np.float32(0.1))[..., None]
    known = np.logical_not(hole[area.slices]).view(np.uint8)
    apart: NDArray[Any] = np.zeros(layout.shape, np.int16)
    cv2.subtract(np.ascontiguousarray(image[area.slices]), layout, apart, known, cv2.CV_16S)
    mass = blurred(known, reach)[..., None]
    more += blurred(apart, reach) / np.maximum(mass, np.float32(0.02)) * np.minimum(2 * mass, np.float32(1))
    for rows, _ in _rows(area):
        here = enlarged(np.asarray(more, np.float32), Box(0, rows.start, area.width, rows.stop), layout.shape)
        made = np.clip(np.rint(layout[rows] + detail[rows] + here), 0, 255).astype(np.uint8)
        out[area.slices][rows][part[rows]] = made[part[rows]]


def _rows(area: Box) -> Iterator[tuple[slice, Box]]:
    """Bands of an area's rows, and each of them in the window."""
    for rows in bands(area.height):
        yield rows, Box(area.left, area.top + rows.start, area.right, area.top + rows.stop)


def _blend(image: Image, hole: Mask, area: Box, pairs: NDArray[Any], mean: Floats) -> Floats:
    """The patches of detail faded into each other over the area (h, w, 3), with the energy that each of them has."""
    down, across = (side / len(mean) for side in hole.shape)
    side = max(1, round(2 * STEP * down)), max(1, round(2 * STEP * across))
    fade = np.outer(*(np.hanning(length + 2)[1:-1] for length in side)).astype(np.float32)
    total = np.zeros((area.height, area.width, 5), np.float32)  # colours, energy, weight
    corners = np.rint((STEP * pairs - STEP / 2) * (down, across)).astype(int)
    for (top, left), source in zip(corners[:, 0], corners[:, 1], strict=True):
        first = np.maximum(np.maximum((area.top - top, area.left - left), -source), 0)
        last = np.minimum(np.minimum((area.bottom - top, area.right - left), hole.shape - source), side)
        if (first >= last).any():
            continue
        lent = Box(*(source + first)[::-1].tolist(), *(source + last)[::-1].tolist())
        detail = image[lent.slices] - enlarged(mean, lent, hole.shape)
        detail[hole[lent.slices]] = 0
        weight = fade[first[0] : last[0], first[1] : last[1], None]
        there = total[
            top + first[0] - area.top : top + last[0] - area.top,
            left + first[1] - area.left : left + last[1] - area.left,
        ]
        there[..., :3] += weight * detail
        there[..., 3:4] += weight * np.square(detail).mean(2, keepdims=True)
        there[..., 4:] += weight
    total[..., :4] /= np.maximum(total[..., 4:], np.float32(1e-6))
    detail = total[..., :3]
    opening = hole[area.slices]
    reach = NEAR * (down * across) ** 0.5
    borrowed, kept = (
        blurred(np.where(opening, energy, np.float32(0)), reach)
        for energy in (total[..., 3], np.einsum("hwc,hwc->hw", detail, detail) / 3)
    )
    gain = np.clip(np.sqrt((borrowed + FAINT) / (kept + FAINT)), 1, MOST)
    for rows in bands(area.height):
        here = enlarged(gain, Box(0, rows.start, area.width, rows.stop), opening.shape)
        detail[rows] *= here[..., None]
    return detail
