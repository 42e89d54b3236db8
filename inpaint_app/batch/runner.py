"""Many photos into a folder: resumable, one error stops nothing, finished work survives a kill.

Beside the results lies `batch.csv` (see journal.py). With `resume` a photo is done again only when its bytes, its
mask or what is to be done to it have changed, or its result is gone or was changed since. Reading, naming and writing
happen here alone, in the photos' order, so that names and files are the same wherever the work itself is done.
"""

from __future__ import annotations

import hashlib
import json
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np

from inpaint_app.batch import journal
from inpaint_app.batch.bursts import bursts as served
from inpaint_app.batch.journal import Row
from inpaint_app.batch.photos import Masks
from inpaint_app.batch.photos import labels as labelled
from inpaint_app.batch.results import Results, sha256
from inpaint_app.batch.work import Done, Engine, Order, Task, alone, failed, result_suffix
from inpaint_app.errors import InpaintError, MaskError, OptionError, SaveError
from inpaint_app.imaging.mask_reader import BY_RULE, Reading
from inpaint_app.photofile import files
from inpaint_app.photofile.photo import AS_USUAL, SaveOptions
from inpaint_app.photofile.target import prepare, write_kept
from inpaint_app.removal.session import Request, Session
from inpaint_app.types import Progress


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
        pace = (len(self.rows) - self.resumed) / max(self.seconds, 1e-3)
        speed = f"{self.seconds:.1f} s" + (f", {60 * pace:.0f} photos a minute" if pace else "")
        return f"{'; '.join(said)}. {speed}, listed in {self.folder / journal.NAME}"


def run(
    photos: Sequence[Path],
    request: Request,
    out: Path,
    session: Session,
    progress: Progress | None = None,
    on_done: Callable[[Row], None] | None = None,
    *,
    root: Path | None = None,
    masks: Mapping[Path, Path] | None = None,
    format: str | None = None,
    resume: bool = False,
    engine: Engine | None = None,
    reading: Reading = BY_RULE,
    frame: int | None = None,
    overwrite: bool = False,
    saving: SaveOptions = AS_USUAL,
    bursts: bool = False,
) -> Summary:
    """Do one request to many photos and write the results and batch.csv into `out`.

    Rows name a photo by its path below `root`, by default by its file name alone, so that a batch.csv handed on
    tells nothing of the machine. masks: a mask file per photo, joined with what the request finds; a photo with neither
    fails by itself. frame: which frame or page of each, from 1. resume: skip what `out` already holds. bursts: the
    photos of a burst are further shots for one another (bursts.py). on_done is
    called after each photo is on disk. engine: where the work is done, by default in this process.
    Raises OptionError or MissingError before anything starts, SaveError where `out` cannot be written, Cancelled (what
    is done stays done).
    """
    progress = progress or Progress()
    began = time.perf_counter()
    session.resolve_backend(request.backend).make_options(request.options)
    if request.objects:
        session.resolve_segmenter(request.segmenter, progress)
    labels = labelled(photos, root)
    if format is not None:
        _check_format(format)
    prepare(out)
    written = journal.written(out, overwrite)
    with journal.opened(out, resume, labels) as (earlier, write):

        def record(row: Row) -> None:
            write(row)
            if on_done is not None:
                on_done(row)

        names = Results(out, photos, earlier.values(), labels, written, overwrite)
        order = Order(request, format, reading, frame, saving)
        others = served(photos, labels, session, progress) if bursts else {}
        work = _Batch(photos, labels, order, out, session, masks or {}, earlier, names, record, others)
        for done in (engine or alone(session))(work.tasks(progress), progress):
            work.finish(done)
    rows = tuple(row for _, row in sorted(work.rows.items()))
    return Summary(out, rows, time.perf_counter() - began, work.resumed)


