"""Where a result is to go: looked at before the work, and never lost after it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from inpaint_app.errors import SaveError
from inpaint_app.photofile.files import failure, write_bytes


def prepare(folder: Path, megabytes: float = 0.0) -> None:
    """Make a folder where it is missing, and see whether files may be written there and have room.

    Raises SaveError with the cure, so that nobody works for minutes first.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(prefix=".inpaint-", suffix=".part", dir=folder):
            pass
        free = shutil.disk_usage(folder).free / 1e6
    except (OSError, ValueError) as error:
        raise SaveError(f"Results cannot be written into {folder}: {failure(error)}.") from error
    if free < megabytes:
        raise SaveError(
            f"There is no room in {folder}: {free:.1f} MB are free, about {megabytes:.1f} MB are needed. Free some "
            "space or choose another folder."
        )


def write_kept(data: bytes, target: Path) -> tuple[Path, str]:
    """Write a finished result: to its target, or else beside it, or else into the temporary folder.

    Returns where it is, and what to tell, "" where that is its target. Raises SaveError only where no place takes it.
    """
    try:
        return write_bytes(data, target), ""
    except SaveError as error:
        first = error
    for folder in (target.parent, Path.cwd(), Path(tempfile.gettempdir())):
        place = _free(folder, target)
        try:
            write_bytes(data, place)
        except SaveError:
            continue
        return place, f"{str(first).rstrip('.')}. The result is not lost, it is in {place}."
    raise first


def _free(folder: Path, target: Path) -> Path:
    """A name like the target's that no file in the folder has."""
    suffix = target.suffix[:10]
    stem = os.fsdecode(os.fsencode(target.name)[:120]).removesuffix(suffix) if suffix else target.name[:100]
    stem = stem.encode("utf-8", "ignore").decode("utf-8", "ignore")
    number = 1
    while True:
        place = folder / f"{stem}-kept{'' if number == 1 else number}{suffix}"
        if not place.exists() and not place.is_symlink():
            return place
        number += 1
