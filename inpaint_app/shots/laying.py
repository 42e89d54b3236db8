"""The chosen pixels of the shots, laid into the photo at full size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.imaging import mask as masks
from inpaint_app.imaging.window import Hole
from inpaint_app.shots import align, movers
from inpaint_app.shots.looking import Look
from inpaint_app.types import Box, Image, Mask

Floats: TypeAlias = NDArray[np.float32]

TILE, RIM = 1024, 16
"""Side of what is warped at once, and pixels around it."""

OWN = 0.2
"""How much stays of the chosen shot's difference to the mean of all that agree with it there: its grain."""


def lay(
    hole: Hole,
    view: align.View,
    labels: NDArray[np.uint8],
    trusted: Sequence[Mask],
    looks: Sequence[Look],
    shots: Sequence[Image],
    image: Image,
    source: NDArray[np.uint8],
) -> None:
    """Lay the chosen pixels into `image`, and the numbers of their shots (from 1) into `source`, tile by tile.

    labels: (H, W) of the view, the chosen look from 1 or 0; trusted: where each look shows background.
    """
    numbers = np.array([0, *(look.number + 1 for look in looks)], np.uint8)
    parts = [one.view(np.uint8) for one in trusted]
    for top in range(hole.box.top, hole.box.bottom, TILE):
        for left in range(hole.box.left, hole.box.right, TILE):
            box = Box(left, top, min(left + TILE, hole.box.right), min(top + TILE, hole.box.bottom))
            wanted = hole.mask[box.within(hole.box).slices]
            if not wanted.any():
                continue
            area = masks.padded(box, RIM, source.shape)
            tile = _Tile(area, view, looks, shots)
            full = tile.cut(labels)
            drawn = tile.drawn(full, [tile.cut(part) > 0 for part in parts])[box.within(area).slices]
            full = full[box.within(area).slices]
            filled = wanted & (full > 0)
            image[box.slices][filled] = np.clip(np.rint(drawn), 0, 255).astype(np.uint8)[filled]
            source[box.slices][filled] = numbers[full][filled]


class _Tile:
    """A part of the photo at full size, with the looks warped into it."""

    def __init__(self, area: Box, view: align.View, looks: Sequence[Look], shots: Sequence[Image]) -> None:
        self.size = (area.width, area.height)
        self.to_photo = np.array([[1, 0, area.left], [0, 1, area.top], [0, 0, 1]], np.float64)
        self.to_view = view.matrix @ self.to_photo
        self.scale, self.soft = view.scale, 1.5 / min(1.0, view.scale)
        self.looks = looks
        self.shots = shots

    def cut(self, what: Any, how: int = cv2.INTER_NEAREST) -> Any:
        """Something of the view, at full size."""
        return align.warped(what, self.to_view, self.size, how)

    def picture(self, look: Look) -> Floats:
        """A look at full size, in the photo's light."""
        flow = None if look.flow is None else self.cut(look.flow, cv2.INTER_LINEAR) / np.float32(self.scale)
        whole, matrix = self.shots[look.number], look.matrix @ self.to_photo
        shot = align.warped(whole, matrix, self.size, cv2.INTER_CUBIC, flow)
        return np.asarray(look.light.curved(shot) + self.cut(look.light.field, cv2.INTER_LINEAR), np.float32)

    def drawn(self, labels: NDArray[np.uint8], trusted: Sequence[Mask]) -> Floats:
        """Each pixel of its own look, over soft seams, its noise lowered by the other looks that agree."""
        pictures = {
            index: self.picture(look)
            for index, look in enumerate(self.looks, 1)
            if trusted[index - 1].any() or (labels == index).any()
        }
        total = np.zeros((*labels.shape, 3), np.float32)
        weights = np.full((*labels.shape, 1), 1e-6, np.float32)
        for index, picture in pictures.items():
            own = labels == index
            if own.any():
                weight = cv2.GaussianBlur(own.astype(np.float32), (0, 0), self.soft)[..., None]
                total += weight * picture
                weights += weight
        drawn = np.asarray(total / weights, np.float32)
        soft = movers.blurred(drawn)
        total, weights = drawn.copy(), np.ones((*labels.shape, 1), np.float32)
        for index, other in pictures.items():
            apart = movers.apart(movers.blurred(other), soft)
            near = np.exp(-0.5 * (apart / max(3.0, 2.0 * self.looks[index - 1].noise)) ** 2)
            weight = (near * trusted[index - 1] * (labels != index))[..., None]
            total += weight * other
            weights += weight
        return np.asarray(OWN * drawn + (1 - OWN) * total / weights, np.float32)
