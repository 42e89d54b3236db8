"""How far a hole grows: over what is left of the thing beside its mask, and no further unless that costs nothing.

No mask is exact, so a hole grows before it is filled. Each pixel that it grows over in vain is one that the fill has to
invent though the photo shows it. So the ring around a hole is looked at: background goes on outwards, with the colours
of what lies beyond the ring; a rim of the thing, its soft edge or its contact shadow do not.

Held against is how well the band beyond the ring is explained by what lies further out, which a wall of bricks does
worse than sky. That is asked along the rim, at every depth, and once for the whole rim: who outlined a thing too
tightly did so all around. Chosen on the tuning half of eval/real_removal, masks eroded by 0 to 6 pixels:
benchmarks/results/real.md. Even ground (asphalt, sky, a wall) is as easily filled as kept, and faint light or shade of
the thing, which goes on beyond the ring, shows on it most: there a hole grows as far as holes may.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.imaging import mask as masks
from inpaint_app.imaging.mask import bounds, padded
from inpaint_app.types import Box, Image, Mask

Values = NDArray[np.float32]

LOOKED_AT = 64
"""Holes, the largest first, whose rims are looked at; further ones are specks, and grow as far as holes may."""
LEAST = 0.25
"""Share of the most that a hole grows by in any case: the pixels in which thing and background are mixed."""
RADIUS = 4.0, 6.0
"""Least and most pixels of the ring as it is looked at; a photo is made smaller for it where holes grow by more."""
OUTWARDS = 1 / 6, 0.5, 1.0, 1.5
INWARDS = 0.1, 0.4, 0.8, 1.3
ALONG = -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5
"""Where samples lie, in radii: how much further out than a band, how deep under the mask, and to both sides."""
NEAR = 1.5
"""Sigma along the rim, in radii, over which pixels of one depth are taken together."""
WORSE = 2.5, 1.6
"""Times as badly explained as the band beyond, at one place and all around, from which on a depth is the thing's."""
GREY = 2.0
"""Grey values that it must be worse by."""
EVEN = 0.7
"""Grey values: ground that is explained so well all around is even."""
MANY = 0.3
"""Share of the rim from which on a depth counts as the thing's all around."""
ALONE = 3.0, 10.0
"""The same two for single pixels that hang together with the hole: a strap, hair, a stick."""
ALIKE = 1.2, 2.0, 3.0
"""The same two for a pixel that is by so many grey values more like what lies under the mask beside it."""
LINE = 512
"""Pixels of a line in which OpenCV is given a list of places."""
UNKNOWN = -1e3
"""Signed distance of what is neither background nor this hole."""


