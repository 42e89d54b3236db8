"""Proof patches: which backend is best on *this* photo, measured, before or after a removal.

The hole's shape is moved to places of the same photo that look like the hole's surroundings and hold no objects. There
the truth is known: every backend fills them, and the fills are scored. The ranking is held back by what is known from
many photos, because a few patches alone are a noisy judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from inpaint_app.backends import registry
from inpaint_app.errors import Cancelled, InpaintError, MaskError, MissingError
from inpaint_app.imaging.mask import marked, padded
from inpaint_app.imaging.rim import grow
from inpaint_app.imaging.window import BLANK
from inpaint_app.metrics.full_reference import scores
from inpaint_app.removal import places
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.request import Request
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Progress

if TYPE_CHECKING:
    from inpaint_app.removal.session import Session

COUNT = 4
SCORE = "haarpsi"

PRIOR: Mapping[str, float] = {
    "navier-stokes": -0.036,
    "telea": -0.027,
    "patchmatch": 0.011,
    "exemplar": 0.018,
    "context-encoder": 0.034,
    "contextual-attention": 0.025,
    "contextual-attention-small-guided": 0.03,
    "glcic-guided": 0.031,
    "contextual-attention-raw": 0.019,
}
"""Mean HaarPSI of a backend less that of the first five here: the mean of two sizes, 50 photos of the tuning half
of BSDS test and 4 of 6 to 16 megapixels, one object-shaped hole each (benchmarks/results/layout.md).
Contextual attention's is by its distance from the context encoder's on 24 photos of BSDS and 4 large ones."""

DOUBT = 16.0
"""How many patches the prior is worth: a patch says little of the hole itself (benchmarks/results/auto.md)."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What is to be proven. image: (H, W, 3) uint8. mask: the hole as it will be filled. backends: which to measure.

    avoid: (H, W), found objects, which no place may cover and no fill may copy. count: places. seed: of every fill.
    """

    image: Image
    mask: Mask
    backends: tuple[str, ...]
    avoid: Mask | None = None
    count: int = COUNT
    seed: int = 0


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

    usual: what it scores on other photos, less the mean of the backends beside it; None where nobody has measured it.
    expected: the score that both together make likely here; the ranking goes by it and by nothing else.
    """

    backend: str
    mean: float
    best_on: int
    patches: int
    seconds: float
    expected: float
    usual: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """What was measured. standings: the backends, the best first; empty where nothing could be filled."""

    patches: tuple[Patch, ...]

    @property
    def standings(self) -> tuple[Standing, ...]:
        """The ranking; its first is what to fill the hole with."""
        return tuple(ranking(self.patches))


def prove(session: Session, case: Case, progress: Progress | None = None) -> Iterator[Patch]:
    """Fill the case's places with each backend; a patch as each is ready. What fails is a patch with its error.

    Raises MaskError where the photo has no room for any place, Cancelled.
    """
    progress = progress or Progress()
    progress(0.0, "Looking for places like the hole's surroundings")
    found = places.find(case.image, case.mask, case.count, case.avoid)
    if not found:
        raise MaskError(
            "The hole leaves no room on this photo for a patch to measure on: choose a backend yourself."
        )
    steps = len(found) * len(case.backends)
    for number, place in enumerate(found):
        for index, backend in enumerate(case.backends):
            step = number * len(case.backends) + index
            title = registry.find(backend).title
            part = progress.part(
                step / steps, (step + 1) / steps, within=f"{title} on patch {number + 1} of {len(found)}"
            )
            yield _patch(session, case, place, backend, number, part)
    progress(1.0, "Done")


def _patch(
    session: Session, case: Case, place: places.Place, backend: str, number: int, progress: Progress
) -> Patch:
    image = case.image
    forbidden = case.mask if case.avoid is None else case.mask | case.avoid
    cut = image.copy()
    cut[place.mask] = BLANK
    around = padded(place.box, max(16, max(place.box.width, place.box.height) // 2), image.shape).slices
    patch = Patch(number, backend, place.mask, image[around], cut[around])
    removal = Removal(cut, place.mask, grow=0, feather=0, avoid=forbidden, options={"seed": case.seed})
    try:
        result = session.remove(removal, backend, progress)
    except Cancelled:
        raise
    except InpaintError as error:
        return replace(patch, error=str(error))
    found = scores(image[around], result.image[around], place.mask[around], names=(SCORE,))["hole"][SCORE]
    return replace(patch, fill=result.image[around].copy(), score=found, seconds=result.seconds)


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
    middle = _middle(prior, seconds)
    level = float(np.mean([value for row in table.values() for value in row.values()])) if table else 0.0
    standings = []
    for backend in seconds:
        relative = [
            row[backend] - float(np.mean(list(row.values()))) for row in table.values() if backend in row
        ]
        weight = len(relative) / (len(relative) + doubt)
        usual = prior[backend] - middle if backend in prior else None
        before = usual or 0.0
        standings.append(
            Standing(
                backend=backend,
                mean=float(np.mean([row[backend] for row in table.values() if backend in row])),
                best_on=sum(max(row, key=row.__getitem__) == backend for row in table.values()),
                patches=len(relative),
                seconds=float(np.mean(seconds[backend])),
                expected=level + before + weight * (float(np.mean(relative)) - before),
                usual=usual,
            )
        )
    return sorted(standings, key=lambda standing: -standing.expected)


def _middle(prior: Mapping[str, float], backends: Iterable[str]) -> float:
    """The mean prior of those backends that have one."""
    known = [prior[backend] for backend in backends if backend in prior]
    return float(np.mean(known)) if known else 0.0


def unmeasured(backends: Sequence[str]) -> list[Standing]:
    """The ranking by the prior alone; who has none stands among the others' mean."""
    middle = _middle(PRIOR, backends)
    usual = {name: PRIOR[name] - middle for name in backends if name in PRIOR}
    ranked = sorted(backends, key=lambda name: -usual.get(name, 0.0))
    return [
        Standing(name, float("nan"), 0, 0, float("nan"), float("nan"), usual.get(name)) for name in ranked
    ]


def quick(settings: Settings) -> tuple[str, ...]:
    """The backends that are measured where none is named: those that fill within seconds and are ready here."""
    return tuple(
        spec.name
        for spec in registry.BACKENDS
        if spec.family in ("exemplar", "classical")
        and not (spec.slow or spec.ensemble or spec.missing(settings))
    )


def case_of(
    session: Session,
    image: Image,
    request: Request,
    backends: Sequence[str] = (),
    count: int = COUNT,
    progress: Progress | None = None,
) -> Case:
    """What a request's hole comes to: grown as it will be filled, with every found object to keep away from.

    backends: what to measure; empty takes the quick ones. Objects are looked for where nobody has looked yet, and left
    out where nothing can look. Raises what Session.run raises for the request.
    """
    progress = progress or Progress()
    names = tuple(dict.fromkeys(backends)) or quick(session.settings)
    for name in names:
        session.resolve_backend(name)
    found = request.found
    if found is None and not request.objects:
        with suppress(MissingError):
            found = session.detect(image, request.segmenter, request.confidence, progress)
        request = replace(
            request, found=found, numbers=frozenset() if request.numbers is None else request.numbers
        )
    removal = session.decided(image, request, progress)
    grown = grow(image, removal.mask, request.grow)[0]
    avoid = marked(grown.shape, removal.instances, request.avoid)
    return Case(image, grown, names, avoid & ~grown, count, int(request.options.get("seed", 0)))
