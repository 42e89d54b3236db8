"""One look at a photo through a network: a view of it scaled to the network's size, and its finds brought back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.segmenters.outline import outlined
from inpaint_app.types import Box, Image, Instance

STRIDE = 32
PAD = 114
MAGNIFY = 4.0
"""Tiny photos are enlarged at most this many times."""
Edges: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Find:
    """One raw find. box: left, top, right, bottom in the photo's pixels. logits: (h, w) over `area` of the photo."""

    label: str
    confidence: float
    box: Edges
    logits: NDArray[np.float32]
    area: Edges


class Place(NamedTuple):
    """Where a view lies in the photo: its corner, and photo pixels per pixel of the network's input."""

    left: int
    top: int
    across: float
    down: float

    def of(self, left: float, top: float, right: float, bottom: float) -> Edges:
        """A box of the view in the photo."""
        return (
            self.left + left * self.across,
            self.top + top * self.down,
            self.left + right * self.across,
            self.top + bottom * self.down,
        )


def seen(image: Image, view: Box, side: int) -> tuple[Image, Place]:
    """A view of the photo, its longer side scaled to `side` pixels and padded to the network's stride."""
    scale = min(side / max(view.height, view.width), MAGNIFY)
    size = (max(1, round(view.width * scale)), max(1, round(view.height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(image[view.slices], size, interpolation=how)
    bottom, right = -size[1] % STRIDE, -size[0] % STRIDE
    padded = np.full((size[1] + bottom, size[0] + right, 3), PAD, dtype=np.uint8)
    padded[: size[1], : size[0]] = small
    return padded, Place(view.left, view.top, view.width / size[0], view.height / size[1])


def instances(finds: list[Find], shape: tuple[int, int]) -> list[Instance]:
    """The finds with their outlines drawn, not yet numbered; those of which nothing is left are dropped."""
    found = []
    for find in finds:
        shaped = outlined(find.logits, find.area, find.box, shape)
        if shaped is not None:
            cell = (find.area[2] - find.area[0]) / find.logits.shape[1]
            found.append(Instance(0, find.label, find.confidence, *shaped, cell=cell))
    return found


def cropped(
    coefficients: NDArray[np.float32], prototypes: NDArray[np.float32], box: Edges, shape: tuple[int, ...]
) -> tuple[NDArray[np.float32], Edges]:
    """A find's logits under its box and a little around it, and the part of the network's input that they cover.

    coefficients: (K,). prototypes: (K, h, w) over an input of `shape` (H, W). box: in pixels of the input.
    """
    _, rows, columns = prototypes.shape
    across, down = columns / shape[1], rows / shape[0]
    left, top = max(0, int(box[0] * across) - 2), max(0, int(box[1] * down) - 2)
    right = min(columns, int(np.ceil(box[2] * across)) + 2)
    bottom = min(rows, int(np.ceil(box[3] * down)) + 2)
    logits = np.tensordot(coefficients, prototypes[:, top:bottom, left:right], axes=1)
    return logits.astype(np.float32), (left / across, top / down, right / across, bottom / down)
