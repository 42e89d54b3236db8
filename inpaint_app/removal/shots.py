"""Further shots of the place in a removal: what moves, whose people are in the way, and true pixels before any fill."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inpaint_app.errors import MissingError, NothingFound, OptionError
from inpaint_app.imaging import mask as masks
from inpaint_app.imaging.composite import changed_outside, composite
from inpaint_app.imaging.hole_grouping import holes
from inpaint_app.imaging.packed_mask import packed, unpacked
from inpaint_app.photofile import film
from inpaint_app.photofile.photo import Limits, Photo
from inpaint_app.removal.parts import KINDS, with_parts
from inpaint_app.removal.pipeline import Removal, feathering, walled
from inpaint_app.removal.request import Request
from inpaint_app.segmenters.base import GROUPED
from inpaint_app.segmenters.tiling import seen_once
from inpaint_app.shots import align, looking, stack
from inpaint_app.shots.moving import moving
from inpaint_app.types import Box, Image, Instance, Mask, Options, Progress, Result

FEW = 3
"""Further shots up to which people are looked for in them though none was found in the photo, and from near where holes
share a place: so few cannot outvote somebody who stands in each."""

LOOKS, AROUND = 12, 96
"""Places where people are looked for in all shots together, so that many shots cost no more, and holes apart from which
on it is a crowd, which no number of shots outvotes; pixels around a hole at least."""

Look = Callable[[Image, Progress], tuple[Instance, ...]]
Find = Callable[[Image, Progress, Mask], tuple[Instance, ...]]
"""Finds in a picture, from near only where a mask of it, maybe smaller, is set."""


def shot_of(photo: Photo) -> stack.Shot:
    """A photo as a shot, known by its file's hash."""
    return stack.Shot(photo.rgb, photo.name, sha256=photo.sha256)


def of_film(photo: Photo, path: Path | None, limits: Limits) -> tuple[stack.Shot, ...]:
    """The frames of a motion photo's film, in its file or beside it at `path`. Raises UnreadablePhoto."""
    return tuple(
        stack.Shot(image, name, sha256=hashlib.sha256(image.tobytes()).hexdigest())
        for name, image in film.frames(photo, path, limits)
    )


def with_movers(
    image: Image, request: Request, look: Look, progress: Progress
) -> tuple[Request, tuple[stack.Fit, ...]]:
    """The request with everything marked that is gone in the other shots, and how they lie over the photo.

    look: finds things; of somebody who moved by less than his own width only a part is gone, and all of him goes.
    Raises OptionError, NothingFound.
    """
    if not 1 <= len(request.shots) <= stack.MOST:
        raise OptionError(
            f"{len(request.shots)} further shots came, expected 1 to {stack.MOST} of the same place: what moves is "
            "what is gone in them."
        )
    nothing = np.zeros(image.shape[:2], bool)
    aligned = stack.fits(image, nothing, request.shots, progress.part(0.0, 0.5))
    things: tuple[Instance, ...] = ()
    with suppress(MissingError):
        things = tuple(one for one in look(image, progress.part(0.5, 1.0)) if one.label in GROUPED)
    moved, told = moving(image, request.shots, aligned, things)
    if request.mask is not None:
        moved |= request.mask
    if not moved.any() and not request.objects:
        unfit = "; ".join(f"{fit.name} {fit.note}" for fit in told if fit.note)
        raise NothingFound(
            f"Nothing moves: no shot shows the place without something of this photo. {unfit or 'Brush over it'}."
        )
    return replace(request, mask=moved), aligned


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """True pixels behind a hole. picture: the photo with them in it. hole: grown, by `growth` at least and at most."""

    picture: Image
    found: stack.Behind
    hole: Mask
    growth: tuple[int, int]


