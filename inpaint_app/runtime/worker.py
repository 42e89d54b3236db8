"""Everything that is heavy: what is kept warm, whose turn it is, and what happens when memory is short.

Two lines lead to the device, so that minutes of a slow model hold up no fill that takes a second: what is `slow` (a
diffusion model on this machine's own processor, a search through a network) waits in one, all else in the other.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, TypeVar

from inpaint_app.backends import memory
from inpaint_app.backends.base import BackendSpec
from inpaint_app.errors import BackendError, InpaintError, out_of_memory
from inpaint_app.runtime.fair_queue import Line
from inpaint_app.runtime.model_cache import ModelCache
from inpaint_app.segmenters.base import SegmenterSpec
from inpaint_app.segmenters.selecting.cut import Soft
from inpaint_app.segmenters.selecting.gesture import Gesture
from inpaint_app.segmenters.selecting.outlined import Outline
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Progress

Value = TypeVar("Value")

GRACE = 3.0
SLOW_GRACE = 60.0
"""Seconds after a cancel until the line goes on without the work. A slow model asks for a cancel less often, and two of
them at once may not fit into memory."""


class Device:
    """Keeps backends and segmenters warm and lets one piece of quick and one of slow work run at a time."""

    def __init__(self, settings: Settings) -> None:
        self.quick = Line(settings.waiting, GRACE, settings.patience)
        self.slow = Line(settings.waiting, SLOW_GRACE, settings.patience)
        self.stacks = Line(settings.waiting, GRACE, settings.patience)
        self.warm = ModelCache(settings)

    def outline(self, spec: SegmenterSpec, progress: Progress) -> Outline:
        """What asks the network of that spec about gestures, each in its turn, and notes that it answered."""

        def asked(picture: Image, gesture: Gesture) -> Soft:
            progress(0.0, f"{spec.title} looks")
            inside: Soft = self.work(spec, progress, lambda: self.warm.get(spec).outline(picture, gesture))
            if inside.max() > 0.5:
                progress.notes.append(f"{spec.title} drew the outline.")
            return inside

        return asked

    def work(
        self,
        spec: BackendSpec | SegmenterSpec,
        progress: Progress,
        task: Callable[..., Value],
        **needs: Callable[[], Any],
    ) -> Value:
        """Do the task, which uses what `spec` names, when its turn has come.

        needs: what the task takes by name, made when the turn has come, and again for another try.
        Where memory is short all else that is warm is let go, then the thing itself is asked for a way that needs
        less (`lower`); the user is told (Progress.notes). Raises Busy, Cancelled, and BackendError for whatever is no
        InpaintError.
        """
        line = self.slow if isinstance(spec, BackendSpec) and spec.slow else self.quick
        # What guides it may be the heavy one of both.
        names = [name for name in (spec.name, getattr(spec, "guide", None)) if name]
        with line.turn(progress, spec.title, partial(self.forget, *names)), self.warm.used(*names):
            while True:
                try:
                    return task(**{name: make() for name, make in needs.items()})
                except InpaintError:
                    raise
                except (Exception, SystemExit) as error:
                    if not out_of_memory(error):
                        raise _failed(spec.title, error) from error
                    way = self._smaller(spec)
                    if way is None:
                        self.forget(*names)
                        raise _no_memory(spec.title) from error
                progress(0.0, f"Memory is short: trying again {way}")
                progress.notes.append(f"Memory was short: {spec.title} tried again {way}.")

    def stacking(self, progress: Progress) -> AbstractContextManager[None]:
        """The turn of work that aligns several shots, maybe a gigabyte: one at a time, before any other line."""
        return self.stacks.turn(progress, "Several shots")

    def forget(self, *names: str) -> None:
        """Let go of these; whoever works with them keeps them until the end."""
        for name in names:
            self.warm.forget(name)

    def release(self) -> None:
        """Let go of everything that is warm, so that its memory can be used otherwise."""
        self.warm.clear()

    def _smaller(self, spec: BackendSpec | SegmenterSpec) -> str | None:
        """A way to go on with less memory, in words; None where there is none."""
        if self.warm.drop_others(spec.name):
            return "with all other models let go"
        lower = getattr(self.warm.peek(spec.name), "lower", None)
        way: str | None = lower() if lower is not None else None
        if way is not None:
            memory.handed_back()
        return way


def _no_memory(title: str) -> BackendError:
    return BackendError(f"{title} ran out of memory: try a smaller hole, or another backend.")


def _failed(title: str, error: BaseException) -> BackendError:
    return BackendError(f"{title} failed ({type(error).__name__}: {error}): try another backend.")
