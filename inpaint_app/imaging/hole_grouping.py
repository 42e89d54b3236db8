"""The separate holes of a mask, and which of them share a window.

Far-apart holes become separate windows, so that the cost follows the holes and never the photo. Holes are joined
where one common window is hardly larger than two. What is fine (dust, a wire) is kept in windows that need no scaling
down, however far it reaches.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.imaging.mask import bounds
from inpaint_app.types import Box, Mask

CELLS = 128
"""Holes are told apart on a grid of at most this many cells a side, which bounds the number of windows."""

WASTE = 1.3
"""Two windows become one when the common one has at most this many times their pixels."""

SPARSE = 0.15
"""A hole that covers less of its own box is thin (a wire, a net, dust)."""


@dataclass(frozen=True, slots=True, eq=False)
class Hole:
    """One hole, or holes so near each other that they share a window. `mask` covers `box` only.

    margin: pixels of context that the window adds around the box; None: as many as the backend wants.
    """

    box: Box
    mask: Mask
    margin: int | None


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """Groups of cells that each share a window, as columns, because there can be thousands.

    boxes: (N, 4) left, top, right, bottom. piece: (N,) the longer side of a group's largest part that is not thin.
    fine: (N,) bool, whether it consists of specks, or of something thin. members: the labels of its cells.
    """

    boxes: NDArray[np.int64]
    piece: NDArray[np.int64]
    fine: NDArray[np.bool_]
    members: list[frozenset[int]]

    @classmethod
    def of(cls, rows: list[tuple[Box, int, int, bool]]) -> _Groups:
        """From (box, label, piece, fine) of each."""
        boxes, labels, pieces, fine = zip(*rows, strict=True)
        return cls(
            np.array(boxes, np.int64),
            np.array(pieces, np.int64),
            np.array(fine, bool),
            [frozenset((label,)) for label in labels],
        )

    def joined(self, one: int, others: NDArray[np.int64]) -> _Groups:
        """What comes of joining one group with each of the others; members are left out."""
        boxes = self.boxes[others]
        low = np.minimum(boxes[:, :2], self.boxes[one, :2])
        high = np.maximum(boxes[:, 2:], self.boxes[one, 2:])
        piece = np.maximum(self.piece[others], self.piece[one])
        return _Groups(np.hstack([low, high]), piece, self.fine[others] & self.fine[one], [])


@dataclass(frozen=True, slots=True)
class _Rule:
    """How much context a hole gets, and how large a window of something fine may become."""

    shape: tuple[int, ...]
    context: float
    minimum: int
    largest: int | None

    def margins(self, groups: _Groups) -> NDArray[np.int64]:
        """By the box; but by the largest piece where the box would make the window of something fine too large."""
        side: NDArray[np.int64] = (groups.boxes[:, 2:] - groups.boxes[:, :2]).max(axis=1)
        margins = np.maximum(self.minimum, np.rint(self.context * side))
        if self.largest is not None:
            large = groups.fine & (side + 2 * margins > self.largest)
            margins[large] = np.maximum(self.minimum, np.rint(self.context * groups.piece[large]))
        return np.asarray(margins, np.int64)

    def windows(self, groups: _Groups) -> NDArray[np.int64]:
        """(N, 2): width and height of each group's window."""
        margins = self.margins(groups)[:, None]
        limits = np.array((self.shape[1], self.shape[0]))
        high = np.minimum(limits, groups.boxes[:, 2:] + margins)
        sizes: NDArray[np.int64] = high - np.maximum(0, groups.boxes[:, :2] - margins)
        return sizes


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """The mask inside its bounds, cut into square cells.

    labels: (rows, columns) of cells, a number from 1 on per connected group. extents: (N, 4) left, top, width and
    height of each group, in cells.
    """

    outer: Box
    inside: Mask
    cell: int
    labels: NDArray[np.int32]
    extents: NDArray[np.int64]

    @classmethod
    def of(cls, mask: Mask, outer: Box) -> _Grid:
        inside = mask[outer.slices]
        cell = max(1, -(-max(inside.shape) // CELLS))
        rows, columns = -(-inside.shape[0] // cell), -(-inside.shape[1] // cell)
        whole = np.zeros((rows * cell, columns * cell), dtype=bool)
        whole[: inside.shape[0], : inside.shape[1]] = inside
        occupied = np.asarray(whole.reshape(rows, cell, columns, cell).any(axis=(1, 3))).view(np.uint8)
        labels = np.zeros(occupied.shape, np.int32)
        _, _, stats, _ = cv2.connectedComponentsWithStats(occupied, labels, connectivity=8)
        return cls(outer, inside, cell, labels, np.asarray(stats[1:, :4], dtype=np.int64))

    def pixels(self, box: Box, members: frozenset[int]) -> Mask:
        """The hole pixels of those groups in a box of the photo."""
        place = box.within(self.outer)
        rows = np.arange(place.top, place.bottom) // self.cell
        columns = np.arange(place.left, place.right) // self.cell
        near = self.labels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        chosen = np.isin(near, list(members))
        wide = chosen[rows - rows[0]][:, columns - columns[0]]
        return np.asarray(self.inside[place.slices] & wide)

    def tight(self, cells: Box, number: int) -> Box:
        """The box, in the photo, of a group's hole pixels; `cells`: the box of its cells, in cells."""
        area = Box(*(self.cell * edge for edge in cells)).moved(self.outer.left, self.outer.top)
        area = area.shared(self.outer)
        inside = bounds(self.pixels(area, frozenset((number,))))
        if inside is None:
            raise AssertionError("a group of hole pixels has at least one")
        return inside.moved(area.left, area.top)


def holes(mask: Mask, context: float, context_minimum: int, largest: int | None = None) -> list[Hole]:
    """The separate holes of a mask, left to right within top to bottom; together they cover it exactly.

    context, context_minimum: see SizeRule. largest: side that the window of something fine should not exceed: specks
    all over a photo share windows up to that size only, and what is thin and long is cut into pieces.
    """
    box = bounds(mask)
    if box is None:
        return []
    grid, rule = _Grid.of(mask, box), _Rule(mask.shape, context, context_minimum, largest)
    rows = [row for number in range(1, len(grid.extents) + 1) for row in _parts(grid, rule, number)]
    groups = _Groups.of(rows)
    if len(rows) > 1:
        groups = _merged(groups, rule)
    found = []
    for place, members, margin in zip(groups.boxes, groups.members, rule.margins(groups), strict=True):
        around = Box(*(int(edge) for edge in place))
        found.append(Hole(around, grid.pixels(around, members), int(margin)))
    return sorted(found, key=lambda hole: (hole.box.top, hole.box.left))


def _parts(grid: _Grid, rule: _Rule, number: int) -> list[tuple[Box, int, int, bool]]:
    """One connected group of cells; or, where it is thin and too large for a window, its pieces."""
    left, top, across, down = (int(value) for value in grid.extents[number - 1])
    box = grid.tight(Box(left, top, left + across, top + down), number)
    side = max(box.width, box.height)
    if rule.largest is None or 4 * side <= rule.largest:
        return [(box, number, side, rule.largest is not None)]
    plain = (box, number, side, False)
    if rule.windows(_Groups.of([plain])).max() <= rule.largest:
        return [plain]
    if np.count_nonzero(grid.pixels(box, frozenset((number,)))) >= SPARSE * box.width * box.height:
        return [plain]
    cells = grid.labels[top : top + down, left : left + across] == number
    tile = max(1, (rule.largest - 2 * rule.minimum) // grid.cell)
    pieces = []
    for y in range(0, down, tile):
        for x in range(0, across, tile):
            part = cells[y : y + tile, x : x + tile]
            if part.any():
                name = int(grid.labels.max()) + 1
                high, wide = part.shape  # a group's last pieces are smaller
                grid.labels[top + y : top + y + high, left + x : left + x + wide][part] = name
                inside = Box(left + x, top + y, left + x + wide, top + y + high)
                pieces.append((grid.tight(inside, name), name, 0, True))
    return pieces


def _merged(groups: _Groups, rule: _Rule) -> _Groups:
    """Join groups while a common window costs hardly more than separate ones."""
    boxes, piece, fine, members = groups.boxes, groups.piece, groups.fine, groups.members
    areas = rule.windows(groups).prod(axis=1)
    pending, done = list(range(len(members))), []
    while pending:
        one = pending.pop()
        others = np.array(pending, np.int64)
        joined = groups.joined(one, others)
        sizes = rule.windows(joined)
        good = sizes.prod(axis=1) <= WASTE * (areas[others] + areas[one])
        if rule.largest is not None:
            good &= ~joined.fine | (sizes.max(axis=1, initial=0) <= rule.largest)
        if not good.any():
            done.append(one)
            continue
        at = int(good.argmax())
        other = pending[at]
        boxes[other], piece[other], fine[other] = joined.boxes[at], joined.piece[at], joined.fine[at]
        areas[other] = sizes[at].prod()
        members[other] |= members[one]
    kept = np.array(done, np.int64)
    return _Groups(boxes[kept], piece[kept], fine[kept], [members[index] for index in done])
