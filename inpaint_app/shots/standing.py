"""Whether the very thing that is to go stands in a shot, too: where it was, or a few steps beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.types import Mask

Floats: TypeAlias = NDArray[np.float32]

STILL = 0.3
"""A thing of which less than this share changes in any shot stands still in all of them."""

STEP, SIDE = 24, 160
"""Pixels that a thing may have moved at most, and the longer side at which it is looked for."""

ALIKE = 0.25
"""Share of a thing that changes at most where it is found again beside its place."""


def standing(
    photo: Floats,
    shots: Sequence[Floats],
    gone: Sequence[Mask],
    valid: Sequence[Mask],
    opening: Mask,
    core: Mask,
    least: Sequence[float],
) -> tuple[list[Floats], Mask]:
    """For each shot how surely it shows the thing in each hole, (H, W), 0..1, and where each hole's stands in all.

    photo, shots: (H, W, 3), without noise. gone: where a shot differs from the photo; least: from how many levels.
    """
    count, labels = cv2.connectedComponents(opening.view(np.uint8), connectivity=8)
    inner = core & opening
    stays, moved, anywhere = [], np.zeros(opening.shape, bool), np.zeros(opening.shape, bool)

    def share(part: Mask, of: Mask) -> NDArray[np.float64]:
        size = np.bincount(labels[inner & of], minlength=count)
        changed = np.bincount(labels[inner & of & part], minlength=count) / np.maximum(1, size)
        return np.where((size > 0) & (np.arange(count) > 0), changed, 1.0)

    for changed, seen in zip(gone, valid, strict=True):
        moved |= changed & seen
        anywhere |= seen
        stays.append(np.asarray(np.clip((0.5 - share(changed, seen)) / 0.3, 0, 1)[labels], np.float32))
    things, parts, boxes, _ = cv2.connectedComponentsWithStats(inner.view(np.uint8), connectivity=8)
    for thing in range(1, things):
        left, top, width, height, size = boxes[thing]
        if min(width, height) < 4 or size < 24:
            continue
        part = np.asarray(parts[top : top + height, left : left + width] == thing)
        for shot, level, stay in zip(shots, least, stays, strict=True):
            if stay[top : top + height, left : left + width][part].min() == 1:
                continue
            there = _found_again(photo, shot, part, (int(left), int(top)), level)
            if there is not None:
                stay[there & opening] = 1
    return stays, np.asarray(share(moved, anywhere)[labels] < STILL) & opening


def _found_again(photo: Floats, shot: Floats, part: Mask, at: tuple[int, int], least: float) -> Mask | None:
    """Where a shot shows a thing of the photo, if beside its place; None if it does not."""
    (left, top), (height, width) = at, part.shape
    reach = min(STEP, max(2, min(part.shape) // 2))
    scale = min(1.0, SIDE / max(height, width))
    wide = (
        slice(max(0, top - reach), min(photo.shape[0], top + height + reach)),
        slice(max(0, left - reach), min(photo.shape[1], left + width + reach)),
    )

    def small(what: NDArray[np.generic]) -> NDArray[np.float32]:
        return np.asarray(
            cv2.resize(what.astype(np.float32), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        )

    thing, field, mask = small(photo[top : top + height, left : left + width]), small(shot[wide]), small(part)
    costs = cv2.matchTemplate(field, thing, cv2.TM_SQDIFF, mask=np.repeat(mask[..., None], 3, 2))
    _, _, (x, y), _ = cv2.minMaxLoc(costs)
    cut = field[y : y + thing.shape[0], x : x + thing.shape[1]]
    apart = np.abs(cut - thing).max(axis=2)
    inside = mask > 0.5
    rate = float(np.mean(apart[inside] > 1.5 * least)) if inside.any() else 1.0
    if rate > ALIKE:
        return None
    there = np.zeros(photo.shape[:2], bool)
    row, column = wide[0].start + round(y / scale), wide[1].start + round(x / scale)
    row, column = min(row, photo.shape[0] - height), min(column, photo.shape[1] - width)
    there[row : row + height, column : column + width] = part
    return np.asarray(cv2.dilate(there.view(np.uint8), np.ones((3, 3), np.uint8)) > 0)
