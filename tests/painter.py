"""A backend that paints people into some of its fills, and a finder that sees them."""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_app.backends.base import BackendSpec
from inpaint_app.removal import candidates
from inpaint_app.removal.pipeline import Filler
from inpaint_app.removal.pipeline import remove as run
from inpaint_app.types import Box, Image, Instance, Mask, Options, Progress, Removal, Result, Window

WHITE = 250


class Painter:
    """Fills with grey, and with a white patch of a size by seed: 0 for none."""

    def __init__(self, sizes: dict[int, int]) -> None:
        self.sizes = sizes

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        progress(0.5, "Painting")
        fill = window.image.copy()
        fill[window.mask] = 90
        rows, columns = np.nonzero(window.mask)
        y, x, size = int(rows.mean()), int(columns.mean()), self.sizes.get(options.seed, 0)
        fill[y : y + size, x : x + size] = WHITE
        progress(1.0)
        return fill


def look(image: Image, progress: Progress) -> tuple[Instance, ...]:
    """Every white patch is a person."""
    white = (image >= WHITE).all(axis=2)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(white.view(np.uint8))
    found = []
    for index in range(1, count):
        left, top, width, height, _ = (int(value) for value in stats[index])
        box = Box(left, top, left + width, top + height)
        found.append(Instance(index, "person", 0.8, box, (labels == index)[box.slices]))
    progress(1.0)
    return tuple(found)


SPEC = BackendSpec("painter", "Painter", "", "")


def photo() -> tuple[Image, Mask]:
    image = np.full((120, 160, 3), 100, np.uint8)
    mask = np.zeros((120, 160), dtype=bool)
    mask[40:80, 50:90] = True
    return image, mask


def check(
    sizes: dict[int, int], retries: int = 2, seed: int = 0, count: int = 1, **options: object
) -> candidates.Choice:
    image, mask = photo()

    def remove(removal: Removal, progress: Progress) -> Result:
        return run(removal, Filler(SPEC, Painter(sizes), SPEC.make_options(removal.options)), progress)

    removal = Removal(image, mask, 0, 0, options={"seed": seed, **options})
    return candidates.choose(removal, remove, look, retries=retries, count=count)
