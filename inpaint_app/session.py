"""Warm backends and segmenters, one user of the device at a time, and the whole job in one call.

`Session.run` is what the page, the command line, the batch runner and the API call: find → choose ∪ mask → remove.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from inpaint_app import job as jobs
from inpaint_app.backends import registry as backends
from inpaint_app.backends.base import Backend, BackendSpec
from inpaint_app.candidates import Candidate, choose
from inpaint_app.errors import (
    BackendError,
    Cancelled,
    InpaintError,
    MissingError,
)
from inpaint_app.fetching import fetch, fetchable, finder
from inpaint_app.imaging.files import Limits, Photo, load
from inpaint_app.job import CONFIDENCE, Job, NothingFound, Outcome
from inpaint_app.pipeline import Filler, remove
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.segmenters.base import Segmenter, SegmenterSpec
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Instance, Progress, Removal, Result


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

    def run(
        self,
        image: Image,
        job: Job,
        progress: Progress | None = None,
        ready: Callable[[Outcome], None] | None = None,
    ) -> Outcome:
        """Find, choose and remove. Raises NothingFound, MaskError, OptionError, MissingError, BackendError.

        ready: hears of each candidate as an outcome of its own; what is returned is the best of them with all others.
        """
        progress = progress or Progress()
        spec = self.ready(job.backend)
        count = jobs.count(job, spec)
        instances: tuple[Instance, ...] = job.found or ()
        if job.found is None and job.objects:
            instances = self.detect(image, job.segmenter, job.confidence, progress.part(0.0, 0.25))
        removed = jobs.chosen(instances, job)
        mask = jobs.hole(image, job, removed)
        avoid = jobs.forbidden(mask, instances, removed, job.avoid)
        retries = jobs.retries(job, spec)
        gone = {instance.number for instance in removed}

        def look(picture: Image, share: Progress) -> tuple[Instance, ...]:
            return self.detect(picture, job.segmenter, job.confidence, share)

        def outcome(one: Candidate) -> Outcome:
            return Outcome(one.result, mask, instances, removed, avoid, (one,))

        chosen = choose(
            Removal(image, mask, job.grow, job.feather, avoid, job.options),
            lambda again, share: self.remove(again, spec.name, share),
            look if retries > 0 else None,
            count=count,
            retries=retries,
            staying=tuple(instance for instance in instances if instance.number not in gone),
            ready=None if ready is None else lambda one: ready(outcome(one)),
            progress=progress.part(0.25 if job.objects else 0.0, 1.0),
        )
        several = chosen.candidates if count > 1 else (chosen.best,)
        return replace(outcome(chosen.best), candidates=several, note=chosen.note)

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


__all__ = ["CONFIDENCE", "Cancelled", "Job", "NothingFound", "Outcome", "Session", "fetch", "fetchable"]
