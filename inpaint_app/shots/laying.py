"""One shot beside the photo around one hole, and its pixels laid into the photo at full size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.imaging import mask as masks
from inpaint_app.imaging.window import Hole
from inpaint_app.shots import align, light, likeness, movers
from inpaint_app.types import Box, Image, Mask

Floats: TypeAlias = NDArray[np.float32]

TILE, RIM = 1024, 16
"""Side of what is warped at once, and pixels around it."""

OWN = 0.2
"""How much stays of the chosen shot's difference to the mean of all that agree with it there: its grain."""

BLURRED = 0.5
"""Share of the photo's finest detail that a sharp shot has at least."""

LIKE, LINED_UP = 0.25, (0.65, 0.85)
"""`likeness.likeness` and `likeness.lined_up` around a hole below which a shot does not line up there: the second where
it differs usually, so that either is the reason."""

OTHER_LIGHT = 5.5
"""The usual difference from the photo without noise, in levels, from which the light could not be matched."""

LEAST_KNOWN = 200
"""Pixels around a hole that a shot must share with the photo."""

STEADIER = 0.004
"""By how much a refined place must be more alike to be taken where the camera stood still."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One shot (by its number) in the view of one hole.

    inside: where it reaches. picture: (H, W, 3) float32 in the photo's light. noise: standard deviation of what differs
    from the photo. quality: likeness around the hole. sharpness: its finest detail over the photo's.
    flow: of `align.flow`, where that is better. unfit: why it cannot be trusted there, or "".
    """

    number: int
    matrix: align.Matrix
    inside: Mask
    light: light.Light
    picture: Floats
    noise: float
    quality: float
    sharpness: float
    flow: Floats | None = None
    unfit: str = ""


class Sight:
    """The photo in the view of one hole, with all that every shot is compared by there. known: outside of the hole."""

    def __init__(self, view: align.View, image: Image, known: Mask) -> None:
        self.view, self.image, self.known = view, image, known
        self.gray, self.soft = align.gray(image), light.softened(image)
        self.detail, self.fine = likeness.detail(self.gray), _fine(self.gray)

    def apart(self, picture: Floats) -> Floats:
        """How far a shot's picture is from the photo, (H, W)."""
        return movers.apart(self.image.astype(np.float32), picture)

    def still(self, picture: Floats, noise: float) -> bool:
        """Whether there is a hole, and a shot shows in it just what the photo does: nothing to take."""
        hole = ~self.known
        return bool(hole.any()) and not (hole & movers.unlike(self.image, picture, noise)).any()

    def likeness(self, picture: Floats, where: Mask) -> float:
        """See `likeness.likeness`."""
        return likeness.likeness(self.detail, likeness.detail(align.gray(picture)), where)


def seen_in(sight: Sight, number: int, shot: Image, hidden: Mask | None, matrix: align.Matrix) -> Look | None:
    """The shot in a view of the photo, its place refined by what is known there; None where it shows too little."""
    look, view = None, sight.view
    better = 0.0 if matrix[0, 1] else STEADIER
    small = view.shrunk(shot, matrix)
    own = None if hidden is None else view.shrunk(hidden.view(np.uint8) * np.uint8(255), matrix)
    for last in (False, True):
        there, inside = view.warped(small, matrix)
        if own is not None:
            inside = inside & (view.warped(own, matrix)[0] < 32)
        where = sight.known & inside
        if np.count_nonzero(where) < LEAST_KNOWN:
            return look
        found, agreed = light.match(sight.soft, there, where)
        picture = found.matched(there)
        quality = sight.likeness(picture, where)
        if look is not None and quality < look.quality + better:
            break
        its = align.gray(picture)
        sharpness = _finest(_fine(its), agreed) / max(1e-3, _finest(sight.fine, agreed))
        noise = _noise(sight.apart(picture), agreed)
        look = Look(number, matrix, inside, found, picture, noise, quality, sharpness)
        if not last and sight.still(picture, noise):
            return replace(look, unfit=_unfit(look, sight))
        more = None if last else align.refined(sight.gray, its, agreed)
        if more is None:
            break
        matrix = matrix @ np.linalg.inv(view.matrix) @ more @ view.matrix
    if look is None:
        return None
    look = _bent(look, sight, small)
    return replace(look, unfit=_unfit(look, sight))


def _unfit(look: Look, sight: Sight) -> str:
    """Why a shot cannot be trusted around a hole, after its name in a sentence, or ""."""
    where = sight.known & look.inside
    if look.sharpness < BLURRED:  # first, for what is blurred does not line up either
        return "shows too little detail beside the photo: it is blurred, dark or small"
    own = likeness.detail(align.gray(look.picture))
    unlike = float(np.median(movers.apart(sight.soft, light.softened(look.picture))[where])) > OTHER_LIGHT
    if look.quality < LIKE or likeness.lined_up(sight.detail, own, where) < LINED_UP[unlike]:
        return "does not line up around the hole: it was taken from another spot, or everything moves"
    if unlike:
        return "is in a light that cannot be made the photo's, as at night or with a flash"
    return ""


def changed(sight: Sight, shot: Image, matrix: align.Matrix) -> Mask:
    """Where in the view a shot shows something else in the hole: who is to go stands still in the rest of it."""
    there, inside = sight.view.warped(sight.view.shrunk(shot, matrix), matrix)
    where = sight.known & inside
    if np.count_nonzero(where) < LEAST_KNOWN:
        return ~sight.known
    found, agreed = light.match(sight.soft, there, where)
    picture = found.matched(there)
    noise = _noise(sight.apart(picture), agreed)
    return np.asarray(~sight.known & (movers.unlike(sight.image, picture, noise) | ~inside))


