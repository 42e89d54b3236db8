"""A gesture answered by a network that outlines what it is asked for, in regions of bounded size.

The regions stand on a grid, so that the network has seen most of them when the next gesture comes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from inpaint_app.imaging.mask import bounds, padded
from inpaint_app.segmenters.selecting.cut import Soft
from inpaint_app.segmenters.selecting.gesture import Gesture
from inpaint_app.types import Box, Image

Outline: TypeAlias = Callable[[Image, Gesture], Soft]
"""How surely each cell of a picture belongs to what a gesture in it means: on its points, within its box."""

SIDE = 1024
"""Regions are no smaller than that: from there on the network sees every pixel."""
ROOM = 3.0
"""A region is so many times as large as the thing, or larger."""
POINTS = 4
"""Most points of a line that the network is given."""
RIM = 2
"""Cells around the answer in which its edge may still be."""


def outlined(image: Image, gesture: Gesture, outline: Outline) -> tuple[Box, Soft]:
    """A region of the photo, and how surely each cell of it belongs to the thing.

    gesture: a box around the thing, or points on it. How large a thing is that has points alone, the whole photo tells;
    a small one is looked at again from nearer.
    """
    shape = (image.shape[0], image.shape[1])
    step = max(1, len(gesture.points) // POINTS)
    gesture = Gesture(gesture.box, gesture.points[step // 2 :: step][:POINTS])
    whole = pane(Box(0, 0, shape[1], shape[0]), shape)
    area = whole if gesture.box is None else pane(gesture.box, shape)
    inside = outline(image[area.slices], gesture.seen_in(area, 1, 1))
    reached = _placed(bounds(inside > 0.5), area, inside)
    if gesture.box is None and (nearer := pane(reached, shape)) != whole:
        area, gesture = nearer, Gesture(reached, gesture.points)
        inside = outline(image[area.slices], gesture.seen_in(area, 1, 1))
    tight = bounds(inside > 0.5)
    if tight is None:
        return area, inside
    tight = padded(tight, RIM, inside.shape)
    return _placed(tight, area, inside), np.ascontiguousarray(inside[tight.slices])


def pane(box: Box, shape: tuple[int, int]) -> Box:
    """The smallest region of the grid that shows the box and what is around it: squares, each half over the next."""
    side = float(max(shape))
    while side / 2 >= max(SIDE, ROOM * max(box.width, box.height)):
        side /= 2

    def along(start: int, stop: int, length: int) -> tuple[int, int]:
        at = round(((start + stop) / 2 - side / 2) / (side / 2)) * side / 2
        first = round(max(0, min(at, length - side)))
        return first, min(length, round(first + side))

    left, right = along(box.left, box.right, shape[1])
    top, bottom = along(box.top, box.bottom, shape[0])
    return Box(left, top, right, bottom)


def _placed(cells: Box | None, area: Box, inside: Soft) -> Box:
    """Cells of a region in the photo; the region itself for none."""
    if cells is None:
        return area
    across, down = area.width / inside.shape[1], area.height / inside.shape[0]
    left, right = (area.left + round(edge * across) for edge in (cells.left, cells.right))
    top, bottom = (area.top + round(edge * down) for edge in (cells.top, cells.bottom))
    return Box(left, top, max(right, left + 1), max(bottom, top + 1))
