"""What was done to a photo: as plain JSON, and as a line for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from inpaint_app.photofile.photo import Photo, Saved
from inpaint_app.segmenters.base import counted_words
from inpaint_app.types import Result


def report(path: Path, photo: Photo, result: Result, saved: Saved) -> dict[str, Any]:
    """What was done to one photo, as plain JSON."""
    return {
        "photo": str(path),
        "result": str(saved.path),
        "backend": result.backend,
        "seconds": round(result.seconds, 3),
        "width": photo.width,
        "height": photo.height,
        "removed": [instance.plain() for instance in result.removed],
        "found": len(result.instances),
        "mask_pixels": int(np.count_nonzero(result.hole)),
        "hole_pixels": int(np.count_nonzero(result.mask)),
        "grow": result.grow,
        "feather": result.feather,
        "windows": [list(box) for box in result.boxes],
        "options": {name: getattr(result.options, name) for name in result.options.__dataclass_fields__},
        "changed_known_pixels": result.changed_known,
        "finder": result.finder or None,
        "new_objects": result.note or None,
        "file": saved.report.plain(),
    } | ({} if result.behind is None else {"shots": result.behind.plain()})


def summary(record: dict[str, Any], several: bool = False) -> str:
    """A record as a line for people. several: other photos have lines too, so it says which this is."""
    share = 100 * record["hole_pixels"] / (record["width"] * record["height"])
    place = record["result"] if record["result"] != "-" else "standard output"
    true = f" ({record['shots']['told']})" if "shots" in record else ""
    seed = (
        f"; seed {record['options']['seed']}{', suggested' if record['best'] else ''}"
        if "best" in record
        else ""
    )
    return (
        f"{place}{' from ' + record['photo'] if several else ''}: {_gone(record)}{share:.1f} % of the photo filled by "
        f"{record['backend']} in {record['seconds']:.2f} s{true}; {record['file']['kept']}{seed}; "
        f"shown elsewhere in the file: {record['file']['elsewhere']}"
    )


def _gone(record: dict[str, Any]) -> str:
    """What was found and removed, by whom, and how sure that was."""
    if not record["removed"]:
        return ""
    words = counted_words(item["label"] for item in record["removed"])
    sure = sorted(round(100 * item["confidence"]) for item in record["removed"])
    scores = f"{sure[0]} %" if sure[0] == sure[-1] else f"{sure[0]} to {sure[-1]} %"
    finder = f" by {record['finder']}" if record["finder"] else ""
    return f"{words} found{finder}, {scores} sure; "
