"""TIFF as tags and strips: deep samples read as they are, and new samples written among the old tags.

Every tag that does not describe how the samples are laid out is carried over byte for byte, EXIF and GPS directories
included. TIFF 6.0 (1992), TIFF Technical Note 2. Further pages, reduced pictures and Photoshop's layers are left
out: they would still show what was removed.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.errors import UnreadablePhoto
from inpaint_app.photofile.containers.tiff_directories import SIZES, first, head, places, rows
from inpaint_app.photofile.decoding import screening
from inpaint_app.photofile.photo import Photo
from inpaint_app.photofile.samples.native import Native

LAYOUT = frozenset({
    254, 255, 256, 257, 258, 259, 262, 263, 266, 273, 277, 278, 279, 280, 281, 284, 288, 289, 292, 293, 317, 320, 322,
    323, 324, 325, 330, 338, 339, 347, 37724, *range(512, 522), *range(529, 533),
})  # fmt: skip
DIRECTORIES = {34665: "exif", 34853: "gps", 40965: "interoperability"}
LAYERS = 37724
_MOST_ENTRIES = 4096
_SHORT, _LONG, _UNDEFINED, _RATIONAL = 3, 4, 7, 5


@dataclass(slots=True)
class Tag:
    """One directory entry: its type, and either its raw bytes in the file's order or a directory below it."""

    kind: int
    value: bytes
    below: dict[int, Tag] = field(default_factory=dict)


@dataclass(slots=True)
class Tags:
    """The first directory of a TIFF (or of an EXIF block, which has the same form) and its byte order for struct."""

    order: str
    entries: dict[int, Tag]

    def put(self, tag: int, kind: int, *values: int) -> None:
        """Set a tag of SHORT or LONG numbers."""
        self.entries[tag] = Tag(
            kind, struct.pack(f"{self.order}{len(values)}{'H' if kind == _SHORT else 'I'}", *values)
        )


def parse(data: bytes) -> Tags:
    """The first directory; raises ValueError or struct.error where it is none."""
    order, big, _ = head(data)
    return Tags(order, _entries(data, order, big, next(places(data, 1), 0), 0))


def _entries(data: bytes, order: str, big: bool, at: int, depth: int) -> dict[int, Tag]:
    entries: dict[int, Tag] = {}
    for row in islice(rows(data, order, big, at), _MOST_ENTRIES):
        if row.size == 0 or row.place + row.size > len(data):
            continue
        entries[row.tag] = Tag(row.kind, data[row.place : row.place + row.size])
        if row.tag in DIRECTORIES and depth < 2 and row.kind in (4, 13):
            try:
                entries[row.tag].below = _entries(data, order, False, first(data, order, row), depth + 1)
            except struct.error:
                del entries[row.tag]
    return entries


def tags_of(photo: Photo) -> Tags:
    """Tags for a photo that came in another format: its EXIF, profile, resolution and XMP."""
    tags = Tags("<", {})
    if photo.exif:
        try:
            tags = parse(photo.exif.removeprefix(b"Exif\0\0"))
        except (ValueError, struct.error):
            tags = Tags("<", {})
    tags.entries = {tag: entry for tag, entry in tags.entries.items() if tag not in LAYOUT}
    tags.entries.pop(34675, None)
    if photo.icc:
        tags.entries[34675] = Tag(_UNDEFINED, photo.icc)
    if photo.xmp:
        tags.entries[700] = Tag(1, photo.xmp)
    if photo.dpi:
        for tag, value in zip((282, 283), photo.dpi, strict=True):
            tags.entries[tag] = Tag(_RATIONAL, struct.pack(tags.order + "II", round(value * 1000), 1000))
        tags.put(296, _SHORT, 2)
    return tags


