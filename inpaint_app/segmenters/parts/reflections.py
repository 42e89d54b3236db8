"""The reflections of found objects in water and on polished floors, from photo and outlines alone.

A level mirror shows what stands on it upside down below its foot. So the object with its rim, turned over, is laid
below its foot for every height at which the mirror may begin; it is a reflection where its detail is found again there,
and not beside as well. Every object is looked at in a crop of bounded size. Our own; benchmarks/results/shadows.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.imaging.mask import bounds
from inpaint_app.segmenters.parts.shadow_view import covered, dilated, part_of, resized
from inpaint_app.types import Box, Image, Instance, Mask

LABEL = "reflection"
MOST = 24
"""How many of the finds are looked at."""
HEIGHT = 128
"""An object is looked at in no more rows than this."""
ABOVE, BELOW = 0.1, 0.06
"""How far above and below its lowest point the mirror may begin, in heights of the object."""
FINE, COARSE = 1.2, 7.0
"""Sigmas between which detail is compared, in pixels of the crop: ripples move what is finer."""
RIM = 7
"""Width by which the outline is grown: what lies beside the object is reflected, too."""
LEAST = 1000
"""Pixels of the crop that have to be compared, and the share of the object's height."""
SHORTEST = 0.12
ALIKE = 0.35
"""Correlation from which on something is a reflection."""
ALONE = 0.12
"""By how much it has to be more than that of the same laid anywhere beside."""
FADED = 0.25
"""A reflection ends where it is weaker than this share of its mean strength."""
RIPPLES = 0.03
"""How far ripples carry it beyond its outline, in heights of the object."""

Plane = NDArray[np.float32]


class Fold(NamedTuple):
    """Where the crop is folded over: its rows, from where each is mirrored, and what is compared of them."""

    rows: NDArray[np.intp]
    source: NDArray[np.intp]
    compared: Mask
    alike: float = 0.0


def with_reflections(image: Image, found: tuple[Instance, ...]) -> tuple[Instance, ...]:
    """The finds with their clear reflections: instances labelled "reflection", numbered on, `of` what is reflected.

    image: (H, W, 3) uint8 RGB. Only the MOST largest finds are looked at; shadows have none. The confidence is how
    alike both are, ALIKE to 1.
    """
    solid = [one for one in found if one.label not in (LABEL, "shadow")]
    taken: list[Instance] = []
    for one in sorted(solid, key=lambda one: -one.mask.size)[:MOST]:
        area = _area(one.box, image.shape[:2])
        seen = _reflection(image, one, [other for other in solid if other is not one], area)
        part = None if seen is None else part_of(one, LABEL, seen[1], seen[0], area, (*found, *taken))
        if part is not None:
            taken.append(part)
    return (*found, *taken)


def _area(box: Box, shape: tuple[int, int]) -> Box:
    """What is looked at: the object, as much below it, and room to lay it beside."""
    beside = box.width // 2 + box.height // 4
    bottom = box.bottom + round((1 + 2 * BELOW) * box.height)
    return Box(max(0, box.left - beside), box.top, min(shape[1], box.right + beside), min(shape[0], bottom))


def _reflection(image: Image, one: Instance, others: list[Instance], area: Box) -> tuple[Mask, float] | None:
    """The reflection's mask in a crop of the area of bounded size, and how alike it is; None where none is clear."""
    if area.bottom - one.box.bottom < SHORTEST * one.box.height:
        return None
    shrunk = min(1.0, HEIGHT / one.box.height)
    size = max(1, round(area.width * shrunk)), max(1, round(area.height * shrunk))
    crop = cv2.resize(image[area.slices], size, interpolation=cv2.INTER_AREA)
    own = resized(covered([one], area), size) > 127
    taken = own | (resized(covered(others, area), size) > 127)
    tall = bounds(own)
    if tall is None:
        return None
    lab = cv2.cvtColor(crop, cv2.COLOR_RGB2LAB).astype(np.float32)
    detail = np.asarray(
        cv2.GaussianBlur(lab, (0, 0), FINE) - cv2.GaussianBlur(lab, (0, 0), COARSE), np.float32
    )
    near = dilated(own, RIM)
    folds = list(_folds(detail, near, taken, tall))
    best = max(folds, key=lambda fold: fold.alike, default=None)
    if best is None or best.alike < ALIKE or best.alike - _beside(detail, best, taken, tall) < ALONE:
        return None
    last = _end(detail, best, tall.height)
    region = np.zeros_like(own)
    region[best.rows[:last]] = own[best.source[:last]]
    return dilated(region, 2 * round(RIPPLES * tall.height) + 1) & ~taken, best.alike


def _folds(detail: Plane, near: Mask, taken: Mask, tall: Box) -> Iterator[Fold]:
    """Every height at which the mirror may begin, with how alike both sides are."""
    columns = (bounds(near) or tall).slices[1]
    low = tall.bottom - 1
    for twice in range(round(2 * (low - ABOVE * tall.height)), round(2 * (low + BELOW * tall.height)) + 1):
        rows = np.arange(twice // 2 + 1, min(len(near), twice - tall.top + 1))
        if len(rows) < SHORTEST * tall.height:
            continue
        compared = near[twice - rows] & ~taken[rows]
        if np.count_nonzero(compared) >= LEAST:
            part = compared[:, columns]
            alike = correlation(detail[twice - rows, columns], detail[rows, columns], part)
            yield Fold(rows, twice - rows, compared, alike)


def _beside(detail: Plane, fold: Fold, taken: Mask, tall: Box) -> float:
    """The most that the same is like what lies to the left and to the right of it."""
    mirrored, there, free = detail[fold.source], detail[fold.rows], ~taken[fold.rows]
    most, width = 0.0, detail.shape[1]
    for across in range(max(4, tall.width // 8), width, 3):
        for gone, come in (
            (slice(across, None), slice(width - across)),
            (slice(width - across), slice(across, None)),
        ):
            compared = fold.compared[:, gone] & free[:, come]
            if 2 * np.count_nonzero(compared) > np.count_nonzero(fold.compared):
                most = max(most, correlation(mirrored[:, gone], there[:, come], compared))
    return most


def _end(detail: Plane, fold: Fold, height: int) -> int:
    """How many of its rows show the reflection: it ends where water or floor do."""
    mirrored, there = (detail[rows] * fold.compared[..., None] for rows in (fold.source, fold.rows))
    both, own = ((mirrored * one).sum(axis=(1, 2)) for one in (there, mirrored))
    mean = both.sum() / max(float(own.sum()), 1e-6)
    both, own = (cv2.blur(one[:, None], (1, max(3, height // 6)))[:, 0] for one in (both, own))
    return int(np.flatnonzero(both >= FADED * mean * own)[-1]) + 1


def correlation(one: Plane, other: Plane, where: Mask) -> float:
    """Of two planes (H, W, 3) whose mean is about 0, -1 to 1."""
    one, other = one[where], other[where]
    both, own, there = (float(np.vdot(*pair)) for pair in ((one, other), (one, one), (other, other)))
    return both / float(np.sqrt(own * there) + 1e-6)
