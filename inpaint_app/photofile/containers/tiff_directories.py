"""Where everything of a TIFF lies: its directories (pages), the directories below them, and the bytes of their pixels.

TIFF 6.0 (1992), TIFF Technical Note 1 (SubIFDs), BigTIFF. Nothing is decoded and nothing outside the file is believed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

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
_LETTERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
SUB_IFDS = 330
_MOST = 4096
_PIXELS = ((273, 279), (324, 325), (513, 514))  # strips, tiles, JPEGs of old: offsets and byte counts


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

    def pixels(self) -> list[tuple[int, int]]:
        """(start, end) of every strip, tile and JPEG that the directory's pixels lie in."""
        found = []
        for starts, sizes in _PIXELS:
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
    size, row, inline = (8, 20, 8) if big else (2, 12, 4)
    if not 8 <= at <= len(data) - size:
        raise ValueError("a directory outside the file")
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, at)
    if count > _MOST:
        raise ValueError("a directory of too many entries")
    rows = {}
    for index in range(count):
        place = at + size + row * index
        tag, kind = struct.unpack_from(order + "HH", data, place)
        (length,) = struct.unpack_from(order + ("Q" if big else "I"), data, place + 4)
        value = place + 4 + inline
        room = SIZES.get(kind, 0) * length
        if room > inline and value + inline <= len(data):
            (value,) = struct.unpack_from(order + ("Q" if big else "I"), data, value)
        if room and value + room <= len(data):
            rows[tag] = (kind, length, value)
    end = at + size + row * count
    (following,) = struct.unpack_from(order + ("Q" if big else "I"), data, end)
    return Directory(data, order, big, at, rows, (end, following))


def head(data: bytes) -> tuple[str, bool, int]:
    """Byte order for struct, whether it is a BigTIFF, and the place of the first directory's address."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8:
        raise ValueError("no TIFF header")
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    return order, big, 8 if big else 4


def pages(data: bytes) -> Iterator[Directory]:
    """The directories of the chain, first to last; ends where the chain breaks off or turns back."""
    order, big, place = head(data)
    (at,) = struct.unpack_from(order + ("Q" if big else "I"), data, place)
    seen: set[int] = set()
    while at and at not in seen and len(seen) < _MOST:
        seen.add(at)
        try:
            page = directory(data, at)
        except (struct.error, ValueError):
            return
        yield page
        at = page.following[1]
