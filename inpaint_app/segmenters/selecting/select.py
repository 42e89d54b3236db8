"""Select anything: a click, a box or a rough scribble becomes the outline of the thing that is meant.

A find that fits the gesture is taken; else the thing is cut out by colour and edges (cut.py). The cost follows the
gesture, never the photo.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeAlias

import cv2
import numpy as np

from inpaint_app.errors import OptionError
from inpaint_app.imaging import strokes
from inpaint_app.imaging.mask import bounds, closed, padded
from inpaint_app.segmenters.selecting.cut import SIDE, Soft, cut, sharpened
from inpaint_app.segmenters.selecting.gesture import Gesture
from inpaint_app.segmenters.selecting.meaning import covered_by, meant
from inpaint_app.segmenters.selecting.outlined import Outline, outlined
from inpaint_app.types import Box, Image, Instance, Mask

LABEL = "selection"
"""What a thing is called that no finder has named."""
SIZES = (0.08, 0.15, 0.3, 0.6, 1.0)
"""Sizes of things that are tried under a click, as shares of the photo's short side."""
TRIED = 96
"""Side in pixels of the pictures on which they are tried."""
LINE_SIZES = (0.7, 1.2)
"""The same beside a line through a thing, as shares of the line's length."""
MARGIN = {"box": 0.2, "painted": 0.25}
"""What of its surroundings is looked at, as a share of the gesture's longer side."""
LEVELS, FILLS = (0.5, 0.4, 0.3, 0.2, 0.1), 0.7
"""A thing fills the box that is drawn around it: a cut that spans less than that share of a side is taken further."""
LOOKED_AT = 640
"""Side in pixels of the picture in which a finder looks for what is meant."""
NEARER, NEAREST = 3, 320
"""Where it finds nothing under a click it looks at a region so many times smaller, of no fewer pixels a side."""
Look: TypeAlias = Callable[[Image], Iterable[Instance]]


def selected(
    image: Image,
    gesture: Gesture,
    found: Iterable[Instance] = (),
    look: Look = lambda small: (),
    outline: Outline | None = None,
) -> Instance:
    """The thing that a gesture means in a photo, numbered 0 where none of `found` is meant.

    image: (H, W, 3) uint8 RGB. found: what is known to be there. look: finds things in a small picture of what lies
    around the gesture. outline: a network that answers gestures, asked before, and alone where it has an answer.
    Raises OptionError for a gesture that misses the photo.
    """
    shape = (image.shape[0], image.shape[1])
    box, painted = _painted(gesture, shape)
    if known := meant(gesture, box, painted, found):
        return known
    if outline is not None:
        points = gesture.kind == "click" or covered_by(box, painted, gesture) is None
        reached, inside = outlined(image, gesture if points else Gesture(box), outline)
        if inside.max() > 0.5:
            return _instance(image, reached, _whole(inside, None))
    for area in _views(gesture, box, shape):
        small = _shrunk(image, area, LOOKED_AT)
        nearer = gesture.seen_in(area, small.shape[1] / area.width, small.shape[0] / area.height)
        if known := meant(nearer, *_painted(nearer, (small.shape[0], small.shape[1])), look(small)):
            inside = known.full_mask((small.shape[0], small.shape[1])).astype(np.float32)
            return replace(_instance(image, area, inside), label=known.label, confidence=known.confidence)
    if gesture.kind == "box":
        return _within(image, box)
    if gesture.kind == "click":
        return _grown(image, box, painted, [share * min(shape) for share in SIZES])
    return _under(image, box, painted, gesture)


