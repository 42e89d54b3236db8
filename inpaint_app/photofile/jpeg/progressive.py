"""JPEG files that cannot be spliced: broken off, or in several scans, or with Huffman tables that are full.

All coefficients are read, the touched ones replaced, and all written again with the best tables: in the same scans
where the file is progressive, else in one. The coefficients stay bit for bit; the file's size may change a little.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaint_app import environment
from inpaint_app.photofile.jpeg import huffman
from inpaint_app.photofile.jpeg.bytes import huffman_segment, intervals, segment, stuffed
from inpaint_app.photofile.jpeg.file import SOS, HuffmanTable, JpegError, JpegFile, Scan

_EMPTY = huffman.NO_TABLE
_ROOM = 4096
Ordered = tuple[NDArray[np.int32], NDArray[np.int64], int]


@dataclass(slots=True, eq=False)
class Whole:
    """All coefficients (B, 64) of a file, component by component in raster order, padded to whole units."""

    file: JpegFile
    wanted: NDArray[np.int32]
    coefficients: NDArray[np.int16]
    units: NDArray[np.int32]
    kept: NDArray[np.int16]

    @classmethod
    def read(cls, file: JpegFile, wanted: NDArray[np.int32]) -> Whole:
        """Decode all scans; raises JpegError where the data is damaged."""
        units = unit_rows(file)
        coefficients = np.zeros((units.size, 64), np.int16)
        slots, seen = np.arange(units.size, dtype=np.int32), np.zeros(units.size, np.int64)
        for scan in file.scans:
            read_scan(file, scan, order_of(file, scan, units), slots, coefficients, seen)
        return cls(file, wanted, coefficients, units, coefficients[units[wanted >= 0]])

    def marks(self) -> NDArray[np.int64]:
        """See `stream.Stream.marks`; decodes once more, because it is seldom needed."""
        return marks_of(self.file)

    def written(
        self, coefficients: NDArray[np.int16], touched: NDArray[np.bool_]
    ) -> tuple[list[bytes], bool]:
        """See `stream.Stream.written`. The touched units of this reading are overwritten."""
        numbers = np.flatnonzero(touched)
        self.coefficients[self.units[numbers]] = coefficients[self.wanted[numbers]]
        try:
            return self._scans()
        finally:
            self.coefficients = np.zeros(
                (0, 64), np.int16
            )  # as large as the photo: not kept for the certificate

    def compared(
        self, again: JpegFile, touched: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int16], NDArray[np.bool_]] | None:
        """See `stream.Stream.compared`: every unit was coded anew."""
        return None

    def _scans(self) -> tuple[list[bytes], bool]:
        scans = self.file.scans
        if self.file.progressive:
            # The compiled passes let go of the interpreter lock, and no scan needs another's bytes.
            with ThreadPoolExecutor(min(len(scans), environment.cores())) as pool:
                return list(pool.map(self.scan, scans)), True
        every = tuple(range(len(self.file.components)))
        tables = tuple(0 if c in (0, 3) else 1 for c in every)
        last = scans[-1]
        one = Scan(every, tables, tables, (0, 63), 0, 0, {}, last.restart, last.begin, last.data, last.end)
        return [*[b""] * (len(scans) - 1), self.scan(one)], True

    def scan(self, scan: Scan) -> bytes:
        """One scan's tables, header and coded bytes: with its own tables where they have all symbols, else the best."""
        from inpaint_app.photofile.jpeg.passes_out import write_pass

        order, owner, per_mcu = order_of(self.file, scan, self.units)
        every = scan.restart * per_mcu or len(order)
        parts, before = len(scan.components), np.zeros(4, np.int64)
        ends = np.zeros(-(-len(order) // every), np.int64)
        fixed = (
            order,
            every,
            owner,
            self.coefficients,
            *scan.band,
            scan.high,
            scan.low,
            self.file.progressive,
        )
        tables, histogram = scan.tables, np.zeros((2, parts, 256), np.int64)
        out = np.empty((scan.end - scan.data) * 9 // 8 + _ROOM, np.uint8)
        done = (
            write_pass(*fixed, False, histogram, codes_of(scan, tables), out, ends, before) if tables else -1
        )
        grown = grown_tables(scan, histogram) if done >= 0 and histogram.any() else None
        if grown is not None:
            tables, histogram = grown, np.zeros_like(histogram)
            done = write_pass(*fixed, False, histogram, codes_of(scan, tables), out, ends, before)
        if done < 0 or histogram.any():
            histogram[:] = 0
            bits = write_pass(
                *fixed, True, histogram, codes_of(scan, {}), np.empty(0, np.uint8), ends, before
            )
            if histogram[0, :, 12:].any():
                raise JpegError("its coefficients are out of range")
            tables = _best_tables(scan, histogram)
            codes = codes_of(scan, tables)
            bits += int((histogram * (codes & 0xFF)).sum())
            out = np.empty(bits // 8 + len(ends) + _ROOM, np.uint8)
            write_pass(*fixed, False, histogram, codes, out, ends, before)
        return headed(self.file, scan, tables) + stuffed(out, ends)


def marks_of(file: JpegFile) -> NDArray[np.int64]:
    """A hash of each unit's coefficients; see `stream.Stream.marks`."""
    from inpaint_app.photofile.jpeg.passes import hash_units

    whole = Whole.read(file, np.full(file.units[0] * file.units[1], -1, np.int32))
    marks = np.zeros(len(whole.units), np.int64)
    hash_units(whole.units, whole.coefficients, marks)
    return marks


def headed(file: JpegFile, scan: Scan, tables: dict[tuple[int, int], HuffmanTable]) -> bytes:
    """The segments in front of a scan's bytes: the tables that it names, and its header."""
    head = bytes((len(scan.components),)) + b"".join(
        bytes((file.components[c].id, (dc << 4) | ac))
        for c, dc, ac in zip(scan.components, scan.dc, scan.ac, strict=True)
    )
    head += bytes((*scan.band, (scan.high << 4) | scan.low))
    named = {(0, n) for n in scan.dc} | {(1, n) for n in scan.ac}
    used = {key: table for key, table in tables.items() if key in named}
    return (huffman_segment(used) if used else b"") + segment(SOS, head)


def read_scan(
    file: JpegFile, scan: Scan, ordered: Ordered, slots: NDArray[np.int32], values: NDArray[np.int16],
    seen: NDArray[np.int64], *, noting: bool = False,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:  # fmt: skip
    """Decode one scan; returns its ranges and stops, see `passes.read_pass`. Raises JpegError."""
    from inpaint_app.photofile.jpeg.passes import read_pass

    order, owner, per_mcu = ordered
    plain, starts = intervals(file, scan)
    every = scan.restart * per_mcu or len(order)
    if len(starts) - 1 != -(-len(order) // every) and not file.torn:
        raise JpegError("its restart markers are damaged")
    runs = 0
    if noting:
        here = slots[order] >= 0
        runs = int(np.count_nonzero(here[1:] & ~here[:-1])) + len(starts)
    ranges, stops = np.zeros((runs, 9), np.int64), np.zeros(len(starts) - 1 if noting else 0, np.int64)
    count = read_pass(
        plain, starts, every, order, owner, slots, values, seen, reading(file, scan, 0), reading(file, scan, 1),
        *scan.band, scan.high, scan.low, file.progressive, file.torn, noting, ranges, stops, 0, np.zeros(4, np.int64),
    )  # fmt: skip
    if count < 0 and not file.torn:
        raise JpegError("its coded data is damaged")
    return ranges[: max(count, 0)], stops


def grown_tables(scan: Scan, missing: NDArray[np.int64]) -> dict[tuple[int, int], HuffmanTable] | None:
    """The scan's own tables with codes for the missing symbols (2, parts, 256), or None where there is no room."""
    tables = dict(scan.tables)
    for kind, numbers in ((0, scan.dc), (1, scan.ac)):
        for number in set(numbers):
            together = missing[kind, [part for part, n in enumerate(numbers) if n == number]].sum(axis=0)
            symbols = [int(s) for s in np.flatnonzero(together)]
            if symbols:
                table = huffman.with_room_for(tables.get((kind, number), _EMPTY), symbols)
                if table is None or (kind == 0 and max(symbols) > 11):
                    return None
                tables[kind, number] = table
    return tables


def roomier_tables(scan: Scan, missing: NDArray[np.int64]) -> dict[tuple[int, int], HuffmanTable]:
    """Tables with codes for all that the scan's have and for the missing symbols (2, parts, 256): other codes.

    Raises JpegError where a coefficient is past what the standard codes.
    """
    if missing[0, :, 12:].any():
        raise JpegError("its coefficients are out of range")
    tables = dict(scan.tables)
    for kind, numbers in ((0, scan.dc), (1, scan.ac)):
        for number in set(numbers) if needs(scan, kind) else ():
            together = missing[kind, [part for part, n in enumerate(numbers) if n == number]].sum(axis=0)
            held = huffman.writing(tables.get((kind, number), _EMPTY)) & 0xFF
            if together.any():
                # a code's length says how often its symbol stands in the scan
                weights = np.where(held > 0, 1 << (16 - held.astype(np.int64)), together > 0)
                tables[kind, number] = huffman.best(weights)
    return tables


def codes_of(scan: Scan, tables: dict[tuple[int, int], HuffmanTable]) -> NDArray[np.uint32]:
    """Writing tables (2, parts, 256) of each part of a scan."""
    return np.stack(
        [
            np.stack([huffman.writing(tables.get((kind, number), _EMPTY)) for number in numbers])
            for kind, numbers in ((0, scan.dc), (1, scan.ac))
        ]
    )


def _best_tables(scan: Scan, histogram: NDArray[np.int64]) -> dict[tuple[int, int], HuffmanTable]:
    """Tables for the symbols counted (2, parts, 256); parts that share a number share a table."""
    tables = {}
    needs = ((0, scan.dc, scan.band[0] == 0 and scan.high == 0), (1, scan.ac, scan.band[1] > 0))
    for kind, numbers, used in needs:
        for number in sorted(set(numbers)) if used else ():
            together = histogram[kind, [part for part, n in enumerate(numbers) if n == number]].sum(axis=0)
            tables[kind, number] = huffman.best(together)
    return tables


def reading(file: JpegFile, scan: Scan, kind: int) -> NDArray[np.int32]:
    """Reading tables of each part of a scan; empty ones where the scan needs none."""
    used, numbers = needs(scan, kind), scan.ac if kind else scan.dc
    return np.stack(
        [huffman.reading(huffman.needed(scan.tables, kind, n) if used else _EMPTY) for n in numbers]
    )


def needs(scan: Scan, kind: int) -> bool:
    """Whether a scan codes by a table. kind: 0 DC, 1 AC."""
    return scan.band[1] > 0 if kind else scan.band[0] == 0 and scan.high == 0


def unit_rows(file: JpegFile) -> NDArray[np.int32]:
    """(N, B): which row of the coefficient array each block of each unit is."""
    across, down = file.units
    rows, start = [], 0
    for h, v in file.sampling:
        grid = np.arange(start, start + across * h * down * v, dtype=np.int32).reshape(down, v, across, h)
        rows.append(grid.transpose(0, 2, 1, 3).reshape(across * down, h * v))
        start += across * h * down * v
    return np.concatenate(rows, axis=1)


def order_of(file: JpegFile, scan: Scan, units: NDArray[np.int32]) -> Ordered:
    """The scan's blocks in coding order, the part of the scan each block of an MCU belongs to, blocks per MCU."""
    sampling = file.sampling
    begins = np.cumsum([0, *(h * v for h, v in sampling)])
    if len(scan.components) > 1:
        chosen = [c for part in scan.components for c in range(begins[part], begins[part + 1])]
        owner = [
            i for i, part in enumerate(scan.components) for _ in range(sampling[part][0] * sampling[part][1])
        ]
        return np.ascontiguousarray(units[:, chosen]).ravel(), np.array(owner, np.int64), len(owner)
    part = scan.components[0]
    (h, v), (across, down) = sampling[part], file.units
    wide, high = file.unit
    grid = units[:, begins[part] : begins[part + 1]].reshape(down, across, v, h).transpose(0, 2, 1, 3)
    raster = grid.reshape(down * v, across * h)
    columns = math.ceil(math.ceil(file.width * h * 8 / wide) / 8)
    rows = math.ceil(math.ceil(file.height * v * 8 / high) / 8)
    return np.ascontiguousarray(raster[:rows, :columns]).ravel(), np.zeros(1, np.int64), 1
