"""Whether the very thing that is to go stands in a shot, too: where it was, or a few steps beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.shots.align import View
from inpaint_app.types import Instance, Mask

Floats: TypeAlias = NDArray[np.float32]
Numbers: TypeAlias = NDArray[np.int32]

STILL = 0.3
"""A thing of which less than this share changes in any shot stands still in all of them."""

SIDE = 160
"""The longer side at which a thing is looked for, no further off than half of its shorter one."""

NEAR, LEFT = 0.5, 0.95
"""Side of the square around a pixel of a found thing that tells whether it stands there, over the root of the thing's
pixels; share of its changed pixels from which it left."""

ALIKE = 0.25
"""Share of a thing that changes at most where it is found again beside its place."""


def numbered(view: View, things: Sequence[Instance]) -> Numbers:
    """What was found, drawn into a view by the number of what it goes with: a bicycle is one with its rider."""
    drawn = np.zeros(view.size, np.int32)
    for thing in sorted(things, key=lambda one: -one.box.width * one.box.height):
        to_view = view.matrix @ np.array(
            [[1, 0, thing.box.left], [0, 1, thing.box.top], [0, 0, 1]], np.float64
        )
        there = cv2.warpPerspective(
            thing.mask.view(np.uint8), to_view, view.size[::-1], flags=cv2.INTER_NEAREST
        )
        drawn[there > 0] = thing.of or thing.number
    return drawn


def standing(
    photo: Floats,
    shots: Sequence[Floats],
    gone: Sequence[Mask],
    valid: Sequence[Mask],
    opening: Mask,
    core: Mask,
    least: Sequence[float],
    things: Numbers | None = None,
) -> tuple[list[Floats], Mask]:
    """For each shot how surely it shows the thing in each hole, (H, W), 0..1, and where each hole's stands in all.

    photo, shots: (H, W, 3), without noise. gone: where a shot differs from the photo; least: from how many levels.
    things: (H, W), the number from 1 of each thing that was found; what else hangs together in the hole is one, too.
    """
    inner = core & opening
    found = _whole(np.zeros_like(inner, np.int32) if things is None else things, inner)
    count, labels = cv2.connectedComponents(opening.view(np.uint8), connectivity=8)
    loose = inner & (found == 0)
    stays, moved, anywhere = [], np.zeros(opening.shape, bool), np.zeros(opening.shape, bool)

    def share(part: Mask, of: Mask) -> NDArray[np.float64]:
        size = np.bincount(labels[loose & of], minlength=count)
        changed = np.bincount(labels[loose & of & part], minlength=count) / np.maximum(1, size)
        return np.where((size > 0) & (np.arange(count) > 0), changed, 1.0)

    for changed, seen in zip(gone, valid, strict=True):
        moved |= changed & seen
        anywhere |= seen
        stays.append(_surely(share(changed, seen))[labels])
    still = np.asarray(share(moved, anywhere)[labels] < STILL) & opening
    boxes = _boxes(cv2.connectedComponents(loose.view(np.uint8), connectivity=8)[1])
    if found.any():
        own = _boxes(found)
        every = np.ones(opening.shape, bool)
        for stay, changed, seen in zip(stays, gone, valid, strict=True):
            for part, where in own:
                every[where][part] &= ~seen[where][part] | (
                    _stay(stay[where], part, changed[where], seen[where]) > 2 / 3
                )
        still[found > 0] = every[found > 0]
        nearest = _nearest(inner, opening)
        taken = found.ravel()[nearest] > 0
        still = np.where(taken & opening, still.ravel()[nearest], still)
        stays = [np.where(taken & opening, stay.ravel()[nearest], stay) for stay in stays]
        boxes += own
    for part, where in boxes:
        if min(part.shape) < 4 or np.count_nonzero(part) < 24:
            continue
        at = where[1].start, where[0].start
        for shot, level, stay in zip(shots, least, stays, strict=True):
            if stay[where][part].min() == 1:
                continue
            there = _found_again(photo, shot, part, at, level)
            if there is not None:
                stay[there & opening] = 1
    return stays, still


def _whole(things: Numbers, inner: Mask) -> Numbers:
    """The things in the hole, with the pixels that they cover only in part.

    As things of their own those would be outlines, which where they lie beside the thing never change: all around it
    would count as standing still.
    """
    beside = cv2.dilate(things.astype(np.float32), np.ones((3, 3), np.uint8)).astype(np.int32)
    return np.asarray(np.where(inner, np.where(things > 0, things, beside), 0), np.int32)


def _surely(changed: NDArray[np.floating]) -> Floats:
    """How surely a thing stands where such a share of it changed."""
    return np.asarray(np.clip((0.5 - changed) / 0.3, 0, 1), np.float32)


def _stay(stay: Floats, part: Mask, changed: Mask, seen: Mask) -> Floats:
    """How surely a thing that was found, a part of a frame, stands near each of its pixels; written into `stay`, too.

    Somebody who crosses before it in a shot hides some of it; but where nearly all changed, what didn't is chance.
    """
    of = (part & seen).astype(np.float32)
    if not of.any():
        stay[part] = 0
        return stay[part]
    side = max(5, round(NEAR * float(np.sqrt(np.count_nonzero(part)))))
    here, all_here = (
        cv2.boxFilter(one, -1, (side, side), borderType=cv2.BORDER_CONSTANT) for one in (of * changed, of)
    )
    left = float(np.clip((LEFT - np.mean(changed[part & seen])) / 0.2, 0, 1))
    stay[part] = (_surely(np.asarray(here / np.maximum(1e-6, all_here), np.float32)) * left)[part]
    return stay[part]


def _boxes(numbers: Numbers) -> list[tuple[Mask, tuple[slice, slice]]]:
    """Each number's part, (h, w), and where in the frame it is."""
    found = []
    for number in np.unique(numbers[numbers > 0]):
        left, top, width, height = cv2.boundingRect((numbers == number).view(np.uint8))
        where = np.s_[top : top + height, left : left + width]
        found.append((np.asarray(numbers[where] == number), where))
    return found


def _nearest(named: Mask, where: Mask) -> NDArray[np.int64]:
    """(H, W): the flat index of the pixel of `named` that is nearest to each of `where`, and of any elsewhere."""
    kind = cv2.DIST_LABEL_PIXEL
    nearest = cv2.distanceTransformWithLabels((~named).view(np.uint8), cv2.DIST_L2, 3, labelType=kind)[1]
    names = np.zeros(int(nearest.max()) + 1, np.int64)
    at = np.flatnonzero(named)
    names[nearest.ravel()[at]] = at
    return np.asarray(np.where(where, names[nearest], at[0]))


def _found_again(photo: Floats, shot: Floats, part: Mask, at: tuple[int, int], least: float) -> Mask | None:
    """Where a shot shows a thing of the photo, if beside its place; None if it does not."""
    (left, top), (height, width) = at, part.shape
    reach = max(2, min(part.shape) // 2)
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
