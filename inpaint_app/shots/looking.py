"""One shot beside the photo around one hole: where it lies there, in which light, and whether it can be trusted."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.imaging import mask as masks
from inpaint_app.shots import align, features, light, likeness, movers
from inpaint_app.types import Box, Image, Mask

Floats: TypeAlias = NDArray[np.float32]

BLURRED = 0.5
"""Share of the photo's finest detail that a sharp shot has at least."""

LIKE, LINED_UP = 0.25, (0.65, 0.85)
"""`likeness.likeness` and `likeness.lined_up` around a hole below which a shot does not line up there: the second where
it differs usually, so that either is the reason."""

OTHER_LIGHT = 5.5
"""The usual difference from the photo without noise, in levels, from which the light could not be matched."""

LEAST_KNOWN = 200
"""Pixels around a hole that a shot must share with the photo."""

ALIGNED = 0.75, 0.9
"""Likeness around a hole and `likeness.lined_up` beside it below both of which the photo's place does not fit there."""

PLANES, CLOSE, CLEARLY = 3, 0.15, 0.05
"""How many planes are tried, how close to the hole one has to fit, as a share of the hole's longer side, and by how
much better."""

SECONDED, SAME, QUIET = 0.65, 14.0, 4.0
"""Correlation of detail from which, and levels up to which two shots that do not quite line up show the same; of such a
shot's noise most is its place."""

STEADIER = 0.004
"""By how much a refined place must be more alike to be taken where the camera stood still."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One shot (by its number) in the view of one hole.

    inside: where it reaches. picture: (H, W, 3) float32 in the photo's light. noise: standard deviation of what differs
    from the photo. quality: likeness around the hole. sharpness: its finest detail over the photo's.
    near, lined: likeness and `likeness.lined_up` close to the hole. flow: of `align.flow`, where that is better. sure:
    the photo's own place fits here. still: whether it shows in the hole just what the photo does. unfit: why it cannot
    be trusted there, or "".
    """

    number: int
    matrix: align.Matrix
    inside: Mask
    light: light.Light
    picture: Floats
    noise: float
    quality: float
    sharpness: float
    near: float
    lined: float
    flow: Floats | None = None
    sure: bool = True
    still: bool = False
    unfit: str = ""


class Sight:
    """The photo in the view of one hole, with all that every shot is compared by there. known: outside of the hole."""

    def __init__(self, view: align.View, image: Image, known: Mask) -> None:
        self.view, self.image, self.known = view, image, known
        self.gray, self.soft = align.gray(image), light.softened(image)
        self.detail, self.fine = likeness.detail(self.gray), _fine(self.gray)
        self.near = known & _widened(~known, CLOSE)
        self._one = threading.Lock()

    def planes(self, there: Image, inside: Mask) -> list[align.Matrix]:
        """The homographies (photo → shot, both in the view) that most points follow, of what is known and inside."""
        with self._one:  # shots are looked at by several threads
            own = self._features
        found = features.planes(own, features.features(align.gray(there), inside), PLANES)
        return [matrix for matrix in found if align.plausible(matrix, self.gray.shape)]

    @cached_property
    def _features(self) -> features.Features:
        return features.features(self.gray, self.known)

    def apart(self, picture: Floats) -> Floats:
        """How far a shot's picture is from the photo, (H, W)."""
        return movers.apart(self.image.astype(np.float32), picture)

    def lit(self, there: Image, inside: Mask) -> tuple[light.Light, Mask, Floats, float] | None:
        """A shot's picture in the photo's light: the light, what agrees, the picture and its noise.

        None where too little of it is known.
        """
        where = self.known & inside
        if np.count_nonzero(where) < LEAST_KNOWN:
            return None
        found, agreed = light.match(self.soft, there, where)
        picture = found.matched(there)
        return found, agreed, picture, _noise(self.apart(picture), agreed)

    def still(self, picture: Floats, noise: float) -> bool:
        """Whether there is a hole, and a shot shows in it just what the photo does: nothing to take."""
        hole = ~self.known
        return bool(hole.any()) and not (hole & movers.unlike(self.image, picture, noise)).any()

    def likeness(self, picture: Floats, where: Mask) -> float:
        """See `likeness.likeness`."""
        return likeness.likeness(self.detail, likeness.detail(align.gray(picture)), where)


