"""Where a shot lies over the photo: a fixed camera, a homography by features, or ECC; the likest is taken.

By `features`, and ECC (Evangelidis & Psarakis 2008) as OpenCV has it, at a bounded size. Near the holes the place is
then refined by ECC over all that agrees.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.shots import features
from inpaint_app.shots.likeness import detail, likeness
from inpaint_app.types import Box, Image, Mask

Floats: TypeAlias = NDArray[np.float32]
Matrix: TypeAlias = NDArray[np.float64]

_opencv: Any = cv2  # whose stubs lack some of it

SIDE, WHOLE = 832, 768
"""Longest side of what is compared around a hole, and of the whole pictures by which shots are first aligned."""

SLACK = 24
"""Pixels of a view by which a refined place of a shot may be off."""

FINE, ROUNDS = 512, 60
"""Longest side of what is aligned to fractions of a pixel around a hole, and ECC's iterations at most."""

WIDTH, STIFF, FARTHEST = 0.08, 0.1, 2.0
"""Of the flow: its Gaussian's width as a share of the longer side, how much it is drawn to none, its pixels at most."""

STEADY = 0.02
"""By how much a moved camera must explain a shot better than one that stood still: what isn't moved stays sharp."""

FIXED = 0.9
"""Likeness from which the camera stood still, but for what flow mends."""

ALIKE = 0.15
"""Correlation of detail over the known pixels below which a shot is not of this place."""


@dataclass(frozen=True, slots=True)
class View:
    """A part of the photo, scaled down: what of it is looked at."""

    box: Box
    size: tuple[int, int]
    """(H, W)"""

    @property
    def matrix(self) -> Matrix:
        """Photo pixels to pixels of the view."""
        return _scaling(self.size[1] / self.box.width, self.size[0] / self.box.height) @ _moved(self.box)

    @property
    def scale(self) -> float:
        """Pixels of the view for each of the photo's."""
        return self.size[1] / self.box.width

    def cut(self, image: Image) -> Image:
        """The part of the photo, scaled."""
        return np.asarray(_resized(image[self.box.slices], self.size), np.uint8)

    def cut_mask(self, mask: Mask) -> Mask:
        """The part of a mask, scaled: a pixel is in it if any part of it is."""
        part = mask[self.box.slices].view(np.uint8) * np.uint8(255)
        return np.asarray(_resized(part, self.size) > 0)

    def shrunk(self, shot: Image, matrix: Matrix) -> tuple[Image, Matrix]:
        """What the view needs of a shot, no finer than it needs it, and the shot's pixels to those of that."""
        area, covered = reach(self.box, matrix, shot.shape, SLACK / self.scale)
        shrink = float(np.sqrt(self.size[0] * self.size[1] / max(1.0, covered)))
        shrink = 1.0 if shrink > 0.9 else shrink  # resampled twice, it were softer
        size = max(1, round(area.height * shrink)), max(1, round(area.width * shrink))
        return _resized(shot[area.slices], size), View(area, size).matrix

    def warped(
        self, shrunk: tuple[Image, Matrix], matrix: Matrix, flow: Floats | None = None
    ) -> tuple[Image, Mask]:
        """A shrunk shot seen in the view, and where it reaches; matrix: photo pixels to the shot's, flow: of `flow`."""
        small, there = shrunk
        whole = there @ matrix @ np.linalg.inv(self.matrix)
        size = self.size[::-1]
        seen = np.full(small.shape[:2], 255, np.uint8)
        inside = cv2.warpPerspective(seen, whole, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        return np.asarray(warped(small, whole, size, cv2.INTER_CUBIC, flow)), np.asarray(inside == 255)


def reach(box: Box, matrix: Matrix, shape: tuple[int, ...], rim: float) -> tuple[Box, float]:
    """The part of a shot of that shape that shows a box of the photo, with a rim, and how many pixels it covers."""
    left, top, right, bottom = box.left, box.top, box.right, box.bottom
    corners = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]], np.float64)
    there = cv2.perspectiveTransform(corners, matrix)[0]
    low = np.clip(there.min(axis=0) - rim, 0, np.subtract(shape[1::-1], 2)).astype(int)
    high = np.clip(there.max(axis=0) + rim, low + 2, shape[1::-1]).astype(int)
    area = Box(int(low[0]), int(low[1]), int(high[0]), int(high[1]))
    return area, float(cv2.contourArea(there.astype(np.float32)))


