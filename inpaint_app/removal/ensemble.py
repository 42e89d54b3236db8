"""The backend "auto": fill the hole with every engine, and paint what the fills have in common.

Where several engines, and several seeds of one, put the same thing, it is likelier to be there. Their mean is nearer to
the truth than any of them and blurred, which is what a guide of the exemplar engine may be: it steers the layout, and
the photo's own pixels make it sharp. Figures, and what each part adds: benchmarks/results/auto.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np

from inpaint_app.backends import registry
from inpaint_app.errors import Cancelled, InpaintError
from inpaint_app.removal.pipeline import Removal
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


def candidates(settings: Settings) -> tuple[str, ...]:
    """The backends that "auto" goes by, as far as they are ready here."""
    ready = [spec for spec in registry.BACKENDS if not spec.slow and spec.measurable(settings)]
    return tuple(spec.name for spec in ready if spec.name in MEMBERS)


def remove(session: Session, removal: Removal, progress: Progress | None = None) -> Result:
    """Fill with all of them, and paint what they have in common: what a session runs for the backend "auto".

    Options that a backend does not know are left out for it. What fails is left out, and of one fill that is left the
    result is that fill; raises its error where all fail, and Cancelled.
    """
    progress = progress or Progress()
    fills = _fills(session, removal, progress.part(0.0, 0.85))
    result = fills[0]
    if len(fills) > 1:
        stage = progress.part(0.85, 1.0, "Painting what they have in common")
        auto = registry.find(NAME)
        own = auto.make_options(registry.shared(removal.options, auto))
        painting = replace(removal, options=asdict(own), guide=mean(fills))
        painted = session.remove(painting, PAINTER, stage)
        seconds = painted.seconds + sum(fill.seconds for fill in fills)
        result = replace(painted, backend=NAME, options=own, seconds=seconds)
    progress(1.0, "Done")
    return result


def mean(results: Sequence[Result]) -> Image:
    """The photo with the mean of all fills in the hole; only the hole is ever held in more than bytes."""
    whole = results[0].image.copy()
    mask = results[0].mask
    total = sum((result.image[mask].astype(np.uint16) for result in results), np.uint16(0))
    whole[mask] = ((total + len(results) // 2) // len(results)).astype(np.uint8)
    return whole


def _fills(session: Session, removal: Removal, progress: Progress) -> list[Result]:
    """Every fill, at least one."""
    first = int(removal.options.get("seed", 0))
    jobs = [
        (spec, first + number)
        for spec in map(registry.find, candidates(session.settings))
        for number in range(SEEDS if spec.family == ENGINES and not spec.guide else 1)
    ]
    results: list[Result] = []
    failure: InpaintError | None = None
    for number, (spec, seed) in enumerate(jobs):
        part = progress.part(number / len(jobs), (number + 1) / len(jobs), f"Trying {spec.title}")
        options = {**_apart(registry.shared(removal.options, spec)), "seed": seed}
        try:
            results.append(session.remove(replace(removal, options=options), spec.name, part))
        except Cancelled:
            raise
        except InpaintError as error:
            failure = error
    if not results:
        raise failure or InpaintError("No backend is ready: see the list of models.")
    return results


def _apart(options: Mapping[str, object]) -> dict[str, object]:
    """Without what is said of the painting: a recipe names all of it, and each fill must be what it was before."""
    painting = registry.find(NAME).options.__dataclass_fields__
    return {key: value for key, value in options.items() if key not in painting}
