"""The whole job in one call, over warm backends and segmenters that everybody shares (runtime/worker.py).

`Session.run` is what the page, the command line, the batch runner and the API call: find → choose ∪ mask → remove.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaint_app.backends import registry as backends
from inpaint_app.backends.base import BackendSpec, Expected
from inpaint_app.backends.removers.specs import CHOOSING
from inpaint_app.errors import CheckpointError, InpaintError, MissingError, OptionError
from inpaint_app.imaging.mask import padded
from inpaint_app.photofile.metadata import mark
from inpaint_app.removal import ensemble, shots, surroundings
from inpaint_app.removal import request as requests
from inpaint_app.removal.candidates import Candidates
from inpaint_app.removal.object_check import completed, people
from inpaint_app.removal.opening import Opening
from inpaint_app.removal.parts import KINDS, all_found, weakest, with_parts, with_parts_of
from inpaint_app.removal.pipeline import Filler, Removal, remove
from inpaint_app.removal.request import CONFIDENCE, Request
from inpaint_app.runtime.downloads import finder
from inpaint_app.runtime.worker import Device
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.segmenters.base import SegmenterSpec
from inpaint_app.segmenters.selecting.gesture import Gesture
from inpaint_app.segmenters.selecting.meaning import joined
from inpaint_app.segmenters.selecting.select import LABEL, selected
from inpaint_app.segmenters.tiling import moved, seen_once
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Instance, Mask, Options, Progress, Result

POINTED = 0.2
"""Confidence from which a find counts where the user points."""
AROUND = 96
"""Pixels around what was pointed at that are looked at, or as many as it is long: so far its fill looks, too."""


def source_type(backend: str) -> str:
    """IPTC's digital source type of what the backend fills: whether a trained network took part."""
    spec = backends.find(backend)
    trained = spec.family in ("network", "diffusion") or spec.guide is not None or spec.ensemble
    return mark.TRAINED if trained else mark.ENHANCED


