"""Straight and gently bent edges that go into a hole on one side and come out on another.

What ends at the rim in two places, points from each to the other and has the same colours on its two sides is one edge
(Sun et al., "Image completion with structure propagation", 2005, where a user draws it). Segments come from von Gioi et
al., "LSD: a line segment detector" (2012).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.types import Mask

Floats = NDArray[np.float32]

WIDE = 7
"""Pixels on each side of an edge whose colours belong to it."""
NEAR = 4
"""Of these, so many are compared."""
BACK = 8
"""Pixels along an edge, from the rim outwards, over which its colours are averaged."""
LEAST = 12.0
"""Pixels of an edge that are seen on each side at least."""
REACH = 3.0
"""Pixels before the hole at which a segment may end."""
CONTRAST = 18.0
"""Grey values between an edge's two sides at least."""
STEADY, LOOKED = 0.6, 20.0
"""By how much of itself that contrast may vary along the edge, and over how many pixels."""
BEND, SLACK = float(np.deg2rad(10)), float(np.deg2rad(4))
"""Mean angle between an edge and the chord across the hole at most, and what of it is measuring alone."""
APART = 0.4
"""How far the colours at both ends may be apart, of the contrast."""
LONG = 4.0
"""So many times as long as it is seen an edge may be in the hole."""
INSIDE = 0.85
"""Share of an edge between its ends that lies in the hole, at least."""
SCORE = 5.0
"""What an edge must score: below, many that score so are chance."""
RIVAL = 0.7, 4.0
"""An edge with a rival that scores so much of it, and ends so many pixels elsewhere, is left out."""
WITNESSES = 8, 0.15
"""From so many places on its way on beside which something is seen, at most such a share of them may look otherwise."""
MANY = 24
"""Ends around a hole from which on what they are is a texture or a lattice, where pairs are chance."""


@dataclass(frozen=True, slots=True, eq=False)
class End:
    """Where an edge goes in. at: x, y. way (2,): unit vector into the hole. length: pixels that are seen of it.

    profile (2 * WIDE + 1, 3): colours across it, the first on the side of -`across(way)`. contrast: of its two sides.
    """

    at: Floats
    way: Floats
    length: float
    profile: Floats
    contrast: float


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One edge across the hole. path (N, 2): x, y every half pixel or less from `start` to `stop`."""

    start: End
    stop: End
    path: Floats
    score: float

    def colours(self, beside: Floats) -> Floats:
        """Along it and so many pixels beside it (N, M, 3): from the colours at its one end to those at its other."""
        one, other = (
            np.stack(
                [np.interp(beside + WIDE, np.arange(2 * WIDE + 1), channel) for channel in profile.T], -1
            )
            for profile in (self.start.profile, self.stop.profile[::-1])
        )
        t = np.linspace(0, 1, len(self.path))[:, None, None]
        return np.asarray((1 - t) * one + t * other, np.float32)


def across(way: Floats) -> Floats:
    """The unit vectors (..., 2) that stand on these."""
    return np.stack([-way[..., 1], way[..., 0]], -1)


def find(image: NDArray[np.uint8], hole: Mask, hidden: Mask) -> list[Line]:
    """Edges across the hole, the surest first, none crossing another.

    image (H, W, 3): not looked at in the hole. hidden (H, W): the hole, and what else says nothing.
    """
    ends = _ends(image, hole, hidden)
    if not 2 <= len(ends) <= MANY:
        return []
    colours = image.astype(np.float32)
    lines = (_line(one, other, hole) for number, one in enumerate(ends) for other in ends[number + 1 :])
    pairs = [line for line in lines if line and line.score >= SCORE and not _belied(line, colours, hidden)]
    pairs.sort(key=lambda line: -line.score)
    kept: list[Line] = []
    for line in pairs:
        if _doubted(line, pairs) or any(_shares(line, other) or _crosses(line, other) for other in kept):
            continue
        kept.append(line)
    return kept


def _ends(image: NDArray[np.uint8], hole: Mask, hidden: Mask) -> list[End]:
    """Every end of a segment that points into the hole from its rim."""
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    luma = cv2.inpaint(luma, hole.view(np.uint8), 1, cv2.INPAINT_NS) if hole.any() else luma
    found: Any = cv2.createLineSegmentDetector().detect(luma)[0]
    segments = np.zeros((0, 4), np.float32) if found is None else np.asarray(found, np.float32).reshape(-1, 4)
    segments = np.concatenate([segments, segments[:, [2, 3, 0, 1]]])
    ways = segments[:, 2:] - segments[:, :2]
    lengths = np.linalg.norm(ways, axis=1)
    colours, ends = image.astype(np.float32), list[End | None]()
    for number in np.flatnonzero((lengths >= LEAST) & _near(segments, hole)):
        length = float(lengths[number])
        ends.append(_end(colours, hole, hidden, segments[number, :2], ways[number] / length, length))
    return [end for end in ends if end is not None]


def _near(segments: Floats, hole: Mask) -> Mask:
    """Which segments' boxes, and REACH around, hold some of the hole: a quick look at most of them."""
    counts = cv2.integral(hole.view(np.uint8))
    first, last = np.minimum(segments[:, :2], segments[:, 2:]), np.maximum(segments[:, :2], segments[:, 2:])
    sides = hole.shape[::-1]
    left, top = (first - REACH).clip(0, sides).astype(int).T
    right, bottom = (last + REACH + 1).clip(0, sides).astype(int).T
    inside = counts[bottom, right] - counts[top, right] - counts[bottom, left] + counts[top, left]
    return np.asarray(inside > 0, bool)


