"""Many photos through one session into a folder: resumable, one error stops nothing, finished work survives a kill.

Beside the results lies `batch.csv` (see journal.py). With `resume` a photo is done again only when its bytes, its
mask or what is to be done to it have changed, or its result is gone or was changed since.
"""

from __future__ import annotations

import hashlib
import json
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np

from inpaint_app import journal
from inpaint_app.errors import Cancelled, InpaintError, OptionError, SaveError
from inpaint_app.imaging import files
from inpaint_app.journal import Row
from inpaint_app.session import Job, NothingFound, Session
from inpaint_app.types import Progress

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif"}
    | {".avif", ".heic", ".heif", ".ppm", ".pgm", ".pnm", ".jp2"}
)
"""What is taken for a photo in a folder, by its name; what it is decides its content."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of all photos, in their order; `resumed` of them were found done already."""

    folder: Path
    rows: tuple[Row, ...]
    seconds: float
    resumed: int = 0

    def count(self, status: str) -> int:
        """How many photos ended so: "removed", "unchanged" or "failed"."""
        return sum(row.status == status for row in self.rows)

    def __str__(self) -> str:
        said = [f"{self.count('removed')} of {len(self.rows)} photos done"]
        if self.count("unchanged"):
            said.append(f"{self.count('unchanged')} had nothing to remove and are saved as they were")
        if self.count("failed"):
            said.append(f"{self.count('failed')} failed")
        if self.resumed:
            said.append(f"{self.resumed} were done before")
        return f"{'; '.join(said)}. {self.seconds:.1f} s, listed in {self.folder / journal.NAME}"


def photos_in(folder: Path, recursive: bool = False) -> tuple[Path, ...]:
    """The photos of a folder by name, sorted. Links that lead out of the folder are not followed."""
    if not folder.is_dir():
        raise OptionError(f"{folder} is no folder of photos.")
    root = folder.resolve()
    return tuple(
        path
        for path in sorted(folder.rglob("*") if recursive else folder.iterdir())
        if path.suffix.lower() in SUFFIXES and path.is_file() and path.resolve().is_relative_to(root)
    )


def masks_in(folder: Path, photos: Iterable[Path]) -> dict[Path, Path]:
    """For each photo the mask of that folder that has its name, whatever the ending; photos without are left out."""
    masks = {path.stem: path for path in reversed(photos_in(folder))}
    return {photo: masks[photo.stem] for photo in photos if photo.stem in masks}


def run(
    photos: Sequence[Path],
    job: Job,
    out: Path,
    session: Session,
    progress: Progress | None = None,
    on_done: Callable[[Row], None] | None = None,
    *,
    root: Path | None = None,
    masks: Mapping[Path, Path] | None = None,
    format: str | None = None,
    resume: bool = False,
) -> Summary:
    """Do one job to many photos and write the results and batch.csv into `out`.

    Rows name a photo by its path below `root`, by default by its file name alone, so that a batch.csv handed on
    tells nothing of the machine. masks: a mask file per photo, joined with what the job finds; a photo with neither
    fails by itself. resume: skip what `out` already holds. on_done is called after each photo is on disk. Raises
    OptionError or MissingError before anything starts, SaveError where `out` cannot be written, Cancelled (what is
    done stays done).
    """
    progress = progress or Progress()
    began = time.perf_counter()
    session.ready(job.backend).make_options(job.options)
    if job.objects:
        session.segmenter(job.segmenter, progress)
    resumed = 0
    rows: list[Row] = []
    labels = _labels(photos, root)
    with journal.opened(out, resume) as (earlier, write):
        work = _Work(job, out, session, masks or {}, format, frozenset(photo.resolve() for photo in photos))
        for index, (photo, label) in enumerate(zip(photos, labels, strict=True)):
            part = progress.part(index / len(photos), (index + 1) / len(photos), photo.name)
            part(0.0, f"{photo.name} ({index + 1} of {len(photos)})")
            row, was_done = work.row(photo, label, part, earlier)
            resumed += was_done
            rows.append(row)
            write(row)
            if on_done is not None:
                on_done(row)
    return Summary(out, tuple(rows), time.perf_counter() - began, resumed)


