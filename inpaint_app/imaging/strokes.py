"""Brush strokes drawn from their points, at any size, to the pixel.

A pixel is painted when its centre lies within half a width of the line through the points: round ends, round joints,
no rounding of points or width. So a stroke is the same stroke on a small preview and on the photo behind it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from inpaint_app.types import Box, Mask

NARROWEST = 1.5
"""Width in pixels below which a stroke could pass between all centres and paint nothing."""

CELLS = 2_000_000
"""Pixels, and spans of pixels, that are worked on at a time, so that a stroke over all of a large photo stays small."""

Points = NDArray[np.float64]


def box_of(points: Points, width: float, shape: tuple[int, int]) -> Box | None:
    """What a stroke can reach within a frame (H, W); None where it lies outside. points: (N, 2), x and y."""
    radius = max(width, NARROWEST) / 2
    (left, top), (right, bottom) = points.min(axis=0) - radius, points.max(axis=0) + radius
    whole = Box(math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom))
    box = whole.shared(Box(0, 0, shape[1], shape[0]))
    return box if box.width > 0 and box.height > 0 else None


def stroke(points: Points, width: float, box: Box) -> Mask:
    """The pixels of `box` that a stroke paints, (box.height, box.width).

    points: (N, 2) float, x and y in the frame's pixels, (0, 0) its corner; one point is a dot.
    """
    radius = max(width, NARROWEST) / 2
    painted = np.zeros((box.height, box.width), dtype=bool)
    rows = max(1, min(CELLS // (box.width + 1), CELLS // (8 * len(points))))
    for top in range(box.top, box.bottom, rows):
        bottom = min(box.bottom, top + rows)
        centres = np.arange(top, bottom, dtype=np.float64) + 0.5
        starts, stops, lines = [], [], []
        for left, right, valid in (_discs(points, radius, centres), _bodies(points, radius, centres)):
            first = np.clip(np.ceil(left - 0.5 - 1e-9), box.left, box.right) - box.left
            stop = np.clip(np.floor(right - 0.5 + 1e-9) + 1, box.left, box.right) - box.left
            line, which = np.nonzero(valid & (stop > first))
            starts.append(first[line, which])
            stops.append(stop[line, which])
            lines.append(line)
        painted[top - box.top : bottom - box.top] = _covered(
            np.concatenate(lines), np.concatenate(starts), np.concatenate(stops), bottom - top, box.width
        )
    return painted


def _discs(
    points: Points, radius: float, centres: Points
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Where each row crosses the discs around the points: left, right, whether at all; (rows, points)."""
    near = points[(points[:, 1] >= centres[0] - radius) & (points[:, 1] <= centres[-1] + radius)]
    squared = radius * radius - (centres[:, None] - near[None, :, 1]) ** 2
    half = np.sqrt(np.maximum(squared, 0.0))
    return near[:, 0] - half, near[:, 0] + half, squared >= 0


def _bodies(
    points: Points, radius: float, centres: Points
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """The same for the rectangles between two points each."""
    begin, along = points[:-1], np.diff(points, axis=0)
    length = np.hypot(along[:, 0], along[:, 1])
    low = np.minimum(points[:-1, 1], points[1:, 1]) - radius
    high = np.maximum(points[:-1, 1], points[1:, 1]) + radius
    near = (length > 0) & (high >= centres[0]) & (low <= centres[-1])
    begin, along, length = begin[near], along[near], length[near]
    across, down = (along / length[:, None]).T
    over = centres[:, None] - begin[None, :, 1]
    # within `radius` of the line, and between its ends: each bounds x - begin from both sides
    left, right, beside = _bounds(over * across, -radius, radius, down)
    left_too, right_too, between = _bounds(-over * down, 0.0, length, across)
    return (
        begin[:, 0] + np.maximum(left, left_too),
        begin[:, 0] + np.minimum(right, right_too),
        beside & between,
    )


def _bounds(
    offset: NDArray[np.float64], low: float, high: float | NDArray[np.float64], slope: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """From where to where x fulfils low ≤ x · slope − offset ≤ high; where the slope is 0, all x or none."""
    flat = np.abs(slope) < 1e-12
    safe = np.where(flat, 1.0, slope)
    one, other = (offset + low) / safe, (offset + high) / safe
    left = np.where(flat, -np.inf, np.minimum(one, other))
    right = np.where(flat, np.inf, np.maximum(one, other))
    return left, right, ~flat | ((-offset >= low) & (-offset <= high))


def _covered(
    lines: NDArray[np.int64],
    starts: NDArray[np.float64],
    stops: NDArray[np.float64],
    rows: int,
    columns: int,
) -> Mask:
    """The union of spans: one up where each begins, one down where it stops, summed along the rows."""
    at = lines * (columns + 1)
    size = rows * (columns + 1)
    change = np.bincount(at + starts.astype(np.int64), minlength=size)
    change -= np.bincount(at + stops.astype(np.int64), minlength=size)
    covered: Mask = np.cumsum(change.reshape(rows, columns + 1), axis=1)[:, :columns] > 0
    return covered
