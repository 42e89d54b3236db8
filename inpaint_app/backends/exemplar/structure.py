"""Edges that go on across the hole (`imaging/lines.py`), drawn before anything else is filled.

As in Sun et al., "Image completion with structure propagation" (2005), what lies along an edge is copied from along it.
Here it is drawn, small, into the guide and into the coarse levels, held there, and patches on it start with what lies
farther out along the edge; the finer levels refine that as everything else. A matching alone ends a pole in the air:
each patch of it that is sky fits as well.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from inpaint_app.backends.exemplar.field import Field, Flags, Floats, Ints
from inpaint_app.backends.exemplar.pyramid import Level
from inpaint_app.imaging import lines
from inpaint_app.imaging.lines import WIDE, Line
from inpaint_app.imaging.mask import bounds, padded, scaled
from inpaint_app.types import Box, Image

SIDE = 256
"""Pixels of the hole's box at most where edges are looked for and drawn."""
AROUND = 96
"""Such pixels around it that are looked at."""
CORE, SOFT = 3.0, 1.5
"""Pixels beside an edge up to which it is drawn wholly, and sigma of its fading beyond."""
MARGIN = 5.0
"""Pixels from the rim outwards, where what is copied along an edge begins."""
FINEST = 0.45
"""So many drawn pixels a level's must cover at least for the drawing to be held there."""
OWN = 0.5
"""Share of the drawing from which on a pixel is the edge's own."""


class Drawn(NamedTuple):
    """Edges as they are drawn over a part of the window.

    colours (h, w, 3); share (h, w): how much they count, 0 to 1; offset (h, w, 2): from a place there to where it may
    be copied from, rows and columns of the window. box: the part; scale: drawn pixels for each of its, across and down.
    """

    colours: Floats
    share: Floats
    offset: Floats
    box: Box
    scale: tuple[float, float]


class Laid(NamedTuple):
    """What is drawn of a level: rows and columns (N,), colours (N, 3), shares (N, 1); own (H, W): the edges' pixels;
    matched: which entries of the field have their match already."""

    ys: Ints
    xs: Ints
    colours: Floats
    shares: Floats
    own: Flags
    matched: Flags

    def hold(self, level: Level) -> None:
        """Paint it into the level."""
        now = level.features[self.ys, self.xs, :3].astype(np.float32)
        level.paint(self.ys, self.xs, now + self.shares * (self.colours - now))


def draw(image: Image, hole: Flags, forbidden: Flags) -> Drawn | None:
    """The edges across the hole of a window; None where there is none."""
    box = bounds(hole)
    if box is None:
        return None
    scale = min(1.0, SIDE / max(box.width, box.height))
    area = padded(box, round(AROUND / scale), hole.shape)
    size = max(8, round(area.width * scale)), max(8, round(area.height * scale))
    opening = scaled(hole[area.slices], size[::-1])
    hidden = opening | scaled(forbidden[area.slices], size[::-1]) if forbidden.any() else opening
    small = np.asarray(cv2.resize(image[area.slices], size, interpolation=cv2.INTER_AREA), np.uint8)
    found = lines.find(small, opening, hidden)
    return _drawn(found, opening, area) if found else None


def _drawn(found: list[Line], hole: Flags, area: Box) -> Drawn:
    """Colours and sources of every pixel that edges pass; where two do, mixed colours, and the nearer's source."""
    shape = hole.shape
    total, mass = np.zeros((*shape, 3), np.float32), np.zeros(shape, np.float32)
    share, offset = np.zeros(shape, np.float32), np.zeros((*shape, 2), np.float32)
    nearest = np.full(shape, np.inf, np.float32)
    beside = np.arange(-WIDE, WIDE + 0.25, 0.5, dtype=np.float32)
    weights = np.exp(-0.5 * np.square(np.maximum(np.abs(beside) - CORE, 0) / SOFT)).astype(np.float32)
    for line in found:
        ways = np.gradient(line.path, axis=0)
        ways /= np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1e-6)
        points = line.path[:, None] + beside[:, None] * lines.across(ways)[:, None]
        xs, ys = (np.rint(points[..., axis]).astype(int) for axis in (0, 1))
        inside = (xs >= 0) & (xs < shape[1]) & (ys >= 0) & (ys < shape[0])
        inside[inside] = hole[ys[inside], xs[inside]]
        at = ys[inside], xs[inside]
        weight = np.broadcast_to(weights, inside.shape)[inside]
        np.add.at(total, at, weight[:, None] ** 2 * line.colours(beside)[inside])
        np.add.at(mass, at, weight**2)
        np.maximum.at(share, at, weight)
        for place, rank in _sources(line, beside):
            better = inside.copy()
            better[inside] = rank[inside] < nearest[at]
            there = ys[better], xs[better]
            nearest[there] = rank[better]
            offset[there] = (place[better] - points[better])[:, ::-1]
    scale = shape[1] / area.width, shape[0] / area.height
    offset /= np.array(scale[::-1], np.float32)
    total /= np.maximum(mass, 1e-6)[..., None]
    return Drawn(total, share, offset, area, scale)


