"""The folder of a report: rows on disk the moment they are known, so that a run that was stopped goes on.

rows.jsonl: a first line with what was measured how, then a row a line. pictures/: small JPEGs for the report. A kill
loses at most the hole at work; a torn last line is left out when read.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2

from inpaint_app.batch.journal import hold
from inpaint_app.errors import OptionError, SaveError
from inpaint_app.lab.evaluation.measure import Measured, Plan, Row
from inpaint_app.types import Image

ROWS = "rows.jsonl"
PICTURES = "pictures"
LOCK = ".lock"
_SAME = ("size", "crop", "seed", "names")
"""What two runs must have in common for their rows to stand in one table."""


class Store:
    """Rows and pictures of one report folder."""

    def __init__(self, folder: Path, plan: Plan, fresh: bool = False) -> None:
        """Open the folder, or make it. fresh: forget what is there.

        Raises OptionError where the folder's rows were measured otherwise, SaveError where it cannot be written or
        another run is writing into it.
        """
        self.folder = folder
        self.rows: dict[tuple[str, str, str], Row] = {}
        self.earlier = 0
        how = {name: getattr(plan, name) for name in _SAME}
        try:
            (folder / PICTURES).mkdir(parents=True, exist_ok=True)
            self._lock = (folder / LOCK).open("a")
            hold(self._lock, folder, "evaluation")
            path = folder / ROWS
            if fresh and path.exists():
                path.unlink()
            if path.exists():
                self._resume(path, how)
            self._rewrite(path, how)
        except OSError as error:
            raise SaveError(
                f"The report cannot be written into {folder}: {error.strerror or error}."
            ) from error

    def _resume(self, path: Path, how: Mapping[str, Any]) -> None:
        lines = list(_lines(path))
        before = lines[0] if lines else {}
        for name, value in how.items():
            was = before.get(name)
            if (tuple(was) if isinstance(was, list) else was) != value:
                raise OptionError(
                    f"{self.folder} holds rows that were measured otherwise ({name} {was}, not {value}): choose "
                    "another folder, or give --fresh to start anew."
                )
        for line in lines[1:]:
            row = _row(line)
            if row is not None and not row.error:
                self.rows[row.key] = row
        self.earlier = len(self.rows)

    def _rewrite(self, path: Path, how: Mapping[str, Any]) -> None:
        beside = path.with_name(f".{path.name}.part")
        lines = [dict(how), *(dataclasses.asdict(row) for row in self.rows.values())]
        beside.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        os.replace(beside, path)

    def close(self) -> None:
        """Let another run write into the folder; the end of the process does so too."""
        self._lock.close()

    def has(self, key: tuple[str, str, str]) -> bool:
        """Whether that row is there already."""
        return key in self.rows

    def add(self, measured: Measured) -> None:
        """Keep a row and its pictures."""
        row = measured.row
        try:
            for backend, picture in (
                ("truth", measured.truth),
                ("cut", measured.cut),
                (row.backend, measured.fill),
            ):
                if picture is not None and not row.error:
                    self._picture(row, backend, picture)
            with (self.folder / ROWS).open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(dataclasses.asdict(row)) + "\n")
        except OSError as error:
            raise SaveError(
                f"The report cannot be written into {self.folder}: {error.strerror or error}."
            ) from error
        self.rows[row.key] = row

    def _picture(self, row: Row, backend: str, picture: Image) -> None:
        path = self.picture(row.photo, row.hole, backend)
        if backend in ("truth", "cut") and path.exists():
            return
        done, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
        if done:
            path.write_bytes(data.tobytes())

    def picture(self, photo: str, hole: str, backend: str) -> Path:
        """Where the small picture of a fill, of the truth or of the cut lies."""
        name = hashlib.sha256("\n".join((photo, hole, backend)).encode()).hexdigest()[:20]
        return self.folder / PICTURES / f"{name}.jpg"


def _row(line: Mapping[str, Any]) -> Row | None:
    try:
        return Row(**line)
    except TypeError:
        return None


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a journal; one that is torn or no JSON is left out."""
    text = path.read_text(encoding="utf-8")
    for line in text[: text.rfind("\n") + 1].splitlines():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            continue
