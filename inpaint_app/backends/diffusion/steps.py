"""What happens between the steps of a diffusion run: progress, preview, cancel, and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np

from inpaint_app.backends.diffusion import preview
from inpaint_app.backends.diffusion.estimate import Pace, spoken
from inpaint_app.backends.diffusion.prepare import Work
from inpaint_app.types import Progress

BEFORE, AFTER = 0.08, 0.95
"""Shares of the progress before and after the steps."""


class Steps:
    """Called after each step by the pipeline, and before each block of the network: progress, preview, cancel."""

    def __init__(self, work: Work, total: int, pace: Pace | None, progress: Progress) -> None:
        self.total = total
        self.each = 0.0
        self._work = work
        self._pace = pace
        self._progress = progress
        self._done = 0
        self._last = time.perf_counter()
        self._first = self._last
        self._colours: Any = None
        self._told = (BEFORE, "")

    def __call__(self, pipeline: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        """One step is done; `tensors` are the pipeline's own, by name, and stay as they are."""
        now = time.perf_counter()
        self._done += 1
        if self._done > 1:  # the first step pays for warming up
            self.each = (now - self._first) / (self._done - 1)
        else:
            self.each = now - self._last
            self._first = now
        self._last = now
        left = self.each * (self.total - self._done)
        self._tell(f"Step {self._done} of {self.total}" + (f", {spoken(left)} left" if left > 1 else ""))
        if self._progress.shows:
            self._preview(tensors)
        return {}

    def _tell(self, stage: str) -> None:
        share = self._done / max(1, self.total)
        self._told = (BEFORE + (AFTER - BEFORE) * min(1.0, share), stage)
        self._progress(*self._told)

    def _preview(self, tensors: dict[str, Any]) -> None:
        if self._colours is None:
            known = preview.array(tensors["masked_image_latents"])
            self._colours = preview.fitted(known, self._work.image, self._work.mask)
        small = preview.drawn(preview.array(tensors["latents"]), self._colours)
        height, width = self._work.mask.shape
        seen = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
        seen[~self._work.mask] = self._work.image[~self._work.mask]
        self._progress.show(seen[: self._work.size[0], : self._work.size[1]])

    @contextmanager
    def watching(self, unet: Any) -> Iterator[None]:
        """Ask for a cancel before every block of the network too: on a CPU one step takes many seconds."""
        expected = self._pace.seconds(self.total) if self._pace else None
        self._tell(f"Starting, about {spoken(expected)}" if expected else "Starting")

        def ask(*_: Any) -> None:
            self._progress(*self._told)

        blocks = [
            *unet.down_blocks,
            *([unet.mid_block] if unet.mid_block is not None else []),
            *unet.up_blocks,
        ]
        handles = [block.register_forward_pre_hook(ask) for block in blocks]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