def grow(image: Image, mask: Mask, radius: int | None = None) -> tuple[Mask, int, int]:
    """The mask (H, W) grown by `radius`, or where that is None as far as the photo shows more of the thing.

    Then no hole grows by more than its `automatic_growth`, or by less than a quarter of that. Returns the grown
    mask, by how many pixels every hole grew at least, which bounds the feather, and by how many none grew more.
    """
    box = bounds(mask)
    if radius is not None or box is None:
        return masks.grow(mask, radius)
    opening = mask[box.slices].view(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opening, connectivity=8)
    order = 1 + np.argsort(-stats[1:count, cv2.CC_STAT_AREA], kind="stable")
    grown, all_around, furthest = mask.copy(), [], []
    for number in order[:LOOKED_AT]:
        left, top, width, height, area = (int(value) for value in stats[number])
        most = masks.automatic_growth(width, height, mask.shape, area)
        own = Box(left, top, left + width, top + height)
        around = padded(own.moved(box.left, box.top), 4 * most + 2, mask.shape)
        part = np.zeros((around.height, around.width), bool)
        part[own.moved(box.left, box.top).within(around).slices] = labels[own.slices] == number
        _reach_border(part, around, mask.shape, most)
        all_around.append(max(1, round(LEAST * most)))
        furthest.append(most)
        left_over = _left_over(image[around.slices], part, mask[around.slices], most)
        away = cv2.distanceTransform((~part).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        grown[around.slices] |= (away <= all_around[-1]) | ((away <= most) & left_over)
    if len(order) > LOOKED_AT:
        specks = np.zeros(mask.shape, bool)
        specks[box.slices] = np.isin(labels, order[LOOKED_AT:])
        wide, least, most = masks.grow(specks)
        grown |= wide
        all_around.append(least)
        furthest.append(most)
    return grown, min(all_around), max(furthest)


def _reach_border(part: Mask, around: Box, frame: tuple[int, ...], most: int) -> None:
    """Fill what lies between a hole and the photo's border, where nothing beyond could say that it is background."""
    ends = around.top == 0, around.bottom == frame[0], around.left == 0, around.right == frame[1]
    for turns, at_border in zip((2, 0, 1, 3), ends, strict=True):
        strip = np.rot90(part, turns)[-most - 1 :]
        if at_border:
            np.logical_or.accumulate(strip, axis=0, out=strip)


@dataclass(frozen=True, slots=True, eq=False)
class _Surroundings:
    """A hole with what is around it, at the size at which it is looked at.

    away: distance from the hole, negative in it; UNKNOWN in other holes. out: unit vectors away from the hole, x and y.
    """

    image: Values
    away: Values
    out: tuple[Values, Values]
    radius: float

    def band(self, low: float, high: float) -> Mask:
        """Pixels that lie more than `low` and at most `high` outside."""
        return np.asarray((self.away > low) & (self.away <= high))

    def unlike(self, low: float, steps: Sequence[float], between: tuple[float, float]) -> Values:
        """The least difference in colour to samples that lie `steps` away from the hole, `between` two distances.

        Root of the mean square, of the band one radius wide from `low` on; 0 elsewhere, NaN where there is no sample.
        """
        rows, columns = np.nonzero(self.band(low, low + self.radius))
        values = np.zeros(self.away.shape, np.float32)
        if not len(rows):
            return values
        lines = np.pad(np.stack((rows, columns)), ((0, 0), (0, -len(rows) % LINE)), mode="edge")
        y, x = lines.astype(np.float32).reshape(2, -1, LINE)
        own, away = _at(self.image, x, y), _at(self.away, x, y)
        right, down = (_at(part, x, y) for part in self.out)
        best = np.full(x.shape, np.inf, np.float32)
        for distance, aside in product(steps, ALONG):
            step, side = np.float32(distance) - away, np.float32(aside * self.radius)
            there = x + right * step - down * side, y + down * step + right * side
            found = _at(self.away, *there)
            gap = np.square(_at(self.image, *there) - own).sum(-1)
            gap[(found <= between[0]) | (found > between[1])] = np.inf
            np.minimum(best, gap, out=best)
        best[np.isinf(best)] = np.nan
        values[rows, columns] = np.sqrt(best.ravel()[: len(rows)] / 3)
        return values


def _at(picture: Values, x: Values, y: Values) -> Values:
    """The nearest pixels there; UNKNOWN outside the picture."""
    return np.asarray(
        cv2.remap(picture, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=[UNKNOWN] * 4)
    )


def _left_over(image: Image, part: Mask, opening: Mask, most: int) -> Mask:
    """Where more of the thing under `part` may lie, as far as `most` pixels beside it; `opening` has all holes."""
    scale = max(1.0, most / RADIUS[1])
    size = (max(1, round(part.shape[1] / scale)), max(1, round(part.shape[0] / scale)))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    hole, holes = (
        cv2.resize(each.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA) > 127
        for each in (part, opening)
    )
    if not hole.any():  # finer than what is looked at
        return np.ones(part.shape, bool)
    seen = _surroundings(small, hole, holes, max(RADIUS[0], most / scale))
    more = _more(seen) | hole
    _, labels = cv2.connectedComponents(more.view(np.uint8), connectivity=8)
    joined = np.isin(labels, np.unique(labels[hole])) & more & ~hole
    wide = cv2.dilate(joined.view(np.uint8) * np.uint8(255), np.ones((3, 3), np.uint8))
    return np.asarray(cv2.resize(wide, part.shape[::-1], interpolation=cv2.INTER_LINEAR) > 127)


def _more(seen: _Surroundings) -> Mask:
    """What of the ring is not background, joined to the hole or not."""
    radius, near = seen.radius, NEAR * seen.radius
    ring, beyond = (
        seen.unlike(low, [low + (1 + out) * radius for out in OUTWARDS], (low + radius, low + 3 * radius + 1))
        for low in (0.0, radius)
    )
    usual, everywhere = _pooled(beyond, seen.band(radius, 2 * radius), near)
    if everywhere < EVEN:
        return seen.band(0, radius)
    thing = seen.unlike(0, [-0.5 - deep * radius for deep in INWARDS], (UNKNOWN, 0))
    depth = np.zeros(ring.shape, np.float32)
    for step in range(1, int(radius) + 1):
        here, there = (seen.band(low + step - 0.5, low + step + 0.5) for low in (0.0, radius))
        depth[_worse(ring, here, beyond, there, near)] = step + 0.5
    usual = np.where(np.isfinite(usual), usual, np.float32(everywhere))
    alone = ring > ALONE[0] * usual + ALONE[1]
    alone |= (ring > thing + ALIKE[2]) & (ring > ALIKE[0] * usual + ALIKE[1])
    return np.asarray(seen.band(0, radius) & ((seen.away <= depth) | alone))


def _surroundings(small: Image, hole: Mask, holes: Mask, radius: float) -> _Surroundings:
    """What is looked at of a picture made smaller."""
    outside = cv2.distanceTransform((~hole).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    away = outside - cv2.distanceTransform(hole.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    smooth = cv2.GaussianBlur(away, (0, 0), 1.5)
    right, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    length = np.maximum(np.hypot(right, down), np.float32(1e-3))
    away[holes & ~hole] = UNKNOWN
    calm = cv2.GaussianBlur(small, (0, 0), 0.7).astype(np.float32)
    out = (np.asarray(right / length, np.float32), np.asarray(down / length, np.float32))
    return _Surroundings(calm, np.asarray(away, np.float32), out, radius)


def _worse(ring: Values, here: Mask, beyond: Values, there: Mask, near: float) -> Mask:
    """Where along the rim one depth of the ring (`here`) is explained worse than the same depth of the band beyond."""
    found, all_around = _pooled(ring, here, near)
    usual, usual_all_around = _pooled(beyond, there, near)
    usual = np.where(np.isfinite(usual), usual, usual_all_around)
    worse = ~(found <= WORSE[0] * usual + GREY)  # also where nothing is known
    if all_around > WORSE[1] * usual_all_around + GREY or (here.any() and worse[here].mean() > MANY):
        return np.ones_like(worse)
    return np.asarray(worse)


def _pooled(values: Values, where: Mask, sigma: float) -> tuple[Values, float]:
    """The mean of the values there, around every pixel (Gaussian, NaN where there are none) and over all."""
    where = where & np.isfinite(values)
    step = max(1, round(sigma / 3))
    size = (-(-where.shape[1] // step), -(-where.shape[0] // step))
    total, mass = (
        cv2.GaussianBlur(cv2.resize(each, size, interpolation=cv2.INTER_AREA), (0, 0), sigma / step)
        for each in (np.where(where, values, np.float32(0)), where.astype(np.float32))
    )
    mean = np.where(mass > 1e-4, total / np.maximum(mass, 1e-4), np.float32(np.nan)).astype(np.float32)
    whole = cv2.resize(mean, where.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return np.asarray(whole), float(values[where].mean()) if where.any() else float("nan")
