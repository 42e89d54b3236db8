"""The backend "auto": fill the hole with every engine, and paint what the fills have in common.

Where several engines, and several seeds of one, put the same thing, it is likelier to be there. Their mean is nearer to
the truth than any of them and blurred, which is what a guide of the exemplar engine may be: it steers the layout, and
the photo's own pixels make it sharp. Where that engine is not there, the fill that the others agree with most is taken:
choosing for minimum Bayes risk (Kumar & Byrne 2004) with HaarPSI as the gain and the fills as the sample; patches of
this very photo (`proof`) can be asked besides. Figures, and what each part adds: benchmarks/results/auto.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from inpaint_app.backends import registry
from inpaint_app.errors import Cancelled, InpaintError
from inpaint_app.removal.candidates import agreements
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.proof import Case, Standing, best
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Progress, Result

if TYPE_CHECKING:
    from inpaint_app.removal.session import Session

SEEDS = 2
"""Fills of each engine that draws by chance."""
PAINTER = "exemplar"
"""What paints the mean of all fills with the photo's own pixels."""
NAME = "auto"
ENGINES = "exemplar"
"""The family of the engines that draw by chance."""
MEMBERS = ("context-encoder", "exemplar", "patchmatch", "contextual-attention-small-guided", "glcic-guided")
"""What the mean was measured with (benchmarks/results/auto.md); another member makes another backend of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Fill:
    """One fill. agreement: its mean HaarPSI with the other fills, over the hole; seed: what it was drawn with.

    eligible: whether it may be chosen; others only vote.
    """

    result: Result
    seed: int
    agreement: float
    eligible: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The result that "auto" stands for, the fills it came from, and the patches' ranking (empty without).

    result.backend: "auto" where the fills were painted together, else whose fill was taken.
    """

    result: Result
    fills: tuple[Fill, ...]
    standings: tuple[Standing, ...]


def candidates(settings: Settings) -> tuple[str, ...]:
    """The backends that "auto" goes by: the engines that continue the photo with its own pixels, with a guide or not.

    Diffusion (Navier-Stokes, Telea) blurs whatever is wider than a scratch: it is asked only where nothing else is.
    """
    ready = [spec for spec in registry.BACKENDS if not spec.slow and spec.measurable(settings)]
    engines = tuple(spec.name for spec in ready if spec.name in MEMBERS)
    return engines or tuple(spec.name for spec in ready)


def voters(settings: Settings) -> tuple[str, ...]:
    """The backends that vote beside the candidates: diffusion, at almost no cost. Blurs are never chosen for that."""
    ready = [spec for spec in registry.BACKENDS if spec.family == "classical" and not spec.missing(settings)]
    return tuple(spec.name for spec in ready)


def choose(
    session: Session,
    removal: Removal,
    progress: Progress | None = None,
    *,
    backends: Sequence[str] | None = None,
    voting: Sequence[str] | None = None,
    patches: int = 0,
    seeds: int = SEEDS,
) -> Choice:
    """Fill with all backends, and choose.

    backends: what may be chosen (None: `candidates`). voting: what only votes (None: `voters`). patches: how many proof
    patches to measure on besides; each costs a fill of every backend. Options that a backend does not know are left out
    for it. What fails is left out; raises its error where all fail, and Cancelled.
    """
    progress = progress or Progress()
    names = tuple(backends) if backends is not None else candidates(session.settings)
    votes = voters(session.settings) if voting is None else voting
    others = tuple(name for name in votes if name not in names)
    share = 1.0 if not patches else 1 / (1 + patches / seeds)
    paints = PAINTER in names and not patches
    part = progress.part(0.0, 0.85 if paints else share)
    results = _fills(session, removal, names, () if paints else others, seeds, part)
    if paints and len(results) > 1:
        return _painted(session, removal, results, progress.part(0.85, 1.0))
    standings: list[Standing] = []
    if patches:
        tried = list(dict.fromkeys(result.backend for result, _ in results if result.backend in names))
        seed = int(removal.options.get("seed", 0))
        case = Case(removal.image, results[0][0].mask, tuple(tried), removal.avoid, patches, seed)
        standings = best(session, case, progress.part(share, 1.0))
    agreed = agreements([result for result, _ in results])
    fills = [
        Fill(result, seed, value, result.backend in names)
        for (result, seed), value in zip(results, agreed, strict=True)
    ]
    level = float(np.mean([standing.expected for standing in standings])) if standings else 0.0
    expected = {standing.backend: standing.expected - level for standing in standings}
    chosen = max(
        (fill for fill in fills if fill.eligible),
        key=lambda fill: fill.agreement + expected.get(fill.result.backend, 0.0),
    )
    progress(1.0, "Done")
    seconds = sum(fill.result.seconds for fill in fills)
    return Choice(replace(chosen.result, seconds=seconds), tuple(fills), tuple(standings))


