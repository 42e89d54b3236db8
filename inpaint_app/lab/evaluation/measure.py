"""The measurement itself: photo × hole × backend → rows, one process or several, nothing measured twice."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial

import cv2
import numpy as np

from inpaint_app.backends import memory, registry
from inpaint_app.batch.processes import bound
from inpaint_app.errors import Cancelled, InpaintError
from inpaint_app.imaging.window import BLANK
from inpaint_app.lab.evaluation.holes import HoleSpec, parse
from inpaint_app.lab.evaluation.photosets import PhotoRef, fitted
from inpaint_app.metrics.full_reference import QUICK, Scores, scores, total_variation
from inpaint_app.metrics.no_reference import report
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.session import Session
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Progress

THUMBNAIL = 192
"""Longest side in pixels of the pictures kept for the report."""

MOSAIC = "mosaic"
"""The row of a mosaic hole as it stands, as if it were a fill."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured. size None: photos as they are. names: the scores."""

    photos: tuple[PhotoRef, ...]
    holes: tuple[str, ...]
    backends: tuple[str, ...]
    size: int | None = None
    crop: str = "square"
    seed: int = 0
    names: tuple[str, ...] = QUICK

    @property
    def count(self) -> int:
        """Rows that the plan will come to, mosaics as they stand left out."""
        return len(self.photos) * len(self.holes) * len(self.backends)


@dataclass(frozen=True, slots=True)
class Row:
    """What one backend made of one hole in one photo; `error` says why there are no scores.

    scores: see metrics.full_reference; "truth" holds the truth's own total variation. peak_mb: growth of the process
    while it filled, None where the system does not tell.
    """

    photo: str
    hole: str
    backend: str
    width: int
    height: int
    hole_share: float
    seconds: float | None = None
    peak_mb: float | None = None
    scores: Scores = field(default_factory=dict)
    seam_contrast: float | None = None
    texture_energy: float | None = None
    changed_known: int | None = None
    error: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What a row is found again by."""
        return self.photo, self.hole, self.backend


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A row with its pictures: truth, cut and the fill (None where it failed). mask: the hole; None where none fits."""

    row: Row
    truth: Image
    cut: Image
    fill: Image | None
    mask: Mask | None = None


def measure(
    session: Session,
    photo: str,
    image: Image,
    hole: HoleSpec,
    backends: Sequence[str],
    *,
    seed: int = 0,
    names: Sequence[str] = QUICK,
    own: Mask | None = None,
    progress: Progress | None = None,
    side: int = THUMBNAIL,
) -> Iterator[Measured]:
    """One row per backend for one hole in one photo, as each is ready; a hole that cannot be cut is rows with errors.

    image: (H, W, 3) uint8. The backends get the photo with the hole blanked and the seed; those that restore get a
    mosaic in the hole where the hole is one. own: the user's mask, for "moved". side: of the pictures, at most.
    """
    progress = progress or Progress()
    height, width = image.shape[:2]
    base = Row(photo, hole.text, "", width, height, 0.0)
    try:
        mask = hole.draw(image.shape, seed, name=photo, own=own)
    except InpaintError as error:
        small = thumbnail(image)
        for backend in backends:
            yield Measured(replace(base, backend=backend, error=str(error)), small, small, None)
        return
    base = replace(base, hole_share=round(float(mask.mean()), 6))
    blanked = image.copy()
    blanked[mask] = BLANK
    pictures = thumbnail(image, side), thumbnail(blanked, side)
    cut = _Cut(image, blanked, mask, seed, names, pictures, side)
    if hole.kind == MOSAIC:
        stands = mosaic(image, mask)
        yield cut.measured(replace(base, backend=MOSAIC, scores=cut.scores(stands)), stands)
    for number, backend in enumerate(backends):
        part = progress.part(number / len(backends), (number + 1) / len(backends), f"{backend} on {photo}")
        yield _filled(session, replace(base, backend=backend), cut, part)


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """A hole cut into a photo. pictures: of truth and cut, `side` pixels at most."""

    truth: Image
    blanked: Image
    mask: Mask
    seed: int
    names: Sequence[str]
    pictures: tuple[Image, Image]
    side: int

    def measured(self, row: Row, fill: Image | None = None) -> Measured:
        """The row with its pictures."""
        return Measured(row, *self.pictures, None if fill is None else thumbnail(fill, self.side), self.mask)

    def scores(self, fill: Image) -> Scores:
        """Those of a fill, (H, W, 3), rounded."""
        found = scores(self.truth, fill, self.mask, names=self.names)
        if "tv" in self.names:
            own = total_variation(self.truth, self.mask), total_variation(self.truth)
            found["truth"] = dict(zip(("hole tv", "image tv"), own, strict=True))
        return {
            place: {name: round(value, 6) for name, value in values.items()}
            for place, values in found.items()
        }