def behind(
    removal: Removal,
    request: Request,
    find: Find,
    progress: Progress,
    aligned: tuple[stack.Fit, ...] | None = None,
) -> Seen:
    """What the shots of a request show behind the hole of a removal, which grows all around for it.

    find: looks for objects in a shot, and for what belongs to them. aligned: how the shots lie, where that is known.
    """
    if len(request.shots) > stack.MOST:
        raise OptionError(f"{len(request.shots)} further shots came, expected at most {stack.MOST}.")
    image, (grown, least, most) = removal.image, masks.grow(removal.mask, removal.grow)
    grown = walled(removal, grown)
    shots, words = list(request.shots), {instance.label for instance in removal.removed}
    if aligned is None:
        aligned = stack.fits(image, grown, shots, progress.part(0, 0.3))
    apart = cv2.connectedComponents(grown.view(np.uint8), connectivity=8)[0] - 1
    doubted = len(shots) <= FEW or apart > LOOKS
    if not words and doubted:
        words = {"person"}
    where = _places(grown, max(1, LOOKS // max(1, len(shots)))) if words else []
    look = find if doubted and len(where) < apart else partial(_at_once, find)
    looked = [at for at, fit in enumerate(aligned) if where and not fit.note and shots[at].hidden is None]
    views = [align.view(box, align.FINE) for box in where]
    sights = [looking.Sight(view, view.cut(image), ~view.cut_mask(grown)) for view in views]

    def changed(number: int) -> list[Mask]:
        return [looking.changed(sight, shots[number].image, aligned[number].matrix) for sight in sights]

    compared = stack.each(changed, looked, progress.part(0.3, 0.35), "Comparing the shots")
    for done, (number, unlike) in enumerate(zip(looked, compared, strict=True)):
        part = progress.part(0.35 + 0.15 * done / len(looked), 0.35 + 0.15 * (done + 1) / len(looked))
        shot, places = shots[number], list(zip(views, unlike, strict=True))
        shots[number] = replace(
            shot, hidden=_in_the_way(shot.image, places, aligned[number].matrix, words, look, part)
        )
    picture, found = stack.behind(
        image, grown, shots, removal.mask, aligned, progress.part(0.5, 1.0), removal.removed
    )
    progress.notes += found.notes
    hidden = (None if shot.hidden is None else packed(shot.hidden) for shot in shots)
    return Seen(picture, replace(found, hidden=tuple(hidden)), grown, (least, most))


def _at_once(find: Find, image: Image, progress: Progress, within: Mask) -> tuple[Instance, ...]:
    return seen_once(image, lambda small: find(small, progress, within))


def _places(hole: Mask, most: int) -> list[Box]:
    """At most so many parts of the photo that hold all holes, with as much around each as a person there needs."""
    for context in (1, 2, 4, 8):  # the more, the fewer
        boxes = [one.box for one in holes(hole, context, AROUND)]
        if len(boxes) <= most:
            break
    else:
        boxes = [box for box in [masks.bounds(hole)] if box is not None]
    return [masks.padded(box, max(AROUND, box.width, box.height), hole.shape) for box in boxes]


def _in_the_way(
    image: Image,
    where: Sequence[tuple[align.View, Mask]],
    matrix: align.Matrix,
    words: set[str],
    find: Find,
    progress: Progress,
) -> Mask | None:
    """What in a shot is of the kind that goes, around the holes: each view of the photo is one look.

    where: the views, with what `looking.changed` gives for each: small people are looked at from nearer there alone.
    """
    hidden = np.zeros(image.shape[:2], bool)
    # Nobody is found who lies on the side.
    turns = round(np.arctan2(matrix[1, 0], matrix[0, 0]) / (np.pi / 2))
    for number, (view, changed) in enumerate(where):
        area, _ = align.reach(view.box, matrix, image.shape, 0)
        there = view.matrix @ np.linalg.inv(matrix) @ [[1, 0, area.left], [0, 1, area.top], [0, 0, 1]]
        size = (area.width, area.height)
        within = align.warped(changed.view(np.uint8), there, size, cv2.INTER_NEAREST) > 0
        part = progress.part(number / len(where), (number + 1) / len(where))
        try:
            upright = np.ascontiguousarray(np.rot90(image[area.slices], turns))
            within = np.ascontiguousarray(np.rot90(within, turns))
            hidden[area.slices] |= np.rot90(_found(upright, words, find, part, within), -turns)
        except MissingError:
            return None
    return hidden


def _found(image: Image, words: set[str], find: Find, progress: Progress, within: Mask) -> Mask:
    """What of those kinds one look finds, with what belongs to it, widened."""
    found = find(image, progress, within)
    gone = with_parts(found, {one.number for one in found if one.label in words}, {*KINDS})
    mask = masks.marked(image.shape[:2], (one for one in found if one.number in gone))
    return masks.grow(mask)[0]


def filled(
    removal: Removal, seen: Seen, backend: str, options: Options, fill: Callable[[Removal], Result]
) -> Result:
    """The removal with true pixels where they were seen and a backend's fill in the rest, with all else as known."""
    began, found, grown = time.perf_counter(), seen.found, seen.hole
    if not found.seen.any():
        return replace(fill(removal), behind=found)
    least, most = seen.growth
    feather = feathering(removal, least)
    canvas = removal.image.copy()
    for box in found.boxes:
        opacity = masks.feathered(grown, feather, box)
        opacity[~found.seen[box.slices]] = 0
        composite(canvas, removal.image, seen.picture[box.slices], opacity, box)
    rest = grown & ~found.seen
    if rest.any():
        result = fill(replace(removal, image=canvas, mask=rest, grow=0, feather=0))
    else:
        result = Result(canvas, grown, backend, 0.0, found.boxes, most, feather, 0, options)
    return replace(
        result,
        mask=grown,
        grow=most,
        feather=feather,
        seconds=time.perf_counter() - began,
        changed_known=changed_outside(removal.image, result.image, grown),
        behind=found,
    )


def record(shots: Sequence[stack.Shot], found: stack.Behind | None) -> list[dict[str, Any]]:
    """What a recipe says of the shots that a removal went by, as JSON."""
    if found is None:
        return []
    return [
        {"name": shot.name, "sha256": shot.sha256, "hidden": hidden}
        for shot, hidden in zip(shots, found.hidden, strict=True)
    ]


def recorded(value: Any) -> tuple[tuple[str, str, Any], ...]:
    """Of each shot of a recipe its name, its file's hash and what was left out; raises OptionError."""
    listed = [] if value is None else value
    if not isinstance(listed, list) or len(listed) > stack.MOST:
        raise OptionError(f"The recipe's shots are {ascii(value)[:40]}, expected a list.")
    for one in listed:
        words = [one.get("name"), one.get("sha256")] if isinstance(one, dict) else [None]
        if not all(isinstance(word, str) and len(word) <= 1000 for word in words):
            raise OptionError(f"The recipe's shots hold {ascii(one)[:40]}, expected names and hashes.")
    return tuple((one["name"], one["sha256"], one.get("hidden")) for one in listed)


def replayed(given: Sequence[stack.Shot], wanted: Sequence[tuple[str, str, Any]]) -> tuple[stack.Shot, ...]:
    """Those of the given shots that a recipe wants, with what was left out of each; see `Recipe.request`."""
    known = {shot.sha256: shot for shot in given}
    lacking = [f"{name} (sha256 {sha[:12]}…)" for name, sha, _ in wanted if sha not in known]
    if lacking:
        raise OptionError(
            f"The recipe was made with further shots, give {' and '.join(lacking)}: --shots FILE."
        )
    if given and not wanted:
        raise OptionError("The recipe was made without further shots: leave them out.")
    return tuple(
        replace(known[sha], hidden=None if hidden is None else unpacked(hidden, size, "shots"))
        for _, sha, hidden in wanted
        for size in [(known[sha].image.shape[0], known[sha].image.shape[1])]
    )