def view(box: Box, side: int = SIDE) -> View:
    """The view of a box of the photo with at most `side` pixels on its longer side."""
    scale = min(1.0, side / max(box.width, box.height))
    return View(box, (max(1, round(box.height * scale)), max(1, round(box.width * scale))))


class Reference:
    """The photo that shots are laid over: what of it is looked at is the same for all of them."""

    def __init__(self, photo: Image, hole: Mask) -> None:
        self._whole = view(Box(0, 0, photo.shape[1], photo.shape[0]), WHOLE)
        self._small, self._known = self._whole.cut(photo), ~self._whole.cut_mask(hole)
        self._detail = detail(gray(self._small))
        self._one = threading.Lock()

    def align(self, shot: Image, hidden: Mask | None = None) -> tuple[Matrix, float]:
        """The homography from photo pixels to the shot's, and how alike the two are under it, -1..1.

        hidden: what to leave out of the shot, as the hole is of the photo.
        """
        best: tuple[Matrix, float] = (np.eye(3), -1.0)
        own = view(Box(0, 0, shot.shape[1], shot.shape[0]), WHOLE)
        small = own.cut(shot)
        for number, matrix in enumerate(self._guesses(small, own, hidden)):
            there, inside = self._whole.warped((small, own.matrix), matrix)
            score = likeness(self._detail, detail(gray(there)), self._known & inside)
            score *= float(np.sum(inside & self._known) / (np.sum(self._known) + 1)) ** 0.25
            if score > best[1] + STEADY:
                best = matrix, score
            if number == 0 and score > FIXED:
                break
        return best

    def _guesses(self, small: Image, own: View, hidden: Mask | None) -> Iterator[Matrix]:
        whole, box = self._whole.box, own.box
        fixed = _scaling(box.width / whole.width, box.height / whole.height)
        yield fixed
        found = self._by_features(small, None if hidden is None else ~own.cut_mask(hidden))
        if found is not None:
            yield np.linalg.inv(own.matrix) @ found @ self._whole.matrix
        elif abs(np.log((box.width / box.height) / (whole.width / whole.height))) < 0.02:
            moved = _by_ecc(self._small, self._known, self._whole.warped((small, own.matrix), fixed)[0])
            if moved is not None:
                yield fixed @ np.linalg.inv(self._whole.matrix) @ moved @ self._whole.matrix

    @cached_property
    def _features(self) -> features.Features:
        return features.features(gray(self._small), self._known)

    def _by_features(self, shot: Image, free: Mask | None) -> Matrix | None:
        with self._one:  # shots are aligned by several threads
            own = self._features
        for matrix in features.planes(own, features.features(gray(shot), free), 1):
            if plausible(matrix, self._small.shape):
                return matrix
        return None


def _by_ecc(photo: Image, known: Mask, shot: Image, kind: int = cv2.MOTION_AFFINE) -> Matrix | None:
    start = np.eye(3 if kind == cv2.MOTION_HOMOGRAPHY else 2, 3, dtype=np.float32)
    ends = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, ROUNDS, 1e-4)
    where = known.view(np.uint8) * np.uint8(255)
    try:
        _, moved = _opencv.findTransformECC(gray(photo), gray(shot), start, kind, ends, where, 5)
    except cv2.error:  # it did not converge
        return None
    matrix = np.vstack([moved, [0, 0, 1]])[:3].astype(np.float64)
    return matrix if plausible(matrix, photo.shape) else None


def plausible(matrix: Matrix, shape: tuple[int, ...]) -> bool:
    """Whether the frame stays a frame: neither folded nor more than three times larger or smaller."""
    height, width = shape[:2]
    corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], np.float32)
    there = cv2.perspectiveTransform(corners, matrix)
    area = cv2.contourArea(there[0], oriented=True) / cv2.contourArea(corners[0], oriented=True)
    return bool(cv2.isContourConvex(there[0]) and 1 / 9 < area < 9)


