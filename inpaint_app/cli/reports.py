"""What is written or said beside the results: JSON, checked before the work, and which finder looked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from inpaint_app.cli import written
from inpaint_app.cli.console import Console
from inpaint_app.photofile.files import write_bytes
from inpaint_app.photofile.target import prepare
from inpaint_app.segmenters import registry as segmenters


def write_json(target: str, content: Any, write: Any) -> None:
    """JSON to a file, or to stdout for "-"."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    if target == "-":
        write(text)
    else:
        data = (text + "\n").encode()
        write_bytes(data, Path(target))
        written.remember(data)


def check_file(target: Path | str | None, overwrite: bool) -> None:
    """Before the work: whether a report or picture may be written there. Raises OptionError, SaveError."""
    if target is None or str(target) == "-":
        return
    if not overwrite:
        written.check(Path(target))
    prepare(Path(target).parent)


def say_finder(name: str, console: Console) -> None:
    """Tell which segmenter looked, where there is something to know about it."""
    if name and segmenters.find(name).note:
        spec = segmenters.find(name)
        console.note(f"{spec.title} looked for objects. {spec.note}")
