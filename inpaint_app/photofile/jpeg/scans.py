"""A JPEG's scans: which blocks one holds in which order, its tables, and the coefficients of a whole file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaint_app.photofile.jpeg import huffman
from inpaint_app.photofile.jpeg.bytes import huffman_segment, intervals, segment, stuffed
from inpaint_app.photofile.jpeg.file import SOS, JpegError, JpegFile, Scan, Tables

_EMPTY = huffman.NO_TABLE
ROOM = 4096
Ordered = tuple[NDArray[np.int32], NDArray[np.int64], int]


@dataclass(slots=True, eq=False)
class Whole:
    """All coefficients (B, 64) of a file, component by component in raster order, padded to whole units."""

    file: JpegFile
    coefficients: NDArray[np.int16]
    units: NDArray[np.int32]

    @classmethod
    def read(cls, file: JpegFile) -> Whole:
        """Decode all scans; raises JpegError where the data is damaged."""
        units = unit_rows(file)
        coefficients = np.zeros((units.size, 64), np.int16)
        slots, seen = np.arange(units.size, dtype=np.int32), np.zeros(units.size, np.int64)
        for scan in file.scans:
            read_scan(file, scan, order_of(file, scan, units), slots, coefficients, seen)
        return cls(file, coefficients, units)

    def scan(self, scan: Scan) -> bytes:
        """One scan's tables, the best, its header and its coded bytes."""
        order, owner, per_mcu = order_of(self.file, scan, self.units)
        ordered = order, owner, scan.restart * per_mcu or len(order)
        tables, coded = best_coded(scan, ordered, self.coefficients, progressive=self.file.progressive)
        return headed(self.file, scan, tables) + coded


def best_coded(
    scan: Scan, ordered: Ordered, coefficients: NDArray[np.int16], *, progressive: bool
) -> tuple[Tables, bytes]:
    """The best tables for a scan of coefficients (B, 64), and its bytes; raises JpegError where none can code them.

    ordered: the blocks in coding order, their parts, and how many lie between restart markers.
    """
    from inpaint_app.photofile.jpeg.passes_out import write_pass

    order, owner, every = ordered
    histogram, before = np.zeros((2, len(scan.components), 256), np.int64), np.zeros(4, np.int64)
    ends = np.zeros(-(-len(order) // every), np.int64)
    fixed = (order, every, owner, coefficients, *scan.band, scan.high, scan.low, progressive)
    bits = write_pass(*fixed, True, histogram, codes_of(scan, {}), np.empty(0, np.uint8), ends, before)
    if histogram[0, :, 12:].any():
        raise JpegError("its coefficients are out of range")
    tables = {name: huffman.best(counts) for name, counts in _counted(scan, histogram)}
    codes = codes_of(scan, tables)
    bits += int((histogram * (codes & 0xFF)).sum())
    out = np.empty(bits // 8 + len(ends) + ROOM, np.uint8)
    write_pass(*fixed, False, histogram, codes, out, ends, before)
    return tables, stuffed(out, ends)


def headed(file: JpegFile, scan: Scan, tables: Tables) -> bytes:
    """The segments in front of a scan's bytes: the tables that it names, and its header."""
    head = bytes((len(scan.components),)) + b"".join(
        bytes((file.components[c].id, (dc << 4) | ac))
        for c, dc, ac in zip(scan.components, scan.dc, scan.ac, strict=True)
    )
    head += bytes((*scan.band, (scan.high << 4) | scan.low))
    used = {name: tables[name] for name in sorted(needed_tables(scan))}
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
        plain, starts, every, order, owner, slots, values, seen, *reading(scan),
        *scan.band, scan.high, scan.low, file.progressive, file.torn, noting, ranges, stops, 0, np.zeros(4, np.int64),
    )  # fmt: skip
    if count < 0 and not file.torn:
        raise JpegError("its coded data is damaged")
    return ranges[: max(count, 0)], stops


def _counted(scan: Scan, histogram: NDArray[np.int64]) -> Iterator[tuple[tuple[int, int], NDArray[np.int64]]]:
    """Each table that a scan codes by, and its symbols (256,) of those counted (2, parts, 256): parts may share one."""
    for kind, number in sorted(needed_tables(scan)):
        numbers = scan.ac if kind else scan.dc
        parts = [part for part, n in enumerate(numbers) if n == number]
        yield (kind, number), histogram[kind, parts].sum(axis=0)


def grown_tables(scan: Scan, missing: NDArray[np.int64]) -> Tables | None:
    """The scan's own tables with codes for the missing symbols (2, parts, 256), or None where there is no room."""
    tables = dict(scan.tables)
    for name, counts in _counted(scan, missing):
        if not counts.any():
            continue
        symbols = [int(s) for s in np.flatnonzero(counts)]
        table = huffman.with_room_for(tables.get(name, _EMPTY), symbols)
        if table is None or (name[0] == 0 and max(symbols) > 11):
            return None
        tables[name] = table
    return tables


def roomier_tables(scan: Scan, missing: NDArray[np.int64]) -> Tables:
    """Tables with codes for all that the scan's have and for the missing symbols (2, parts, 256): other codes.

    Raises JpegError where a coefficient is past what the standard codes.
    """
    if missing[0, :, 12:].any():
        raise JpegError("its coefficients are out of range")
    tables = dict(scan.tables)
    for name, counts in _counted(scan, missing):
        if counts.any():
            # a code's length says how often its symbol stands in the scan
            held = huffman.writing(tables.get(name, _EMPTY)) & 0xFF
            tables[name] = huffman.best(np.where(held > 0, 1 << (16 - held.astype(np.int64)), counts > 0))
    return tables


def codes_of(scan: Scan, tables: Tables) -> NDArray[np.uint32]:
    """Writing tables (2, parts, 256) of each part of a scan."""
    return np.stack(
        [
            np.stack([huffman.writing(tables.get((kind, number), _EMPTY)) for number in numbers])
            for kind, numbers in ((0, scan.dc), (1, scan.ac))
        ]
    )


def reading(scan: Scan) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Reading tables of each part of a scan, DC and AC; empty ones where the scan needs none. Raises JpegError."""
    used = needed_tables(scan)
    if not used <= scan.tables.keys():
        raise JpegError("it leaves out its Huffman tables")
    held = (
        [huffman.reading(scan.tables[kind, n] if (kind, n) in used else _EMPTY) for n in numbers]
        for kind, numbers in ((0, scan.dc), (1, scan.ac))
    )
    dc, ac = (np.stack(tables) for tables in held)
    return dc, ac


def needed_tables(scan: Scan) -> set[tuple[int, int]]:
    """Which tables a scan codes by: (0 for DC or 1 for AC, number)."""
    dc = scan.dc if scan.band[0] == 0 and scan.high == 0 else ()
    return {*((0, n) for n in dc), *((1, n) for n in scan.ac if scan.band[1] > 0)}


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
