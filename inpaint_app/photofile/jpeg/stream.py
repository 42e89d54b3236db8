"""A JPEG's coefficients, unit by unit, and the way back into the same kind of file.

A sequential file of one scan is spliced: its units' bits are found, and written again around the new units. Other
files are parted in each of their scans (progressive: `ranges`) or read whole (several scans: `progressive`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inpaint_app.photofile.jpeg import huffman
from inpaint_app.photofile.jpeg.bytes import huffman_segment, intervals, segment, stuffed
from inpaint_app.photofile.jpeg.file import EOI, HuffmanTable, JpegError, JpegFile, Scan

_ROOM = 64


class Stream(Protocol):
    """What was read. kept: (M, B, 64) int16 zigzag coefficients of the wanted units."""

    kept: NDArray[np.int16]

    def marks(self) -> NDArray[np.int64]:
        """A hash of each unit's coefficients as they were read."""

    def written(
        self, coefficients: NDArray[np.int16], touched: NDArray[np.bool_]
    ) -> tuple[list[bytes], bool]:
        """One entry per scan, from its tables and header to its last coded byte, with the touched units new.

        The flag says that the scans bring all their Huffman tables, so that the file's own are no longer needed.
        """

    def compared(
        self, again: JpegFile, touched: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int16], NDArray[np.bool_]] | None:
        """What the written file holds: the wanted units' coefficients, and which units are the old ones.

        None where that cannot be told by comparing bits. Raises JpegError where the written file is damaged.
        """


def read_stream(file: JpegFile, wanted: NDArray[np.int32]) -> Stream:
    """Decode the coefficients of a file; raises JpegError where its data is damaged."""
    scan = file.scans[0]
    if not file.progressive and len(file.scans) == 1 and len(scan.components) == len(file.components):
        return Sequential.read(file, scan, wanted)
    from inpaint_app.photofile.jpeg.progressive import Whole
    from inpaint_app.photofile.jpeg.ranges import Progressive

    return (Progressive if file.progressive and not file.torn else Whole).read(file, wanted)


