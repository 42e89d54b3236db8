"""Where on a photo a hole's shape can be tried out: free of objects, and like the hole's surroundings.

Everything is searched on a reduced photo; only the few places found are made at full size.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.imaging.mask import bounds, dilated, scaled
from inpaint_app.imaging.window import holes
from inpaint_app.types import Box, Image, Mask

REDUCED = 256
"""Longest side in pixels of what is searched."""

GAP = 3
"""Reduced pixels that a place keeps from the hole and from objects."""

SHRINK = (1.0, 0.7, 0.5, 0.35)
"""A shape that fits nowhere else is tried smaller."""

Maps = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A hole's shape at another place. mask: (H, W) bool; distance: how far its surroundings are from the hole's."""

    mask: Mask
    box: Box
    distance: float


def find(image: Image, mask: Mask, count: int = 4, avoid: Mask | None = None) -> list[Place]:
    """Up to `count` places, the most alike first; fewer, or none, where the photo has no more room.

    image: (H, W, 3) uint8. mask: the hole; its own content is not looked at. avoid: objects, where no place may lie.
    Of a mask with several holes the three largest are tried out. The same photo and mask give the same places.
    """
    taken = mask if avoid is None else mask | avoid
    parts = sorted(holes(mask, 0.0, 16), key=lambda hole: int(hole.mask.sum()), reverse=True)[: min(3, count)]
    scale = min(1.0, REDUCED / max(mask.shape))
    size = max(1, round(mask.shape[0] * scale)), max(1, round(mask.shape[1] * scale))
    features = _features(image, size)
    occupied = scaled(taken, size)
    found: list[Place] = []
    for number, part in enumerate(parts):
        share = count // len(parts) + (number < count % len(parts))
        shape = np.zeros_like(mask)
        shape[part.box.slices] = part.mask
        used = occupied.copy()
        for place in found:
            used |= scaled(place.mask, size)
        found += _places(features, used, shape, taken, share)
    return sorted(found, key=lambda place: place.distance)


def _features(image: Image, size: tuple[int, int]) -> Maps:
    """(H', W', 9) float32: colour, contrast in three bands, and direction, each with a spread of 1 over the photo."""
    across = size[::-1]
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    fine = cv2.absdiff(luma, cv2.GaussianBlur(luma, (0, 0), 1.5))
    small = cv2.resize(image, across, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    grey = np.ascontiguousarray(lab[..., 0])
    bands = [cv2.resize(fine, across, interpolation=cv2.INTER_AREA).astype(np.float32)]
    for sigma in (1.0, 3.0):
        bands.append(
            np.abs(cv2.GaussianBlur(grey, (0, 0), sigma) - cv2.GaussianBlur(grey, (0, 0), 2 * sigma))
        )
    right, down = (cv2.Sobel(grey, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    maps = np.dstack(
        [lab, *(np.log1p(band) for band in bands), *(np.sqrt(np.abs(d)) for d in (right, down)), right * down]
    )
    maps[..., -1] = np.sign(maps[..., -1]) * np.sqrt(np.abs(maps[..., -1]))
    spread = maps.reshape(-1, maps.shape[2]).std(axis=0) + 1e-3
    return np.asarray(maps / spread, dtype=np.float32)


def _places(features: Maps, occupied: Mask, shape: Mask, taken: Mask, count: int) -> list[Place]:
    """The best places for one shape, apart from each other; a smaller shape where the whole one finds none."""
    box = bounds(shape)
    if box is None or count < 1:
        return []
    for factor in SHRINK:
        inside = scaled(
            shape[box.slices], (max(1, round(box.height * factor)), max(1, round(box.width * factor)))
        )
        places = _ranked(features, occupied, shape, inside, taken, count)
        if places:
            return places
    return []


def _ranked(
    features: Maps, occupied: Mask, shape: Mask, inside: Mask, taken: Mask, count: int
) -> list[Place]:
    size = occupied.shape
    scale = size[0] / shape.shape[0], size[1] / shape.shape[1]
    down, across = (max(1, round(inside.shape[axis] * scale[axis])) for axis in (0, 1))
    if down >= size[0] or across >= size[1]:
        return []
    distance = _distances(features, occupied, scaled(shape, size), (down, across))
    kernel = np.ones((down, across), np.float32)
    room = occupied | dilated(occupied, GAP)
    covered = cv2.filter2D(room.astype(np.float32), -1, kernel, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    rows, columns = size[0] - down + 1, size[1] - across + 1
    cost = np.where(covered < 0.5, distance, np.inf)[:rows, :columns]
    places: list[Place] = []
    while len(places) < count and np.isfinite(cost).any():
        top, left = (int(v) for v in np.unravel_index(int(np.argmin(cost)), cost.shape))
        value = float(cost[top, left])
        place = _at_full_size(inside, top / scale[0], left / scale[1], taken)
        cost[
            max(0, top - down // 2) : top + down // 2 + 1, max(0, left - across // 2) : left + across // 2 + 1
        ] = np.inf
        if place is not None:
            places.append(Place(*place, value))
    return places


def _distances(features: Maps, occupied: Mask, shape: Mask, size: tuple[int, int]) -> NDArray[np.float64]:
    """For each corner of a box of `size`: how far the mean of the ring around it is from that of the hole's ring."""
    ring = max(2, max(size) // 3)
    around = dilated(shape, ring) & ~dilated(occupied, 1)
    if not around.any():
        around = ~occupied
    wanted = (
        features[around].mean(axis=0)
        if around.any()
        else features.reshape(-1, features.shape[2]).mean(axis=0)
    )
    free = (~occupied).astype(np.float32)
    outer = (size[1] + 2 * ring, size[0] + 2 * ring)
    inner = (size[1], size[0])

    def ringed(values: Maps) -> Maps:
        """The sum over the ring of each box whose corner is the pixel: the outer box less the inner one."""
        framed = cv2.copyMakeBorder(values, ring, outer[1], ring, outer[0], cv2.BORDER_CONSTANT, value=0)
        whole = cv2.boxFilter(framed, cv2.CV_32F, outer, anchor=(0, 0), normalize=False)
        hole = cv2.boxFilter(framed, cv2.CV_32F, inner, anchor=(0, 0), normalize=False)
        height, width = values.shape[:2]
        return np.asarray(whole[:height, :width] - hole[ring : ring + height, ring : ring + width])

    seen = np.maximum(ringed(free), 1e-3)
    total = np.zeros(occupied.shape, dtype=np.float64)
    for index in range(features.shape[2]):
        mean = ringed(np.ascontiguousarray(features[..., index]) * free) / seen
        total += np.square(mean - wanted[index])
    full = outer[0] * outer[1] - inner[0] * inner[1]
    penalty = np.clip(0.5 - seen / full, 0, None)
    return np.asarray(np.sqrt(total / features.shape[2]) + penalty, dtype=np.float64)


def _at_full_size(inside: Mask, top: float, left: float, taken: Mask) -> tuple[Mask, Box] | None:
    """The shape with its corner there, if at full size too it touches nothing that is taken."""
    height, width = inside.shape
    row = min(round(top), taken.shape[0] - height)
    column = min(round(left), taken.shape[1] - width)
    box = Box(column, row, column + width, row + height)
    if (taken[box.slices] & inside).any():
        return None
    mask = np.zeros_like(taken)
    mask[box.slices] = inside
    return mask, box
