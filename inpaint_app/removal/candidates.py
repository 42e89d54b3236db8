"""Several fills of one hole, each with a seed of its own: made, looked at, and the best one kept.

Works for every backend, since it only calls what it is given: a removal, and a look for objects.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inpaint_app.errors import Cancelled, InpaintError, MissingError
from inpaint_app.imaging.mask import bounds, padded
from inpaint_app.metrics.full_reference import MARGIN, scores
from inpaint_app.removal.object_check import Look, appeared
from inpaint_app.types import Box, Instance, Progress, Removal, Result

Remove = Callable[[Removal, Progress], Result]

MOST = 16
"""Candidates that one job may ask for."""
LOOKING = 0.15
"""Share of a candidate's progress that looking takes."""
SCORE = "haarpsi"


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One fill. seed: what it was made with. appeared: new objects in it; () also where nobody looked."""

    seed: int
    result: Result
    appeared: tuple[Instance, ...] = ()

    @property
    def weight(self) -> float:
        """How much appeared: confidence times pixels; 0 for a clean fill."""
        return float(sum(one.confidence * int(one.mask.sum()) for one in self.appeared))


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The best of some candidates. candidates: all of them in order. note: what to tell the user, or ""."""

    best: Candidate
    candidates: tuple[Candidate, ...]
    note: str


def only_one(result: Result) -> Candidate:
    """The candidate of a job that asks for one fill and looks at nothing."""
    return Candidate(int(result.options.seed), result)


def choose(
    removal: Removal,
    remove: Remove,
    look: Look | None = None,
    *,
    count: int = 1,
    retries: int = 0,
    staying: tuple[Instance, ...] = (),
    ready: Callable[[Candidate], None] | None = None,
    progress: Progress | None = None,
) -> Choice:
    """Fill with `count` seeds, and with up to `retries` more while an object appears in every fill.

    The cleanest is the best; among equally clean ones the fill that the others agree with most. look: None looks at
    nothing. staying: objects found in the photo that are meant to stay, so that their re-appearing beyond the hole's
    border is no surprise. ready: hears of each candidate at once, or of the best alone where one was asked for. Where
    nothing can be looked for (no segmenter is ready), the fills are said to be unchecked. Raises what the first
    `remove` raises, and Cancelled; a later failure is noted.
    """
    progress = progress or Progress()
    seed = int(removal.options.get("seed", 0))
    most = count + (retries if look is not None else 0)
    made: list[Candidate] = []
    notes: list[str] = []
    while len(made) < most and (len(made) < count or all(one.appeared for one in made)):
        number = len(made)
        part = progress.part(number / most, (number + 1) / most, within=_named(number, count, most))
        again = replace(removal, options={**removal.options, "seed": seed + number}) if number else removal
        try:
            result = remove(again, part.part(0.0, 1.0 if look is None else 1.0 - LOOKING))
        except Cancelled:
            raise
        except InpaintError as error:
            if not made:
                raise
            notes.append(f"Seed {seed + number} could not be filled with: {error}")
            break
        if made and np.array_equal(result.image, made[0].result.image):
            break  # this backend takes no notice of seeds
        found: tuple[Instance, ...] = ()
        if look is not None:
            try:
                found = appeared(result, look, staying, part.part(1.0 - LOOKING, 1.0, "Looking at the fill"))
            except MissingError as error:
                notes.append(f"The fill was not checked for new objects: {error}")
                look, most = None, count
        made.append(Candidate(seed + number, result, found))
        if ready is not None and count > 1:
            ready(made[-1])
    best = _best(made)
    if ready is not None and count == 1:
        ready(best)
    progress(1.0)
    return Choice(best, tuple(made), " ".join([*notes, _note(made, best)]).strip())


def _named(number: int, count: int, most: int) -> str:
    """What is being made, for the progress: nothing to say of the only one."""
    if number >= count:
        return f"Something appeared, trying seed {number - count + 1} of {most - count} more"
    return f"Candidate {number + 1} of {count}" if count > 1 else ""


def _best(made: Sequence[Candidate]) -> Candidate:
    """The cleanest; of several the one that the others agree with most, which takes three to tell."""
    least = min(one.weight for one in made)
    cleanest = [one for one in made if one.weight == least]
    if len(cleanest) < 3:
        return cleanest[0]
    agreed = agreements([one.result for one in cleanest])
    return cleanest[agreed.index(max(agreed))]


def agreements(results: Sequence[Result]) -> list[float]:
    """For each result its mean HaarPSI with all others, over the hole; 1 where it is the only one."""
    if len(results) < 2:
        return [1.0] * len(results)
    mask = results[0].mask
    box = bounds(mask) or Box(0, 0, mask.shape[1], mask.shape[0])
    area = padded(box, 2 * MARGIN, mask.shape).slices
    crops = [result.image[area] for result in results]
    values = [[0.0] * len(crops) for _ in crops]
    for a, one in enumerate(crops):
        for b in range(a):
            value = scores(one, crops[b], mask[area], names=(SCORE,))["hole"][SCORE]
            values[a][b] = values[b][a] = value
    return [sum(row) / (len(crops) - 1) for row in values]


def _note(made: Sequence[Candidate], best: Candidate) -> str:
    """What happened, in a sentence; "" when the first fill was clean."""
    if not made[0].appeared:
        return ""
    first = _names(made[0].appeared)
    if not best.appeared:
        return f"{first} appeared in the first fill; seed {best.seed} gave a clean one."
    tried = f"{len(made)} seeds" if len(made) > 1 else "one seed"
    left = _names(best.appeared)
    return f"{left} appeared in the hole; of {tried} the cleanest was kept. Try another backend, or a larger mask."


def _names(found: tuple[Instance, ...]) -> str:
    counts: dict[str, int] = {}
    for one in found:
        counts[one.label] = counts.get(one.label, 0) + 1
    words = [f"a {label}" if count == 1 else f"{count} × {label}" for label, count in counts.items()]
    joined = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    return joined[0].upper() + joined[1:]
