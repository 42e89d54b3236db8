"""A photo and further shots of the place: true pixels for a hole, from the shots that show what is behind it.

align → light → movers → choosing → laid at full size. Cost follows the holes: each is looked at in a view of at most
`align.SIDE` pixels, and only its own window is warped at full size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.imaging import mask as masks
from inpaint_app.imaging.window import holes
from inpaint_app.shots import align, choosing, laying, looking, movers, standing
from inpaint_app.shots.looking import Look, Sight, seen_in
from inpaint_app.types import Box, Image, Instance, Mask, Progress

Given = TypeVar("Given")
Found = TypeVar("Found")

CONTEXT, LEAST_CONTEXT = 0.4, 96
"""How far around a hole is looked at: a share of its longer side, and pixels."""

MOST = 32
"""Shots that are looked at beside the photo."""

SOFTER = 0.7
"""Pixels of a shot for each of the photo's, along a side, below which its softness is told."""

BUSY = 0.15
"""Share of a hole's surroundings that differs from the photo in every shot from which people are told to look."""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A further shot of the place. hidden: (H, W) bool, what in it is no background, such as its own people.

    sha256: of its file, where there is one.
    """

    image: Image
    name: str = ""
    hidden: Mask | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """How a shot lies over the photo.

    matrix: photo pixels to the shot's. likeness: correlation of detail, -1..1. used: pixels of the holes taken from it.
    note: why it could not be used, or "".
    """

    name: str
    matrix: align.Matrix
    likeness: float
    used: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Behind:
    """What the shots show behind a hole.

    source: (H, W) uint8, the number of the shot (from 1) that each pixel of the hole is from, 0 where none shows it.
    hidden: of each shot what in it was left out, as `imaging.packed_mask` packs it.
    boxes, shares: the holes, and how much of each was seen, 0..1; share: of all. notes: sentences.
    """

    source: NDArray[np.uint8]
    fits: tuple[Fit, ...]
    boxes: tuple[Box, ...]
    shares: tuple[float, ...]
    share: float
    notes: tuple[str, ...]
    hidden: tuple[dict[str, str] | None, ...] = ()

    @property
    def seen(self) -> Mask:
        """Where true pixels are."""
        return np.asarray(self.source > 0)

    @property
    def told(self) -> str:
        """How much of the hole is true, for people."""
        true = min(99, round(100 * self.share)) if self.share < 1 else 100
        return f"{true} % true pixels, {100 - true} % filled"

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "told": self.told,
            "share": round(self.share, 4),
            "holes": [
                {"box": [int(side) for side in box], "share": round(share, 4)}
                for box, share in zip(self.boxes, self.shares, strict=True)
            ],
            "shots": [
                {"name": fit.name, "likeness": round(fit.likeness, 3), "pixels": fit.used, "note": fit.note}
                for fit in self.fits
            ],
            "notes": list(self.notes),
        }


def fits(
    photo: Image, hole: Mask, shots: Sequence[Shot], progress: Progress | None = None
) -> tuple[Fit, ...]:
    """How each shot lies over the photo, by what is known of it."""
    progress = progress or Progress()
    reference = align.Reference(photo, hole)

    def fit(numbered: tuple[int, Shot]) -> Fit:
        number, shot = numbered
        matrix, likeness = reference.align(shot.image, shot.hidden)
        alike = likeness >= align.ALIKE
        note = "" if alike else "shows another place, or nothing that it could be aligned by"
        return Fit(shot.name or f"shot {number + 1}", matrix, likeness, note=note)

    return tuple(each(fit, list(enumerate(shots)), progress, "Aligning the shots"))


def each(work: Callable[[Given], Found], of: Sequence[Given], progress: Progress, stage: str) -> list[Found]:
    """What `work` makes of each, by as many threads as OpenCV may have, since most of it is one thread's in OpenCV."""
    done: list[Found] = []
    with ThreadPoolExecutor(max(1, min(cv2.getNumThreads(), len(of)))) as pool:
        try:
            for one in pool.map(work, of):
                done.append(one)
                progress(len(done) / len(of), stage)
        except BaseException:  # cancelled, too
            pool.shutdown(cancel_futures=True)
            raise
    return done


