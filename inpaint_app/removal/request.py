"""What is to be done to a photo (Job), what came of it (Outcome), and what a job means for this very photo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from inpaint_app.backends import registry as backends
from inpaint_app.backends.base import BackendSpec
from inpaint_app.errors import MaskError, NothingFound, OptionError
from inpaint_app.imaging import mask as masks
from inpaint_app.removal.candidates import MOST, Candidate
from inpaint_app.removal.parts import AUTO, CHOICES, KINDS, with_parts
from inpaint_app.segmenters.base import labels_of
from inpaint_app.types import Image, Instance, Mask, Result

CONFIDENCE = 0.35

RETRIES = 2
"""How many further seeds a diffusion fill is given to come out without new objects."""

REACH = 12
"""Pixels from the hole within which a found object counts as touching it."""


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What to take out of a photo and how.

    mask: brushed or given, joined with what is found. objects: words such as "people", "cars", "dog"; empty finds
    nothing. found: instances that were found before, so that they are not looked for again; numbers: which of
    them go (None: all whose class `objects` names). segmenter None takes the best one that is ready. avoid: (H, W)
    bool, known pixels that no fill may copy from, beside the found objects that stay. retries: further seeds that
    are tried while an object appears in the hole; None takes RETRIES for diffusion and looks at no other fill.
    candidates: how many fills to make, with the seeds that follow one another; a backend without chance makes one.
    belongings, shadows: "auto" lets such parts go with the find that they belong to, where words choose; or "off".
    """

    mask: Mask | None = None
    objects: tuple[str, ...] = ()
    found: tuple[Instance, ...] | None = None
    numbers: frozenset[int] | None = None
    backend: str = backends.DEFAULT
    segmenter: str | None = None
    confidence: float = CONFIDENCE
    grow: int | None = None
    feather: int | None = None
    avoid: Mask | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    retries: int | None = None
    candidates: int = 1
    belongings: str = AUTO
    shadows: str = AUTO

    @property
    def parts(self) -> frozenset[str]:
        """The kinds of parts that are looked for and go along; raises OptionError."""
        for name in KINDS:
            if getattr(self, name) not in CHOICES:
                raise OptionError(f"{name} is {getattr(self, name)!r}, expected {' or '.join(CHOICES)}.")
        return frozenset(name for name in KINDS if getattr(self, name) == AUTO)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A result with what was found on the way; `mask` is the hole before it was grown, `avoid` what stayed out.

    candidates: every fill that was asked for, in the order of their seeds; `result` is the best of them. note: what
    there is to tell the user about new objects in the fills, or ""; notices: about the machine (memory was short).
    finder: the segmenter that looked for what to remove in this run, "" where none did.
    """

    result: Result
    mask: Mask
    instances: tuple[Instance, ...]
    removed: tuple[Instance, ...]
    avoid: Mask | None = None
    candidates: tuple[Candidate, ...] = ()
    note: str = ""
    finder: str = ""
    notices: tuple[str, ...] = ()

    def each(self) -> tuple[Outcome, ...]:
        """An outcome for every candidate."""
        return tuple(replace(self, result=one.result, candidates=(one,)) for one in self.candidates)


@dataclass(frozen=True, slots=True, eq=False)
class Marked:
    """What a job comes to on its photo. mask: the hole before it is grown. avoid: what no fill may copy from.

    finder: the segmenter that looked, "" where none did.
    """

    mask: Mask
    instances: tuple[Instance, ...]
    removed: tuple[Instance, ...]
    avoid: Mask | None
    finder: str

    @property
    def staying(self) -> tuple[Instance, ...]:
        """The found objects that do not go."""
        gone = {instance.number for instance in self.removed}
        return tuple(instance for instance in self.instances if instance.number not in gone)


def count(job: Job, spec: BackendSpec) -> int:
    """How many candidates are made."""
    if not 1 <= job.candidates <= MOST:
        raise OptionError(f"candidates is {job.candidates}, expected 1 to {MOST}.")
    return job.candidates if spec.seeded else 1


def retries(job: Job, spec: BackendSpec) -> int:
    """How many further seeds may be tried for a fill without new objects."""
    if job.retries is not None:
        return max(0, job.retries)
    return RETRIES if spec.family == "diffusion" else 0


def chosen(instances: tuple[Instance, ...], job: Job, known: Iterable[str]) -> tuple[Instance, ...]:
    """Of what was found what goes: by number these alone, by word with the parts of each.

    known: the classes that words may stand for.
    """
    if job.numbers is not None:
        return tuple(instance for instance in instances if instance.number in job.numbers)
    if not job.objects:
        return ()
    labels = labels_of(job.objects, known)
    named = {instance.number for instance in instances if instance.label in labels}
    gone = with_parts(instances, named, job.parts)
    return tuple(instance for instance in instances if instance.number in gone)


def hole(image: Image, job: Job, removed: tuple[Instance, ...]) -> Mask:
    """The brushed mask joined with the chosen instances."""
    shape = (image.shape[0], image.shape[1])
    if job.mask is not None and job.mask.shape != shape:
        raise MaskError(
            f"The mask is {job.mask.shape[1]}×{job.mask.shape[0]}, the photo {shape[1]}×{shape[0]}: scale it first."
        )
    mask = np.zeros(shape, dtype=bool) if job.mask is None else job.mask.astype(bool)
    for instance in removed:
        mask[instance.box.slices] |= instance.mask
    if not mask.any():
        if job.objects:
            raise NothingFound(
                f"Nothing found: there are no {' or '.join(job.objects)} to see in this photo. Brush over what should "
                "go, or lower the confidence."
            )
        raise MaskError("Nothing is marked yet: brush over what should go, or let it be found.")
    if mask.all():
        raise MaskError("The mask covers the whole photo: leave something of it, for the fill to go by.")
    return mask


def forbidden(
    mask: Mask,
    instances: tuple[Instance, ...],
    removed: tuple[Instance, ...],
    given: Mask | None,
) -> Mask | None:
    """What no fill may copy from: what the job names, and found objects that stay (no second person out of them)."""
    if given is not None and given.shape != mask.shape:
        raise MaskError(
            f"The region to avoid has shape {given.shape}, the photo {mask.shape}: scale it first."
        )
    staying = [instance for instance in instances if _forbidden(instance, mask, removed)]
    if not staying and given is None:
        return None
    avoid = np.zeros(mask.shape, dtype=bool) if given is None else given.astype(bool)
    for instance in staying:
        avoid[instance.box.slices] |= instance.mask
    avoid &= ~mask
    return avoid


def _forbidden(instance: Instance, mask: Mask, removed: tuple[Instance, ...]) -> bool:
    """Whether nothing may be copied from a found object.

    Not from another of the kind that goes, and not from anything that stands apart from the hole. What touches the
    hole and is of another kind is what the removed thing stood in front of: a bus behind people must be continued.
    """
    if any(instance.number == gone.number for gone in removed):
        return False
    area = masks.padded(instance.box, REACH, mask.shape)
    hole = mask[area.slices]
    if not hole.any() or any(instance.label == gone.label for gone in removed):
        return True
    inside = mask[instance.box.slices] & instance.mask
    if 2 * np.count_nonzero(inside) > np.count_nonzero(instance.mask):
        return False
    part = np.zeros(hole.shape, dtype=bool)
    top, left = instance.box.top - area.top, instance.box.left - area.left
    part[top : top + instance.box.height, left : left + instance.box.width] = instance.mask
    return not bool((masks.dilated(part, REACH) & hole).any())
