"""Further shots of the place in a removal: what moves, whose people are in the way, and true pixels before any fill."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inpaint_app.errors import MissingError, NothingFound, OptionError
from inpaint_app.imaging import mask as masks
from inpaint_app.imaging.composite import changed_outside, composite
from inpaint_app.imaging.packed_mask import packed, unpacked
from inpaint_app.photofile import film
from inpaint_app.photofile.photo import Limits, Photo
from inpaint_app.removal.pipeline import Removal, feathering, grown_hole
from inpaint_app.removal.request import Marked, Request
from inpaint_app.shots import align, stack
from inpaint_app.types import Box, Image, Instance, Mask, Options, Progress, Result

FEW = 3
"""Further shots up to which people are looked for in them though none was found in the photo: so few cannot outvote
somebody who stands in each, behind a hole that was brushed."""

Find = Callable[[Image, Progress], tuple[Instance, ...]]


def shot_of(photo: Photo) -> stack.Shot:
    """A photo as a shot, known by its file's hash."""
    return stack.Shot(photo.rgb, photo.name, sha256=photo.sha256)


def of_film(photo: Photo, path: Path | None, limits: Limits) -> tuple[stack.Shot, ...]:
    """The frames of a motion photo's film, in its file or beside it at `path`. Raises UnreadablePhoto."""
    return tuple(
        stack.Shot(image, name, sha256=hashlib.sha256(image.tobytes()).hexdigest())
        for name, image in film.frames(photo, path, limits)
    )


def with_movers(image: Image, request: Request, progress: Progress) -> tuple[Request, tuple[stack.Fit, ...]]:
    """The request with everything marked that is gone in the other shots, and how they lie over the photo.

    Raises OptionError, NothingFound.
    """
    if not 1 <= len(request.shots) <= stack.MOST:
        raise OptionError(
            f"{len(request.shots)} further shots came, expected 1 to {stack.MOST} of the same place: what moves is "
            "what is gone in them."
        )
    nothing = np.zeros(image.shape[:2], bool)
    aligned = stack.fits(image, nothing, request.shots, progress)
    moved = stack.moving(image, request.shots, aligned)
    if request.mask is not None:
        moved |= request.mask
    if not moved.any() and not request.objects:
        unfit = "; ".join(f"{fit.name} {fit.note}" for fit in aligned if fit.note)
        raise NothingFound(
            f"Nothing moves: no shot shows the place without something of this photo. {unfit or 'Brush over it'}."
        )
    return replace(request, mask=moved), aligned


def behind(
    image: Image,
    request: Request,
    marked: Marked,
    find: Find,
    progress: Progress,
    aligned: tuple[stack.Fit, ...] | None = None,
) -> tuple[Image, stack.Behind]:
    """The photo with true pixels in the grown hole, and where they are from.

    find: looks for objects in a shot. aligned: how the shots lie, where that is known.
    """
    if len(request.shots) > stack.MOST:
        raise OptionError(f"{len(request.shots)} further shots came, expected at most {stack.MOST}.")
    grown, _ = masks.grow(marked.mask, request.grow)
    shots, words = list(request.shots), {instance.label for instance in marked.removed}
    if not words and len(shots) <= FEW:
        words = {"person"}
    if words:
        for number, shot in enumerate(shots):
            part = progress.part(0.4 * number / len(shots), 0.4 * (number + 1) / len(shots))
            if shot.hidden is None:
                shots[number] = replace(shot, hidden=_in_the_way(shot.image, words, find, part))
    picture, found = stack.behind(image, grown, shots, marked.mask, aligned, progress.part(0.4, 1.0))
    progress.notes += found.notes
    hidden = (None if shot.hidden is None else packed(shot.hidden) for shot in shots)
    return picture, replace(found, hidden=tuple(hidden))


def _in_the_way(image: Image, words: set[str], find: Find, progress: Progress) -> Mask | None:
    """What in a shot is of the kind that goes; looked for in a picture of bounded size."""
    view = align.view(Box(0, 0, image.shape[1], image.shape[0]))
    try:
        found = find(view.cut(image), progress)
    except MissingError:
        return None
    mask = np.zeros(view.size, bool)
    for instance in found:
        if instance.label in words:
            mask[instance.box.slices] |= instance.mask
    wide = masks.grow(mask)[0]
    size = image.shape[1::-1]
    return np.asarray(cv2.resize(wide.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0)


def filled(
    removal: Removal,
    picture: Image,
    found: stack.Behind,
    backend: str,
    options: Options,
    fill: Callable[[Removal], Result],
) -> Result:
    """The removal with `picture` where it was seen and a backend's fill in the rest, with all else as known."""
    began = time.perf_counter()
    grown, growth = grown_hole(removal, removal.mask)
    feather = feathering(removal, growth)
    canvas = removal.image.copy()
    for box in found.boxes:
        opacity = masks.feathered(grown, feather, box)
        opacity[~found.seen[box.slices]] = 0
        composite(canvas, removal.image, picture[box.slices], opacity, box)
    rest = grown & ~found.seen
    if rest.any():
        result = fill(replace(removal, image=canvas, mask=rest, grow=0, feather=0))
    else:
        result = Result(canvas, grown, backend, 0.0, found.boxes, growth, feather, 0, options)
    return replace(
        result,
        mask=grown,
        grow=growth,
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
