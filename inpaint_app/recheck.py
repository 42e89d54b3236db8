"""No new objects: after a fill the hole is looked at, and where something appeared another seed is tried.

Works for every backend, since it only calls what it is given: a removal, and a look for objects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from inpaint_app.errors import MissingError
from inpaint_app.imaging.mask import padded
from inpaint_app.types import Box, Image, Instance, Mask, Progress, Removal, Result

Remove = Callable[[Removal, Progress], Result]
Look = Callable[[Image, Progress], tuple[Instance, ...]]

INSIDE = 0.5
"""Share of an object that lies in the hole from which the fill, not the photo, put it there."""
AROUND = 1.0
"""How much of its surroundings a hole is looked at with, as a share of the hole's longer side."""
LEAST = 64
"""Pixels of surroundings at least."""
LOOKING = 0.15
"""Share of an attempt's progress that looking takes."""


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """One fill and the objects that appeared in it. seed: the one it was made with."""

    seed: int
    result: Result
    appeared: tuple[Instance, ...]

    @property
    def weight(self) -> float:
        """How much appeared: confidence times pixels; 0 for a clean fill."""
        return float(sum(one.confidence * int(one.mask.sum()) for one in self.appeared))


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """The cleanest of some attempts. attempts: all of them in order. note: what to tell the user, or ""."""

    result: Result
    attempts: tuple[Attempt, ...]
    note: str


def cleanest(
    removal: Removal,
    remove: Remove,
    look: Look,
    *,
    staying: tuple[Instance, ...] = (),
    retries: int = 2,
    progress: Progress | None = None,
) -> Checked:
    """Remove, look at the hole, and try up to `retries` further seeds while an object appears in it.

    staying: objects found in the photo that are meant to stay, so that their re-appearing beyond the hole's border
    is no surprise. Where nothing can be looked for (no segmenter is ready), the first fill is kept and said to be
    unchecked. Raises what `remove` raises.
    """
    progress = progress or Progress()
    seed = int(removal.options.get("seed", 0))
    attempts: list[Attempt] = []
    for number in range(retries + 1):
        part = progress.part(number / (retries + 1), (number + 1) / (retries + 1))
        again = replace(removal, options={**removal.options, "seed": seed + number}) if number else removal
        result = remove(again, part.part(0.0, 1.0 - LOOKING))
        if attempts and np.array_equal(result.image, attempts[0].result.image):
            break  # this backend takes no notice of seeds
        try:
            found = appeared(result, look, staying, part.part(1.0 - LOOKING, 1.0, "Looking at the fill"))
        except MissingError as error:
            progress(1.0)
            return Checked(
                result, (Attempt(seed, result, ()),), f"The fill was not checked for new objects: {error}"
            )
        attempts.append(Attempt(seed + number, result, found))
        if not found:
            break
    progress(1.0)
    best = min(attempts, key=lambda attempt: attempt.weight)
    return Checked(best.result, tuple(attempts), _note(attempts, best))


def appeared(
    result: Result, look: Look, staying: tuple[Instance, ...] = (), progress: Progress | None = None
) -> tuple[Instance, ...]:
    """Objects in the fill that the photo does not explain, in the photo's frame, numbered from 1."""
    progress = progress or Progress()
    found: list[Instance] = []
    for done, box in enumerate(result.boxes):
        margin = max(LEAST, round(AROUND * max(box.width, box.height)))
        area = padded(box, margin, result.image.shape)
        part = progress.part(done / len(result.boxes), (done + 1) / len(result.boxes))
        seen = look(np.ascontiguousarray(result.image[area.slices]), part)
        moved = [replace(one, box=_moved(one.box, area)) for one in seen]
        found += [one for one in moved if _new(one, result.mask, staying) and not _known(one, found)]
    return tuple(replace(one, number=number) for number, one in enumerate(found, start=1))


def _new(one: Instance, hole: Mask, staying: tuple[Instance, ...]) -> bool:
    """Whether most of the object is fill, and what is not fill belongs to no object of its class that stays."""
    inside = one.mask & hole[one.box.slices]
    if int(inside.sum()) < INSIDE * int(one.mask.sum()):
        return False
    outside = one.mask & ~inside
    if int(outside.sum()) < 0.05 * int(one.mask.sum()):
        return True
    explained = np.zeros_like(outside)
    for other in staying:
        if other.label == one.label:
            explained |= other.full_mask(hole.shape)[one.box.slices]
    return int((outside & explained).sum()) < 0.5 * int(outside.sum())


def _known(one: Instance, found: list[Instance]) -> bool:
    """Whether the same object was already seen in a neighbouring hole's surroundings."""
    return any(other.label == one.label and _overlap(one.box, other.box) > 0.5 for other in found)


def _overlap(one: Box, other: Box) -> float:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    shared = max(0, width) * max(0, height)
    return shared / (one.width * one.height + other.width * other.height - shared)


def _moved(box: Box, area: Box) -> Box:
    return Box(box.left + area.left, box.top + area.top, box.right + area.left, box.bottom + area.top)


def _note(attempts: list[Attempt], best: Attempt) -> str:
    """What happened, in a sentence; "" when the first fill was clean."""
    if not attempts[0].appeared:
        return ""
    first = _names(attempts[0].appeared)
    if not best.appeared:
        return f"{first} appeared in the first fill; seed {best.seed} gave a clean one."
    tried = f"{len(attempts)} seeds" if len(attempts) > 1 else "one seed"
    left = _names(best.appeared)
    return f"{left} appeared in the hole; of {tried} the cleanest was kept. Try another backend, or a larger mask."


def _names(found: tuple[Instance, ...]) -> str:
    counts: dict[str, int] = {}
    for one in found:
        counts[one.label] = counts.get(one.label, 0) + 1
    words = [f"a {label}" if count == 1 else f"{count} × {label}" for label, count in counts.items()]
    joined = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    return joined[0].upper() + joined[1:]
