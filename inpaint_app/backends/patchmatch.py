"""PatchMatch, as PyPI's PyPatchMatch has it: the peer that our own engine is measured against."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import cv2
import numpy as np

from inpaint_app.backends.base import Configured, Window
from inpaint_app.errors import BackendError
from inpaint_app.types import Image, Mask, Options, Progress, option

_NATIVE = threading.Lock()
"""The library keeps its seed in a global."""


@dataclass(frozen=True, slots=True)
class PatchMatchOptions(Options):
    """Options of PyPatchMatch."""

    patch: int = option(3, "radius of the compared patches in pixels", minimum=1, maximum=15, step=1)


class PatchMatch(Configured):
    """Patch-based synthesis over a pyramid (Barnes et al. 2009; Wexler et al. 2007 for the voting)."""

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        """Fill the hole. The native call cannot be stopped: a cancel leaves it behind in its thread."""
        progress(0.0, "Matching patches")
        smallest = min(window.mask.shape)
        wanted = options.patch if isinstance(options, PatchMatchOptions) else 3
        patch = min(wanted, (smallest - 1) // 2)
        source = ~window.mask if window.avoid is None else ~(window.mask | window.avoid)
        if patch < 1 or not _has_source(source, patch):
            progress(1.0)
            return _mean_fill(window)
        result = _call(window, options.seed, patch, progress, self.settings.patience)
        progress(1.0)
        return result


def _has_source(source: Mask, patch: int) -> bool:
    """Whether any whole patch is known: without one the library has nothing to copy from."""
    kernel = np.ones((2 * patch + 1, 2 * patch + 1), np.uint8)
    return bool(cv2.erode(source.astype(np.uint8), kernel, borderValue=0).any())


def _mean_fill(window: Window) -> Image:
    fill = window.image.copy()
    known = window.image[~window.mask] if not window.mask.all() else window.image.reshape(-1, 3)
    fill[window.mask] = known.mean(axis=0).astype(np.uint8)
    return fill


def _call(window: Window, seed: int, patch: int, progress: Progress, patience: float) -> Image:
    """The native call in a thread of its own, so that progress is asked for a cancel meanwhile."""
    import patchmatch

    done: list[Image] = []
    failed: list[BaseException] = []
    avoid = None if window.avoid is None or not window.avoid.any() else window.avoid & ~window.mask

    def work() -> None:
        try:
            patchmatch.set_random_seed(seed)
            done.append(patchmatch.inpaint(window.image, window.mask, global_mask=avoid, patch_size=patch))
        except BaseException as error:  # noqa: BLE001 - handed over to the calling thread
            failed.append(error)
        finally:
            _NATIVE.release()

    ends = time.monotonic() + patience
    while not _NATIVE.acquire(timeout=0.05):  # a fill that was cancelled goes on in its thread
        progress(0.0, "Matching patches")
        _expect(ends)
    thread = threading.Thread(target=work, name="patchmatch", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no thread to be had
        _NATIVE.release()
        raise
    steps = 0
    while thread.is_alive():
        thread.join(0.05)
        steps += 1
        progress(1 - 0.97**steps, "Matching patches")
        _expect(ends)
    if failed:
        raise failed[0]
    return np.ascontiguousarray(done[0])


def _expect(ends: float) -> None:
    """Native code cannot be stopped: past the time it is left behind, so that nobody waits for it for ever."""
    if time.monotonic() > ends:
        raise BackendError("PatchMatch does not come back. Nothing was changed: try another backend.")