@dataclass(slots=True, eq=False)
class _Batch:
    """A batch under way: `rows` by the photos' index."""

    photos: Sequence[Path]
    labels: Sequence[str]
    order: Order
    out: Path
    session: Session
    masks: Mapping[Path, Path]
    earlier: Mapping[str, Row]
    names: Results
    record: Callable[[Row], None]
    served: Mapping[Path, tuple[Path, ...]]
    rows: dict[int, Row] = field(default_factory=dict)
    resumed: int = 0

    def tasks(self, progress: Progress) -> Iterator[Task]:
        """The photos that are to be done; those that are done already or cannot be read become rows at once."""
        count = len(self.photos)
        for index, (path, label) in enumerate(zip(self.photos, self.labels, strict=True)):
            progress(len(self.rows) / count, f"{path.name} ({index + 1} of {count})")
            try:
                task = self.task(index, path, label)
            except (InpaintError, OSError) as error:
                self.settle(index, failed(label, str(error)))
                continue
            before = self.earlier.get(task.key)
            if before is not None and before.photo == label and self.holds(before):
                self.resumed += 1
                self.settle(index, before)
            else:
                yield task

    def task(self, index: int, path: Path, label: str) -> Task:
        """Read a photo and name its result; the header alone says what it is. Raises InpaintError, OSError."""
        limits, order = self.session.limits, self.order
        data = files.read_bytes(path, limits)
        mask = files.read_bytes(self.masks[path], limits) if path in self.masks else None
        asked = order.request.objects or order.request.gestures or order.request.mask is not None
        if mask is None and isinstance(self.masks, Masks) and not asked:
            raise MaskError(self.masks.missing(path))
        shots = tuple((other.name, files.read_bytes(other, limits)) for other in self.served.get(path, ()))
        own, width, height = self.session.header_of(data, path.name)
        chosen = files.chosen_format(own, order.format, order.saving.exact, (width, height))
        name = self.names.take(path, label, result_suffix(path, own, chosen))
        key, count = self.key(data, mask, shots), len(self.photos)
        return Task(index, count, label, path.name, name, key, data, mask, order, shots)

    def finish(self, done: Done) -> None:
        """Write what was done and its row."""
        row = done.row
        if done.data is not None:
            try:
                _, trouble = write_kept(done.data, self.out / row.result)
            except SaveError as error:
                trouble = str(error)
            if trouble:
                row = replace(failed(row.photo, trouble, row.key), seconds=row.seconds)
        self.settle(done.index, row)

    def settle(self, index: int, row: Row) -> None:
        """Keep a row, on disk and here."""
        self.rows[index] = row
        self.record(row)

    def key(self, data: bytes, mask: bytes | None, shots: Sequence[tuple[str, bytes]] = ()) -> str:
        """The hash of everything that decides a result: the photo's bytes, the mask's, the shots', and the work."""
        order, request = self.order, self.order.request
        values = {item.name: getattr(request, item.name) for item in fields(request)}
        arrays = [values.pop(name) for name in ("mask", "avoid")]
        del values["found"], values["numbers"]
        values["options"] = dict(sorted(request.options.items()))
        source = hashlib.sha256(data).hexdigest()
        digest = hashlib.sha256(json.dumps([source, values, order.format, order.frame], default=str).encode())
        digest.update(b"-" if mask is None else hashlib.sha256(mask).hexdigest().encode())
        if order.reading != BY_RULE:
            digest.update(repr(order.reading).encode())
        if order.saving != AS_USUAL:
            digest.update(repr(order.saving).encode())
        for _, shot in shots:
            digest.update(hashlib.sha256(shot).digest())
        for array in arrays:
            digest.update(b"-" if array is None else np.packbits(array).tobytes())
        return digest.hexdigest()

    def holds(self, row: Row) -> bool:
        """Whether the result that a row names is in the folder, as it was written."""
        if row.status == "failed" or not row.result or Path(row.result).name != row.result:
            return False
        path = self.out / row.result
        return path.is_file() and not path.is_symlink() and sha256(path) == row.sha256


def _check_format(format: str) -> None:
    try:
        files.chosen_format("", format)
    except SaveError as error:
        raise OptionError(str(error)) from error


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
