"""Photos of one burst: the same folder, camera and size, seconds apart. Each is a further shot of the others' place.

Every photo of a burst is cleaned with the others as its shots, and none stands for all: a batch gives a result for each
photo, and which of them is liked best, with all eyes open, nobody knows here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from inpaint_app.errors import InpaintError
from inpaint_app.photofile import files
from inpaint_app.removal.opening import Opening
from inpaint_app.types import Progress

GAP = 3.0
"""Seconds from one photo of a burst to the next, at most."""

NEAREST = 5
"""Photos of a burst that serve another one, the nearest in time."""


def bursts(
    photos: Sequence[Path], labels: Sequence[str], session: Opening, progress: Progress
) -> Mapping[Path, tuple[Path, ...]]:
    """For each photo of a burst the others that serve it, the nearest in time first. Only headers are read.

    labels: the photos as rows name them: a browser's files lie in a folder each, and are of one folder all the same.
    What cannot be read, or does not say when it was taken, is in no burst; it fails, or is done, by itself.
    """
    alike: dict[object, list[tuple[float, Path]]] = {}
    for path, label in zip(photos, labels, strict=True):
        try:
            data = files.read_bytes(path, session.limits)
            taken, size = session.moment_of(data, path.name, progress)
        except (InpaintError, OSError):
            continue
        if taken is not None:
            alike.setdefault((Path(label).parent, taken.camera, size), []).append((taken.seconds, path))
    return {path: others for group in alike.values() for path, others in _served(sorted(group))}


def _served(group: list[tuple[float, Path]]) -> list[tuple[Path, tuple[Path, ...]]]:
    """The photos of one camera in their order, each with those that serve it."""
    runs = [group[:1]]
    for before, after in pairwise(group):
        if after[0] - before[0] > GAP:
            runs.append([])
        runs[-1].append(after)
    return [
        (path, tuple(other for _, other in nearest[1 : NEAREST + 1]))
        for run in runs
        if len(run) > 1
        for seconds, path in run
        for nearest in [sorted(run, key=lambda one: (one[1] != path, abs(one[0] - seconds)))]
    ]