def check_strips(data: bytes) -> None:
    """Raise ValueError where the first page's pixels lie outside the file or have no place: no decoder sees that."""
    import tifffile

    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            page: Any = file.pages[0]
            starts, sizes = tuple(page.dataoffsets), tuple(page.databytecounts)
            planes = page.samplesperpixel if page.planarconfig == 2 else 1
            strips = 0 if page.is_tiled else planes * -(-page.imagelength // max(1, page.rowsperstrip))
    except Exception:  # noqa: BLE001 - a file that only libtiff reads
        return
    if starts and sizes and (len(starts) != len(sizes) or len(starts) < strips):
        raise ValueError("its tables of strips do not fit its size")
    if any(start + size > len(data) for start, size in zip(starts, sizes, strict=False)):
        raise ValueError("some of its pixels lie behind its end")


def raw_samples(data: bytes, most: int) -> NDArray[Any] | None:
    """The first page's raw RGB(A) or CMYK samples (H, W, C), 8 or 16 bits, in stored orientation; None if not such.

    most: samples that there are. Raises UnreadablePhoto where the strips unpack to more than they have room for.
    """
    import tifffile

    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            page: Any = file.pages[0]
            if (
                page.bitspersample not in (8, 16)
                or page.samplesperpixel < 3
                or page.sampleformat not in (1, None)
            ):
                return None
            if page.photometric not in (2, 5) or page.size > most:
                return None
            packing = int(page.compression)
            if packing not in screening.PACKINGS:
                raise ValueError("packed as only libtiff unpacks within bounds")
            spans = zip(page.dataoffsets, page.databytecounts, strict=False)
            strips = (data[start : start + size] for start, size in spans)
            if not screening.inflates_within(strips, packing, _room(page)):
                raise UnreadablePhoto("its pixels unpack to more than its size has room for")
            # Where a strip is cut short tifffile leaves its array as the memory was before.
            samples = np.asarray(page.asarray(out=np.zeros(page.shape, page.dtype)))
            if page.planarconfig == 2:
                samples = np.moveaxis(samples, 0, -1)
    except UnreadablePhoto:
        raise
    except Exception:  # noqa: BLE001 - a compression that only libtiff knows
        flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
        found = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        if found is None or found.dtype not in (np.uint8, np.uint16) or found.ndim != 3:
            return None
        samples = found[..., [2, 1, 0, 3][: found.shape[2]]]
    return np.ascontiguousarray(samples.astype(samples.dtype.newbyteorder("="), copy=False))


def _room(page: Any) -> int:
    """Bytes that the strips of a page can need, padded to whole rows or tiles, with room for careless writers."""
    segments = max(1, len(page.dataoffsets))
    if page.is_tiled:
        each = page.tilewidth * page.tilelength * page.samplesperpixel
    else:
        each = page.imagewidth * page.samplesperpixel * min(page.rowsperstrip, page.imagelength)
    return int(max(page.size, segments * each) * page.bitspersample // 8) * 2 + 65536


def encode(native: Native, tags: Tags, *, compressed: bool = True) -> bytes:
    """A TIFF of the samples with the tags; deflate with horizontal differencing, or plain strips."""
    body, directory = page(native, tags, 8, compressed=compressed)
    return struct.pack(tags.order + "2sHI", b"II" if tags.order == "<" else b"MM", 42, directory) + body


def page(native: Native, tags: Tags, start: int, *, compressed: bool = True) -> tuple[bytes, int]:
    """The strips and the directory of a page that will lie at `start` of its file, and the directory's place."""
    samples, entries = native.samples, {k: v for k, v in tags.entries.items() if k not in LAYOUT}
    extra = tags.entries.get(338)
    out = Tags(tags.order, entries)
    planes = 1 if samples.ndim == 2 else samples.shape[2]
    depth = 1 if native.mode == "1" else native.depth or samples.dtype.itemsize * 8
    out.put(256, _LONG, samples.shape[1])
    out.put(257, _LONG, samples.shape[0])
    out.put(258, _SHORT, *[depth] * planes)
    out.put(262, _SHORT, {"RGB": 2, "RGBA": 2, "P": 3, "CMYK": 5, "LAB": 8, "YCbCr": 6}.get(native.mode, 1))
    out.put(277, _SHORT, planes)
    out.put(284, _SHORT, 1)
    if samples.dtype.kind in "if":
        out.put(339, _SHORT, *[2 if samples.dtype.kind == "i" else 3] * planes)
    if native.mode in ("RGBA", "LA"):
        entries[338] = extra if extra is not None else Tag(_SHORT, struct.pack(tags.order + "H", 2))
    if native.mode == "P" and native.palette is not None:
        full = np.zeros((256, 3), np.uint16)
        full[: len(native.palette)] = native.palette[:, :3].astype(np.uint16) * 257
        entries[320] = Tag(_SHORT, full.T.astype(tags.order + "u2").tobytes())
    differenced = compressed and depth in (8, 16) and samples.dtype.kind == "u" and native.mode != "P"
    out.put(259, _SHORT, 8 if compressed else 1)
    if differenced:
        out.put(317, _SHORT, 2)
    rows = max(1, (1 << 18) // max(1, samples.shape[1] * planes * samples.dtype.itemsize))
    out.put(278, _LONG, rows)
    strips = [
        _strip(samples[y : y + rows], depth, tags.order, differenced, compressed)
        for y in range(0, samples.shape[0], rows)
    ]
    return _page(out, strips, start)


def _strip(samples: NDArray[Any], depth: int, order: str, differenced: bool, compressed: bool) -> bytes:
    if differenced:
        difference = samples.copy()
        difference[:, 1:] -= samples[:, :-1]
        samples = difference
    if depth in (8, 16, 32):
        raw = samples.astype(f"{order}{samples.dtype.str[1:]}").tobytes()
    else:
        wide = samples.astype(">u2").reshape(len(samples), -1, 1).view(np.uint8)
        bits = np.unpackbits(wide, axis=2)[..., 16 - depth :]
        raw = np.packbits(bits.reshape(len(samples), -1), axis=1).tobytes()
    return zlib.compress(raw, 4) if compressed else raw


def _page(tags: Tags, strips: list[bytes], position: int) -> tuple[bytes, int]:
    """Strips, then the directory and what hangs on it."""
    parts, offsets = [], []
    for strip in strips:
        offsets.append(position)
        padded = strip + b"\0" * (len(strip) % 2)
        parts.append(padded)
        position += len(padded)
    tags.put(273, _LONG, *offsets)
    tags.put(279, _LONG, *(len(strip) for strip in strips))
    directory, _ = _laid_out(tags.entries, tags.order, position)
    return b"".join([*parts, directory]), position


def _laid_out(entries: dict[int, Tag], order: str, start: int) -> tuple[bytes, int]:
    """A directory at `start` followed by the values that do not fit into it; its bytes, and where they end."""
    size = 2 + 12 * len(entries) + 4
    rows, tail, position = [], [], start + size
    for tag, entry in sorted(entries.items()):
        value = entry.value
        if tag in DIRECTORIES and entry.below:
            block, end = _laid_out(entry.below, order, position)
            value = struct.pack(order + "I", position)
            tail.append(block)
            position = end
        count = len(value) // SIZES[entry.kind]
        if len(value) <= 4:
            rows.append(struct.pack(order + "HHI", tag, entry.kind, count) + value.ljust(4, b"\0"))
        else:
            rows.append(struct.pack(order + "HHII", tag, entry.kind, count, position))
            padded = value + b"\0" * (len(value) % 2)
            tail.append(padded)
            position += len(padded)
    return struct.pack(order + "H", len(entries)) + b"".join(rows) + bytes(4) + b"".join(tail), position
