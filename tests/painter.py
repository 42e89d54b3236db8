"""A backend that paints people into some of its fills, and a finder that sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import cv2
import numpy as np

from inpaint_app.backends.base import BackendSpec, Window
from inpaint_app.errors import InpaintError
from inpaint_app.removal.candidates import Candidates
from inpaint_app.removal.pipeline import Filler, Removal
from inpaint_app.removal.pipeline import remove as run
from inpaint_app.types import Box, Image, Instance, Mask, Options, Progress, Result

WHITE = 250

Remove = Callable[[Removal, Progress], Result]


class Choice(NamedTuple):
    best: Result
    candidates: list[Result]
    note: str


def choose(removal: Removal, remove: Remove, look: Any = None, **options: Any) -> Choice:
    """What a session does with Candidates, on any `remove`; candidates: all that were made."""
    fills = Candidates(removal, look, **options)
    for again, share in fills.wanted():
        try:
            result = remove(again, share)
        except InpaintError as error:
            fills.failed(error)
        else:
            fills.add(result)
    best = fills.best()
    return Choice(best, fills.made, best.note)


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
) -> Choice:
    image, mask = photo()

    def remove(removal: Removal, progress: Progress) -> Result:
        return run(removal, Filler(SPEC, Painter(sizes), SPEC.make_options(removal.options)), progress)

    removal = Removal(image, mask, 0, 0, options={"seed": seed, **options})
    return choose(removal, remove, look, retries=retries, count=count)
