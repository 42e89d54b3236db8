"""Fetching what is missing on this machine, by one name, wherever it comes from."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

from inpaint_app.backends import registry as backends
from inpaint_app.backends.base import BackendSpec
from inpaint_app.backends.removers import files
from inpaint_app.errors import MissingError, OptionError
from inpaint_app.models.checkpoints import WeightFile
from inpaint_app.runtime import fetching
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.segmenters import weights
from inpaint_app.segmenters.base import SegmenterSpec
from inpaint_app.segmenters.weights_content import content
from inpaint_app.settings import Settings
from inpaint_app.types import Progress

FETCHERS = {"stable-diffusion": "inpaint_app.backends.diffusion.downloads:fetch"}
"""What fetches a thing of that name; everything else is one file."""


def _pinned() -> dict[str, WeightFile]:
    """The files whose hashes are known."""
    return {**files.FILES, **weights.PROMPTED}


FAILED_SECONDS = 60.0
"""After a download at first use that failed, the next is tried only after this time."""

_fetching = threading.Lock()
_failed: tuple[float, MissingError] | None = None


def finder(settings: Settings, progress: Progress | None = None) -> SegmenterSpec:
    """The best segmenter that is ready here; before the shipped one, the smallest YOLO is fetched if settings say so.

    Where that download fails, the shipped one serves, and for a while no other is tried. Raises MissingError with the
    cure where there is nothing at all.
    """
    global _failed
    ready = next((spec for spec in segmenters.specs(settings) if not spec.missing(settings)), None)
    if ready is not None and ready.name != segmenters.SHIPPED:
        return ready
    lately = _failed is not None and time.monotonic() - _failed[0] < FAILED_SECONDS
    if settings.fetch_at_first_use and not settings.offline and not lately:
        try:
            fetch(segmenters.SEGMENTERS[0].name, settings, progress)
            return segmenters.best(settings)
        except MissingError as error:
            _failed = (time.monotonic(), error)
    if ready is None and _failed is not None and settings.fetch_at_first_use:
        raise _failed[1].with_traceback(None)
    return segmenters.best(settings)


def fetchable(settings: Settings, megabytes: float = float("inf")) -> dict[str, str]:
    """What is missing here, is no larger than that and can be fetched: its name, and what it is for in words."""
    found: dict[str, str] = {}
    specs: list[BackendSpec | SegmenterSpec] = [
        *backends.BACKENDS,
        *segmenters.specs(settings),
        *segmenters.SELECTORS,
    ]
    for spec in specs:
        for lack in spec.missing(settings):
            if lack.fetch and lack.fetched_within(megabytes):
                size = f", {lack.megabytes:g} MB" if lack.megabytes else ""
                terms = f" ({lack.terms})" if lack.terms else ""
                found.setdefault(lack.fetch, f"{spec.title}{size}{terms}")
    return found


def fetch(name: str, settings: Settings, progress: Progress | None = None) -> Path:
    """Download what `fetchable` names and return where it lies; what is here already is not fetched again.

    One download goes on at a time: who asks for the same thing meanwhile waits and finds it there. Raises OptionError
    for other names, MissingWeights where the network, the source or the disk fails, Cancelled.
    """
    progress = progress or Progress()
    if name in FETCHERS:
        module, _, attribute = FETCHERS[name].partition(":")
        with _alone(name, progress):
            fetched: Path = getattr(importlib.import_module(module), attribute)(settings, progress)
        return fetched
    wanted = _file(name)
    if wanted is None:
        known = [*FETCHERS, *_pinned(), *weights.MEGABYTES]
        near = get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise OptionError(f"{name!r} cannot be fetched.{hint} Known: {', '.join(known)}.")
    with _alone(name, progress):
        pinned = _pinned().get(name)
        here = pinned.locate(settings) if pinned else weights.locate(name, settings)
        if here is not None:
            progress(1.0, f"{name} is here")
            return here
        return fetching.fetch_file(wanted, settings.weights, settings, progress)


def _file(name: str) -> fetching.Wanted | None:
    """What the name fetches, where that is one file."""
    if one := _pinned().get(name):
        instead = f"put {one.file} into a folder that INPAINT_MIRRORS names"
        return fetching.Wanted(one.file, one.address, one.size / 1e6, one.check, instead)
    if name not in weights.MEGABYTES:
        return None
    instead = "put the file into checkpoints/ or at INPAINT_YOLO_WEIGHTS. Brushing works without it"
    address = weights.ADDRESS.format(name=name)
    return fetching.Wanted(f"{name}.pt", address, weights.MEGABYTES[name], content, instead)


@contextmanager
def _alone(name: str, progress: Progress) -> Iterator[None]:
    while not _fetching.acquire(timeout=0.2):
        progress(0.0, f"Fetching {name}: another download is going on")
    try:
        yield
    finally:
        _fetching.release()