def _filled(session: Session, base: Row, cut: _Cut, progress: Progress) -> Measured:
    try:
        session.resolve_backend(base.backend)
        told = base.hole.startswith(MOSAIC) and registry.find(base.backend).restores
        shown = mosaic(cut.truth, cut.mask) if told else cut.blanked
        removal = Removal(shown, cut.mask, grow=0, feather=0, options={"seed": cut.seed})
        with memory.peak() as grown:
            result = session.remove(removal, base.backend, progress)
    except Cancelled:
        raise
    except InpaintError as error:
        return cut.measured(replace(base, error=str(error)))
    bare = report(cut.blanked, result)
    row = replace(
        base,
        seconds=round(result.seconds, 4),
        peak_mb=grown.megabytes,
        scores=cut.scores(result.image),
        seam_contrast=bare.seam_contrast,
        texture_energy=bare.texture_energy,
        changed_known=result.changed_known,
    )
    return cut.measured(row, result.image)


def mosaic(image: Image, mask: Mask, cells: int = 8) -> Image:
    """The photo with the hole's box turned into cells×cells blocks of its mean colours, inside the hole only."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    part = image[top : top + height, left : left + width]
    coarse = cv2.resize(part, (min(cells, width), min(cells, height)), interpolation=cv2.INTER_AREA)
    blocks = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    result = image.copy()
    inside = mask[top : top + height, left : left + width]
    result[top : top + height, left : left + width][inside] = blocks[inside]
    return result


def thumbnail(image: Image, side: int = THUMBNAIL) -> Image:
    """The image with its longest side at most `side`."""
    scale = side / max(image.shape[:2])
    if scale >= 1:
        return image.copy()
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def run(
    plan: Plan,
    session: Session,
    progress: Progress | None = None,
    *,
    done: Callable[[tuple[str, str, str]], bool] = lambda key: False,
    processes: int = 1,
) -> Iterator[Measured]:
    """Every row of the plan, as each is ready: what the page's Evaluate tab and the command line both draw from.

    done: tells of a row's key whether it is there already. A photo that cannot be read gives rows with its error.
    Raises OptionError for an unknown hole before the first row, Cancelled.
    """
    progress = progress or Progress()
    holes = tuple(parse(text) for text in plan.holes)
    jobs = [
        (photo, hole, left)
        for photo in plan.photos
        for hole in holes
        if (left := tuple(name for name in plan.backends if not done((photo.name, hole.text, name))))
    ]
    if processes <= 1:
        for number, job in enumerate(jobs):
            part = progress.part(number / len(jobs), (number + 1) / len(jobs))
            yield from _job(plan, job, session, part)
    else:
        yield from _spread(plan, jobs, processes, session.settings, progress)
    progress(1.0, "Done")


_Job = tuple[PhotoRef, HoleSpec, tuple[str, ...]]


def _job(plan: Plan, job: _Job, session: Session, progress: Progress) -> Iterator[Measured]:
    photo, hole, backends = job
    try:
        image = fitted(
            photo.read(session.limits, partial(session.load, progress=progress)), plan.size, plan.crop
        )
    except InpaintError as error:
        blank = np.zeros((1, 1, 3), dtype=np.uint8)
        for backend in backends:
            yield Measured(
                Row(photo.name, hole.text, backend, 0, 0, 0.0, error=str(error)), blank, blank, None
            )
        return
    yield from measure(
        session, photo.name, image, hole, backends, seed=plan.seed, names=plan.names, progress=progress
    )


_session: Session | None = None
"""The session of a worker process."""


def _start(settings: Settings) -> None:
    """Set a worker up: its share of the cores, and a session of its own."""
    global _session
    bound(settings.threads)
    _session = Session(settings)


def _work(plan: Plan, job: _Job) -> list[Measured]:
    if _session is None:
        raise AssertionError("a worker is set up by _start")
    return list(_job(plan, job, _session, Progress()))


def _spread(
    plan: Plan, jobs: Sequence[_Job], processes: int, settings: Settings, progress: Progress
) -> Iterator[Measured]:
    """The jobs on several processes; never more than two per process are under way, so that a cancel is quick."""
    settings = replace(settings, threads=max(1, settings.cores // processes))
    pool = ProcessPoolExecutor(
        processes, mp_context=multiprocessing.get_context("spawn"), initializer=partial(_start, settings)
    )
    waiting: set[Future[list[Measured]]] = set()
    begun = finished = 0
    try:
        while begun < len(jobs) or waiting:
            while begun < len(jobs) and len(waiting) < 2 * processes:
                waiting.add(pool.submit(_work, plan, jobs[begun]))
                begun += 1
            ready, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
            progress(finished / len(jobs), f"{finished} of {len(jobs)} holes")
            for future in ready:
                finished += 1
                yield from future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