class Session(Opening):
    """Safe to share between threads: heavy work waits its turn, see runtime/worker.py."""

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings or Settings.from_environment())
        self.device = Device(self.settings)
        self._offered: set[str] = set()
        self._refused: set[str] = set()

    def run(
        self,
        image: Image,
        request: Request,
        progress: Progress | None = None,
        ready: Callable[[Result], object] = lambda result: None,
        *,
        alpha: NDArray[np.uint8] | None = None,
    ) -> Result:
        """Find, choose and remove. Raises NothingFound, MaskError, OptionError, MissingError, BackendError.

        ready: hears of each candidate; what is returned is the best of them with all others.
        alpha: the photo's opacity (H, W) uint8: no fill is computed from what is hidden under 0.
        """
        progress = progress or Progress()
        noted = len(progress.notes)
        meant, options = backends.meant(request.backend, request.options)
        spec, request = self.resolve_backend(meant.name), replace(request, options=options)
        retries = requests.retries(request, spec)
        seen, aligned = None, None

        def look(
            picture: Image, share: Progress, within: Mask | None = None, parts: Iterable[str] = ()
        ) -> tuple[Instance, ...]:
            named, sure = request.segmenter, request.confidence
            return self.detect(picture, named, sure, share, parts, rough=True, within=within)

        if request.everything:
            with self.device.stacking(progress):
                request, aligned = shots.with_movers(image, request, look, progress.part(0.0, 0.1))
        removal = replace(self.decided(image, request, progress.part(0.0, 0.25)), alpha=alpha)
        if request.backend == backends.DEFAULT and "fill" not in self._offered:
            self._offer("fill", surroundings.offer(self.settings, image, removal.mask), progress)
        if request.shots:
            find = partial(look, parts=request.parts & {"belongings"})
            with self.device.stacking(progress):
                seen = shots.behind(removal, request, find, progress.part(0.25, 0.5), aligned)
        fills = Candidates(
            removal,
            look if retries > 0 else None,
            count=requests.count(request, spec),
            retries=retries,
            ready=ready,
            progress=progress.part(0.25 if request.objects else 0.0, 1.0),
        )
        # Where nobody is to stay, who is seen only in the fill goes too, and that is made anew.
        everybody = removal.removed and (request.numbers is None or not people(removal.staying))
        unseen = seen is None and bool(everybody) and "belongings" in request.parts
        for again, share in fills.wanted():
            try:
                fill = partial(self.remove, backend=spec.name, progress=share)
                if seen is None:
                    result = fill(again)
                else:  # of what other shots show only the rest is filled
                    result = shots.filled(again, seen, spec.name, spec.make_options(again.options), fill)
            except InpaintError as error:
                fills.failed(error)
            else:
                more = completed(again, result, look, share) if unseen else None
                unseen = False
                fills.add(result) if more is None else fills.instead(more)
        return replace(fills.best(), notices=tuple(dict.fromkeys(progress.notes[noted:])))

    def decided(self, image: Image, request: Request, progress: Progress | None = None) -> Removal:
        """The removal that a request comes to on this very photo, its things looked for if need be.

        Raises NothingFound, MaskError, OptionError.
        """
        instances: tuple[Instance, ...] = request.found or ()
        finder, progress = "", progress or Progress()
        if request.found is None and request.objects:
            finder = self.resolve_segmenter(request.segmenter, progress, request.objects).name
            instances = self.detect(image, finder, request.confidence, progress, parts=request.parts)
        known = segmenters.labels(self.settings) if request.objects else ()
        removed = requests.chosen(instances, request, known, image)
        for gesture in request.gestures:
            picked = self.select(image, gesture, instances, request.segmenter, progress)
            if picked.number == 0:
                around: tuple[Instance, ...] = ()
                if request.found is None and not request.objects:
                    with suppress(MissingError):
                        finder = self.resolve_segmenter(request.segmenter, progress).name
                        around = self.detect(
                            image, finder, request.confidence, progress, request.parts, picked
                        )
                picked, instances = joined(picked, instances, around)
            gone = {one.number for one in removed}
            going = with_parts(instances, {picked.number}, request.parts) - gone
            removed = (*removed, *(one for one in instances if one.number in going))
        mask = requests.hole(image, request, instances, removed)
        avoid = requests.forbidden(mask, instances, removed, request)
        removal = Removal(
            image, mask, request.grow, request.feather, avoid, request.options, wall=request.walled
        )
        return replace(removal, instances=instances, removed=removed, finder=finder)

    def remove(self, removal: Removal, backend: str, progress: Progress | None = None) -> Result:
        """Run one removal through the named backend, warm."""
        progress = progress or Progress()
        meant, values = backends.meant(backend, removal.options)
        spec = self.resolve_backend(meant.name)
        options = spec.make_options(values)
        if spec is CHOOSING:
            return surroundings.remove(self, removal, progress)
        if spec.ensemble:
            return ensemble.remove(self, removal, progress)
        task = partial(remove, removal, progress=progress)
        return self.device.work(spec, progress, task, filler=lambda: self._filler(spec, options))

    def _filler(self, spec: BackendSpec, options: Options) -> Filler:
        """A backend with what guides it, which is given those of the options that it has, too."""
        guide = None
        if spec.guide is not None:
            guiding = self.resolve_backend(spec.guide)
            guide = self._filler(guiding, guiding.make_options(backends.shared(asdict(options), guiding)))
        return Filler(spec, self.device.warm.get(spec), options, guide)

    def expected(self, backend: str, options: Mapping[str, Any] | None = None) -> Expected | None:
        """What filling one hole takes, as earlier runs here tell; None for a backend that is quick or does not tell.

        Raises OptionError, MissingError.
        """
        meant, values = backends.meant(backend, options or {})
        spec = self.resolve_backend(meant.name)
        return spec.expected(spec.make_options(values), self.settings)

    def detect(
        self,
        image: Image,
        segmenter: str | None = None,
        confidence: float = CONFIDENCE,
        progress: Progress | None = None,
        parts: Iterable[str] = KINDS,
        beside: Instance | None = None,
        rough: bool = False,
        within: Mask | None = None,
    ) -> tuple[Instance, ...]:
        """Every object found, with the parts of the named kinds; raises MissingWeights where no segmenter is ready.

        beside: what was pointed at; only what is around it is looked at, at a bounded cost, and for parts of it alone.
        rough, within: see `parts.all_found`.
        """
        progress = progress or Progress()
        if not 0 <= confidence <= 1:  # neither is NaN
            raise OptionError(f"confidence is {confidence!r}, expected 0 to 1.")
        spec = self.resolve_segmenter(segmenter, progress)

        def look() -> tuple[Instance, ...]:
            progress(0.0, "Looking for objects")
            finder, weak = self.device.warm.get(spec), weakest(parts)
            if beside is None:
                return all_found(finder, image, confidence, parts, self.settings, progress, rough, within)
            area = padded(beside.box, max(AROUND, beside.box.width, beside.box.height), image.shape)
            region, there = image[area.slices], moved(beside, -area.left, -area.top)
            found = seen_once(region, lambda small: finder.detect(small, confidence, progress, weak))
            found = with_parts_of(there, region, found, parts, confidence, self.settings)
            return tuple(moved(one, area.left, area.top) for one in found)

        return self.device.work(spec, progress, look)

    def select(
        self,
        image: Image,
        gesture: Gesture,
        found: Iterable[Instance] = (),
        segmenter: str | None = None,
        progress: Progress | None = None,
    ) -> Instance:
        """The thing that a click, a box or a scribble means; one of `found`, or a new one with number 0.

        The network that outlines draws it where one was fetched (a note says so), else a finder, where none is ready or
        finds it colours and edges. Raises OptionError for a gesture beside the photo.
        """
        progress = progress or Progress()

        def look(small: Image) -> tuple[Instance, ...]:
            try:
                return self.detect(small, segmenter, POINTED, progress, parts=())
            except MissingError:
                return ()

        spec = segmenters.selector(self.settings)
        if spec is not None and spec.name not in self._refused:
            try:
                return selected(image, gesture, found, look, self.device.outline(spec, progress))
            except CheckpointError as error:
                self._refused.add(spec.name)
                progress.notes.append(str(error))
        one = selected(image, gesture, found, look)
        if one.label == LABEL:
            self._offer("outline", segmenters.offer(self.settings), progress)
        return one

    def _offer(self, what: str, words: str, progress: Progress) -> None:
        """A line on what could be fetched, once."""
        if words and what not in self._offered:
            self._offered.add(what)
            progress.notes.append(words)

    def resolve_segmenter(
        self, name: str | None = None, progress: Progress | None = None, words: Iterable[str] = ()
    ) -> SegmenterSpec:
        """The named segmenter's spec, or the best one that is ready here, fetched first where the settings say so.

        words: what is to be found; where the best one knows less of them than another that is ready, that one.
        """
        if name:
            return segmenters.find(name, self.settings)
        return segmenters.knowing(words, finder(self.settings, progress), self.settings)

    def resolve_backend(self, name: str) -> BackendSpec:
        """The backend's spec, after checking that nothing is missing for it; raises MissingError with the cure.

        Where the default's network is not there, its engine without one stands in.
        """
        spec = backends.find(name)
        lacks = spec.missing(self.settings)
        if lacks and spec.name == backends.DEFAULT:
            spec = backends.find(backends.INSTEAD)
            lacks = spec.missing(self.settings)
        if lacks:
            said = "; ".join(f"{lack.what} is missing: {lack.cure}" for lack in lacks)
            raise MissingError(f"{spec.title} cannot run here yet: {said}.")
        return spec

    def warm(self, name: str) -> None:
        """Load and compile what the named backend needs, where it knows how to; changes nothing else."""
        prepare = getattr(self.device.warm.get(self.resolve_backend(name)), "warm", None)
        if prepare is not None:
            prepare()

    def release(self) -> None:
        """Let go of everything that is warm, so that its memory can be used otherwise."""
        self.device.release()


__all__ = ["CONFIDENCE", "Request", "Session"]
