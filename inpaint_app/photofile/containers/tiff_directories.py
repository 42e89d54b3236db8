"""Where everything of a TIFF lies: its directories (pages), the directories below them, and the bytes of their pixels.

TIFF 6.0 (1992), TIFF Technical Note 1 (SubIFDs), BigTIFF. Nothing is decoded and nothing outside the file is believed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""What a TIFF or BigTIFF begins with."""
SUB_IFDS = 330
STRIPS = ((273, 279), (324, 325))
PIXELS = (*STRIPS, (513, 514))
"""Offsets and byte counts of strips and tiles, and of JPEGs of old."""
_LETTERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_MOST = 4096


class Row(NamedTuple):
    """One row of a directory as it claims to be; nothing is checked. at: its own place.

    number, place, size: how many values, where they lie, in how many bytes; where they fit they stand in the row.
    """

    tag: int
    kind: int
    number: int
    at: int
    place: int
    size: int


def rows(data: bytes | bytearray, order: str, big: bool, at: int) -> Iterator[Row]:
    """The rows of the directory at a place, as far as the file goes; raises struct.error where there is none."""
    head, width, inline = (8, 20, 8) if big else (2, 12, 4)
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, at)
    for row in range(at + head, at + head + width * min(count, (len(data) - at - head) // width), width):
        tag, kind, number = struct.unpack_from(order + ("HHQ" if big else "HHI"), data, row)
        size, place = SIZES.get(kind, 0) * number, row + width - inline
        if size > inline:
            (place,) = struct.unpack_from(order + ("Q" if big else "I"), data, place)
        yield Row(tag, kind, number, row, place, size)


def first(data: bytes, order: str, row: Row) -> int:
    """The first value of a whole-number row; 0 for any other, and outside the file."""
    letter = _LETTERS.get(row.kind) if row.size and row.place + row.size <= len(data) else None
    return int(struct.unpack_from(order + letter, data, row.place)[0]) if letter else 0


@dataclass(frozen=True, slots=True, eq=False)
class Directory:
    """One directory. at: its place; rows: {tag: (type, count, place of its value)}; following: place of the next one's
    address, and that address."""

    data: bytes
    order: str
    big: bool
    at: int
    rows: dict[int, tuple[int, int, int]]
    following: tuple[int, int]

    def numbers(self, tag: int) -> tuple[int, ...]:
        """The values of a whole-number tag; () where it is absent or of another type."""
        kind, count, place = self.rows.get(tag, (0, 0, 0))
        letter = _LETTERS.get(kind)
        return struct.unpack_from(f"{self.order}{count}{letter}", self.data, place) if letter else ()

    def number(self, tag: int, default: int = 0) -> int:
        """The first value of a whole-number tag."""
        return next(iter(self.numbers(tag)), default)

    def pixels(self, named: tuple[tuple[int, int], ...] = PIXELS) -> list[tuple[int, int]]:
        """(start, end) of every strip, tile and JPEG that the directory's pixels lie in."""
        found = []
        for starts, sizes in named:
            for start, size in zip(self.numbers(starts), self.numbers(sizes), strict=False):
                found.append((start, min(len(self.data), start + size)))
        return found

    def below(self) -> list[Directory]:
        """The directories that SubIFDs names: reduced pictures, raw data, further channels."""
        found = []
        for at in self.numbers(SUB_IFDS)[:64]:
            try:
                found.append(directory(self.data, at))
            except (struct.error, ValueError):
                continue
        return found


def directory(data: bytes, at: int) -> Directory:
    """The directory at a place; raises struct.error or ValueError where there is none."""
    order, big, _ = head(data)
    if not 8 <= at < len(data):
        raise ValueError("a directory outside the file")
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, at)
    if count > _MOST:
        raise ValueError("a directory of too many entries")
    inside = (row for row in rows(data, order, big, at) if row.size and row.place + row.size <= len(data))
    end = at + (8 + 20 * count if big else 2 + 12 * count)
    (following,) = struct.unpack_from(order + ("Q" if big else "I"), data, end)
    held = {row.tag: (row.kind, row.number, row.place) for row in inside}
    return Directory(data, order, big, at, held, (end, following))


def head(data: bytes) -> tuple[str, bool, int]:
    """Byte order for struct, whether it is a BigTIFF, and the place of the first directory's address."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8:
        raise ValueError("no TIFF header")
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    return order, big, 8 if big else 4


def places(data: bytes, most: int = _MOST) -> Iterator[int]:
    """Where the directories of the chain begin, up to `most`, each once; raises struct.error where there is none."""
    order, big, place = head(data)
    (at,) = struct.unpack_from(order + ("Q" if big else "I"), data, place)
    seen: set[int] = set()
    while at and at not in seen and len(seen) < most:
        seen.add(at)
        yield at
        (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, at)
        after = at + (8 + 20 * count if big else 2 + 12 * count)
        if after + (8 if big else 4) > len(data):
            return
        (at,) = struct.unpack_from(order + ("Q" if big else "I"), data, after)


def pages(data: bytes) -> Iterator[Directory]:
    """The directories of the chain, first to last; ends where the chain breaks off or turns back."""
    for at in places(data):
        try:
            yield directory(data, at)
        except (struct.error, ValueError):
            return
