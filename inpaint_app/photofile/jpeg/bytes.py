"""Entropy-coded bytes without and with their stuffing, and whole segments. ITU-T T.81, B.1.1 and B.2."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from inpaint_app.photofile.jpeg.file import DHT, JpegFile, Scan, Tables

_RESTART = re.compile(rb"\xff[\xd0-\xd7]")


def intervals(file: JpegFile, scan: Scan) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """A scan's bytes without stuffing and restart markers, padded by 16 zero bytes, and where each interval starts.

    The second array has one entry more than there are intervals: the end of the last.
    """
    coded = file.data[scan.data : scan.end]
    pieces = _RESTART.split(coded) if scan.restart else [coded]
    plain = [piece.replace(b"\xff\x00", b"\xff") for piece in pieces]
    del coded, pieces  # may be megabytes
    starts = np.cumsum([0, *(len(piece) for piece in plain)])
    return np.frombuffer(b"".join([*plain, bytes(16)]), np.uint8), starts.astype(np.int64)


def stuffed(plain: NDArray[np.uint8], ends: NDArray[np.int64]) -> bytes:
    """The inverse of `intervals`: intervals of whole bytes, stuffed and parted by restart markers."""
    parts, start = [], 0
    for index, end in enumerate(ends):
        if index:
            parts.append(bytes((0xFF, 0xD0 + (index - 1) % 8)))
        parts.append(plain[start:end].tobytes().replace(b"\xff", b"\xff\x00"))
        start = int(end)
    return b"".join(parts)


def leading(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment in front of the first scan, as far as they follow one another."""
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF and data[position + 1] not in (0xDA, 0xD9):
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4])
        yield data[position + 1], position, end
        position = end


def segment(marker: int, content: bytes) -> bytes:
    """A segment with its marker and length."""
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def huffman_segment(tables: Tables) -> bytes:
    """A DHT segment that defines the tables."""
    body = b"".join(
        bytes(((kind << 4) | number, *table.counts)) + table.symbols
        for (kind, number), table in tables.items()
    )
    return segment(DHT, body)