def behind(
    photo: Image,
    hole: Mask,
    shots: Sequence[Shot],
    core: Mask | None = None,
    aligned: Sequence[Fit] | None = None,
    progress: Progress | None = None,
    things: Sequence[Instance] = (),
) -> tuple[Image, Behind]:
    """The photo with the true pixels behind `hole` laid in, wherever the shots show them, and what they are.

    core: the hole before it was grown, which the thing itself fills. aligned: of `fits`. things: what was found
    there: each of them may stand still in a shot that the others have left.
    """
    progress = progress or Progress()
    if aligned is None:
        aligned = fits(photo, hole, shots, progress.part(0, 0.5))
    image, source = photo.copy(), np.zeros(hole.shape, np.uint8)
    found = list(aligned)
    apart = holes(hole, CONTEXT, LEAST_CONTEXT, align.SIDE)
    shares, stood, doubted, used = [], False, False, np.zeros(len(shots) + 1, np.int64)
    for number, one in enumerate(apart):
        part = progress.part(0.5 + 0.5 * number / len(apart), 0.5 + 0.5 * (number + 1) / len(apart))
        margin = max(LEAST_CONTEXT, round(CONTEXT * max(one.box.width, one.box.height)))
        view = align.view(masks.padded(one.box, margin, hole.shape))
        opening = view.cut_mask(hole)
        inner = opening if core is None else view.cut_mask(core)
        looks = looking.confirmed(looks_around(view, photo, opening, shots, found, part), opening)
        if looks:
            labels, trusted, still, around = _chosen(
                view.cut(photo), opening, inner, looks, standing.numbered(view, things)
            )
            stood |= still
            doubted |= around > BUSY or len(looks) == 1
            laying.lay(one, view, labels, trusted, looks, [shot.image for shot in shots], image, source)
        own = np.bincount(source[one.box.slices][one.mask], minlength=len(used))
        shares.append(float(1 - own[0] / own.sum()))
        used += own
    found = [replace(fit, used=int(used[number + 1])) for number, fit in enumerate(found)]
    share = float(used[1:].sum() / max(1, used.sum()))
    notes = [f"{fit.name} {fit.note}: not used." for fit in found if fit.note and not fit.used]
    scales = [_resolution(fit.matrix, hole.shape) for fit in found if fit.used]
    soft = [scale for scale in scales if scale < SOFTER]
    if soft:
        has = "has" if len(soft) == 1 else "have"
        notes.append(
            f"{len(soft)} of the shots {has} {100 * min(soft):.0f} % of the photo's resolution or little more: what is "
            "taken from them is softer than the rest."
        )
    if stood:
        notes.append("Something stands still in all shots: behind it nobody could look, so that is filled.")
    elif share < 0.5 and any(not fit.note for fit in found):
        notes.append(
            "Most of the hole changes from shot to shot, or is hidden in all: that is filled as without shots."
        )
    if doubted and share > 0:  # true of the rest, too
        notes.append(
            "One shot alone, or a crowd in all, cannot tell background from passers-by: look whether one was left."
        )
    return image, Behind(
        source, tuple(found), tuple(one.box for one in apart), tuple(shares), share, tuple(notes)
    )


def _resolution(matrix: align.Matrix, shape: tuple[int, ...]) -> float:
    """Pixels of the shot for each of the photo's, along a side, in its middle."""
    depth = float(matrix[2] @ (shape[1] / 2, shape[0] / 2, 1))
    return float(np.sqrt(abs(np.linalg.det(matrix) / depth**3)))


def looks_around(
    view: align.View,
    photo: Image,
    opening: Mask,
    shots: Sequence[Shot],
    found: list[Fit],
    progress: Progress,
) -> list[Look]:
    """The shots that line up around a hole; the others get their note, and are looked at again at the next."""
    sight, looks = Sight(view, view.cut(photo), ~opening), list[Look]()

    def look(number: int) -> Look | None:
        shot = shots[number]
        return seen_in(sight, number, shot.image, shot.hidden, found[number].matrix)

    alike = [number for number, fit in enumerate(found) if fit.likeness >= align.ALIKE]
    stage = "Looking behind it in the other shots"
    for number, one in zip(alike, each(look, alike, progress, stage), strict=True):
        if one is None:
            continue
        if one.unfit:
            found[number] = replace(found[number], note=one.unfit)
        else:
            looks.append(one)
    return looks


def _chosen(
    seen: Image, opening: Mask, core: Mask, looks: list[Look], things: NDArray[np.int32]
) -> tuple[NDArray[np.uint8], list[Mask], bool, float]:
    """For each pixel of the hole the look that it is taken from, from 1; 0: none.

    And where each look agrees with that, whether something in the hole stands still in all of them, and the share
    of the surroundings that differs from the photo in every look.
    """
    near = masks.padded(masks.bounds(opening) or Box(0, 0, 1, 1), LEAST_CONTEXT, opening.shape).slices
    pictures, inside = [look.picture[near] for look in looks], [look.inside[near] for look in looks]
    noise = [look.noise for look in looks]
    wanted, inner = opening[near], core[near]
    compared = movers.compared(
        seen[near].astype(np.float32), pictures, inside, ~wanted, inner, noise, things=things[near]
    )
    labels = np.zeros(opening.shape, np.uint8)
    labels[near] = own = choosing.chosen(compared, wanted, pictures, inside, [one.quality for one in looks])
    agreeing = []
    for number, (reached, others) in enumerate(zip(inside, compared.others, strict=True), 1):
        differs = (others >> (np.maximum(own, 1) - 1).astype(np.uint32)) & 1
        rate = compared.against[number - 1] / np.maximum(1, compared.differing[number - 1])
        agrees = np.zeros(opening.shape, bool)
        agrees[near] = reached & (own > 0) & ((own == number) | ((differs == 0) & (rate < 0.5)))
        agreeing.append(agrees)
    around = min(float(off[~wanted].mean()) if not wanted.all() else 0.0 for off in compared.off)
    return labels, agreeing, bool(compared.still.any()), around
