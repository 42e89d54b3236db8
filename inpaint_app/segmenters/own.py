"""The finder that this project trained and ships: people and vehicles, with nothing to download.

It learned from small photos, so that it sees large objects best in a small picture of the whole photo and small ones
in a larger one: it looks twice, and each look answers for the sizes that it saw in training.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from inpaint_app import checkpoints
from inpaint_app.segmenters.look import Find, Place, cropped, instances, seen
from inpaint_app.segmenters.registry import SHIPPED
from inpaint_app.segmenters.views import merged, tiles, whole_in
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Image, Instance, Missing, Progress

LABELS = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
SIDES = (160, 448)
"""Longest side in pixels at which the whole photo is looked at; the larger one only as far as the photo has pixels."""
CLOSE = 448
"""The same for a tile of a large photo."""
SHARE = 0.3
"""Finds longer than this share of the picture are left to the smaller look."""
USUAL, OWN = 0.35, 0.19
"""Scores are bent so that this network's own threshold becomes the usual one of the app: see
benchmarks/results/finder.md."""


def missing(name: str) -> tuple[Missing, ...]:
    """What is not there; empty where the weights lie beside their manifest."""
    if checkpoints.present(name):
        return ()
    return (Missing(f"the weights {name!r} of this project", checkpoints.cure(name)),)


class OwnSegmenter:
    """Finds people and vehicles with models.finder, through checkpoints: verified, no pickle."""

    def __init__(self, name: str = SHIPPED) -> None:
        """Load the weights; raises MissingWeights, CheckpointError."""
        import torch

        settings = Settings.from_environment()
        wanted = settings.device
        if wanted == "auto":
            wanted = "cuda" if torch.cuda.is_available() else "cpu"
        self._device = wanted
        self._network: Any = checkpoints.create(name).to(wanted)
        self._lock = threading.Lock()

    def detect(self, image: Image, confidence: float, progress: Progress) -> tuple[Instance, ...]:
        """Every instance found at `confidence` (0..1) or above: see Segmenter."""
        shape = (image.shape[0], image.shape[1])
        frame, near = Box(0, 0, shape[1], shape[0]), tiles(*shape)
        sides = [side for side in SIDES if side == SIDES[0] or side <= max(shape)]
        looks = len(sides) + len(near)
        found: list[Instance] = []
        for done, side in enumerate(sides):
            progress(done / looks, "Looking for objects")
            finds = self._look(image, frame, side, confidence)
            if side != SIDES[0]:
                finds = [find for find in finds if _long(find) <= SHARE * max(shape)]
            found = merged(found, instances(finds, shape))
        for done, tile in enumerate(near, start=len(sides)):
            progress(done / looks, "Looking closer")
            finds = [f for f in self._look(image, tile, CLOSE, confidence) if whole_in(f.box, tile, shape)]
            found = merged(found, instances(finds, shape))
        progress(1.0, f"{len(found)} found")
        return tuple(found)

    def _look(self, image: Image, view: Box, side: int, confidence: float) -> list[Find]:
        import torch

        from inpaint_app.models.finds import finds

        padded, place = seen(image, view, side)
        tensor = torch.from_numpy(padded).to(self._device).permute(2, 0, 1)[None].float() / 255
        size = (padded.shape[0], padded.shape[1])
        with self._lock, torch.inference_mode():
            (found,) = finds(self._network(tensor), size, confidence ** (1 / _bend()))
        boxes, scores = found.boxes.cpu().numpy(), found.scores.cpu().numpy()
        coefficients, prototypes = found.coefficients.cpu().numpy(), found.prototypes.cpu().numpy()
        return [
            self._find(LABELS[kind], float(scores[at]), boxes[at], coefficients[at], prototypes, place, size)
            for at, kind in enumerate(found.kinds.tolist())
        ]

    @staticmethod
    def _find(
        label: str,
        score: float,
        corners: Any,
        coefficients: Any,
        prototypes: Any,
        place: Place,
        size: tuple[int, int],
    ) -> Find:
        left, top = max(0.0, float(corners[0])), max(0.0, float(corners[1]))
        right, bottom = min(float(size[1]), float(corners[2])), min(float(size[0]), float(corners[3]))
        box = (left, top, max(left, right), max(top, bottom))
        logits, area = cropped(np.asarray(coefficients), np.asarray(prototypes), box, size)
        return Find(label, score ** _bend(), place.of(*box), logits, place.of(*area))


def _bend() -> float:
    """The power that takes this network's threshold to the usual one."""
    return float(np.log(USUAL) / np.log(OWN))


def _long(find: Find) -> float:
    return max(find.box[2] - find.box[0], find.box[3] - find.box[1])
