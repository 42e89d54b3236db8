"""The engine as a backend. numba is loaded on the first fill, or by `warm` in the background."""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_app.backends.base import Configured, Window
from inpaint_app.backends.exemplar.layout import BLUR, SPLIT, with_layout
from inpaint_app.backends.exemplar.options import ExemplarOptions
from inpaint_app.backends.exemplar.trust import trust
from inpaint_app.errors import BackendError
from inpaint_app.types import Image, Options, Progress


class Exemplar(Configured):
    """Fills a hole by patches of the window itself, from a coarse layout down to real pixels.

    SPLIT: see `layout.with_layout`. DOUBTS: whether a guide that breaks off at the hole's rim is left out.
    """

    SPLIT = SPLIT
    DOUBTS = True

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        """Fill the window's hole; known pixels come back as they are. See Backend.inpaint.

        Where no patch of the window is free of hole and avoided pixels, the guide is returned, or without one a
        smooth continuation of the known pixels.
        """
        from inpaint_app.backends.exemplar import engine, jit, structure

        if not isinstance(options, ExemplarOptions):
            raise BackendError(f"The exemplar engine takes ExemplarOptions, got {type(options).__name__}.")
        jit.use(self.settings.threads or min(jit.MOST, self.settings.cores))
        first = not jit.compiled_before()
        progress(0.0, "compiling the engine, once after an installation" if first else "looking at the photo")
        hole = np.ascontiguousarray(window.mask, bool)
        if not hole.any():
            progress(1.0, "nothing to fill")
            return window.image.copy()
        forbidden = np.zeros_like(hole) if window.avoid is None else np.ascontiguousarray(window.avoid, bool)
        image = np.ascontiguousarray(window.image)
        if window.guide is not None and self.DOUBTS:
            trusted = trust(window.guide, hole, window.guide_pixel, options.finest)
            if trusted.followed < 1:
                counts = f"its layout counts {trusted.followed:.0%}, the photo's own pixels do the rest"
                alone = "the photo's own pixels fill it alone"
                progress.notes.append(
                    f"The network does not understand this place: {counts if trusted.followed else alone}."
                )
            options = trusted.of(options)
        guide = window.guide
        # A sharp layout has such edges itself.
        drawn = structure.draw(image, hole, forbidden) if guide is None or options.finest >= BLUR else None
        if drawn is not None and guide is not None:
            guide = structure.into_guide(drawn, guide, hole)
        filled = engine.fill(
            image,
            hole,
            forbidden,
            guide,
            options,
            progress.part(0.0, 0.99),
            pixel=window.guide_pixel,
            drawn=drawn,
        )
        if filled is None:
            filled = _without_sources(window)
        elif guide is not None:
            filled = with_layout(
                filled,
                guide,
                hole,
                window.guide_pixel,
                options.layout,
                finest=options.finest,
                split=self.SPLIT,
                in_place=True,
            )
        progress(1.0, "done")
        return filled

    def warm(self) -> None:
        """Load and compile everything on a toy window, so that the first real fill does not wait."""
        from inpaint_app.backends.exemplar import pyramid

        side = int(pyramid.WORKING**0.5) + 2  # large enough for the kernels on bytes, too
        image = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
        mask = np.zeros((side, side), bool)
        mask[500:550, 500:550] = True
        self.inpaint(Window(image, mask, guide=image), ExemplarOptions(), Progress())


def _without_sources(window: Window) -> Image:
    """What can be said when nothing may be copied: the guide, a smooth continuation, or mid grey."""
    if window.guide is not None:
        return np.where(window.mask[..., None], window.guide, window.image)
    if window.mask.all():
        return np.full_like(window.image, 127)
    hole = window.mask.astype(np.uint8)
    return np.asarray(cv2.inpaint(np.ascontiguousarray(window.image), hole, 3, cv2.INPAINT_NS), np.uint8)