@dataclass(frozen=True, slots=True)
class _Work:
    """What is done to every photo of a batch; `taken` are the names that results have by now."""

    job: Job
    out: Path
    session: Session
    masks: Mapping[Path, Path]
    format: str | None
    inputs: frozenset[Path]
    taken: set[str] = field(default_factory=lambda: {journal.NAME, journal.LOCK})

    def row(self, path: Path, label: str, progress: Progress, earlier: Mapping[str, Row]) -> tuple[Row, bool]:
        """One photo's row, and whether it was done before."""
        began = time.perf_counter()
        key = ""
        try:
            key = self.key(path)
            before = earlier.get(key)
            if before is not None and before.photo == label and self.holds(before):
                self.taken.add(before.result.casefold())
                return before, True
            row = self.removed(path, progress)
        except Cancelled:
            raise
        except (InpaintError, OSError) as error:
            row = Row(label, "failed", message=str(error))
        return replace(row, photo=label, key=key, seconds=round(time.perf_counter() - began, 3)), False

    def removed(self, path: Path, progress: Progress) -> Row:
        """Load, remove, save. Where nothing is found the photo is handed on as it was, so that none is lacking."""
        photo = self.session.load(path)
        job = self.job
        if path in self.masks:
            given = files.open_mask(self.masks[path], (photo.height, photo.width))
            job = replace(job, mask=given if job.mask is None else given | job.mask)
        target = self.target(path, photo)
        try:
            outcome = self.session.run(photo.rgb, job, progress)
        except NothingFound as nothing:
            return self.unchanged(photo, target, str(nothing))
        result = outcome.result
        saved = files.save(photo, result.image, result.mask, target, format=self.format)
        labels = Counter(instance.label for instance in outcome.removed)
        return Row(
            photo=path.name,
            status="removed",
            result=target.name,
            removed=", ".join(f"{count} {label}" for label, count in labels.items()),
            hole_pixels=int(np.count_nonzero(result.mask)),
            changed_outside=saved.report.changed_pixels_outside,
            method=saved.report.method,
            message=saved.report.note,
            sha256=_sha256(target),
        )

    def unchanged(self, photo: files.Photo, target: Path, message: str) -> Row:
        """The row of a photo that had nothing to remove: its very bytes, or the wanted format without a hole."""
        method, changed = "copied", 0
        if files.chosen_format(photo, self.format) == photo.format:
            files.write_bytes(photo.source, target)
        else:
            hole = np.zeros(photo.rgb.shape[:2], dtype=bool)
            report = files.save(photo, photo.rgb, hole, target, format=self.format).report
            method, changed = report.method, report.changed_pixels_outside or 0
        row = Row(photo.name, "unchanged", target.name, changed_outside=changed, method=method)
        return replace(row, message=message, sha256=_sha256(target))

    def target(self, path: Path, photo: files.Photo) -> Path:
        """A file of its own for this photo's result: of two photos with one name the second gets -2, and so on.

        Names that differ only in the case of letters count as one. Photos of the batch are never written over.
        """
        suffix = result_suffix(path, photo, self.format)
        name, number = f"{path.stem}{suffix}", 1
        while name.casefold() in self.taken:
            number += 1
            name = f"{path.stem}-{number}{suffix}"
        target = self.out / name
        if target.resolve() in self.inputs:
            raise OptionError(f"{target} is one of the photos: choose another folder for the results.")
        self.taken.add(name.casefold())
        return target

    def key(self, path: Path) -> str:
        """The hash of everything that decides a result: the photo's bytes, the mask's, and the work."""
        job = self.job
        values = {item.name: getattr(job, item.name) for item in fields(job)}
        arrays = [values.pop(name) for name in ("mask", "avoid")]
        del values["found"], values["numbers"]
        values["options"] = dict(sorted(job.options.items()))
        digest = hashlib.sha256(json.dumps([_sha256(path), values, self.format], default=str).encode())
        digest.update(_sha256(self.masks[path]).encode() if path in self.masks else b"-")
        for array in arrays:
            digest.update(b"-" if array is None else np.packbits(array).tobytes())
        return digest.hexdigest()

    def holds(self, row: Row) -> bool:
        """Whether the result that a row names is in the folder, as it was written."""
        if row.status == "failed" or not row.result or Path(row.result).name != row.result:
            return False
        path = self.out / row.result
        return path.is_file() and not path.is_symlink() and _sha256(path) == row.sha256


def _labels(photos: Sequence[Path], root: Path | None) -> list[str]:
    """What rows call the photos; a name that comes again gets (2), (3), … behind it."""
    labels: list[str] = []
    seen: Counter[str] = Counter()
    for photo in photos:
        inside = root is not None and photo.is_relative_to(root)
        name = photo.relative_to(root).as_posix() if inside and root is not None else photo.name
        seen[name] += 1
        labels.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return labels


def result_suffix(path: Path, photo: files.Photo, format: str | None) -> str:
    """The ending of a result's name: the photo's own where that fits what is written, else the format's."""
    chosen = files.chosen_format(photo, format)
    return path.suffix if path.suffix and chosen == photo.format else files.SUFFIX[chosen]


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def zipped(summary: Summary, target: Path) -> Path:
    """All results and batch.csv in one zip, written beside and renamed. Photos are packed already: only stored."""
    beside = target.with_name(f".{target.name}.part")
    try:
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_STORED) as archive:
            for row in summary.rows:
                if row.result:
                    archive.write(summary.folder / row.result, row.result)
            archive.write(summary.folder / journal.NAME, journal.NAME)
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise SaveError(f"The zip cannot be written to {target}: {error.strerror or error}.") from error
    return target
