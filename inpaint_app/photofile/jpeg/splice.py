"""JPEG in, JPEG out: only the coding units that the hole touches are encoded anew.

Every other coefficient, the tables, the sampling, the metadata and the stored orientation stay bit for bit. Where a
file cannot be done so, JpegError says why and the caller encodes it plainly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.jpeg import file as jpeg_file
from inpaint_app.photofile.jpeg.bytes import huffman_segment, segment
from inpaint_app.photofile.jpeg.crop import crop, decoded
from inpaint_app.photofile.jpeg.file import (
    COM,
    DHT,
    EOI,
    SOS,
    ZIGZAG,
    JpegError,
    JpegFile,
    Tables,
    parse,
)
from inpaint_app.photofile.jpeg.metadata import kept, trailer
from inpaint_app.photofile.jpeg.scans import needed_tables
from inpaint_app.photofile.samples.orientation import axes, stored, stored_box
from inpaint_app.types import Box, Mask

_COLOURS = {"grey": 0, "YCbCr": 1, "RGB": 2, "CMYK": 2, "YCCK": 3}


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """Which units an edit is about.

    touched: (rows, columns) bool of the unit grid. boxes: in units, each a touched group with a margin of one, where
    pixels can differ at all. wanted: (N,) place of a unit among those whose coefficients are kept, or -1.
    """

    touched: Mask
    boxes: tuple[Box, ...]
    wanted: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Edited:
    """A finished JPEG and what its own coefficients say about it."""

    data: bytes
    units_encoded: int
    units_total: int
    units_changed_outside: int | None = None
    pixels_changed_outside: int | None = None
    largest_change: int | None = None


def edit(
    source: bytes,
    edited: NDArray[np.uint8],
    hole: Mask,
    orientation: int,
    edit: Edit,
    *,
    certify: bool = True,
) -> Edited:
    """The photo's file with the hole's pixels taken from `edited`.

    source: the JPEG. edited: (H, W, C) uint8 upright, the coded planes for CMYK, else RGB; hole: (H, W).
    edit: makes its small pictures and takes the account. Raises JpegError.
    """
    from inpaint_app.photofile.jpeg import ranges

    file = parse(source)
    region = _region(file, hole, orientation)
    if not region.touched.any():
        return Edited(source, 0, region.touched.size, 0, 0, 0)
    before, scans = ranges.read(file, region.wanted)
    after = before.copy()
    _edit_units(file, region, after, edited, hole, orientation)
    values = after.reshape(-1, 64)
    data = _assembled(file, [scan.spliced(values) for scan in scans], edit)
    done = Edited(data, int(region.touched.sum()), region.touched.size)
    if not certify:
        return done
    again = parse(data)
    tables = ([f.quantisation[c.table].tolist() for c in f.components] for f in (again, file))
    same = again.units == file.units and again.sampling == file.sampling and next(tables) == next(tables)
    same &= len(again.scans) == len(scans)
    same = same and all(
        old.confirmed(again, new, values) for old, new in zip(scans, again.scans, strict=True)
    )
    spared = ~region.touched.ravel()[region.wanted >= 0]
    if not same or not np.array_equal(after[spared], before[spared]):
        raise JpegError("it did not come back as it was written")  # cannot be, and must never leave the house
    del scans  # in a photo of many megapixels they are large
    changed, most = _changed_pixels(file, before, after, region, stored(edit.hole, edit.orientation))
    if changed:
        edit.note(
            f"{changed:,} known pixels changed, by at most {most} of 255, in or beside coding blocks that the hole "
            "touches; saved exactly (PNG, TIFF or lossless WebP) none does"
        )
    return Edited(data, done.units_encoded, done.units_total, 0, changed, most)


def _region(file: JpegFile, hole: Mask, orientation: int) -> Region:
    """The units that the hole touches, in groups."""
    across, down = file.units
    wide, high = file.unit
    turned = orientation >= 5
    if hole.shape != ((file.width, file.height) if turned else (file.height, file.width)):
        raise JpegError("its header and its pixels disagree about its size")
    touched = np.zeros((down, across), bool)
    left, top, width, height = cv2.boundingRect(hole.view(np.uint8))
    if width:
        box = stored_box(Box(left, top, left + width, top + height), hole.shape, orientation)
        x, y = box.left // wide, box.top // high
        columns, rows = -(-box.right // wide) - x, -(-box.bottom // high) - y
        tiles = np.zeros((rows * high, columns * wide), bool)
        part = stored(hole, orientation)[y * high : (y + rows) * high, x * wide : (x + columns) * wide]
        tiles[: part.shape[0], : part.shape[1]] = part
        touched[y : y + rows, x : x + columns] = tiles.reshape(rows, high, columns, wide).any(axis=(1, 3))
    near = cv2.dilate(touched.view(np.uint8), np.ones((3, 3), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    boxes = tuple(Box(int(s[0]), int(s[1]), int(s[0] + s[2]), int(s[1] + s[3])) for s in stats[1:count])
    inside = np.zeros((down, across), bool)
    for box in boxes:
        inside[box.slices] = True
    flat = inside.ravel()
    flat[1:] |= touched.ravel()[:-1]  # the unit after a touched one: its DC is coded as a difference
    wanted = np.where(flat, np.cumsum(flat) - 1, -1).astype(np.int32)
    return Region(touched, boxes, wanted)


def _edit_units(
    file: JpegFile,
    region: Region,
    coefficients: NDArray[np.int16],
    edited: NDArray[np.uint8],
    hole: Mask,
    orientation: int,
) -> None:
    from inpaint_app.photofile.jpeg.coefficients import BASIS, edit_units

    numbers = np.flatnonzero(region.touched.ravel())
    rows = [(c, x, y) for c, (h, v) in enumerate(file.sampling) for y in range(v) for x in range(h)]
    layout = np.array(rows, np.int64)  # component, column and row of each block of a unit, in coding order
    wide, high = file.unit
    sampling = [(h, v, wide // 8 // h, high // 8 // v) for h, v in file.sampling]
    try:
        tables = np.stack([file.quantisation[c.table] for c in file.components])
    except KeyError as error:
        raise JpegError("it leaves out its quantisation tables") from error
    edit_units(
        region.wanted[numbers], numbers % file.units[0], numbers // file.units[0], coefficients,
        layout[:, 0].copy(), layout[:, 1].copy(), layout[:, 2].copy(), np.array(sampling, np.int64), tables,
        _read_only(edited), _read_only(hole), np.array(axes(hole.shape, orientation), np.int64),
        np.array((file.width, file.height), np.int64), _COLOURS[file.colour()], BASIS, ZIGZAG,
    )  # fmt: skip


def _read_only(pixels: NDArray[Any]) -> NDArray[Any]:
    """A view that cannot be written to: kernels are compiled for it alone, whichever kind comes in."""
    view = np.ascontiguousarray(pixels).view()
    view.flags.writeable = False
    return view


def _assembled(file: JpegFile, coded: list[tuple[Tables, bytes]], edit: Edit) -> bytes:
    """The file with new scans in the old order of segments; `coded` has the tables and the bytes of each."""
    parts, scan, force = [b"\xff\xd8"], 0, Tables()
    carried = [one for one in file.segments if 0xE0 <= one.marker <= 0xEF or one.marker == COM]
    cleaned = kept([(one.marker, one.content) for one in carried], edit)
    fresh = dict(zip((one.start for one in carried), cleaned, strict=True))
    for marker, begin, end, content in file.segments:
        if fresh.get(begin, [content]) != [content]:
            parts += [segment(marker, part) for part in fresh[begin]]
            continue
        if marker == DHT:
            force |= jpeg_file.read_huffman(content)
        if marker == SOS:  # a table that is another one now is defined again right before the scan
            tables, entropy = coded[scan]
            names = needed_tables(file.scans[scan])
            new = {name: tables[name] for name in names if tables[name] != force.get(name)}
            force |= new
            parts += [huffman_segment(new) if new else b"", file.data[begin:end], entropy]
            scan += 1
        else:
            parts.append(file.data[begin:end])
    parts.append(bytes((0xFF, EOI)))
    return b"".join([*parts, trailer(file.data[file.end :], edit)])


def _changed_pixels(
    file: JpegFile, before: NDArray[np.int16], after: NDArray[np.int16], region: Region, hole: Mask
) -> tuple[int, int]:
    """How many decoded pixels outside the hole differ, and by how much at most.

    Each group of touched units is decoded with a margin of one unit, twice: what lies further off has the same
    coefficients, and no decoder lets a chroma sample reach further than one pixel into the next unit.
    """
    wide, high = file.unit
    count, most = 0, 0
    for box in region.boxes:
        numbers = (
            np.arange(box.top, box.bottom)[:, None] * file.units[0] + np.arange(box.left, box.right)
        ).ravel()
        places = region.wanted[numbers]
        pixels = Box(
            box.left * wide,
            box.top * high,
            min(box.right * wide, file.width),
            min(box.bottom * high, file.height),
        )
        size = (pixels.width, pixels.height)
        parts = (crop(file, coefficients[places], size) for coefficients in (before, after))
        old, new = (decoded(part, len(file.components)) for part in parts)
        apart = cv2.absdiff(old, new)
        largest = apart if apart.ndim == 2 else apart.max(axis=2)
        largest[hole[pixels.slices]] = 0
        count += int(np.count_nonzero(largest))
        most = max(most, int(largest.max()))
    return count, most