def _views(gesture: Gesture, box: Box, shape: tuple[int, int]) -> Iterator[Box]:
    """The regions in which a finder is to look for what a gesture in `box` means: around a click, ever nearer ones."""
    longest = max(box.width, box.height)
    side = min(shape)
    yield padded(box, max(longest // 2, side // 2 - longest), shape)
    while gesture.kind == "click" and (side := side // NEARER) >= NEAREST:
        yield padded(box, side // 2, shape)


def _missed(what: str, shape: tuple[int, int]) -> OptionError:
    return OptionError(f"There is nothing at {what}: the photo has {shape[1]}×{shape[0]} pixels.")


def _painted(gesture: Gesture, shape: tuple[int, int]) -> tuple[Box, Mask]:
    """The box of a gesture within the photo, and what of it is painted."""
    if gesture.box is not None:
        left, top, right, bottom = gesture.box
        box = Box(max(0, left), max(0, top), min(shape[1], right), min(shape[0], bottom))
        if box.width < 1 or box.height < 1:
            raise _missed(f"the box {left},{top},{right},{bottom}", shape)
        return box, np.ones((box.height, box.width), dtype=bool)
    points = np.asarray(gesture.points, dtype=np.float64).reshape(-1, 2)
    if len(points) == 1:
        x, y = int(points[0, 0]), int(points[0, 1])
        if not (0 <= x < shape[1] and 0 <= y < shape[0]):
            raise _missed(f"the point {x},{y}", shape)
        return Box(x, y, x + 1, y + 1), np.ones((1, 1), dtype=bool)
    reached = strokes.box_of(points, gesture.width, shape) if len(points) else None
    if reached is None:
        raise _missed("the scribble", shape)
    return reached, strokes.stroke(points, gesture.width, reached)


def _shrunk(image: Image, area: Box, side: int) -> Image:
    """A region on a picture of at most `side` pixels."""
    scale = min(1.0, side / max(area.width, area.height))
    size = (max(2, round(area.width * scale)), max(2, round(area.height * scale)))
    return np.asarray(cv2.resize(image[area.slices], size, interpolation=cv2.INTER_AREA))


def _within(image: Image, box: Box) -> Instance:
    """The thing that fills a box."""
    area = padded(box, max(2, round(MARGIN["box"] * max(box.width, box.height))), image.shape)
    small = _shrunk(image, area, SIDE)
    rows, columns = np.ogrid[: small.shape[0], : small.shape[1]]
    x = (columns + 0.5) * (area.width / small.shape[1]) + area.left
    y = (rows + 0.5) * (area.height / small.shape[0]) + area.top
    beside = np.abs(x - (box.left + box.right) / 2) / (box.width / 2)
    above = np.abs(y - (box.top + box.bottom) / 2) / (box.height / 2)
    likely = _logistic(1.5 - 1.5 * np.cbrt(beside**3 + above**3))
    prior = np.where((beside > 1.03) | (above > 1.03), np.float32(0.001), likely)
    inside = cut(small, prior)
    for level in LEVELS:
        spread = _whole(inside / (2 * level), None)
        reached = bounds(spread > 0.5)
        if (
            reached
            and min(
                reached.width * area.width / small.shape[1] / box.width,
                reached.height * area.height / small.shape[0] / box.height,
            )
            >= FILLS
        ):
            break
    return _instance(image, area, spread)


def _under(image: Image, box: Box, painted: Mask, gesture: Gesture) -> Instance:
    """The thing that is roughly painted, circled, or that a line runs through."""
    covered = covered_by(box, painted, gesture)
    if covered is None:
        return _grown(image, box, painted, [share * max(box.width, box.height) for share in LINE_SIZES])
    circled = np.count_nonzero(covered) > np.count_nonzero(painted)
    area = padded(box, max(2, round(MARGIN["painted"] * max(box.width, box.height))), image.shape)
    small, drawn = _drawn(image, area, box, covered, SIDE)
    edge = _beyond(drawn) - _beyond(~drawn)
    size = np.sqrt(np.count_nonzero(drawn))
    prior = _logistic(-1.5 - 12 * edge / size) if circled else _logistic(-20 * edge / size)
    return _instance(image, area, _whole(cut(small, prior), drawn))


def _grown(image: Image, box: Box, painted: Mask, sizes: list[float]) -> Instance:
    """The thing around a point or a line: cut at several sizes, the clearest of them again in more detail."""
    best = max(sizes, key=lambda size: _clarity(*_around(image, box, painted, size, TRIED)[:2]))
    _, inside, area = _around(image, box, painted, best, SIDE)
    return _instance(image, area, inside)


def _around(image: Image, box: Box, painted: Mask, size: float, side: int) -> tuple[Image, Soft, Box]:
    """A small picture around what is painted, what in it belongs to a thing that reaches half of `size` beyond."""
    area = padded(box, max(4, round(0.9 * size)), image.shape)
    small, drawn = _drawn(image, area, box, painted, side)
    apart = _beyond(drawn) * (area.width / small.shape[1]) / (size / 2)
    likely = np.where(apart < 0.12, np.float32(0.98), _logistic(2.5 - 3 * apart))
    return small, _whole(cut(small, np.where(apart > 1.7, 0.2 * likely, likely)), drawn), area


def _drawn(image: Image, area: Box, box: Box, painted: Mask, side: int) -> tuple[Image, Mask]:
    """A region on a picture of at most `side` pixels, and what is painted there."""
    small = _shrunk(image, area, side)
    whole = np.zeros((area.height, area.width), np.uint8)
    whole[box.within(area).slices] = painted
    share = cv2.resize(whole * np.uint8(255), small.shape[1::-1], interpolation=cv2.INTER_AREA)
    if not share.any():  # a click is less than a grey level of a pixel of a large region
        row, column = (box.top + box.bottom) // 2 - area.top, (box.left + box.right) // 2 - area.left
        share[row * share.shape[0] // area.height, column * share.shape[1] // area.width] = 255
    return small, share >= min(128, max(1, int(share.max())))


def _beyond(mask: Mask) -> Soft:
    """How far each pixel is from the mask."""
    return np.asarray(
        cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5), dtype=np.float32
    )


def _clarity(small: Image, inside: Soft) -> float:
    """How clear an outline is: the contrast along it beside that of the picture, by how decided the cut is."""
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    slopes = [cv2.Sobel(lab, cv2.CV_32F, 1, 0), cv2.Sobel(lab, cv2.CV_32F, 0, 1)]
    contrast = np.sqrt(sum((slope**2).sum(axis=2) for slope in slopes))
    mask = (inside > 0.5).view(np.uint8)
    square = np.ones((3, 3), np.uint8)
    rim = cv2.dilate(mask, square) > cv2.erode(mask, square)
    if not rim.any():
        return 0.0
    return float(contrast[rim].mean() / (contrast.mean() + 8) * np.abs(2 * inside - 1).mean() ** 2)


def _logistic(logit: np.ndarray) -> Soft:
    return np.asarray(1 / (1 + np.exp(-logit)), dtype=np.float32)


def _whole(inside: Soft, drawn: Mask | None) -> Soft:
    """Of a cut its main pieces, of those that a scribble touches where it touches any; never nothing."""
    mask = inside > 0.5
    if not mask.any():
        inside = np.where(inside >= inside.max(), np.float32(1), inside)
        mask = inside > 0.5
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    keep = np.ones(count, dtype=bool)
    if drawn is not None and (mask & drawn).any():
        keep = np.isin(np.arange(count), labels[drawn])
    sizes = np.where(keep, stats[:, cv2.CC_STAT_AREA], 0)
    keep &= sizes >= 0.1 * sizes[1:].max()
    keep[0] = True
    return np.where(keep[labels], inside, np.float32(0))


def _instance(image: Image, area: Box, inside: Soft) -> Instance:
    """A cut of a region as a find of the photo: its edge at full size, its small gaps closed."""
    mask = sharpened(image[area.slices], inside)
    if not mask.any():
        mask = cv2.resize(inside, mask.shape[::-1]) >= inside.max() / 2
    mask = closed(mask, max(1, round(0.01 * np.count_nonzero(mask))))
    tight = bounds(mask)
    if tight is None:
        raise AssertionError("a cut is never empty")
    return Instance(0, LABEL, 1.0, tight.moved(area.left, area.top), mask[tight.slices].copy())