def refined(photo: Image, shot: Image, where: Mask) -> Matrix | None:
    """The homography (photo → shot) that a shot laid over the photo is still off by, from all of `where`.

    Both are gray (H, W) uint8 of one view, brightness matched. where: what is the same in both. None where ECC does not
    converge.
    """
    scale = min(1.0, FINE / max(photo.shape))
    small = (round(photo.shape[0] * scale), round(photo.shape[1] * scale))
    same = _resized(where.view(np.uint8) * np.uint8(255), small)
    moved = _by_ecc(_resized(photo, small), same == 255, _resized(shot, small), cv2.MOTION_HOMOGRAPHY)
    there = _scaling(small[1] / photo.shape[1], small[0] / photo.shape[0])
    return None if moved is None else np.linalg.inv(there) @ moved @ there


def flow(photo: Image, shot: Image, where: Mask) -> Floats:
    """(H, W, 2) float32: by how many pixels a shot laid over the photo is still off, varying slowly over the frame.

    Lucas & Kanade 1981, over Gaussian windows; into what is not in `where`, the hole, it is
    carried from around it. Both are gray (H, W) uint8 of one view, brightness matched.
    """
    one, other = (cv2.GaussianBlur(gray.astype(np.float32), (0, 0), 1.0) for gray in (photo, shot))
    across, down = (cv2.Sobel(other, cv2.CV_32F, *way, scale=0.125) for way in ((1, 0), (0, 1)))
    sigma = WIDTH * max(where.shape)
    step = max(1, int(sigma / 8))
    size = (-(-where.shape[1] // step), -(-where.shape[0] // step))

    def around(values: Floats) -> Floats:
        small = cv2.resize(values * where, size, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.GaussianBlur(small, (0, 0), sigma / step), np.float32)

    xx, xy, yy = around(across * across), around(across * down), around(down * down)
    x, y = around(across * (one - other)), around(down * (one - other))
    least = STIFF * float(np.mean(xx + yy)) + 1e-3
    xx, yy = xx + least, yy + least
    depth = xx * yy - xy * xy
    off = np.stack([yy * x - xy * y, xx * y - xy * x], axis=2) / depth[..., None]
    off = np.clip(off, -FARTHEST, FARTHEST)
    return np.asarray(cv2.resize(off, where.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def warped(what: Any, matrix: Matrix, size: tuple[int, int], how: int, flow: Floats | None = None) -> Any:
    """What is seen at `matrix @ (pixel + flow)`; size: (W, H)."""
    if flow is None:
        flags = how | cv2.WARP_INVERSE_MAP
        return cv2.warpPerspective(what, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    x = np.arange(size[0], dtype=np.float32) + flow[..., 0]
    y = np.arange(size[1], dtype=np.float32)[:, None] + flow[..., 1]
    across, down, depth = (
        np.float32(row[0]) * x + np.float32(row[1]) * y + np.float32(row[2]) for row in matrix
    )
    return cv2.remap(what, across / depth, down / depth, how, borderMode=cv2.BORDER_REPLICATE)


def gray(image: Any) -> Image:
    """Gray (H, W) uint8 of a picture, rounded and clipped if need be."""
    if image.dtype != np.uint8:
        image = np.clip(image, 0, 255).astype(np.uint8)
    return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


def _resized(image: Any, size: tuple[int, int]) -> Any:
    if image.shape[:2] == size:
        return image
    return cv2.resize(image, (max(1, size[1]), max(1, size[0])), interpolation=cv2.INTER_AREA)


def _scaling(x: float, y: float) -> Matrix:
    """Scaling between pixel centres as cv2.resize has it."""
    return np.array([[x, 0, 0.5 * x - 0.5], [0, y, 0.5 * y - 0.5], [0, 0, 1]])


def _moved(box: Box) -> Matrix:
    return np.array([[1, 0, -box.left], [0, 1, -box.top], [0, 0, 1]], np.float64)
