"""Files that break off: completed with what every viewer shows of them, JPEG and PNG.

A copy that was cut short, a card that was pulled, a download that filled up with zeros. What came stays bit for bit;
what is missing is coded as grey (JPEG, as libjpeg shows it) or as zeros (PNG), so that the rest of the app has a whole
file before it. A file that is damaged in its middle is none of these: it stays refused.
"""

from __future__ import annotations

import re
import zlib

import numpy as np

from inpaint_app.photofile.containers import png
from inpaint_app.photofile.jpeg.bytes import segment
from inpaint_app.photofile.jpeg.file import (
    DHT,
    DRI,
    EOI,
    SOS,
    JpegError,
    JpegFile,
    Scan,
    frame_markers,
    parse,
)
from inpaint_app.photofile.jpeg.scans import Whole

_TAIL = re.compile(rb"\0{64,}\Z")


def breaks_off(data: bytes) -> bool:
    """Whether a JPEG or PNG seems to end before its end marker; decoders may show it without a word."""
    if data[:2] == b"\xff\xd8":
        return data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda")
    return data.startswith(png.SIGNATURE) and all(kind != b"IEND" for kind, _, _ in png.walk(data))


def completed(data: bytes) -> tuple[bytes, str] | None:
    """The whole file and, in words, what was missing; None where the file does not just break off."""
    tail = _TAIL.search(data)
    data = data[: tail.start()] if tail else data
    try:
        if data[:2] == b"\xff\xd8":
            return _jpeg(data)
        if data.startswith(png.SIGNATURE):
            return _png(data)
    except (ValueError, zlib.error):
        return None
    return None


def _jpeg(data: bytes) -> tuple[bytes, str] | None:
    try:
        file = parse(data, torn=True)
        if not file.torn:
            return None
        passes = file.progressive  # the completed file has none
        whole, missing = _whole(file)
    except JpegError:
        return None
    if missing > 0.99:
        return None
    if passes and missing < 0.01:
        return whole, "The file breaks off in the passes that refine the picture: in parts it may be coarse."
    return whole, _words(missing, "it is grey in the picture")


def _whole(file: JpegFile) -> tuple[bytes, float]:
    """The file with all its units, in one sequential scan, and the share of units at its end of which nothing came.

    file: parsed as torn. What a progressive file's later passes would have refined stays as it was. Raises JpegError.
    """
    whole = Whole.read(file)
    # The zeros that the last unit reads may stand for any sum of differences.
    np.clip(whole.coefficients[:, 0], -1023, 1023, out=whole.coefficients[:, 0])
    some = np.flatnonzero(whole.coefficients[whole.units[:, 0]].any(axis=1))
    missing = 1 - (int(some[-1]) + 1) / len(whole.units) if len(some) else 1.0
    wide = any(int(table.max()) > 255 for table in file.quantisation.values())
    every = tuple(range(len(file.components)))
    numbers = tuple(0 if c in (0, 3) else 1 for c in every)
    last = file.scans[-1]
    scan = Scan(every, numbers, numbers, (0, 63), 0, 0, {}, 0, last.begin, last.data, last.end)
    file.kind, file.progressive = 0xC1 if wide else 0xC0, False
    coded = whole.scan(scan)
    parts = [b"\xff\xd8"]
    for marker, begin, end, content in file.segments:
        if marker in frame_markers:
            parts.append(segment(file.kind, content))
        elif marker not in (SOS, DHT, DRI):
            parts.append(file.data[begin:end])
    return b"".join([*parts, coded, bytes((0xFF, EOI))]), max(0.0, missing)


def _png(data: bytes) -> tuple[bytes, str] | None:
    head = png.only_header(data)
    parts, packed, ended = _parts(data)
    if ended or not packed:
        return None
    bits = head.depth * png.CHANNELS[head.color]
    length = sum(rows * (1 + (width * bits + 7) // 8) for width, rows in _passes(head, data[28]))
    unpacker = zlib.decompressobj()
    pixels = unpacker.decompress(packed, length)
    missing = length - len(pixels)
    if missing and (not pixels or data[28]):  # of an interlaced picture every row would be torn
        return None
    body = zlib.compress(pixels + bytes(missing), 1)
    chunks = [png.chunk(kind, content) for kind, content in parts]
    chunks += [png.chunk(b"IDAT", body), png.chunk(b"IEND", b"")]
    return png.SIGNATURE + b"".join(chunks), _words(missing / length, "it is empty in the picture")


def _parts(data: bytes) -> tuple[list[tuple[bytes, bytes]], bytes, bool]:
    """The chunks in front of the pixels, the packed pixels as far as they go, and whether the file ends as it should.

    Raises ValueError where a critical chunk that is there is damaged.
    """
    parts, packed = [], []
    for kind, content in png.chunks(data):
        if kind == b"IEND":
            return [], b"", True
        if kind == b"IDAT":
            packed.append(content)
        elif not packed:
            parts.append((kind, content))
    for kind, start, end in png.walk(data):
        if kind == b"IDAT" and end + 4 > len(data):
            packed.append(data[start:end])
    return parts, b"".join(packed), False


def _passes(head: png.Header, interlaced: int) -> list[tuple[int, int]]:
    """Width and rows of each pass over the picture; the seven of Adam7, or one."""
    if not interlaced:
        return [(head.width, head.height)]
    steps = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    sizes = [(-(-(head.width - x) // across), -(-(head.height - y) // down)) for x, y, across, down in steps]
    return [(width, rows) for width, rows in sizes if width > 0 and rows > 0]


def _words(missing: float, how: str) -> str:
    if missing <= 0:
        return "The file breaks off at its very end: at most the last block of the picture is missing."
    share = f"about {missing:.0%} of the picture" if missing >= 0.01 else "less than 1% of the picture"
    return f"The file breaks off: {share} is missing, {how}."
