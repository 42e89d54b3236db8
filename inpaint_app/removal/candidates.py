"""Several fills of one hole, each with a seed of its own: made, looked at, and the best one kept.

Works for every backend, since it only calls what it is given: a removal, and a look for objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from inpaint_app.errors import Cancelled, InpaintError, MissingError
from inpaint_app.imaging.mask import bounds, padded
from inpaint_app.metrics.full_reference import MARGIN, scores
from inpaint_app.removal.object_check import Look, appeared
from inpaint_app.removal.pipeline import Removal
from inpaint_app.types import Box, Instance, Progress, Result

MOST = 16
"""Candidates that one request may ask for."""
LOOKING = 0.15
"""Share of a candidate's progress that looking takes."""
SCORE = "haarpsi"


class Candidates:
    """Fills of one hole: with `count` seeds, and with up to `retries` more while an object appears in every fill.

    The cleanest is the best; among equally clean ones the fill that the others agree with most. look: None looks at
    nothing; found objects that stay are no surprise where they re-appear beyond the hole's border. ready: hears of each
    candidate at once, or of the best alone where one was asked for. Where nothing can be looked for (no segmenter is
    ready), the fills are said to be unchecked.
    made: all fills, in the order of their seeds.
    """

    def __init__(
        self,
        removal: Removal,
        look: Look | None = None,
        *,
        count: int = 1,
        retries: int = 0,
        ready: Callable[[Result], object] = lambda result: None,
        progress: Progress | None = None,
    ) -> None:
        self._removal = removal
        self._look = look
        self._count = count
        self._most = count + (retries if look is not None else 0)
        self._ready = ready
        self._progress = self._part = progress or Progress()
        self.made: list[Result] = []
        self._notes: list[str] = []
        self._over = False

    def wanted(self) -> Iterator[tuple[Removal, Progress]]:
        """What to fill next; `add` or `failed` is to be called before the one after it."""
        seed = int(self._removal.options.get("seed", 0))
        while not self._over and (number := len(self.made)) < self._most:
            if number >= self._count and not all(one.appeared for one in self.made):
                return
            named = f"Candidate {number + 1} of {self._count}" if self._count > 1 else ""
            if number >= self._count:
                tries = self._most - self._count
                named = f"Something appeared, trying seed {number - self._count + 1} of {tries} more"
            self._part = self._progress.part(number / self._most, (number + 1) / self._most, within=named)
            options = {**self._removal.options, "seed": seed + number}
            again = replace(self._removal, options=options) if number else self._removal
            yield again, self._part.part(0.0, 1.0 if self._look is None else 1.0 - LOOKING)

    def instead(self, removal: Removal) -> None:
        """Fill this one; what was made of the one before does not count."""
        self._removal = removal

    def add(self, result: Result) -> None:
        """A fill is made: it is looked at."""
        if self.made and np.array_equal(result.image, self.made[0].image):
            self._over = True  # this backend takes no notice of seeds
            return
        known = self._removal
        result = replace(
            result,
            hole=known.mask,
            avoid=known.avoid,
            instances=known.instances,
            removed=known.removed,
            finder=known.finder,
        )
        if self._look is not None:
            try:
                part = self._part.part(1.0 - LOOKING, 1.0, "Looking at the fill")
                result = replace(result, appeared=appeared(result, self._look, self._removal.staying, part))
            except MissingError as error:
                self._notes.append(f"The fill was not checked for new objects: {error}")
                self._look, self._most = None, self._count
        self.made.append(result)
        if self._count > 1:
            self._ready(result)

    def failed(self, error: InpaintError) -> None:
        """A fill could not be made: raises the error of the first one, and every Cancelled; others are noted."""
        if not self.made or isinstance(error, Cancelled):
            raise error
        seed = int(self._removal.options.get("seed", 0)) + len(self.made)
        self._notes.append(f"Seed {seed} could not be filled with: {error}")
        self._over = True

    def best(self) -> Result:
        """The cleanest one, with all others; of several the one that the others agree with most: that takes three."""
        # How much appeared: confidence times pixels; 0 for a clean fill.
        weights = [sum(new.confidence * int(new.mask.sum()) for new in one.appeared) for one in self.made]
        cleanest = [one for one, weight in zip(self.made, weights, strict=True) if weight == min(weights)]
        agreed = agreements(cleanest) if len(cleanest) > 2 else [1.0]
        best = cleanest[agreed.index(max(agreed))]
        if self._count == 1:
            self._ready(best)
        self._progress(1.0)
        several = tuple(self.made) if self._count > 1 else (best,)
        note = " ".join([*self._notes, _note(self.made, best)]).strip()
        return replace(best, candidates=several, note=note)


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


def _note(made: Sequence[Result], best: Result) -> str:
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
