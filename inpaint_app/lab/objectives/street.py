"""Photos with outlined people and vehicles: what the finder learns from.

The labels are JSON, {file name: [[class, confidence, [x, y, x, y, … in 0..1]], …]}; a photo not named shows none. One
labelled photo in twelve, by a digest of its name, is kept back for validation.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inpaint_app.errors import OptionError
from inpaint_app.lab.objectives.data import Photos, load_photos, names

CLASSES = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
KEPT_BACK = 12


class Labelled(NamedTuple):
    """One outline in a photo. weight: the labeller's confidence. points: (P, 2) x, y in 0..1 of the photo."""

    kind: int
    weight: float
    points: NDArray[np.float32]

    @property
    def size(self) -> NDArray[np.float32]:
        """Width and height in shares of the photo."""
        extent: NDArray[np.float32] = self.points.max(0) - self.points.min(0)
        return extent


@dataclass(frozen=True, slots=True, eq=False)
class Street:
    """photos: (N, S, S, 3) uint8. objects: of each photo. shown, empty: photos with and without objects, for training.

    held: photos with objects that are kept back for validation. shadowed: other photos, see shading.Shadowed.
    """

    photos: Photos
    objects: Sequence[tuple[Labelled, ...]]
    shown: NDArray[np.int64]
    empty: NDArray[np.int64]
    held: NDArray[np.int64]
    shadowed: tuple[Any, ...] = ()


def load_street(sources: Sequence[Path], labels: Path | None, size: int, cache: Path | None = None) -> Street:
    """Photos of tar files and folders with the outlines of a label file; raises OptionError where either is amiss."""
    if labels is None:
        raise OptionError(
            "The finder learns from outlines: add --labels FILE, a JSON of polygons by file name."
        )
    try:
        known = json.loads(labels.read_text(encoding="utf-8"))
        outlines = {name: tuple(_labelled(row) for row in rows) for name, rows in known.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise OptionError(f"--labels {labels} cannot be read as outlines by file name: {error}.") from error
    photos = load_photos(sources, size, cache)
    listed = [Path(name).name for source in sources for name in names(source)]
    objects = [tuple(one for one in outlines.get(name, ()) if one.kind >= 0) for name in listed]
    marked = np.array([bool(found) for found in objects])
    if not marked.any():
        raise OptionError(f"None of the photos is named in {labels}: they do not belong together.")
    held = np.array([_held(name) for name in listed]) & marked
    return Street(
        photos, objects, np.flatnonzero(marked & ~held), np.flatnonzero(~marked), np.flatnonzero(held)
    )


def _labelled(row: Sequence[object]) -> Labelled:
    label, confidence, flat = row
    points = np.asarray(flat, dtype=np.float32).reshape(-1, 2)
    kind = CLASSES.index(str(label)) if label in CLASSES and len(points) > 2 else -1
    return Labelled(kind, float(str(confidence)), points)


def _held(name: str) -> bool:
    return hashlib.sha256(name.encode()).digest()[0] % KEPT_BACK == 0
