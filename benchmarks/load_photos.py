"""What the visitors of load.py share: a photo that is nobody else's, what may come back for it, and a log."""

from __future__ import annotations

import io
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

Pixels = NDArray[np.uint8]
KINDS = ("detect", "quick fill", "slow fill", "cancel", "bad input")


class Mixed(AssertionError):  # noqa: N818
    """What came back belongs to somebody else, or is no result of what was asked for."""


class Refused(Exception):  # noqa: N818
    """The server answered with an error in words."""


@dataclass
class Log:
    """What happened: (kind, seconds) of what was answered as it should be, (kind, text) of what was not."""

    done: list[tuple[str, float]] = field(default_factory=list)
    busy: list[tuple[str, str]] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)

    def run(self, kind: str, work: Callable[[], None]) -> None:
        """Do one request and write down how it went."""
        began = time.monotonic()
        try:
            work()
            self.done.append((kind, time.monotonic() - began))
        except Refused as refused:
            (self.busy if str(refused).startswith("Busy, ") else self.errors).append((kind, str(refused)))
        except Exception as error:  # noqa: BLE001 - every failure is a line of the report
            self.errors.append((kind, f"{type(error).__name__}: {error}"))


class OwnPhoto:
    """A photo that nobody else has: the bus at a size of its own, under grain of its own."""

    def __init__(self, number: int, folder: Path, source: Path) -> None:
        width, height = 420 + 4 * number, 560 + 2 * number
        small = np.asarray(PillowImage.open(source).convert("RGB").resize((width, height)), np.int16)
        grain = np.random.default_rng(number).integers(-9, 10, small.shape)
        self.pixels: Pixels = np.clip(small + grain, 0, 255).astype(np.uint8)
        self.path = folder / f"visitor-{number}.png"
        PillowImage.fromarray(self.pixels).save(self.path, compress_level=1)

    def hole(self, chance: random.Random) -> NDArray[np.bool_]:
        """A rectangle somewhere."""
        height, width = self.pixels.shape[:2]
        h, w = chance.randint(24, 70), chance.randint(24, 70)
        top, left = chance.randint(8, height - h - 8), chance.randint(8, width - w - 8)
        mask = np.zeros((height, width), bool)
        mask[top : top + h, left : left + w] = True
        return mask

    def check(self, got: Pixels, hole: NDArray[np.bool_], grow: int) -> None:
        """Known pixels are this photo's; the hole, grown by `grow`, was filled. Raises Mixed."""
        if got.shape != self.pixels.shape:
            raise Mixed(f"a picture of {got.shape} came back for one of {self.pixels.shape}")
        apart = (got != self.pixels).any(axis=2)
        rows, columns = np.nonzero(hole)
        reach = grow + 2
        apart_in = apart[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        if np.count_nonzero(apart_in) < 0.3 * apart_in.size:
            raise Mixed("the hole was not filled")
        apart[
            max(0, rows.min() - reach) : rows.max() + 1 + reach,
            max(0, columns.min() - reach) : columns.max() + 1 + reach,
        ] = False
        if apart.any():
            raise Mixed(f"{np.count_nonzero(apart)} known pixels are not those of the photo that was sent")

    def check_finds(self, finds: list[dict[str, Any]], shape: tuple[int, ...] | None = None) -> None:
        """People are among the finds, and all lie in this photo. Raises Mixed."""
        height, width = self.pixels.shape[:2]
        if shape is not None and shape != (height, width):
            raise Mixed(f"finds of a picture of {shape} came back for one of {(height, width)}")
        if not any(find["label"] == "person" for find in finds):
            raise Mixed("nobody was found where people are")


def mask_png(mask: NDArray[np.bool_]) -> bytes:
    """A mask as a file."""
    picture = np.zeros((*mask.shape, 3), np.uint8)
    picture[mask] = 255
    buffer = io.BytesIO()
    PillowImage.fromarray(picture).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