def remove(session: Session, removal: Removal, progress: Progress | None = None) -> Result:
    """What a session runs for the backend "auto"; the result's `backend` says whose fill it is."""
    return choose(session, removal, progress).result


def _painted(
    session: Session, removal: Removal, results: Sequence[tuple[Result, int]], progress: Progress
) -> Choice:
    """What the fills have in common, in the photo's own pixels."""
    agreed = agreements([result for result, _ in results])
    fills = tuple(Fill(*pair, value) for pair, value in zip(results, agreed, strict=True))
    own = registry.find(NAME).make_options(_known(NAME, removal.options))
    guide = mean([result for result, _ in results])
    stage = progress.part(0.0, 1.0, "Painting what they have in common")
    result = session.remove(replace(removal, options=asdict(own), guide=guide), PAINTER, stage)
    seconds = result.seconds + sum(fill.result.seconds for fill in fills)
    progress(1.0, "Done")
    return Choice(replace(result, backend=NAME, options=own, seconds=seconds), fills, ())


def mean(results: Sequence[Result]) -> Image:
    """The photo with the mean of all fills in the hole; only the hole is ever held in more than bytes."""
    whole = results[0].image.copy()
    mask = results[0].mask
    total = sum((result.image[mask].astype(np.uint16) for result in results), np.uint16(0))
    whole[mask] = ((total + len(results) // 2) // len(results)).astype(np.uint8)
    return whole


def _fills(
    session: Session,
    removal: Removal,
    names: Sequence[str],
    others: Sequence[str],
    seeds: int,
    progress: Progress,
) -> list[tuple[Result, int]]:
    """Every fill with its seed; at least one of `names` is among them."""
    first = int(removal.options.get("seed", 0))
    specs = [registry.find(name) for name in (*names, *others)]
    jobs = [
        (spec, first + number)
        for spec in specs
        for number in range(seeds if spec.family == ENGINES and not spec.guide else 1)
    ]
    results: list[tuple[Result, int]] = []
    failure: InpaintError | None = None
    for number, (spec, seed) in enumerate(jobs):
        part = progress.part(number / len(jobs), (number + 1) / len(jobs), f"Trying {spec.title}")
        options = {**_apart(_known(spec.name, removal.options)), "seed": seed}
        try:
            results.append((session.remove(replace(removal, options=options), spec.name, part), seed))
        except Cancelled:
            raise
        except InpaintError as error:
            failure = error
    if not any(result.backend in names for result, _ in results):
        raise failure or InpaintError("No backend is ready: see the list of models.")
    return results


def _known(name: str, options: Mapping[str, object]) -> dict[str, object]:
    """The options that the backend has."""
    fields = registry.find(name).options.__dataclass_fields__
    return {key: value for key, value in options.items() if key in fields}


def _apart(options: Mapping[str, object]) -> dict[str, object]:
    """Without what is said of the painting: a recipe names all of it, and each fill must be what it was before."""
    painting = registry.find(NAME).options.__dataclass_fields__
    return {key: value for key, value in options.items() if key not in painting}
