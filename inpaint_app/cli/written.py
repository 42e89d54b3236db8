"""Which files the command line wrote: what it wrote itself, and nobody changed since, it may write over.

Kept as hashes in the cache. Where that cannot be kept nothing counts as written here, and --overwrite is asked for.

Beside results: reports as JSON, their place looked at before the work, and which segmenter looked.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from inpaint_app.batch.results import sha256
from inpaint_app.cli.console import Console
from inpaint_app.errors import OptionError
from inpaint_app.photofile.files import write_bytes
from inpaint_app.photofile.target import prepare
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.settings import Settings

NAME = "written.txt"
MOST = 20_000
"""Hashes that are kept; the oldest go first."""


def remember(written: bytes | Path, settings: Settings) -> None:
    """A file with these bytes, or that file, was written."""
    path = settings.cache / NAME
    with contextlib.suppress(OSError):
        digest = hashlib.sha256(written).hexdigest() if isinstance(written, bytes) else sha256(written)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.stat().st_size > 65 * MOST:
            lines = path.read_text().splitlines()[-MOST // 2 :]
            beside = path.with_name(f".{NAME}.{os.getpid()}.part")
            beside.write_text("".join(f"{line}\n" for line in lines))
            beside.replace(path)
        with path.open("a") as stream:
            stream.write(f"{digest}\n")


def may_replace(path: Path, settings: Settings) -> bool:
    """Whether nothing is there, or a file that was written here and is as it was."""
    if not os.path.lexists(path):
        return True
    if path.is_symlink() or not path.is_file():
        return False
    try:
        return sha256(path) in (settings.cache / NAME).read_text().split()
    except OSError:
        return False


def check(path: Path, settings: Settings) -> None:
    """Raises OptionError where a file is there that this app did not write."""
    if not may_replace(path, settings):
        raise OptionError(
            f"{path} is there already, and not as this app wrote it: choose another name or folder, or allow it with "
            "--overwrite."
        )


def write_json(target: str, content: Any, write: Any, settings: Settings) -> None:
    """JSON to a file, or to stdout for "-"."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    if target == "-":
        write(text)
    else:
        data = (text + "\n").encode()
        write_bytes(data, Path(target))
        remember(data, settings)


def check_file(target: Path | str | None, overwrite: bool, settings: Settings) -> None:
    """Before the work: whether a report or picture may be written there. Raises OptionError, SaveError."""
    if target is None or str(target) == "-":
        return
    if not overwrite:
        check(Path(target), settings)
    prepare(Path(target).parent)


def say_finder(name: str, console: Console, settings: Settings) -> None:
    """Tell which segmenter looked, where there is something to know about it."""
    if name and (spec := segmenters.find(name, settings)).note:
        console.note(f"{spec.title} looked for objects. {spec.note}")
