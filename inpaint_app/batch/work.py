"""What is done to one photo of a batch: bytes in, a row and bytes out. No file is touched: it can be done anywhere."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from inpaint_app.batch.journal import Row
from inpaint_app.batch.naming import legal
from inpaint_app.errors import Cancelled, InpaintError, NothingFound, PhotoTooLarge, UnreadablePhoto
from inpaint_app.imaging.mask_reader import BY_RULE, Reading
from inpaint_app.photofile import files
from inpaint_app.photofile.photo import AS_USUAL, SaveOptions
from inpaint_app.removal.session import Request, Session
from inpaint_app.removal.shots import shot_of
from inpaint_app.segmenters.base import counted_words
from inpaint_app.shots.stack import Shot
from inpaint_app.types import Progress

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """What is to be done to each photo, and how its mask is read and its result written; frame: which, from 1."""

    request: Request
    format: str | None = None
    reading: Reading = BY_RULE
    frame: int | None = None
    saving: SaveOptions = AS_USUAL


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One photo on its way to whoever does it, the `index`-th of `count`.

    label: what its row calls it. result: the file name that its result will get. data, mask: the files' bytes.
    shots: further shots of its place, names and bytes.
    """

    index: int
    count: int
    label: str
    name: str
    result: str
    key: str
    data: bytes
    mask: bytes | None
    order: Order
    shots: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """What became of a task: its row, and the file to write; None where it failed."""

    index: int
    row: Row
    data: bytes | None = None


class Engine(Protocol):
    """Where the work is done."""

    def __call__(self, tasks: Iterator[Task], progress: Progress) -> Iterator[Done]:
        """Do all tasks, in any order; take the next one only when there is room for it. Raises Cancelled."""


def alone(session: Session) -> Engine:
    """The engine that works here and now, one photo after the other."""

    def engine(tasks: Iterator[Task], progress: Progress) -> Iterator[Done]:
        for task in tasks:
            part = progress.part(task.index / task.count, (task.index + 1) / task.count, task.name)
            yield perform(session, task, part)

    return engine


def perform(session: Session, task: Task, progress: Progress) -> Done:
    """Load, remove, encode. Whatever goes wrong becomes a failed row; only Cancelled is raised."""
    began = time.perf_counter()
    try:
        row, data = _removed(session, task, progress)
    except Cancelled:
        raise
    except (InpaintError, OSError) as error:
        row, data = failed(task.label, str(error)), None
    except Exception as error:  # noqa: BLE001 - one photo stops no batch
        _log.exception("Unexpected error over %s", task.label)
        row, data = (
            failed(task.label, f"{task.name} failed unexpectedly ({type(error).__name__}: {error})."),
            None,
        )
    row = replace(row, photo=task.label, key=task.key, seconds=round(time.perf_counter() - began, 3))
    return Done(task.index, row, data)


def failed(label: str, message: str, key: str = "") -> Row:
    """The row of a photo that could not be done."""
    return Row(label, "failed", message=message, key=key)


def _removed(session: Session, task: Task, progress: Progress) -> tuple[Row, bytes]:
    """Where nothing is found the photo is handed on as it was, so that none is lacking."""
    photo = session.load(task.data, name=task.name, frame=task.order.frame, progress=progress)
    files.planned(photo, task.order.format, task.order.saving)
    request, fitted = replace(task.order.request, shots=_shots(session, task, progress)), ""
    if task.mask is not None:
        given = session.open_mask(
            task.mask,
            photo.rgb.shape,
            orientation=photo.orientation,
            reading=task.order.reading,
            progress=progress,
        )
        fitted, mask = given.note, given.mask
        request = replace(request, mask=mask if request.mask is None else mask | request.mask)
    try:
        result = session.run(photo.rgb, request, progress, alpha=photo.alpha)
    except NothingFound as nothing:
        return _unchanged(session, task, photo, str(nothing))
    told = result.behind.told if result.behind else ""
    encoded = session.encode(
        photo,
        result.image,
        result.mask,
        format=task.order.format,
        options=task.order.saving,
        progress=progress,
    )
    return Row(
        photo=task.label,
        status="removed",
        result=task.result,
        removed=counted_words(instance.label for instance in result.removed),
        hole_pixels=int(np.count_nonzero(result.mask)),
        changed_outside=encoded.report.changed_pixels_outside,
        method=encoded.report.method,
        message=" ".join(part for part in (fitted, told, encoded.report.note) if part),
        sha256=hashlib.sha256(encoded.data).hexdigest(),
        shown_elsewhere=encoded.report.elsewhere,
    ), encoded.data


def _shots(session: Session, task: Task, progress: Progress) -> tuple[Shot, ...]:
    """Those that can be opened: what is wrong with another one is told in its own row."""
    shots = []
    for name, data in task.shots:
        with suppress(UnreadablePhoto, PhotoTooLarge):
            shots.append(shot_of(session.load(data, name=name, progress=progress)))
    return tuple(shots)


def _unchanged(session: Session, task: Task, photo: files.Photo, message: str) -> tuple[Row, bytes]:
    """The row of a photo that had nothing to remove: its very bytes, or the wanted format without a hole."""
    data, method, changed = photo.source, "copied", 0
    if files.chosen_format(photo.format, task.order.format, task.order.saving.exact) != photo.format:
        hole = np.zeros(photo.rgb.shape[:2], dtype=bool)
        encoded = session.encode(photo, photo.rgb, hole, format=task.order.format, options=task.order.saving)
        data, method = encoded.data, encoded.report.method
        changed = encoded.report.changed_pixels_outside or 0
    row = Row(task.label, "unchanged", task.result, changed_outside=changed, method=method, message=message)
    return replace(row, sha256=hashlib.sha256(data).hexdigest()), data


def result_suffix(path: Path, own: str, chosen: str) -> str:
    """The ending of a result's name: the photo's own where that fits what is written, else the format's.

    own, chosen: the photo's format and the one to write, in Pillow's words.
    """
    return legal(path.suffix) if path.suffix and chosen == own else files.SUFFIX[chosen]
