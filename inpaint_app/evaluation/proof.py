"""Proof patches: which backend is best on *this* photo, measured, before or after a removal.

The hole's shape is moved to places of the same photo that look like the hole's surroundings and hold no objects. There
the truth is known: every backend fills them, and the fills are scored. The ranking is held back by what is known from
many photos, because a few patches alone are a noisy judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inpaint_app.errors import Cancelled, InpaintError, MaskError
from inpaint_app.evaluation import places
from inpaint_app.imaging.mask import padded
from inpaint_app.imaging.window import BLANK
from inpaint_app.metrics.full_reference import scores
from inpaint_app.session import Session
from inpaint_app.types import Image, Mask, Progress, Removal

COUNT = 4
SCORE = "haarpsi"

PRIOR: Mapping[str, float] = {
    "navier-stokes": -0.029,
    "telea": -0.022,
    "patchmatch": 0.025,
    "exemplar": 0.026,
}
"""Mean HaarPSI of a backend less the mean of all, on 60 photos of BSDS300 (benchmarks/results/auto.md)."""

DOUBT = 16.0
"""How many patches the prior is worth: a patch says little of the hole itself (benchmarks/results/auto.md)."""


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """One backend at one place. Pictures are crops around the place: truth, cut and fill (None where it failed).

    score: HaarPSI over the hole. mask: the place, (H, W) bool.
    """

    place: int
    backend: str
    mask: Mask
    truth: Image
    cut: Image
    fill: Image | None = None
    score: float | None = None
    seconds: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A backend on this photo: its mean score over the patches, on how many it was the best, and its seconds a patch.

    expected: the mean, held back by the prior, relative to the other backends; the ranking goes by it.
    """

    backend: str
    mean: float
    best_on: int
    patches: int
    seconds: float
    expected: float


def prove(
    session: Session,
    image: Image,
    mask: Mask,
    backends: Sequence[str],
    *,
    avoid: Mask | None = None,
    count: int = COUNT,
    seed: int = 0,
    progress: Progress | None = None,
) -> Iterator[Patch]:
    """Fill `count` places with each backend; a patch as each is ready. What fails is a patch with its error.

    image: (H, W, 3) uint8. mask: the hole as it will be filled. avoid: found objects, which no place may cover and no
    fill may copy. Raises MaskError where the photo has no room for any place, Cancelled.
    """
    progress = progress or Progress()
    progress(0.0, "Looking for places like the hole's surroundings")
    found = places.find(image, mask, count, avoid)
    if not found:
        raise MaskError(
            "The hole leaves no room on this photo for a patch to measure on: choose a backend yourself."
        )
    forbidden = mask if avoid is None else mask | avoid
    steps = len(found) * len(backends)
    for number, place in enumerate(found):
        for index, backend in enumerate(backends):
            step = number * len(backends) + index
            part = progress.part(
                step / steps, (step + 1) / steps, f"{backend}, patch {number + 1} of {len(found)}"
            )
            yield _patch(session, image, place, forbidden, backend, number, seed, part)
    progress(1.0, "Done")


def _patch(
    session: Session,
    image: Image,
    place: places.Place,
    forbidden: Mask,
    backend: str,
    number: int,
    seed: int,
    progress: Progress,
) -> Patch:
    cut = image.copy()
    cut[place.mask] = BLANK
    around = padded(place.box, max(16, max(place.box.width, place.box.height) // 2), image.shape).slices
    patch = Patch(number, backend, place.mask, image[around], cut[around])
    removal = Removal(cut, place.mask, grow=0, feather=0, avoid=forbidden, options={"seed": seed})
    try:
        result = session.remove(removal, backend, progress)
    except Cancelled:
        raise
    except InpaintError as error:
        return Patch(number, backend, place.mask, patch.truth, patch.cut, error=str(error))
    found = scores(image[around], result.image[around], place.mask[around], names=(SCORE,))["hole"][SCORE]
    return Patch(
        number,
        backend,
        place.mask,
        patch.truth,
        patch.cut,
        result.image[around].copy(),
        found,
        result.seconds,
    )


def ranking(
    patches: Iterable[Patch], prior: Mapping[str, float] | None = None, doubt: float = DOUBT
) -> list[Standing]:
    """The backends by what is expected of them on this photo, the best first.

    A backend's scores count relative to the mean of all backends on the same patch. With n patches the measured
    difference weighs n / (n + doubt), the prior's the rest; a backend without a prior has the mean of the others'.
    """
    prior = PRIOR if prior is None else prior
    table: dict[int, dict[str, float]] = {}
    seconds: dict[str, list[float]] = {}
    for patch in patches:
        if patch.score is not None:
            table.setdefault(patch.place, {})[patch.backend] = patch.score
            seconds.setdefault(patch.backend, []).append(patch.seconds or 0.0)
    known = [prior[backend] for backend in seconds if backend in prior]
    middle = float(np.mean(known)) if known else 0.0
    standings = []
    for backend in seconds:
        relative = [
            row[backend] - float(np.mean(list(row.values()))) for row in table.values() if backend in row
        ]
        weight = len(relative) / (len(relative) + doubt)
        before = prior.get(backend, middle) - middle
        standings.append(
            Standing(
                backend=backend,
                mean=float(np.mean([row[backend] for row in table.values() if backend in row])),
                best_on=sum(max(row, key=row.__getitem__) == backend for row in table.values()),
                patches=len(relative),
                seconds=float(np.mean(seconds[backend])),
                expected=before + weight * (float(np.mean(relative)) - before),
            )
        )
    return sorted(standings, key=lambda standing: -standing.expected)


def best(
    session: Session,
    image: Image,
    mask: Mask,
    backends: Sequence[str],
    *,
    avoid: Mask | None = None,
    count: int = COUNT,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[Standing]:
    """The ranking for this photo and hole, measured at once.

    Where the photo has no room for a patch, or nothing could be filled, the ranking is the prior's alone.
    """
    try:
        patches = list(
            prove(session, image, mask, backends, avoid=avoid, count=count, seed=seed, progress=progress)
        )
    except MaskError:
        patches = []
    found = ranking(patches)
    if found:
        return found
    ranked = sorted(backends, key=lambda name: -PRIOR.get(name, float("-inf")))
    return [Standing(name, float("nan"), 0, 0, float("nan"), PRIOR.get(name, 0.0)) for name in ranked]
