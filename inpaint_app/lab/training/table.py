"""The table of the shipped weights, from the manifest: `python -m inpaint_app.lab.training.table checkpoints`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inpaint_app.models.checkpoints import Entry, entries

_HEAD = """# Checkpoints

The weights that this project trained itself, on 16,500 CC0 photos of scenes (buildings, forest, glacier, mountain, sea,
street; github.com/ndb796/Scene-Classification-Dataset @ e38f98b5) and on nothing else; `shadow` also on 29 real photos,
the tuning half of benchmarks/results/shadows.md, 21 of them with labelled shadows. Each is fp16 safetensors, named
with its sha256 in `manifest.toml` and loaded strictly.
This page is generated: `python -m inpaint_app.lab.training.table checkpoints`.

A network goes on learning with `inpaint-app train RECIPE --data PHOTOS… --out runs/RECIPE --minutes N --resume`, and is
shipped with `python -m inpaint_app.lab.training.export runs/RECIPE`, then scored with
`python -m inpaint_app.lab.training.validate --data EVAL --fillers RECIPE --record`.
"""

_NOTE = """
Scores are over the hole, of photos at 128 px that no network has seen, the fill made in one go at that size; HaarPSI
over the hole's box and 16 pixels around it. PSNR is the mean over the photos, "pooled" that of the mean squared error.
The mosaic network is shown the hole in blocks of 8 × 8 pixels, all others see nothing of it.
"""


def table(known: Mapping[str, Entry]) -> str:
    """The page in Markdown: how each network was trained, and its scores for each kind of hole."""
    lines = [_HEAD, "## Training\n"]
    columns = ("recipe", "commit", "device", "precision", "steps", "images", "minutes", "megabytes")
    lines += _markdown(
        ("weights", *columns),
        [(one.name, *(one.training.get(key, "") for key in columns)) for one in known.values()],
    )
    lines += ["\n## Scores", _NOTE]
    kinds = sorted({hole for one in known.values() for hole in one.scores})
    names = ("photos", "l1", "l2", "psnr", "psnr_pooled", "haarpsi")
    rows = [
        (one.name, hole, *(one.scores[hole].get(key, "") for key in names))
        for hole in kinds
        for one in known.values()
        if hole in one.scores
    ]
    lines += _markdown(("weights", "hole", "photos", "L1 %", "L2 %", "PSNR dB", "pooled dB", "HaarPSI"), rows)
    return "\n".join(lines) + "\n"


def _markdown(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[str]:
    cells = [head, ("---",) * len(head), *(tuple(map(_cell, row)) for row in rows)]
    return ["| " + " | ".join(row) + " |" for row in cells]


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value)


def main() -> int:
    """Write README.md beside the manifest."""
    parser = argparse.ArgumentParser(description="Write the table of the shipped weights.")
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    part = folder / "README.md.part"
    part.write_text(table(entries(folder)), encoding="utf-8")
    os.replace(part, folder / "README.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
