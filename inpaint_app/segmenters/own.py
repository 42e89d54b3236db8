"""The finder that this project trained and ships: people and vehicles, with nothing to download.

It learned from small photos, so that it sees large objects best in a small picture of the whole photo and small ones
in a larger one: it looks twice, and each look answers for the sizes that it saw in training.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from inpaint_app import environment
from inpaint_app.imaging import mask as masks
from inpaint_app.models import checkpoints
from inpaint_app.segmenters.base import NONE
from inpaint_app.segmenters.letterbox import Edges, Find, Place, cropped, instances, seen
from inpaint_app.segmenters.tiling import agreed, closer, merged, twins, whole_in
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Image, Instance, Missing, Progress

LABELS = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
SIDES = (160, 448)
"""Longest side in pixels at which the whole photo is looked at; the larger one only as far as the photo has pixels."""
CLOSE = 448
"""The same for a tile of a large photo."""
SHARE = 0.3
"""Finds longer than this share of the picture are left to the smaller look."""
DOUBTED = 3.0
"""Of a pair of finds that agree in a mirror, one may be this many times less sure than is asked for."""
SURE = 0.6
"""Finds of a tile below this are looked at once more, AGAIN times as wide as they are long, at NEAR pixels: leaves and
stones that looked like somebody then mostly do not, while people look more like it (benchmarks/results/finding.md)."""
AGAIN, NEAR = 3, 320
PLAIN = 1.4
"""The second look has to be this many times as sure as is asked for."""
USUAL, OWN = 0.35, 0.19
"""Scores are bent so that this network's own threshold becomes the usual one of the app: see
benchmarks/results/finder.md."""


def missing(name: str, settings: Settings) -> tuple[Missing, ...]:
    """What is not there; empty where the weights lie beside their manifest."""
    where = checkpoints.folder(settings)
    if checkpoints.available(name, where):
        return ()
    return (Missing(f"the weights {name!r} of this project", checkpoints.cure(name, where)),)


class OwnSegmenter:
    """Finds people and vehicles with models.finder, through checkpoints: verified, no pickle."""

    def __init__(self, name: str, settings: Settings) -> None:
        """Load the weights; raises MissingWeights, CheckpointError."""
        import torch

        environment.give_threads(settings.threads)
        wanted = settings.device
        if wanted == "auto":
            wanted = "cuda" if torch.cuda.is_available() else "cpu"
        self._device = wanted
        self._network: Any = checkpoints.create(name, checkpoints.folder(settings)).to(wanted)
        self._lock = threading.Lock()

    def detect(
        self, image: Image, confidence: float, progress: Progress, weak: Mapping[str, float] = NONE
    ) -> tuple[Instance, ...]:
        """Every instance found at `confidence` (0..1) or above: see Segmenter. Weak ones are none: it guesses then."""
        shape = (image.shape[0], image.shape[1])
        frame, rounds = Box(0, 0, shape[1], shape[0]), closer(*shape)
        sides = [side for side in SIDES if side == SIDES[0] or side <= max(shape)]
        looks = len(sides) + sum(len(one.tiles) for one in rounds)
        found: list[Instance] = []
        for done, side in enumerate(sides):
            progress(done / looks, "Looking for objects")
            seen_now = self._look(image, frame, side, confidence)
            if side != SIDES[0]:
                seen_now = [find for find in seen_now if _long(find) <= SHARE * max(shape)]
            found = merged(found, seen_now)
        done = len(sides)
        for one in rounds:
            for tile in one.tiles:
                progress(done / looks, f"Looking closer ({done - len(sides) + 1} of {looks - len(sides)})")
                near_now = self._look(image, tile, CLOSE, confidence)
                near_now = [find for find in near_now if whole_in(_edges(find), tile, shape, one.longest)]
                near_now = [find for find in near_now if self._still(image, find, found, confidence)]
                found = merged(found, near_now)
                done += 1
        progress(1.0, f"{len(found)} found")
        return tuple(found)

    def _still(self, image: Image, find: Instance, found: list[Instance], confidence: float) -> bool:
        """Whether a find of a tile is sure, or in another view too, or found again from nearer."""
        if find.confidence >= SURE or any(twins(find, other) for other in found):
            return True
        middle = (find.box.left + find.box.right) // 2, (find.box.top + find.box.bottom) // 2
        view = masks.padded(Box(*middle, *middle), round(AGAIN * _long(find) / 2), image.shape)
        seen_again = self._look(image, view, NEAR, min(1.0, PLAIN * confidence))
        return any(twins(find, other) for other in seen_again)

    def _look(self, image: Image, view: Box, side: int, confidence: float) -> list[Instance]:
        """What is in a view and, looked at once more in a mirror, still is: see views.agreed."""
        import torch

        from inpaint_app.models.finder import decoded

        padded, place = seen(image, view, side)
        width = round(view.width / place.across)  # of what is not padding
        mirrored = padded.copy()
        mirrored[:, :width] = padded[:, :width][:, ::-1]
        tensor = torch.from_numpy(np.stack([padded, mirrored])).to(self._device)
        tensor = tensor.permute(0, 3, 1, 2).float() / 255
        size = (padded.shape[0], padded.shape[1])
        with self._lock, torch.inference_mode():
            both = decoded(self._network(tensor), size, (confidence / DOUBTED) ** (1 / _bend()))
        looks = []
        for found, mirror in zip(both, (None, width), strict=True):
            boxes, scores = found.boxes.cpu().numpy(), found.scores.cpu().numpy()
            coefficients, prototypes = found.coefficients.cpu().numpy(), found.prototypes.cpu().numpy()
            raw = [
                _find(LABELS[kind], float(scores[at]), boxes[at], coefficients[at], prototypes, place, size, mirror)
                for at, kind in enumerate(found.kinds.tolist())
            ]  # fmt: skip
            looks.append(instances(raw, (image.shape[0], image.shape[1])))
        return [find for find in agreed(*looks) if find.confidence >= confidence]


def _find(
    label: str,
    score: float,
    corners: Any,
    coefficients: Any,
    prototypes: Any,
    place: Place,
    size: tuple[int, int],
    mirror: int | None,
) -> Find:
    """A find of the network's in the photo. mirror: width of the view that was looked at in a mirror."""
    left, top = max(0.0, float(corners[0])), max(0.0, float(corners[1]))
    right, bottom = min(float(size[1]), float(corners[2])), min(float(size[0]), float(corners[3]))
    box = (left, top, max(left, right), max(top, bottom))
    logits, area = cropped(np.asarray(coefficients), np.asarray(prototypes), box, size)
    if mirror is not None:
        logits = np.ascontiguousarray(logits[:, ::-1])
        box, area = _turned(box, mirror), _turned(area, mirror)
    return Find(label, score ** _bend(), place.of(*box), logits, place.of(*area))


def _turned(edges: Edges, width: int) -> Edges:
    """A box of a mirrored view in the view itself."""
    return width - edges[2], edges[1], width - edges[0], edges[3]


def _bend() -> float:
    """The power that takes this network's threshold to the usual one."""
    return float(np.log(USUAL) / np.log(OWN))


def _edges(find: Instance) -> Edges:
    return find.box.left, find.box.top, find.box.right, find.box.bottom


def _long(find: Instance) -> float:
    return max(find.box.width, find.box.height)
