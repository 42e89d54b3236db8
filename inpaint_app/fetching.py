"""Fetching what is missing on this machine, by one name, wherever it comes from."""

from __future__ import annotations

import importlib
from difflib import get_close_matches
from pathlib import Path

from inpaint_app.backends import registry as backends
from inpaint_app.backends.base import BackendSpec
from inpaint_app.errors import OptionError
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.segmenters import weights
from inpaint_app.segmenters.base import SegmenterSpec
from inpaint_app.types import Progress

FETCHERS = {"stable-diffusion": "inpaint_app.backends.diffusion.fetching:fetch"}
"""What fetches a thing of that name; everything else is the weights of a segmenter."""


def fetchable() -> dict[str, str]:
    """What is missing here and can be fetched: its name, and what it is for in words."""
    found: dict[str, str] = {}
    specs: list[BackendSpec | SegmenterSpec] = [*backends.BACKENDS, *segmenters.specs()]
    for spec in specs:
        for lack in spec.missing():
            if lack.fetch:
                size = f", {lack.megabytes:g} MB" if lack.megabytes else ""
                found[lack.fetch] = f"{spec.title}{size}"
    return found


def fetch(name: str, progress: Progress | None = None) -> Path:
    """Download what `fetchable` names and return where it lies; what is here already is not fetched again.

    Raises OptionError for other names, MissingWeights where the network, the source or the disk fails, Cancelled.
    """
    if name in FETCHERS:
        module, _, attribute = FETCHERS[name].partition(":")
        fetched: Path = getattr(importlib.import_module(module), attribute)(progress)
        return fetched
    if name not in weights.MEGABYTES:
        known = [*FETCHERS, *weights.MEGABYTES]
        near = get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise OptionError(f"{name!r} cannot be fetched.{hint} Known: {', '.join(known)}.")
    return weights.fetch(name, progress)
