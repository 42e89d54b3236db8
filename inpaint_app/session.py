"""Warm backends and segmenters, one user of the device at a time, and the whole job in one call.

`Session.run` is what the page, the command line, the batch runner and the API call: find → choose ∪ mask → remove.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from inpaint_app.backends import registry as backends
from inpaint_app.backends.base import Backend, BackendSpec
from inpaint_app.errors import BackendError, Cancelled, InpaintError, MaskError, MissingError
from inpaint_app.fetching import fetch, fetchable, finder
from inpaint_app.imaging import mask as masks
from inpaint_app.imaging.files import Limits, Photo, load
from inpaint_app.pipeline import Filler, remove
from inpaint_app.recheck import Checked, cleanest
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.segmenters.base import Segmenter, SegmenterSpec, labels_of
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Instance, Mask, Progress, Removal, Result

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


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A result with what was found on the way; `mask` is the hole before it was grown, `avoid` what stayed out.

    checked: the look at the fill for new objects, with all attempts and what to tell the user; None where none was.
    """

    result: Result
    mask: Mask
    instances: tuple[Instance, ...]
    removed: tuple[Instance, ...]
    avoid: Mask | None = None
    checked: Checked | None = None


class NothingFound(MaskError):  # noqa: N818 - the name reads as what happened
    """Nothing of what was asked for is in the photo, and no mask was given."""


class Session:
    """Keeps backends and segmenters warm. Safe to share between threads; heavy work runs one at a time."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings.from_environment()
        self._device = threading.Lock()
        self._backends: dict[str, Backend] = {}
        self._segmenters: dict[str, Segmenter] = {}

    def load(self, source: str | Path | bytes, name: str | None = None) -> Photo:
        """Take a photo in, under the limits of the settings. Raises UnreadablePhoto, PhotoTooLarge."""
        limits = Limits(self.settings.max_megapixels, self.settings.max_megabytes)
        return load(source, name=name, limits=limits)

    def run(self, image: Image, job: Job, progress: Progress | None = None) -> Outcome:
        """Find, choose and remove. Raises NothingFound, MaskError, OptionError, MissingError, BackendError."""
        progress = progress or Progress()
        spec = self.ready(job.backend)
        instances: tuple[Instance, ...] = job.found or ()
        if job.found is None and job.objects:
            instances = self.detect(image, job.segmenter, job.confidence, progress.part(0.0, 0.25))
        removed = _chosen(instances, job)
        mask = _mask(image, job, removed)
        avoid = _avoid(mask, instances, removed, job.avoid)
        removal = Removal(image, mask, job.grow, job.feather, avoid, job.options)
        part = progress.part(0.25 if job.objects else 0.0, 1.0)
        retries = job.retries if job.retries is not None else RETRIES if spec.family == "diffusion" else 0
        if retries <= 0:
            return Outcome(self.remove(removal, spec.name, part), mask, instances, removed, avoid)
        gone = {instance.number for instance in removed}
        checked = cleanest(
            removal,
            lambda again, share: self.remove(again, spec.name, share),
            lambda picture, share: self.detect(picture, job.segmenter, job.confidence, share),
            staying=tuple(instance for instance in instances if instance.number not in gone),
            retries=retries,
            progress=part,
        )
        return Outcome(checked.result, mask, instances, removed, avoid, checked)

    def remove(self, removal: Removal, backend: str, progress: Progress | None = None) -> Result:
        """Run one removal through the named backend, warm."""
        progress = progress or Progress()
        spec = self.ready(backend)
        options = spec.make_options(removal.options)
        if spec.chooser is not None:
            chosen: Result = spec.choose()(self, removal, progress)
            return chosen
        with self._at_work(progress, spec.title):
            guide = None
            if spec.guide is not None:
                guiding = self.ready(spec.guide)
                guide = Filler(guiding, self._backend(guiding), guiding.make_options({"seed": options.seed}))
            return remove(removal, Filler(spec, self._backend(spec), options), progress, guide)

    def detect(
        self,
        image: Image,
        segmenter: str | None = None,
        confidence: float = CONFIDENCE,
        progress: Progress | None = None,
    ) -> tuple[Instance, ...]:
        """Every object found; raises MissingWeights with the cure where no segmenter is ready."""
        progress = progress or Progress()
        spec = self.segmenter(segmenter, progress)
        with self._at_work(progress, spec.title):
            progress(0.0, "Looking for objects")
            if spec.name not in self._segmenters:
                self._segmenters[spec.name] = spec.create()
            return self._segmenters[spec.name].detect(image, confidence, progress)

    def segmenter(self, name: str | None = None, progress: Progress | None = None) -> SegmenterSpec:
        """The named segmenter's spec, or the best one that is ready here, fetched first where the settings say so."""
        return segmenters.find(name) if name else finder(self.settings, progress)

    def ready(self, name: str) -> BackendSpec:
        """The backend's spec, after checking that nothing is missing for it; raises MissingError with the cure."""
        spec = backends.find(name)
        lacks = spec.missing()
        if lacks:
            said = "; ".join(f"{lack.what} is missing: {lack.cure}" for lack in lacks)
            raise MissingError(f"{spec.title} cannot run here yet: {said}.")
        return spec

    def warm(self, name: str) -> None:
        """Load and compile what the named backend needs, where it knows how to; changes nothing else."""
        prepare = getattr(self._backend(self.ready(name)), "warm", None)
        if prepare is not None:
            prepare()

    def release(self) -> None:
        """Let go of everything that is warm, so that its memory can be used otherwise."""
        with self._device:
            self._backends.clear()
            self._segmenters.clear()

    def _backend(self, spec: BackendSpec) -> Backend:
        if spec.name not in self._backends:
            self._backends[spec.name] = spec.create()
        return self._backends[spec.name]

    @contextmanager
    def _at_work(self, progress: Progress, title: str) -> Iterator[None]:
        """Hold the device; waiting can be cancelled, and what is no InpaintError becomes a BackendError."""
        while not self._device.acquire(timeout=0.1):
            progress(0.0, "Waiting for other work to finish")
        try:
            yield
        except InpaintError:
            raise
        except MemoryError as error:
            self._backends.clear()
            raise BackendError(
                f"{title} ran out of memory. The photo and the mask are as they were: try a smaller hole, or "
                "another backend."
            ) from error
        except Exception as error:
            raise BackendError(
                f"{title} failed ({type(error).__name__}: {error}). The photo and the mask are as they were: try "
                "another backend."
            ) from error
        finally:
            self._device.release()


def _chosen(instances: tuple[Instance, ...], job: Job) -> tuple[Instance, ...]:
    if job.numbers is not None:
        return tuple(instance for instance in instances if instance.number in job.numbers)
    if not job.objects:
        return ()
    labels = labels_of(job.objects, segmenters.labels())
    return tuple(instance for instance in instances if instance.label in labels)


def _mask(image: Image, job: Job, removed: tuple[Instance, ...]) -> Mask:
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


def _avoid(
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


__all__ = ["CONFIDENCE", "Cancelled", "Job", "NothingFound", "Outcome", "Session", "fetch", "fetchable"]
