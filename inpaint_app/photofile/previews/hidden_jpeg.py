"""JPEG streams in bytes: whole ones, such that lack their first or last marker, and byte-swapped ones.

ITU-T T.81, Annex B: a stream counts by its structure, so that random bytes do not.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

SMALL = 128
"""Bytes that are too few to show anybody: with its headers no picture of more than a few pixels fits in."""
_JPEG = re.compile(
    rb"\xff\xd8\xff[\xc0-\xfe]"  # a whole one, or one that lacks its first marker, from its tables or frame on
    rb"|\xff\xdb(?:\x00[\x43\x84\xc5]|\x01\x06)[\x00-\x13]|\xff\xc4(?:\x00[\x14-\xff]|\x01[\x00-\xff])[\x00-\x13]"
    rb"|\xff[\xc0-\xc3\xc9\xca]\x00[\x0b\x11\x14][\x08\x0c\x10]|\xff\xda\x00[\x08\x0a\x0c\x0e][\x01-\x04]"
)
_SWAPPED = re.compile(
    rb"\xd8\xff[\xc0-\xfe]\xff|\xdb\xff[\x43\x84\xc5]\x00|[\xc0-\xfe]\xff\xd8\xff|[\x43\x84\xc5]\x00\xdb\xff"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A picture in some bytes. start, end: where; kind: what it is, and what it is packed in, as "JPEG in base64".

    held: its own bytes where it was packed, else None: they are those from start to end.
    """

    start: int
    end: int
    kind: str
    held: bytes | None = None


def jpegs(data: bytes, kind: str = "JPEG") -> Iterator[Found]:
    """Every stream of JPEG markers with a scan in it."""
    position = 0
    while (match := _JPEG.search(data, position)) is not None:
        start = match.start()
        end, scans = _walk(data, start)
        if scans:
            if data[start + 1] != 0xD8:
                start = _with_broken_start(data, start, position)
            yield Found(start, end, kind)
            position = end
        else:
            position = match.start() + 2


def _walk(data: bytes, start: int) -> tuple[int, int]:
    """Where the JPEG stream that begins at a marker ends, and how many scans it has."""
    position, scans, size = start, 0, len(data)
    while position + 2 <= size and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == 0xD9:
            return position + 2, scans
        if marker in (0xD8, 0x01) or 0xD0 <= marker <= 0xD7:
            if marker == 0xD8 and scans:
                break
            position += 2
            continue
        if marker == 0 or position + 4 > size:
            break
        (length,) = struct.unpack_from(">H", data, position + 2)
        if length < 2:
            break
        if marker == 0xDA:
            if not 6 <= length <= 14 or position + 2 + length >= size:
                break
            scans += 1
            position = _after_scan(data, position + 2 + length)
        else:
            if position + 2 + length > size:
                break
            position += 2 + length
    return min(position, size), scans


_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")


def _after_scan(data: bytes, position: int) -> int:
    match = _MARKER.search(data, position)
    return len(data) if match is None else match.start()


def _with_broken_start(data: bytes, start: int, earliest: int) -> int:
    """The start moved to a spoilt first marker (Minolta, Olympus: "?\\xd8") and what stands between."""
    place = data.rfind(b"\xd8\xff", max(earliest, start - 24), start)
    return max(earliest, place - 1) if place >= 1 else start


def swapped_jpegs(data: bytes, size: int) -> Iterator[Found]:
    """Such streams whose bytes are exchanged in words of `size`."""
    if _SWAPPED.search(data) is None:
        return
    for shift in range(size):
        whole = (len(data) - shift) // size * size
        if whole <= 0:
            continue
        turned = np.frombuffer(data, f"u{size}", whole // size, shift).byteswap().tobytes()
        for found in jpegs(turned, "byte-swapped JPEG"):
            if found.end - found.start > SMALL:
                yield Found(found.start + shift, min(len(data), found.end + shift), found.kind)
