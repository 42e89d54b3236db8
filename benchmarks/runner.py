"""What benchmarks share: the command line, rows kept as they come, intervals, pictures beside each other."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.types import Image, Mask

Row = dict[str, Any]


def parser(doc: str | None, out: str = "") -> argparse.ArgumentParser:
    """The command line of a benchmark, its module's text for --help. out: what its folder OUT gets, if it has one."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    if out:
        made.add_argument("out", type=Path, help=f"folder for {out}")
    return made


def rows_of(out: Path) -> list[Row]:
    """The rows that are in a folder already."""
    path = out / "rows.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def keep(out: Path, *rows: Row) -> None:
    """Add rows to those of a folder, which is made where it is not there: a run that is stopped goes on after them."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / "rows.jsonl").open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def publish(out: Path, table: str) -> None:
    """Print a folder's table and write it there as table.md."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "table.md").write_text(table + "\n")
    print(table)


def interval(
    groups: Sequence[Any], figure: Callable[[NDArray[np.float64]], float] = np.mean, form: str = ".2f"
) -> str:
    """A figure over all rows of all groups, and its 95 % interval by bootstrap over the groups.

    groups: rows of numbers each, or a number each. form: how numbers are written.
    """
    tables = [np.atleast_1d(np.array(rows, dtype=float)) for rows in groups]
    rng = np.random.default_rng(0)
    drawn = [
        figure(np.concatenate([tables[i] for i in rng.integers(len(tables), size=len(tables))]))
        for _ in range(2000)
    ]
    low, high = np.nanpercentile(drawn, (2.5, 97.5)) if len(tables) > 1 else (np.nan, np.nan)
    return f"{figure(np.concatenate(tables)):{form}} ({low:{form}} to {high:{form}})"


def marked(image: Image, mask: Mask) -> Image:
    """The photo with its hole in magenta."""
    return np.where(mask[..., None], np.uint8((255, 0, 255)), image)


def write(path: Path, views: Iterable[Image], widest: int = 0) -> None:
    """Pictures of one height beside each other, each scaled to at most `widest` pixels a side where that is given."""

    def sized(view: Image) -> Image:
        scale = min(1.0, widest / max(view.shape[:2])) if widest else 1.0
        return np.asarray(cv2.resize(view, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))

    path.parent.mkdir(parents=True, exist_ok=True)
    strip = np.hstack([sized(view) for view in views])
    quality = [cv2.IMWRITE_JPEG_QUALITY, 90] if path.suffix == ".jpg" else []
    cv2.imwrite(str(path), cv2.cvtColor(strip, cv2.COLOR_RGB2BGR), quality)
