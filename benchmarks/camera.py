"""A whole shelf of files: load, remove a tenth of the photo, save: python -m benchmarks.camera FOLDER… [--output FILE].

With --journal FILE what came of each file is kept there, and a file that is in it is not done again; --minutes ends
a run early, so that a large shelf is gone through in pieces.

For every file under the folders, whatever its kind: what is refused and in which words, what fails, what is slow (over
twice the usual seconds per megapixel, and over a second), which known pixel, coding unit, tag or profile changed. It
ends with 1 on any exception that is not one of the app's own, and on a change that a report does not own up to.

The hole is an ellipse in the middle. "Known pixels" are counted anew here: in a lossless file none may differ, in a
JPEG edited in its blocks none further than a coding unit from the hole, and no other format promises anything. Tags are
the EXIF tags that Pillow reads, less those that say where in the file something lies; of each that differs, and of a
profile that does, the report has to speak by its name (SPOKEN): another note does not excuse it. A palette may be
widened, or become true colours: only the colours are compared.
"""

from __future__ import annotations

import gc
import io
import json
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import ExifTags, Image

from benchmarks import runner
from inpaint_app.errors import InpaintError
from inpaint_app.photofile import files
from inpaint_app.photofile.inventory import Inventory
from inpaint_app.removal.session import Request, Session
from inpaint_app.types import Mask

SHARE = 0.1
PICTURES = frozenset(
    f".{ending}"
    for ending in (
        *("jpg", "jpeg", "jpe", "jfif", "mpo", "png", "apng", "webp", "tif", "tiff", "heic", "heif", "avif"),
        *("bmp", "dib", "gif", "ppm", "pgm", "pbm", "jp2", "j2k", "tga", "ico", "dng"),
        *("psd", "qoi", "fli", "sgi", "cur", "blp", "dds"),
    )
)
PLACES = frozenset({0x8769, 0x8825, 0xA005, 0x0201, 0x0202, 0x0111, 0x0117, 0x014A, 0x927C, 0xA001})
"""Tags that point into the file, and the maker's own block of them."""
LAYOUT = frozenset(
    {0x00FE, 0x0102, 0x0103, 0x0106, 0x010A, 0x0116, 0x0118, 0x0119, 0x013D, 0x0153, 0x015B}
) | frozenset(range(0x0142, 0x0146))
"""Tags of a TIFF that say how samples are packed: strips, tiles, compression, bit order. The samples are compared."""
SPOKEN = {
    "profile": "profile",
    "samples": "bits",
    0x02BC: "XMP",
    0x83BB: "IPTC",
    0x8649: "Photoshop",
    0x935C: "layers",
    0x9214: "subject's area",
    0xA214: "subject's area",
}
"""The words by which a report names what changed; of other tags their EXIF name."""
ABSENT = {0x0112: "1"}
"""What it means that a tag is not there."""
UNITS = 33
"""Pixels from the hole within which a coding unit that it touches may lie, and what its smoothed colour reaches."""


@dataclass
class Shelf:
    """What came of all files."""

    outcomes: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    changed: list[tuple[str, str]] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    seconds: list[tuple[str, float, float]] = field(default_factory=list)

    def add(self, other: dict[str, Any]) -> None:
        """What came of one more file: a shelf of one, as fields."""
        self.outcomes.update(other.pop("outcomes"))
        for name, rows in other.items():
            getattr(self, name).extend(tuple(row) for row in rows)

    def slow(self) -> list[tuple[str, float, float]]:
        """Files over a second and over twice the usual seconds per megapixel, slowest first."""
        usual = float(np.median([s / m for _, m, s in self.seconds if m > 1])) if self.seconds else 0.0
        late = [row for row in self.seconds if row[2] > max(1.0, 2 * usual * row[1] + 0.5)]
        return sorted(late, key=lambda row: -row[2])