def seen_in(sight: Sight, number: int, shot: Image, hidden: Mask | None, matrix: align.Matrix) -> Look | None:
    """The shot in a view of the photo, its place refined by what is known there; None where it shows too little.

    Where the place that fits the whole photo does not fit here, the planes that points here move by are tried: the
    camera stood elsewhere, and near things moved against far ones.
    """
    own, there = _Placed(sight, number, shot, hidden, matrix), sight.known
    best = own.refined(matrix)
    sure = not matrix[0, 1] or (
        best is not None and _aligned(best)
    )  # a camera that stood still sees no other plane
    if not sure and sight.near.any():
        for plane in sight.planes(*own.warped(matrix)):
            look = own.refined(matrix @ np.linalg.inv(sight.view.matrix) @ plane @ sight.view.matrix)
            if look is not None and (best is None or look.near > best.near + CLEARLY):
                best, there = look, sight.near  # it need not go on further off
    if best is None:
        return None
    best = best if best.still else _bent(best, sight, own.small)
    return replace(best, sure=sure, unfit=_unfit(best, sight, there & best.inside))


def _aligned(look: Look) -> bool:
    return look.still or look.quality >= ALIGNED[0] or look.lined >= ALIGNED[1]


class _Placed:
    """A shot, as small as the view needs it."""

    def __init__(
        self, sight: Sight, number: int, shot: Image, hidden: Mask | None, matrix: align.Matrix
    ) -> None:
        self.sight, self.number = sight, number
        self.small = sight.view.shrunk(shot, matrix)
        shown = None if hidden is None else hidden.view(np.uint8) * np.uint8(255)
        self.hidden = None if shown is None else sight.view.shrunk(shown, matrix)

    def warped(self, matrix: align.Matrix) -> tuple[Image, Mask]:
        """The shot seen in the view, and where it shows background."""
        there, inside = self.sight.view.warped(self.small, matrix)
        if self.hidden is not None:
            inside = inside & (self.sight.view.warped(self.hidden, matrix)[0] < 32)
        return there, inside

    def refined(self, matrix: align.Matrix) -> Look | None:
        """The shot at a place, and at the finer one beside it if that is more alike."""
        sight, look = self.sight, None
        better = 0.0 if matrix[0, 1] else STEADIER
        for last in (False, True):
            there, inside = self.warped(matrix)
            lit = sight.lit(there, inside)
            if lit is None:
                return look
            found, agreed, picture, noise = lit
            where, close = sight.known & inside, sight.near & inside
            its = align.gray(picture)
            detail = likeness.detail(its)
            quality = likeness.likeness(sight.detail, detail, where)
            if look is not None and quality < look.quality + better:
                break
            sharpness = _finest(_fine(its), agreed) / max(1e-3, _finest(sight.fine, agreed))
            near = likeness.likeness(sight.detail, detail, close)
            lined = likeness.lined_up(sight.detail, detail, close)
            look = Look(self.number, matrix, inside, found, picture, noise, quality, sharpness, near, lined)
            if not last and sight.still(picture, noise):
                return replace(look, still=True)
            more = None if last else align.refined(sight.gray, its, agreed)
            if more is None:
                break
            matrix = matrix @ np.linalg.inv(sight.view.matrix) @ more @ sight.view.matrix
        return look


def _unfit(look: Look, sight: Sight, where: Mask) -> str:
    """Why a shot cannot be trusted around a hole, after its name in a sentence, or ""; where: looked at."""
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
    lit = sight.lit(there, inside)
    if lit is None:
        return ~sight.known
    *_, picture, noise = lit
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


def confirmed(looks: Sequence[Look], hole: Mask) -> list[Look]:
    """The looks, in the hole only what is sure of those that do not quite line up: what another shows there, too.

    Depth moves things differently in every shot: where two show the same, both are right.
    """
    details = [likeness.detail(align.gray(look.picture)) for look in looks]
    soft = [np.asarray(cv2.blur(look.picture, (9, 9)), np.float32) for look in looks]
    sure = []
    for look, its, own in zip(looks, details, soft, strict=True):
        if look.sure:
            sure.append(look)
            continue
        seconded = np.zeros(hole.shape, bool)
        for other, detail, theirs in zip(looks, details, soft, strict=True):
            if other is not look:
                both = look.inside & other.inside
                same = movers.apart(own, theirs) <= SAME
                seconded |= both & same & (likeness.alike(its, detail, both) >= SECONDED)
        inside = look.inside & (seconded | ~hole)
        sure.append(replace(look, inside=inside, noise=min(look.noise, QUIET)))
    return sure


def _widened(hole: Mask, by: float) -> Mask:
    """A hole and what lies within a share of its longer side."""
    box = masks.bounds(hole) or Box(0, 0, 0, 0)
    far = cv2.distanceTransform((~hole).view(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(far <= max(4.0, by * max(box.width, box.height)))


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