def _bent(look: Look, sight: Sight, small: tuple[Image, align.Matrix]) -> Look:
    """The look with what a homography leaves (depth, a lens) mended by a slow flow, where it is more alike so."""
    where = sight.known & look.inside
    same = where & (sight.apart(look.picture) < max(6.0, 3 * look.noise))
    flow = align.flow(sight.gray, align.gray(look.picture), same)
    picture = look.light.matched(sight.view.warped(small, look.matrix, flow)[0])
    quality = sight.likeness(picture, where)
    if quality < look.quality + STEADIER:
        return look
    noise = _noise(sight.apart(picture), same)
    return replace(look, picture=picture, noise=noise, quality=quality, flow=flow)


def _noise(apart: Floats, where: Mask) -> float:
    """The usual difference, in levels."""
    return float(np.median(apart[where])) if where.any() else 9.0


def _fine(gray: Image) -> Image:
    """Detail finer than some two pixels."""
    return np.asarray(cv2.absdiff(gray, cv2.GaussianBlur(gray, (0, 0), 1.0)))


def _finest(fine: Image, where: Mask) -> float:
    """How much there is of fine detail where there is most of it."""
    if not where.any():
        return 0.0
    fine = fine[where]
    most = max(1, len(fine) // 10)
    return float(np.partition(fine, -most)[-most:].mean())


def lay(
    hole: Hole,
    view: align.View,
    labels: NDArray[np.uint8],
    trusted: Sequence[Mask],
    looks: Sequence[Look],
    shots: Sequence[Image],
    image: Image,
    source: NDArray[np.uint8],
) -> None:
    """Lay the chosen pixels into `image`, and the numbers of their shots (from 1) into `source`, tile by tile.

    labels: (H, W) of the view, the chosen look from 1 or 0; trusted: where each look shows background.
    """
    numbers = np.array([0, *(look.number + 1 for look in looks)], np.uint8)
    parts = [one.view(np.uint8) for one in trusted]
    for top in range(hole.box.top, hole.box.bottom, TILE):
        for left in range(hole.box.left, hole.box.right, TILE):
            box = Box(left, top, min(left + TILE, hole.box.right), min(top + TILE, hole.box.bottom))
            wanted = hole.mask[_inside(box, hole.box)]
            if not wanted.any():
                continue
            area = masks.padded(box, RIM, source.shape)
            tile = _Tile(area, view, looks, shots)
            full = tile.cut(labels)
            drawn = tile.drawn(full, [tile.cut(part) > 0 for part in parts])[_inside(box, area)]
            full = full[_inside(box, area)]
            filled = wanted & (full > 0)
            image[box.slices][filled] = np.clip(np.rint(drawn), 0, 255).astype(np.uint8)[filled]
            source[box.slices][filled] = numbers[full][filled]


class _Tile:
    """A part of the photo at full size, with the looks warped into it."""

    def __init__(self, area: Box, view: align.View, looks: Sequence[Look], shots: Sequence[Image]) -> None:
        self.size = (area.width, area.height)
        self.to_photo = np.array([[1, 0, area.left], [0, 1, area.top], [0, 0, 1]], np.float64)
        self.to_view = view.matrix @ self.to_photo
        self.scale, self.soft = view.scale, 1.5 / min(1.0, view.scale)
        self.looks = looks
        self.shots = shots

    def cut(self, what: Any, how: int = cv2.INTER_NEAREST) -> Any:
        """Something of the view, at full size."""
        return align.warped(what, self.to_view, self.size, how)

    def picture(self, look: Look) -> Floats:
        """A look at full size, in the photo's light."""
        flow = None if look.flow is None else self.cut(look.flow, cv2.INTER_LINEAR) / np.float32(self.scale)
        whole, matrix = self.shots[look.number], look.matrix @ self.to_photo
        shot = align.warped(whole, matrix, self.size, cv2.INTER_CUBIC, flow)
        return np.asarray(look.light.curved(shot) + self.cut(look.light.field, cv2.INTER_LINEAR), np.float32)

    def drawn(self, labels: NDArray[np.uint8], trusted: Sequence[Mask]) -> Floats:
        """Each pixel of its own look, over soft seams, its noise lowered by the other looks that agree."""
        pictures = {
            index: self.picture(look)
            for index, look in enumerate(self.looks, 1)
            if trusted[index - 1].any() or (labels == index).any()
        }
        total = np.zeros((*labels.shape, 3), np.float32)
        weights = np.full((*labels.shape, 1), 1e-6, np.float32)
        for index, picture in pictures.items():
            own = labels == index
            if own.any():
                weight = cv2.GaussianBlur(own.astype(np.float32), (0, 0), self.soft)[..., None]
                total += weight * picture
                weights += weight
        drawn = np.asarray(total / weights, np.float32)
        soft = movers.blurred(drawn)
        total, weights = drawn.copy(), np.ones((*labels.shape, 1), np.float32)
        for index, other in pictures.items():
            apart = movers.apart(movers.blurred(other), soft)
            near = np.exp(-0.5 * (apart / max(3.0, 2.0 * self.looks[index - 1].noise)) ** 2)
            weight = (near * trusted[index - 1] * (labels != index))[..., None]
            total += weight * other
            weights += weight
        return np.asarray(OWN * drawn + (1 - OWN) * total / weights, np.float32)


def _inside(box: Box, outer: Box) -> tuple[slice, slice]:
    return (
        slice(box.top - outer.top, box.bottom - outer.top),
        slice(box.left - outer.left, box.right - outer.left),
    )
