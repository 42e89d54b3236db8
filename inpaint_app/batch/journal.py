"""The journal of a batch, batch.csv: what became of each photo, on disk the moment that it is known.

A kill at any time loses at most the photo at work: rows are appended and flushed, a torn last row is left out when
read, and the file is only ever replaced whole.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO

from inpaint_app.errors import SaveError

NAME = "batch.csv"
LOCK = ".batch.lock"
LEFT = re.compile(r"\..+\.[a-z0-9_]{8}\.part|\.batch\.csv\.part")


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one photo: a row of batch.csv.

    status: "removed", "unchanged" (nothing of what was asked for is in it: the result is the photo as it was) or
    "failed". changed_outside: pixels outside the hole that differ in the written file; None where not counted.
    shown_elsewhere: where else in that file what was removed may be seen: "nowhere" or the places; "" where not looked.
    key: hash of the photo, the mask and the work together; sha256: of the written file.
    """

    photo: str
    status: str
    result: str = ""
    removed: str = ""
    hole_pixels: int = 0
    changed_outside: int | None = None
    method: str = ""
    seconds: float = 0.0
    message: str = ""
    key: str = ""
    sha256: str = ""
    shown_elsewhere: str = ""


@contextmanager
def opened(
    folder: Path, resume: bool, order: Sequence[str] = ()
) -> Iterator[tuple[Mapping[str, Row], Callable[[Row], None]]]:
    """The rows of earlier runs by key (none without `resume`), and what writes the next one; one run at a time.

    Rows of earlier runs stay until their photo is done again; without `resume` those of other photos go at the end.
    order: how the photos stand in the end, behind those of earlier runs that are not among them. Raises SaveError.
    """
    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("a")
    except OSError as error:
        raise SaveError(f"The results cannot be written into {folder}: {error.strerror or error}.") from error
    with lock:
        hold(lock, folder, "batch")
        _sweep(folder)
        rows = {row.photo: row for row in read(path)}
        earlier = {row.key: row for row in rows.values() if row.key and resume}
        _rewrite(path, rows.values())

        def write(row: Row) -> None:
            if rows.get(row.photo) != row:
                rows[row.photo] = row
                _append(path, row)

        yield earlier, write
        place = {photo: number for number, photo in enumerate(order)}
        kept = [row for row in rows.values() if resume or row.photo in place]
        _rewrite(path, sorted(kept, key=lambda row: place.get(row.photo, -1)))


def written(folder: Path, overwrite: bool = False) -> Mapping[str, str]:
    """The hashes of the results of earlier runs, by their names.

    Raises SaveError where batch.csv is another program's and may not be written over.
    """
    path = folder / NAME
    if path.is_file() and not overwrite and not _is_journal(path):
        raise SaveError(
            f"{path} was not written by this app: choose another folder, or allow it with --overwrite."
        )
    return {row.result: row.sha256 for row in read(path) if row.result and row.sha256}


def _is_journal(path: Path) -> bool:
    """Whether a file begins as a journal does; an empty one is one that was just begun."""
    try:
        with path.open(encoding="utf-8", errors="surrogateescape") as stream:
            head = stream.readline(10_000).strip()
    except OSError:
        return True  # what cannot be read is told where it is to be written
    return not head or head.startswith(",".join(field.name for field in fields(Row)[:3]))


def hold(lock: IO[str], folder: Path, what: str) -> None:
    """Lock a folder by that file in it; the system lets go when the file is closed or the process ends, however.

    Raises SaveError where another `what` ("batch") holds it.
    """
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise SaveError(
            f"Another {what} is writing into {folder}: wait for it, or choose another folder."
        ) from None


def _sweep(folder: Path) -> None:
    """Take away what a killed run had half written (files.write_bytes, _rewrite); names are never those of results."""
    for left in folder.glob(".*.part"):
        if LEFT.fullmatch(left.name) and left.is_file() and not left.is_symlink():
            left.unlink(missing_ok=True)


def _cells(row: Row) -> list[str]:
    return ["" if value is None else str(value) for value in asdict(row).values()]


def _append(path: Path, row: Row) -> None:
    try:
        with path.open("a", newline="", encoding="utf-8", errors="surrogateescape") as stream:
            csv.writer(stream).writerow(_cells(row))
    except OSError as error:
        raise SaveError(f"{path} cannot be written: {error.strerror or error}.") from error


def _rewrite(path: Path, rows: Iterable[Row]) -> None:
    """The journal in one piece: a header and a row per photo."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([field.name for field in fields(Row)])
    writer.writerows(_cells(row) for row in rows)
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(text.getvalue().encode("utf-8", "surrogateescape"))
        beside.replace(path)
    except OSError as error:
        raise SaveError(f"{path} cannot be written: {error.strerror or error}.") from error


def read(path: Path) -> list[Row]:
    """The rows of a journal, the last one of each photo; whatever is no whole row is left out."""
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    rows: dict[str, Row] = {}
    for cells in csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1], newline="")):
        try:
            row = _parsed(cells)
        except (KeyError, TypeError, ValueError):
            continue
        rows[row.photo] = row
    return list(rows.values())


def _parsed(cells: Mapping[str, str]) -> Row:
    changed = cells["changed_outside"]
    return Row(
        photo=cells["photo"],
        status=cells["status"],
        result=cells["result"],
        removed=cells["removed"],
        hole_pixels=int(cells["hole_pixels"]),
        changed_outside=int(changed) if changed else None,
        method=cells["method"],
        seconds=float(cells["seconds"]),
        message=cells["message"],
        key=cells["key"],
        sha256=str(cells["sha256"]),
        shown_elsewhere=cells.get("shown_elsewhere") or "",
    )
