"""A finder and backends for tests of the faces: quick, predictable, and without weights."""

from __future__ import annotations

import signal
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from inpaint_app.backends.base import BackendSpec, Configured, Window
from inpaint_app.removal.session import Session
from inpaint_app.runtime.worker import Device
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.segmenters.base import SegmenterSpec
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Image, Instance, Options, Progress


class Finder:
    """Finds a person in the left half of photos whose first pixel is not dark, and a dog in the right half."""

    def detect(
        self, image: Image, confidence: float, progress: Progress, weak: object = None
    ) -> tuple[Instance, ...]:
        if image[0, 0].max() < 60:
            return ()
        height, width = image.shape[:2]
        person = Box(width // 8, height // 4, width // 4, height // 2)
        dog = Box(width * 3 // 4, height // 2, width * 7 // 8, height * 3 // 4)
        found = (instance(1, "person", 0.9, person), instance(2, "dog", 0.6, dog))
        return tuple(one for one in found if one.confidence >= confidence)


def instance(number: int, label: str, confidence: float, box: Box) -> Instance:
    return Instance(number, label, confidence, box, np.ones((box.height, box.width), dtype=bool))


def make_finder(argument: str, settings: Settings) -> Finder:
    return Finder()


def nothing_lacks(argument: str, settings: Settings) -> tuple[Any, ...]:
    return ()


FINDER = SegmenterSpec(
    "finder", "Finder", "Finds.", "tests.toys:make_finder", "tests.toys:nothing_lacks", segmenters.COCO
)


class Breaking(Configured):
    """A backend that breaks as its error says."""

    error: Exception = RuntimeError()

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        raise self.error


class Interrupting(Configured):
    """Ctrl-C is pressed while this works."""

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        signal.raise_signal(signal.SIGINT)
        progress(0.5)
        raise AssertionError("nobody stopped it")


INTERRUPTING = BackendSpec("interrupting", "Interrupting", "Stops.", "tests.toys:Interrupting")


class Hanging(Configured):
    """Native code that neither ends nor looks whether it should, except over dark photos, which stay as they are."""

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        import torch

        if window.image[~window.mask].max() < 60:
            return window.image
        values = torch.ones(1500, 1500)
        while True:
            torch.mm(values, values)


HANGING = BackendSpec("hanging", "Hanging", "Never ends.", "tests.toys:Hanging")


class Slow(Configured):
    """Takes a minute, and says so every tenth of a second."""

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        for step in range(600):
            progress(step / 600, "slowly")
            time.sleep(0.1)
        return window.image


SLOW = BackendSpec("slow", "Slow", "Takes a minute.", "tests.toys:Slow")


def settle(patch: pytest.MonkeyPatch, session: Session, **changes: Any) -> None:
    """Let a running session go by other settings, with nothing warm, as one that was started with them."""
    settings = replace(session.settings, **changes)
    patch.setattr(session, "settings", settings)
    patch.setattr(session, "device", Device(settings))