@dataclass(slots=True, eq=False)
class Sequential:
    """One interleaved scan: the bits of each unit and where they lie."""

    file: JpegFile
    scan: Scan
    wanted: NDArray[np.int32]
    kept: NDArray[np.int16]
    plain: NDArray[np.uint8]
    starts: NDArray[np.int64]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    last_dc: NDArray[np.int16]

    @classmethod
    def read(cls, file: JpegFile, scan: Scan, wanted: NDArray[np.int32]) -> Sequential:
        """Decode once; see `read_stream`."""
        if scan.components != tuple(range(len(file.components))):
            raise JpegError("its colour planes are coded out of order")
        count, owner = len(wanted), owners(file)
        plain, starts = intervals(file, scan)
        if len(starts) - 1 != -(-count // (scan.restart or count)):
            raise JpegError("its restart markers are damaged")
        kept = np.zeros((int((wanted >= 0).sum()), len(owner), 64), np.int16)
        begins, ends = np.zeros(count, np.int64), np.zeros(count, np.int64)
        last_dc = np.zeros((count, len(file.components)), np.int16)
        stream = cls(file, scan, wanted, kept, plain, starts, begins, ends, last_dc)
        stream._decode(np.zeros(0, np.int64))
        return stream

    def _decode(self, marks: NDArray[np.int64]) -> None:
        from inpaint_app.photofile.jpeg.coding import read_units

        every = self.scan.restart or len(self.wanted)
        source = (self.plain, self.starts, every, owners(self.file), self._reading(0), self._reading(1))
        if read_units(*source, self.wanted, self.kept, self.begins, self.ends, self.last_dc, marks):
            raise JpegError("its coded data is damaged")

    def _reading(self, kind: int) -> NDArray[np.int32]:
        return np.stack([huffman.reading(table) for table in tables_of(self.scan, kind)])

    def marks(self) -> NDArray[np.int64]:
        """See `Stream.marks`; decodes once more, because hashing takes a third of the time and is seldom needed."""
        marks = np.zeros(len(self.wanted), np.int64)
        self._decode(marks)
        return marks

    def compared(
        self, again: JpegFile, touched: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int16], NDArray[np.bool_]] | None:
        """See `Stream.compared`."""
        from inpaint_app.photofile.jpeg.check import DAMAGED, SAME, compare

        if len(again.scans) != 1 or again.progressive or not self._same_codes(again.scans[0]):
            return None
        other = again.scans[0]
        every = self.scan.restart or len(self.wanted)
        plain, starts = intervals(again, other)
        kept, same = self.kept.copy(), np.zeros(len(self.wanted), np.bool_)
        dc, ac = (np.stack([huffman.reading(t) for t in tables_of(other, kind)]) for kind in (0, 1))
        fresh = self._fresh(touched, every)
        old = (self.plain, self.begins, self.ends, self.last_dc, self.kept)
        outcome = compare(*old, plain, starts, every, owners(self.file), dc, ac, fresh, kept, same)
        if outcome == DAMAGED:
            raise JpegError("what was written cannot be read back")
        return (kept, same) if outcome == SAME else None

    def _same_codes(self, other: Scan) -> bool:
        """Whether the other scan reads every code of this one as the same symbol."""
        if (self.scan.components, self.scan.restart) != (other.components, other.restart):
            return False
        for kind in (0, 1):
            for one, two in zip(tables_of(self.scan, kind), tables_of(other, kind), strict=True):
                codes = huffman.writing(one)
                if not np.array_equal(codes[codes > 0], huffman.writing(two)[codes > 0]):
                    return False
        return True

    def written(
        self, coefficients: NDArray[np.int16], touched: NDArray[np.bool_]
    ) -> tuple[list[bytes], bool]:
        """See `Stream.written`."""
        from inpaint_app.photofile.jpeg.coding import count_symbols, symbol_bits, write_units

        every = self.scan.restart or len(self.wanted)
        fresh = self._fresh(touched, every)
        owner = owners(self.file)
        histogram = np.zeros((2, 4, 256), np.int64)
        dc_number, ac_number = (np.array(n, np.int64) & 3 for n in (self.scan.dc, self.scan.ac))
        count_symbols(fresh, coefficients, owner, every, self.last_dc, dc_number, ac_number, histogram)
        tables, added = fitting_tables(self.scan, histogram)
        if tables is None:
            return _recoded(self, coefficients, touched)
        codes = {key: huffman.writing(table) for key, table in tables.items()}
        dc, ac = (
            np.stack([codes[kind, n] for n in named])
            for kind, named in ((0, self.scan.dc), (1, self.scan.ac))
        )
        lengths = np.zeros((2, 4, 256), np.int64)
        for (kind, number), table in codes.items():
            lengths[kind, number] = table & 0xFF
        out = np.empty(
            len(self.plain) + symbol_bits(histogram, lengths) // 8 + _ROOM + len(fresh) // every, np.uint8
        )
        out_ends = np.zeros(-(-len(fresh) // every), np.int64)
        write_units(
            self.plain,
            self.begins,
            self.ends,
            every,
            fresh,
            coefficients,
            owner,
            self.last_dc,
            dc,
            ac,
            out,
            out_ends,
        )
        head = self.file.data[self.scan.begin : self.scan.data]
        # A table that grew is defined again right before the scan; the old definition in front stays as it was.
        return [(huffman_segment(added) if added else b"") + head + stuffed(out, out_ends)], False

    def _fresh(self, touched: NDArray[np.bool_], every: int) -> NDArray[np.int32]:
        """Units to be coded: the touched ones and, because a DC is a difference, each one after them."""
        after = np.zeros_like(touched)
        after[1:] = touched[:-1]
        after[::every] = False
        return np.where(touched | after, self.wanted, -1).astype(np.int32)


def _recoded(
    stream: Sequential, coefficients: NDArray[np.int16], touched: NDArray[np.bool_]
) -> tuple[list[bytes], bool]:
    """All units coded anew with the best tables: for files whose own tables have no room for new symbols."""
    from inpaint_app.photofile.jpeg.progressive import Whole

    return Whole.read(stream.file, stream.wanted).written(coefficients, touched)


def owners(file: JpegFile) -> NDArray[np.int64]:
    """The component of each block of a unit."""
    return np.array([c for c, (h, v) in enumerate(file.sampling) for _ in range(h * v)], np.int64)


def tables_of(scan: Scan, kind: int) -> list[HuffmanTable]:
    """The scan's tables, one per component. kind: 0 DC, 1 AC."""
    return [huffman.needed(scan.tables, kind, number) for number in (scan.ac if kind else scan.dc)]


def fitting_tables(
    scan: Scan, histogram: NDArray[np.int64]
) -> tuple[dict[tuple[int, int], HuffmanTable] | None, dict[tuple[int, int], HuffmanTable]]:
    """The scan's tables with codes for all symbols (2, 4, 256) counted, and those of them that had to grow.

    None where a table has no room left. Raises JpegError where a coefficient is past what the standard codes.
    """
    if histogram[0, :, 12:].any() or (histogram[1] * ((np.arange(256) & 15) > 10)).any():
        raise JpegError("its coefficients are out of range")
    tables, added = {}, {}
    for kind, numbers in ((0, scan.dc), (1, scan.ac)):
        for number in set(numbers):
            table = huffman.needed(scan.tables, kind, number)
            missing = [int(s) for s in np.flatnonzero(histogram[kind, number]) if int(s) not in table.symbols]
            if missing:
                grown = huffman.with_room_for(table, missing)
                if grown is None:
                    return None, {}
                table = added[kind, number] = grown
            tables[kind, number] = table
    return tables, added


def crop(file: JpegFile, coefficients: NDArray[np.int16], size: tuple[int, int]) -> bytes:
    """A small JPEG of units (M, B, 64) in reading order, size (width, height) pixels, that decodes as they do there."""
    from inpaint_app.photofile.jpeg.coding import count_symbols, symbol_bits, write_units

    count, parts = len(coefficients), len(file.components)
    owner = owners(file)
    fresh = np.arange(count, dtype=np.int32)
    last_dc = np.zeros((count, parts), np.int16)
    histogram = np.zeros((2, 4, 256), np.int64)
    one = np.zeros(parts, np.int64)
    count_symbols(fresh, coefficients, owner, count, last_dc, one, one, histogram)
    tables = {(kind, 0): huffman.best(histogram[kind, 0]) for kind in (0, 1)}
    dc, ac = (np.stack([huffman.writing(tables[kind, 0])] * parts) for kind in (0, 1))
    lengths = np.zeros((2, 4, 256), np.int64)
    lengths[0, 0], lengths[1, 0] = dc[0] & 0xFF, ac[0] & 0xFF
    out = np.empty(symbol_bits(histogram, lengths) // 8 + _ROOM, np.uint8)
    ends, none = np.zeros(1, np.int64), np.zeros(count, np.int64)
    write_units(
        np.frombuffer(bytes(16), np.uint8),
        none,
        none,
        count,
        fresh,
        coefficients,
        owner,
        last_dc,
        dc,
        ac,
        out,
        ends,
    )
    return _small_file(file, size, tables, stuffed(out, ends))


def _small_file(
    file: JpegFile, size: tuple[int, int], tables: dict[tuple[int, int], HuffmanTable], coded: bytes
) -> bytes:
    kept = [
        file.data[begin:end]
        for index, (marker, begin, end) in enumerate(file.segments)
        if marker == 0xDB or marker == 0xEE or (marker == 0xE0 and file.content(index)[:5] == b"JFIF\0")
    ]
    planes = file.components
    frame = bytes((8, *size[1].to_bytes(2), *size[0].to_bytes(2), len(planes)))
    frame += b"".join(bytes((c.id, (c.h << 4) | c.v, c.table)) for c in planes)
    head = bytes((len(planes),)) + b"".join(bytes((c.id, 0)) for c in planes) + bytes((0, 63, 0))
    segments = [*kept, segment(0xC1, frame), huffman_segment(tables), segment(0xDA, head), coded]
    return b"".join([b"\xff\xd8", *segments, bytes((0xFF, EOI))])
