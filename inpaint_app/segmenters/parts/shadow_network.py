"""What the network that this project trained (`models.shadow`) sees of an object and the ground around it, and says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inpaint_app.models import checkpoints
from inpaint_app.segmenters.parts.shadow_view import Plane, resized
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Image, Instance, Mask

SHAPE = (128, 160)
"""Rows and columns of a view."""
LONGER = 48
"""Pixels of an object's longer side in it."""
FOOT = 72
"""The row on which the object's box ends; its middle is the view's."""
PLANES = 6


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """An object's surroundings. area: of the photo, beyond whose border it may reach. photo: (h, w, 3) uint8.

    own, others: (h, w), 0..1, how much of a pixel the object and all other finds cover. valid: (h, w), 0 beyond the
    photo's border, where the photo's last pixels are repeated.
    """

    area: Box
    photo: Image
    own: Plane
    others: Plane
    valid: Plane

    @property
    def free(self) -> Mask:
        """Where a shadow may lie."""
        return (self.valid > 0.5) & (self.own < 0.5) & (self.others < 0.5)

    def planes(self) -> Plane:
        """What the network gets: (PLANES, h, w). Light as logarithm, of which shade takes a constant, less its mean."""
        log = np.log((self.photo.astype(np.float32) + 6) / 261)
        free = self.free
        log -= log[free].mean(axis=0) if free.any() else log.mean(axis=(0, 1))
        return np.concatenate([log.transpose(2, 0, 1), np.stack([self.own, self.others, self.valid])])


def sight(image: Image, caster: Instance, others: Iterable[Instance], box: Box | None = None) -> Sight:
    """An object as the network sees it; box: another place to look from than its own."""
    box = box or caster.box
    scale = LONGER / max(box.width, box.height)
    width, height = round(SHAPE[1] / scale), round(SHAPE[0] / scale)
    left = round((box.left + box.right) / 2 - width / 2)
    top = round(box.bottom - FOOT / scale)
    area = Box(left, top, left + width, top + height)
    inside = Box(max(0, left), max(0, top), min(area.right, image.shape[1]), min(area.bottom, image.shape[0]))
    place = placed(inside, area)
    photo = cv2.resize(image[inside.slices], (place.width, place.height), interpolation=cv2.INTER_AREA)
    rest = (place.top, SHAPE[0] - place.bottom, place.left, SHAPE[1] - place.right)
    valid = np.zeros(SHAPE, np.float32)
    valid[place.slices] = 1
    return Sight(
        area,
        np.asarray(cv2.copyMakeBorder(photo, *rest, cv2.BORDER_REPLICATE), np.uint8),
        cover([caster], area),
        cover(others, area),
        valid,
    )


def placed(box: Box, area: Box) -> Box:
    """Where a part of an area lies in the area's view."""
    across, down = SHAPE[1] / area.width, SHAPE[0] / area.height
    left, right = (round((edge - area.left) * across) for edge in (box.left, box.right))
    top, bottom = (round((edge - area.top) * down) for edge in (box.top, box.bottom))
    left, top = min(max(left, 0), SHAPE[1] - 1), min(max(top, 0), SHAPE[0] - 1)
    return Box(left, top, max(left + 1, min(right, SHAPE[1])), max(top + 1, min(bottom, SHAPE[0])))


def cover(instances: Iterable[Instance], area: Box) -> Plane:
    """How much of every pixel of an area's view the instances cover, 0..1."""
    covered = np.zeros(SHAPE, np.float32)
    for one in instances:
        box = one.box.shared(area)
        if not (box.width and box.height):
            continue
        part, place = one.mask[box.within(one.box).slices], placed(box, area)
        small = resized(part, (place.width, place.height))
        covered[place.slices] = np.maximum(covered[place.slices], small.astype(np.float32) / 255)
    return covered


def chances(sights: Sequence[Sight], settings: Settings) -> Sequence[Plane]:
    """How likely every pixel of each (h, w) is the object's shadow, 0..1; raises MissingWeights, CheckpointError."""
    if not sights:
        return []
    import torch

    network = _network(checkpoints.folder(settings))
    with torch.inference_mode():
        logits = network(torch.from_numpy(np.stack([one.planes() for one in sights])))
        found: Sequence[Plane] = logits.sigmoid()[:, 0].numpy()
    return found


@lru_cache(maxsize=1)
def _network(where: Path) -> Any:
    return checkpoints.create("shadow", where)


def moved(chance: Plane, area: Box, to: Box, shape: tuple[int, int]) -> Plane:
    """The chances of an area in the crop of another one that has a shape (h, w); 0 where they do not reach."""
    across, down = (to.width / area.width, to.height / area.height)
    across, down = across * SHAPE[1] / shape[1], down * SHAPE[0] / shape[0]
    left = (to.left - area.left) * SHAPE[1] / area.width + (across - 1) / 2
    top = (to.top - area.top) * SHAPE[0] / area.height + (down - 1) / 2
    way = np.array([[across, 0, left], [0, down, top]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(chance, way, shape[::-1], flags=flags), np.float32)