def _end(image: Floats, hole: Mask, hidden: Mask, start: Floats, way: Floats, length: float) -> End | None:
    """Where a segment that begins at `start` first meets the hole, if it does and looks like an edge there."""
    places = start + np.arange(0, length + REACH, 0.5, dtype=np.float32)[:, None] * way
    into = np.flatnonzero(_at(hole, places))
    if not len(into) or into[0] / 2 < LEAST:
        return None
    seen, at = float(into[0]) / 2, places[into[0]]
    outwards = at - way * np.arange(2, 2 + max(BACK, min(seen, LOOKED)), dtype=np.float32)[:, None]
    points = outwards[:, None] + np.arange(-WIDE, WIDE + 1, dtype=np.float32)[:, None] * across(way)
    x, y = points[..., 0], points[..., 1]
    values: Floats = np.asarray(cv2.remap(image, x, y, cv2.INTER_LINEAR), np.float32)
    free = ~_at(hidden, points, outside=True)
    profile = _profile(values[:BACK], free[:BACK])
    if profile is None:
        return None
    step = _sides(profile)
    contrast = float(np.linalg.norm(step))
    if contrast < CONTRAST:
        return None
    seen_whole = free[:, WIDE - 3 : WIDE + 4].all(1)
    along = _sides(values[seen_whole]) @ (step / contrast)
    if len(along) > 4 and along.std() > STEADY * along.mean():
        return None
    return End(at, way, seen, profile, contrast)


def _profile(values: Floats, free: Mask) -> Floats | None:
    """Colours across an edge, means of what is free; at its sides the next that is known. None where too little is."""
    mass = free.sum(0)
    known = np.flatnonzero(mass >= 3)
    if len(known) <= 1.5 * WIDE:
        return None
    mean = (values * free[..., None]).sum(0) / np.maximum(mass, 1)[:, None]
    nearest = known[np.abs(known - np.arange(len(mass))[:, None]).argmin(1)]
    return np.asarray(mean[nearest], np.float32)


def _sides(profile: Floats) -> Floats:
    """What the one side of the colours (..., 2 * WIDE + 1, 3) has more than the other, next to the edge."""
    one, other = profile[..., WIDE + 1 : WIDE + 4, :], profile[..., WIDE - 3 : WIDE, :]
    return np.asarray(one.mean(-2) - other.mean(-2), np.float32)


def _at(mask: Mask, points: Floats, outside: bool = False) -> Mask:
    """The mask at the nearest pixels of places (..., 2); `outside` where there are none."""
    x, y = (np.rint(points[..., axis]).astype(int) for axis in (0, 1))
    height, width = mask.shape
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    return np.asarray(np.where(inside, mask[y.clip(0, height - 1), x.clip(0, width - 1)], outside), bool)


