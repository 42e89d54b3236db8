"""Everything that is heavy: what is kept warm, whose turn it is, and what happens when memory is short.

Two lines lead to the device, so that minutes of a slow model hold up no fill that takes a second: what is `slow` (a
diffusion model on this machine's own processor, a search through a network) waits in one, all else in the other.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from inpaint_app.backends.base import Backend, BackendSpec
from inpaint_app.errors import BackendError, InpaintError, out_of_memory
from inpaint_app.lanes import Line
from inpaint_app.segmenters.base import Segmenter, SegmenterSpec
from inpaint_app.settings import Settings
from inpaint_app.types import Progress

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
        self._warm: dict[str, Any] = {}
        self._making: dict[str, threading.Lock] = {}

    def backend(self, spec: BackendSpec) -> Backend:
        """The backend, made at its first use."""
        made: Backend = self._made(spec)
        return made

    def segmenter(self, spec: SegmenterSpec) -> Segmenter:
        """The segmenter, made at its first use."""
        made: Segmenter = self._made(spec)
        return made

    def work(self, spec: BackendSpec | SegmenterSpec, progress: Progress, task: Callable[[], Value]) -> Value:
        """Do the task, which uses what `spec` names, when its turn has come.

        Where memory is short all else that is warm is let go, then the thing itself is asked for a way that needs
        less (`lower`); the user is told (Progress.note). Raises Busy, Cancelled, and BackendError for whatever is no
        InpaintError.
        """
        line = self.slow if isinstance(spec, BackendSpec) and spec.slow else self.quick
        with line.turn(progress, spec.title, lambda: self.forget(spec.name)):
            while True:
                try:
                    return task()
                except InpaintError:
                    raise
                except (Exception, SystemExit) as error:
                    if not out_of_memory(error):
                        raise _failed(spec.title, error) from error
                    way = self._smaller(spec)
                    if way is None:
                        self.forget(spec.name)
                        raise _no_memory(spec.title) from error
                progress(0.0, f"Memory is short: trying again {way}")
                progress.note(f"Memory was short: {spec.title} tried again {way}.")

    def holds(self, name: str) -> bool:
        """Whether something of that name is warm."""
        return name in self._warm

    def forget(self, name: str) -> None:
        """Let go of one thing; whoever works with it keeps it until the end."""
        self._warm.pop(name, None)
        self._making.pop(name, None)

    def release(self) -> None:
        """Let go of everything that is warm, so that its memory can be used otherwise."""
        self._warm.clear()
        _hand_back()

    def _made(self, spec: BackendSpec | SegmenterSpec) -> Any:
        with self._making.setdefault(spec.name, threading.Lock()):
            if spec.name not in self._warm:
                self._warm[spec.name] = spec.create()
            return self._warm[spec.name]

    def _smaller(self, spec: BackendSpec | SegmenterSpec) -> str | None:
        """A way to go on with less memory, in words; None where there is none."""
        others = [name for name in self._warm if name != spec.name]
        if others:
            for name in others:
                self.forget(name)
            _hand_back()
            return "with all other models let go"
        lower = getattr(self._warm.get(spec.name), "lower", None)
        way: str | None = lower() if lower is not None else None
        if way is not None:
            _hand_back()
        return way


def _hand_back() -> None:
    """Hand memory that is no longer used back to the device."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def _no_memory(title: str) -> BackendError:
    return BackendError(
        f"{title} ran out of memory. The photo and the mask are as they were: try a smaller hole, or another backend."
    )


def _failed(title: str, error: BaseException) -> BackendError:
    return BackendError(
        f"{title} failed ({type(error).__name__}: {error}). The photo and the mask are as they were: try another "
        "backend."
    )
