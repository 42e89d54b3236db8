"""The TIFF structure inside an EXIF block: directories, entries, and changes that move nothing. TIFF 6.0."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from inpaint_app.photofile.containers.tiff_directories import SIZES, rows

PREFIX = b"Exif\0\0"
_MOST_ENTRIES = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a directory. row: its place; start, end: its value's place, all counted from the block's header."""

    tag: int
    kind: int
    row: int
    start: int
    end: int


@dataclass(slots=True)
class Directory:
    """A directory at `start` whose next one's address stands at `link`."""

    start: int
    link: int
    entries: list[Entry] = field(default_factory=list)

    def find(self, tag: int) -> Entry | None:
        """The entry of a tag."""
        return next((entry for entry in self.entries if entry.tag == tag), None)


class Block:
    """The TIFF structure inside a block; `data` is written to, its length never changes."""

    def __init__(self, exif: bytes) -> None:
        """Raises ValueError where it is none."""
        self.prefix = next((p for p in (PREFIX, b"Meta\0\0", b"META\0\0") if exif.startswith(p)), b"")
        self.data = bytearray(exif[len(self.prefix) :])
        order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(self.data[:4]))
        if order is None:
            raise ValueError("no EXIF block")
        self.order = order
        self.known: list[tuple[int, int]] = [(0, 8)]
        self.read = 0

    def whole(self) -> bytes:
        """The block as it is now."""
        return self.prefix + bytes(self.data)

    def number(self, kind: str, at: int) -> int:
        """A whole number; raises struct.error behind the end."""
        return int(struct.unpack_from(self.order + kind, self.data, at)[0])

    def put(self, kind: str, at: int, value: int) -> None:
        """Write a whole number."""
        struct.pack_into(self.order + kind, self.data, at, value)

    def first(self, entry: Entry) -> int:
        """The first number of an entry of shorts or longs."""
        return self.number("H" if entry.kind == 3 else "I", entry.start)

    def numbers(self, entry: Entry | None) -> list[int]:
        """All of them."""
        if entry is None or entry.kind not in (3, 4, 13):
            return []
        kind, size = ("H", 2) if entry.kind == 3 else ("I", 4)
        count = (entry.end - entry.start) // size
        return list(struct.unpack_from(f"{self.order}{count}{kind}", self.data, entry.start))

    def directory(self, at: int) -> Directory:
        """The directory at a place; entries whose value lies outside the block have an empty one."""
        count, strange = self.number("H", at), 0
        found = Directory(at, at + 2 + 12 * count)
        if at < 8 or found.link > len(self.data) or count > _MOST_ENTRIES:
            raise ValueError("a directory outside its block, or of too many entries")
        for row in rows(self.data, self.order, False, at):
            strange += row.kind not in SIZES
            kind, size, start = row.kind, row.size or row.number, row.place
            if size > 4 and not row.size:  # of no known kind: bytes
                start = self.number("I", start)
            if start + size > len(self.data) or start < 8:
                kind, start, size = 0, row.at + 8, 4
            found.entries.append(Entry(row.tag, kind, row.at, start, start + size))
        if strange > max(2, count // 4):
            raise ValueError("samples, or whatever else, where a directory should be")
        self.read += sum(entry.end - entry.start for entry in found.entries)
        if self.read > 8 * len(self.data) + 100_000:
            raise ValueError("values that lie over one another")
        return found

    def blank(self, start: int, end: int) -> None:
        """Overwrite with zeros."""
        end = min(end, len(self.data))
        if 8 <= start < end:
            self.data[start:end] = bytes(end - start)

    def drop(self, directory: Directory, entries: list[Entry]) -> None:
        """Take entries out of a directory and blank their values; the rows behind move up, nothing else does."""
        if not entries:
            return
        for entry in entries:
            if not entry.row <= entry.start < entry.row + 12:
                self.blank(entry.start, entry.end)
        tail = 4 if directory.link + 4 <= len(self.data) else 0
        rows = [bytes(self.data[e.row : e.row + 12]) for e in directory.entries if e not in entries]
        link = bytes(self.data[directory.link : directory.link + tail])
        self.blank(directory.start, directory.link + tail)
        self.put("H", directory.start, len(rows))
        fresh = b"".join(rows) + link
        self.data[directory.start + 2 : directory.start + 2 + len(fresh)] = fresh
        directory.link = directory.start + 2 + 12 * len(rows)