def _line(one: End, other: End, hole: Mask) -> Line | None:
    """Both ends as one edge, where they are like one."""
    chord = other.at - one.at
    length = float(np.hypot(*chord))
    if not 6 <= length <= LONG * (one.length + other.length):
        return None
    chord /= length
    leaving, arriving = (_angle(chord, way) for way in (one.way, -other.way))
    angles = [float(np.sign(angle)) * max(0.0, abs(angle) - SLACK) for angle in (leaving, arriving)]
    bend = float(np.abs(angles).mean())
    beside = abs(leaving + arriving) / 2 > SLACK  # two that are parallel, not one that bends
    if beside or bend > BEND or np.abs(angles).max() > 1.5 * BEND:
        return None
    contrast = min(one.contrast, other.contrast)
    apart = _apart(one.profile, other.profile[::-1]) / (APART * contrast)
    path = _path(one.at, other.at, chord, angles)
    if apart > 1 or _at(hole, path).mean() < INSIDE:
        return None
    likely = contrast * (1 - apart) * (1.2 - bend / BEND)
    return Line(one, other, path, likely * (min(one.length, other.length) / length) ** 0.5)


def _angle(chord: Floats, way: Floats) -> float:
    return float(np.arctan2(chord[0] * way[1] - chord[1] * way[0], chord @ way))


def _apart(one: Floats, other: Floats) -> float:
    """How far two profiles are apart, the one moved by a pixel at most."""
    middle = one[WIDE - NEAR : WIDE + NEAR + 1]
    shifted = (other[WIDE - NEAR + by : WIDE + NEAR + 1 + by] for by in (-1, 0, 1))
    return min(float(np.linalg.norm(middle - part, axis=1).mean()) for part in shifted)


def _path(start: Floats, stop: Floats, chord: Floats, angles: list[float]) -> Floats:
    """A cubic (Hermite) from one place to the other that leaves and arrives at these angles to the chord."""
    length = float(np.hypot(*(stop - start)))
    t = np.linspace(0, 1, int(2 * length) + 2, dtype=np.float32)[:, None]
    leaving, arriving = (np.cos(angle) * chord + np.sin(angle) * across(chord) for angle in angles)
    ends = (2 * t**3 - 3 * t**2 + 1) * start + (3 * t**2 - 2 * t**3) * stop
    ways = (t**3 - 2 * t**2 + t) * leaving + (t**3 - t**2) * arriving
    return np.asarray(ends + length * ways, np.float32)


def _belied(line: Line, image: Floats, hidden: Mask) -> bool:
    """Whether what is seen beside the edge on its way is something else, that stands before it."""
    ways = np.gradient(line.path, axis=0)
    beside = np.arange(-NEAR, NEAR + 1, dtype=np.float32)
    ways /= np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1e-6)
    points = line.path[:, None] + beside[:, None] * across(ways)[:, None]
    free = ~_at(hidden, points, outside=True)
    told = free.sum(1)
    seen = cv2.remap(image, points[..., 0], points[..., 1], cv2.INTER_LINEAR)
    apart = (np.linalg.norm(seen - line.colours(beside), axis=-1) * free).sum(1)[told >= 3] / told[told >= 3]
    other = apart > APART * min(line.start.contrast, line.stop.contrast)
    return len(other) >= WITNESSES[0] and float(other.mean()) > WITNESSES[1]


def _doubted(line: Line, pairs: list[Line]) -> bool:
    """Whether one of its ends goes as well with another, elsewhere."""
    for mine, yours in ((line.start, line.stop), (line.stop, line.start)):
        for other in pairs:
            if other is line or mine not in (other.start, other.stop) or other.score < RIVAL[0] * line.score:
                continue
            far = other.stop if mine is other.start else other.start
            if np.hypot(*(far.at - yours.at)) > RIVAL[1]:
                return True
    return False


def _shares(one: Line, other: Line) -> bool:
    """Whether they have an end in common."""
    return bool({id(one.start), id(one.stop)} & {id(other.start), id(other.stop)})


def _crosses(one: Line, other: Line) -> bool:
    """Whether their chords cross."""
    a, b, c, d = one.start.at, one.stop.at, other.start.at, other.stop.at
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _turn(a: Floats, b: Floats, c: Floats) -> float:
    """On which side of the way from a to b c lies."""
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