def _sources(line: Line, beside: Floats) -> list[tuple[Floats, Floats]]:
    """Of each end: the places (N, M, 2) that what lies along the edge may be copied from, and how far off it is.

    What is seen of the edge is gone along again and again.
    """
    steps = np.linalg.norm(np.diff(line.path, axis=0), axis=1)
    along = np.concatenate([[0], np.cumsum(steps)]).astype(np.float32)
    found = []
    for end, off, side in ((line.start, along, 1), (line.stop, along[-1] - along, -1)):
        back = MARGIN + np.mod(off, max(1.0, end.length - MARGIN))
        place = end.at - back[:, None, None] * end.way + side * beside[:, None] * lines.across(end.way)
        found.append((place.astype(np.float32), off[:, None] + 100 * np.abs(beside)))
    return found


def into_guide(drawn: Drawn, guide: Image, hole: Flags) -> Image:
    """The guide with the edges drawn in the hole."""
    out = guide.copy()
    part = out[drawn.box.slices]
    size = part.shape[1::-1]
    share = cv2.resize(drawn.share, size) * hole[drawn.box.slices]
    there = share > 0
    colours = (
        cv2.resize(drawn.colours * drawn.share[..., None], size)[there]
        / np.maximum(share[there], 1e-3)[:, None]
    )
    now = part[there].astype(np.float32)
    part[there] = np.clip(np.rint(now + share[there][:, None] * (colours - now)), 0, 255).astype(np.uint8)
    return out


def lay(drawn: Drawn, level: Level, field: Field, number: int) -> Laid | None:
    """Draw the edges into the level of 1 / 2**`number` of the window, and match the patches on them along them.

    None where the level is finer than the drawing, or has nothing of it.
    """
    size = 2.0**number
    if min(drawn.scale) * size < FINEST or (box := bounds(level.hole)) is None:
        return None
    share = _warped(drawn.share, drawn, size, box)
    colours = _warped(drawn.colours * drawn.share[..., None], drawn, size, box)
    colours /= np.maximum(share, 1e-3)[..., None]
    share *= level.hole[box.slices]
    i, j = np.nonzero(share > 0.02)
    if not len(i):
        return None
    own = np.zeros_like(level.hole)
    own[box.slices] = share > OWN
    ys, xs = (i + box.top).astype(np.int32), (j + box.left).astype(np.int32)
    entries = np.flatnonzero(own[field.ys, field.xs])
    offset = _warped(drawn.offset, drawn, size, box, cv2.INTER_NEAREST) / np.float32(size)
    height, width = level.hole.shape
    y, x = field.ys[entries], field.xs[entries]
    moved = np.rint(offset[y - box.top, x - box.left]).astype(np.int32)
    places = np.stack([(y + moved[:, 0]).clip(0, height - 1), (x + moved[:, 1]).clip(0, width - 1)], 1)
    free = field.sources[places[:, 0], places[:, 1]]
    field.match[entries[free]] = places[free]
    matched = np.zeros(len(field.ys), bool)
    matched[entries[free]] = True
    laid = Laid(ys, xs, colours[i, j], share[i, j, None], own, matched)
    laid.hold(level)
    return laid


def _warped(values: Floats, drawn: Drawn, size: float, box: Box, how: int = cv2.INTER_LINEAR) -> Floats:
    """The drawing as a part of a level has it, whose pixels lie `size` of the window's apart."""
    matrix = np.array(
        [
            [scale * size if axis == row else 0 for axis in (0, 1)]
            + [scale * (size * start + 0.5 - corner) - 0.5]
            for row, (scale, start, corner) in enumerate(
                zip(drawn.scale, (box.left, box.top), (drawn.box.left, drawn.box.top), strict=True)
            )
        ]
    )
    factor = min(drawn.scale) * size
    if factor > 1 and how == cv2.INTER_LINEAR:
        values = np.asarray(cv2.GaussianBlur(values, (0, 0), 0.4 * factor), np.float32)
    flags = how | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(values, matrix, (box.width, box.height), flags=flags), np.float32)
