"""The two classical fills of OpenCV."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inpaint_app.backends.base import Configured, Window
from inpaint_app.types import Image, Options, Progress, option


@dataclass(frozen=True, slots=True)
class DiffusionOptions(Options):
    """How far around a pixel the two methods look."""

    radius: float = option(
        3.0, "pixels around a hole pixel that are looked at", minimum=1, maximum=64, step=0.5
    )


def weight(options: Options) -> float:
    """Every pixel looks at the square of the radius: 16 pixels count as one fill."""
    return (options.radius / 16) ** 2 if isinstance(options, DiffusionOptions) else 1.0


class _OpenCV(Configured):
    """cv2.inpaint with one of its flags; deterministic, so the seed changes nothing."""

    flag: int

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        """Fill the window's hole. A hole without any known pixel around it becomes its mean colour."""
        progress(0.0, "Filling")
        radius = options.radius if isinstance(options, DiffusionOptions) else 3.0
        if window.mask.all():
            fill = np.empty_like(window.image)
            fill[:] = window.image.reshape(-1, 3).mean(axis=0).astype(np.uint8)
        else:
            filled = cv2.inpaint(window.image, window.mask.view(np.uint8), radius, self.flag)
            fill = np.asarray(filled, dtype=np.uint8)
        progress(1.0)
        return fill


class NavierStokes(_OpenCV):
    """Isophotes continued as a fluid's stream lines (Bertalmio, Bertozzi & Sapiro 2001), as OpenCV has it."""

    flag = cv2.INPAINT_NS


class Telea(_OpenCV):
    """Fast marching from the border inwards (Telea 2004), as OpenCV has it."""

    flag = cv2.INPAINT_TELEA