def hole_in(height: int, width: int) -> Mask:
    """An ellipse of a tenth of the photo in its middle, never empty."""
    canvas = np.zeros((height, width), np.uint8)
    axes = max(1, round(width * (SHARE / np.pi) ** 0.5)), max(1, round(height * (SHARE / np.pi) ** 0.5))
    cv2.ellipse(canvas, (width // 2, height // 2), axes, 0, 0, 360, 1, -1)
    return canvas > 0


def photos(folders: list[Path], every: int) -> Iterator[tuple[str, Path]]:
    """Files that may be pictures, with names that tell no folder of this machine."""
    for folder in folders:
        found = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.suffix.lower() in PICTURES]
        for path in found[::every]:
            yield str(path.relative_to(folder.parent)), path


def tags(photo: files.Photo) -> dict[int, str]:
    """EXIF tags as text, without those that say where something lies."""
    try:
        block = Image.open(io.BytesIO(photo.source)).getexif()
        found = dict(block.items()) | dict(block.get_ifd(0x8769).items())
    except Exception:  # noqa: BLE001 - broken EXIF is the same broken EXIF before and after
        return {}
    return {tag: str(value) for tag, value in found.items() if tag not in PLACES | LAYOUT}


def alone(session: Session, name: str, path: Path, backend: str) -> Shelf:
    """One file on a shelf of its own, whatever it raises."""
    shelf = Shelf()
    try:
        one(session, name, path, backend, shelf)
    except Exception:  # noqa: BLE001 - this is what is looked for
        shelf.outcomes["failed"] += 1
        shelf.failed.append((name, traceback.format_exc().strip().splitlines()[-1]))
        print(name, traceback.format_exc(), file=sys.stderr, flush=True)
    return shelf


def one(session: Session, name: str, path: Path, backend: str, shelf: Shelf) -> None:
    """Load, remove, save and compare one file."""
    began = time.process_time()
    try:
        photo = session.load(path)
    except InpaintError as error:
        shelf.outcomes["refused"] += 1
        shelf.refused.append((name, str(error)))
        return
    hole = hole_in(photo.height, photo.width)
    try:
        result = session.run(photo.rgb, Request(mask=hole, backend=backend))
        encoded = files.encode(photo, result.image, result.mask)
    except InpaintError as error:
        shelf.outcomes["not removed"] += 1
        shelf.refused.append((name, str(error)))
        return
    shelf.seconds.append((name, photo.width * photo.height / 1e6, time.process_time() - began))
    report = encoded.report
    shelf.outcomes[f"{photo.format}: {report.method}"] += 1
    if photo.damage:
        shelf.told.append((name, photo.damage))
    for what in differences(photo, encoded, result.image, result.mask):
        shelf.changed.append((name, what))
    if photo.format == "JPEG" and report.method != "jpeg-blocks":
        shelf.told.append((name, report.note))


def differences(photo: files.Photo, encoded: files.Encoded, edited: np.ndarray, hole: Mask) -> Iterator[str]:
    """What changed that should not have."""
    report = encoded.report
    again = files.load(encoded.data, name=photo.name, limits=files.Limits(1e9, 1e9))
    if again.rgb.shape != photo.rgb.shape:
        yield f"size {photo.rgb.shape} became {again.rgb.shape}"
        return
    if (edited[~hole] != photo.rgb[~hole]).any():
        yield "known pixels of the fill"
    if report.changed_blocks_outside:
        yield f"{report.changed_blocks_outside} coding units"
    if report.method in ("jpeg-blocks", "lossless"):
        near = hole
        if report.method == "jpeg-blocks":
            near = cv2.dilate(hole.view(np.uint8), np.ones((2 * UNITS + 1, 2 * UNITS + 1), np.uint8)) > 0
        apart = (again.rgb != photo.rgb).any(axis=2) & ~near
        if photo.alpha is not None and again.alpha is not None and report.method == "lossless":
            apart |= (again.alpha != photo.alpha) & ~near
        if apart.any():
            yield f"{int(apart.sum())} known pixels"
    widened = photo.mode == "P" and again.mode in (
        "P",
        "RGB",
        "RGBA",
    )  # more colours than the palette had room for
    opaque = photo.alpha is None or again.alpha is not None or bool((photo.alpha == 255).all())
    fewer = photo.bit_depth > again.bit_depth or not opaque
    if encoded.report.format == photo.format and not widened and fewer:
        what = f"{photo.mode} of {photo.bit_depth} bits became {again.mode} of {again.bit_depth}"
        yield what + told(report.inventory, "samples")
    if photo.icc != again.icc:
        yield "profile" + told(report.inventory, "profile")
    before, after = tags(photo), tags(again)
    for tag in sorted(before):
        if before[tag] != after.get(tag, ABSENT.get(tag)):
            yield f"tag {tag:#06x}" + told(report.inventory, tag)


def told(inventory: Inventory, what: int | str) -> str:
    """The entries of a report that speak of what changed, as ", told: …"; "" where none does."""
    name = SPOKEN.get(what) or ExifTags.TAGS.get(int(what), "no such tag")
    lines = [line for line in inventory.lines if name.lower() in line.lower()]
    return f", told: {' '.join(lines)}" if lines else ""


def table(shelf: Shelf, backend: str) -> Iterator[str]:
    """The account in Markdown."""
    total = sum(shelf.outcomes.values())
    yield f"{total} files, backend `{backend}`, a hole of {SHARE:.0%}.\n"
    yield "| what came of it | files |\n|---|---|"
    yield from (f"| {what} | {count} |" for what, count in sorted(shelf.outcomes.items()))
    if shelf.seconds:
        rates = [s / m for _, m, s in shelf.seconds if m > 1]
        if rates:
            usual, most = np.median(rates), max(rates)
            yield f"\nProcessor seconds per megapixel, photos above one: median {usual:.2f}, most {most:.2f}."
    blocks = (
        ("Exceptions that are not ours", shelf.failed),
        ("Changed", shelf.changed),
        ("Slow (megapixels, processor seconds)", [(n, f"{m:.1f} MP, {s:.1f} s") for n, m, s in shelf.slow()]),
        ("Told", shelf.told),
        ("Refused", shelf.refused),
    )
    for head, lines in blocks:
        yield f"\n### {head}: {len(lines) or 'none'}\n"
        kinds: dict[str, list[str]] = {}
        for name, what in lines:
            kinds.setdefault(what.replace(Path(name).name, "…"), []).append(name)
        for what, names in sorted(kinds.items(), key=lambda item: -len(item[1])):
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            yield f"- {', '.join(names[:3])}{more}: {what}"


def main() -> int:
    """Go through all files, print and write the account; 1 where anything failed that should not."""
    parser = runner.parser(__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--backend", default=Request().backend)
    parser.add_argument("--every", type=int, default=1, help="take every n-th file of a folder")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--journal", type=Path, help="what is in it is not done again")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no file after so many")
    given = parser.parse_args()
    session, shelf = Session(), Shelf()
    session.warm(given.backend)
    files.warm_up()
    done = given.journal.read_text().splitlines() if given.journal and given.journal.exists() else []
    known = {row.pop("name"): row for row in map(json.loads, done)}
    until, left = time.monotonic() + 60 * given.minutes, 0
    for number, (name, path) in enumerate(photos(given.folders, given.every)):
        if name not in known:
            if time.monotonic() > until:
                left += 1
                continue
            known[name] = vars(alone(session, name, path, given.backend))
            if given.journal:
                with given.journal.open("a") as file:
                    file.write(json.dumps({"name": name} | known[name]) + "\n")
        shelf.add(known[name])
        if number % 25 == 0:
            gc.collect()
    if left:
        print(f"{left} files are left: run it again", file=sys.stderr)
        return 2
    text = "\n".join(table(shelf, given.backend))
    print(text)
    if given.output:
        given.output.write_text(text + "\n", encoding="utf-8")
    unexplained = [what for _, what in shelf.changed if ", told: " not in what]
    return 1 if shelf.failed or unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
