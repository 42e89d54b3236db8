"""What the results of a batch are called, so that no file of anybody else's is written over."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from inpaint_app.batch import journal
from inpaint_app.batch.journal import Row
from inpaint_app.batch.naming import Names, key, legal
from inpaint_app.errors import InpaintError, OptionError
from inpaint_app.photofile import files


class Results:
    """The names of a batch's results: each its own, none a photo's that is read or a file's of somebody else."""

    def __init__(
        self,
        out: Path,
        photos: Sequence[Path],
        earlier: Iterable[Row],
        labels: Sequence[str],
        written: Mapping[str, str],
        overwrite: bool,
    ) -> None:
        self._out = out
        self._overwrite = overwrite
        self._written = written
        self._names = Names(out, (journal.NAME, journal.LOCK))
        self._inputs = {(photo.resolve().parent, key(photo.name)) for photo in photos}
        # A photo that had a result keeps its name, if it still is in this batch and no other took it.
        self._had: dict[str, str] = {}
        known = set(labels)
        for row in earlier:
            name = row.result
            if row.photo in known and name and Path(name).name == name and self._names.take(name):
                self._had[row.photo] = name

    def take(self, path: Path, label: str, suffix: str) -> str:
        """A file for this photo's result: of two photos with one name the second gets -2, and so on.

        Raises OptionError where that would be one of the photos.
        """
        name, number = self._had.get(label, ""), 1
        if not name.endswith(suffix) or not self._ours(name):
            name = legal(path.stem, suffix)
            while not (self._ours(name) and self._names.take(name)):
                number += 1
                name = legal(path.stem, f"-{number}{suffix}")
        if (self._out.resolve(), key(name)) in self._inputs:
            raise OptionError(
                f"{self._out / name} is one of the photos: choose another folder for the results."
            )
        return name

    def _ours(self, name: str) -> bool:
        """Whether a result may have the name: no file has it, or one that a batch wrote and nobody worked on."""
        there = self._names.there.get(key(name))
        if there is None or self._overwrite or (self._out.resolve(), key(name)) in self._inputs:
            return True
        path = self._out / there
        if path.is_symlink():
            return True  # the link goes, what it leads to stays
        if there not in self._written or not path.is_file():
            return False
        return sha256(path) == self._written[there] or not _is_picture(path)


def _is_picture(path: Path) -> bool:
    try:
        files.header_of(path.read_bytes(), path.name, files.Limits(float("inf"), float("inf")))
    except (InpaintError, OSError):
        return False
    return True


def sha256(path: Path) -> str:
    """The hash of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
