"""Progressive files written around new blocks, and read back, without coding again what did not change.

A scan falls into ranges that hold all blocks to be written, and the bits between them (`passes.read_pass` finds both).
No run of empty bands crosses the edge of a range and no DC behind it refers to a new block, so the bits between are
copied as they are. Read back, equal bits read from an equal state with equal codes are equal coefficients; the ranges
are decoded, each scan from what the coefficients are known to be before it to what they must be after it.

Only the blocks that may be written are kept with their coefficients. The others of a range are decoded once more when
it is written: what one scan says of them, its own bits and which coefficients were not 0 before tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaint_app.photofile.jpeg import progressive
from inpaint_app.photofile.jpeg.bytes import intervals, stuffed
from inpaint_app.photofile.jpeg.check import equal_bits
from inpaint_app.photofile.jpeg.compiled import Array, Number, compiled
from inpaint_app.photofile.jpeg.file import HuffmanTable, JpegFile, Scan
from inpaint_app.photofile.jpeg.passes import read_pass
from inpaint_app.photofile.jpeg.passes_out import write_pass

_BLOCK = 224  # bytes that no block's code in one scan exceeds
_ROOM = 4096
_Tables = tuple[NDArray[np.int32], NDArray[np.int32]]


@dataclass(slots=True, eq=False)
class Progressive:
    """The blocks of a progressive file that may be written, and where its scans can be parted around them.

    slots: (rows,) which row of the kept blocks, laid end to end, a row of all coefficients is, or -1. fresh: the kept
    blocks as they were written.
    """

    file: JpegFile
    wanted: NDArray[np.int32]
    kept: NDArray[np.int16]
    slots: NDArray[np.int32]
    parts: list[Parted]
    fresh: NDArray[np.int16]

    @classmethod
    def read(cls, file: JpegFile, wanted: NDArray[np.int32]) -> Progressive:
        """Decode all scans; raises JpegError where the data is damaged."""
        units = progressive.unit_rows(file)
        mine = units[wanted >= 0]
        slots = np.full(units.size, -1, np.int32)
        slots[mine.ravel()] = np.arange(mine.size, dtype=np.int32)
        values, seen = np.zeros((mine.size, 64), np.int16), np.zeros(units.size, np.int64)
        orders = {scan.components: progressive.order_of(file, scan, units) for scan in file.scans}
        parts = []
        for scan in file.scans:
            ordered, refines = orders[scan.components], scan.high > 0 and scan.band[0] > 0
            before = seen.copy() if refines else None
            ranges, stops = progressive.read_scan(file, scan, ordered, slots, values, seen, noting=True)
            nonzero = [] if before is None else [before[ordered[0][r[0] : r[2]]] for r in ranges]
            parts.append(Parted(file, scan, *ordered[:2], ranges, stops, nonzero))
        kept = values.reshape(*mine.shape, 64)
        return cls(file, wanted, kept, slots, parts, kept)

    def marks(self) -> NDArray[np.int64]:
        """See `stream.Stream.marks`."""
        return progressive.marks_of(self.file)

    def written(
        self, coefficients: NDArray[np.int16], touched: NDArray[np.bool_]
    ) -> tuple[list[bytes], bool]:
        """See `stream.Stream.written`."""
        self.fresh = coefficients
        done = [part.spliced(coefficients.reshape(-1, 64), self.slots) for part in self.parts]
        if None in done:  # a table is full: the scan is coded anew as a whole
            whole = progressive.Whole.read(self.file, self.wanted)
            whole.coefficients[whole.units[touched]] = coefficients[self.wanted[touched]]
            return [data or whole.scan(part.scan) for data, part in zip(done, self.parts, strict=True)], True
        return [data for data in done if data is not None], True

    def compared(
        self, again: JpegFile, touched: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int16], NDArray[np.bool_]] | None:
        """See `stream.Stream.compared`."""
        values = self.fresh.reshape(-1, 64)
        if len(again.scans) != len(self.parts) or not again.progressive:
            return None
        if not all(
            part.confirmed(again, other, values, self.slots)
            for part, other in zip(self.parts, again.scans, strict=True)
        ):
            return None
        same = np.ones(len(self.wanted), np.bool_)
        same[self.wanted >= 0] = (self.fresh == self.kept).all(axis=(1, 2))
        return self.fresh, same


@dataclass(frozen=True, slots=True, eq=False)
class Parted:
    """A scan that was read. order, owner, ranges (R, 9), stops: see `passes.read_pass`.

    nonzero: where the scan refines, for each range which AC coefficients were not 0 before (blocks,), a bit for each.
    """

    file: JpegFile
    scan: Scan
    order: NDArray[np.int32]
    owner: NDArray[np.int64]
    ranges: NDArray[np.int64]
    stops: NDArray[np.int64]
    nonzero: list[NDArray[np.int64]]

    def spliced(self, values: NDArray[np.int16], slots: NDArray[np.int32]) -> bytes | None:
        """The scan with its ranges coded anew, by its own tables and what they lack; None where these have no room.

        values, slots: of the kept blocks as they are to be.
        """
        scan, tables = self.scan, self.scan.tables
        missing = np.zeros((2, len(scan.components), 256), np.int64)
        coded = self._coded(values, slots, tables, missing)
        if missing.any():
            grown = progressive.grown_tables(scan, missing)
            if grown is None:
                return None
            tables, missing = grown, np.zeros_like(missing)
            coded = self._coded(values, slots, tables, missing)
        return None if missing.any() else progressive.headed(self.file, scan, tables) + stuffed(*coded)

    def _coded(
        self, values: NDArray[np.int16], slots: NDArray[np.int32], tables: dict[tuple[int, int], HuffmanTable],
        missing: NDArray[np.int64],
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:  # fmt: skip
        """The scan's bytes and where each interval ends; missing (2, parts, 256): gets how often a code was wanting."""
        scan, codes = self.scan, progressive.codes_of(self.scan, tables)
        plain, starts = intervals(self.file, scan)
        tables_in = _reading(self.file, scan)
        pieces: list[NDArray[np.uint8]] = []
        for interval in range(len(self.stops)):
            stop, cursor, gaps = int(self.stops[interval]), int(starts[interval]) * 8, []
            for number, begin, end in self._steps(interval):
                _, blocks = self._blocks(number, plain, starts, tables_in, values, slots)
                out = np.empty(_BLOCK * len(blocks) + _ROOM, np.uint8)
                bits = write_pass(
                    np.arange(len(blocks), dtype=np.int32), len(blocks), self.owner, blocks, *scan.band, scan.high,
                    scan.low, True, False, missing, codes, out, np.zeros(1, np.int64), self.ranges[number, 5:].copy(),
                )  # fmt: skip
                gaps += [(plain, cursor, begin - cursor), (out[: bits // 8 + 2].copy(), 0, bits)]
                cursor = end
            gaps.append((plain, cursor, stop - cursor))
            joined, at = np.zeros(-(-sum(bits for _, _, bits in gaps) // 8) + 2, np.uint8), 0
            for source, begin, bits in gaps:
                at = copied(source, begin, bits, joined, at)
            whole = -(-at // 8)
            joined[whole - 1] |= (1 << (-at % 8)) - 1
            pieces.append(joined[:whole])
        return np.concatenate(pieces), np.cumsum([len(piece) for piece in pieces])

    def _steps(self, interval: int) -> Iterator[tuple[int, int, int]]:
        """The interval's ranges: its number, its first bit and the bit past its last."""
        for number in np.flatnonzero(self.ranges[:, 4] == interval).tolist():
            _, begin, _, end = self.ranges[number, :4].tolist()
            yield number, begin, int(self.stops[interval]) if end < 0 else end

    def _blocks(
        self, number: int, plain: NDArray[np.uint8], starts: NDArray[np.int64], tables: _Tables,
        values: NDArray[np.int16], slots: NDArray[np.int32],
    ) -> tuple[NDArray[np.int16], NDArray[np.int16]]:  # fmt: skip
        """A range's blocks (N, 64) before the scan and after it, as far as it goes: size and sign may be others before.

        The kept ones are those of `values`, the others those of the file.
        """
        first, begin, last, _, interval = self.ranges[number, :5].tolist()
        before = np.zeros((last - first, 64), np.int16)
        if self.nonzero:
            octets = self.nonzero[number].astype("<i8").view(np.uint8).reshape(-1, 8)
            before = np.unpackbits(octets, axis=1, bitorder="little").astype(np.int16) << self.scan.high
        after = before.copy()
        self._read(number, plain, begin, int(starts[interval + 1]), tables, after)
        places = slots[self.order[first:last]]
        mine = values[places[places >= 0]]
        after[places >= 0] = _known(mine, self.scan.low)
        before[places >= 0] = _known(mine, self.scan.high) if self.scan.high else 0
        return before, after

    def _read(
        self, number: int, plain: NDArray[np.uint8], begin: int, limit: int, tables: _Tables, blocks: NDArray[np.int16]
    ) -> int:  # fmt: skip
        """Decode a range of the scan, or of a written one, into its blocks; the bit past it, or -1 for damage."""
        scan, order, stop = self.scan, np.arange(len(blocks), dtype=np.int32), np.zeros(1, np.int64)
        none, seen = np.zeros((0, 9), np.int64), np.zeros(len(blocks), np.int64)
        outcome = read_pass(
            plain, np.array([begin >> 3, limit]), len(blocks), order, self.owner, order, blocks, seen, *tables,
            *scan.band, scan.high, scan.low, True, False, False, none, stop, begin & 7, self.ranges[number, 5:].copy(),
        )  # fmt: skip
        return -1 if outcome < 0 else int(stop[0])

    def confirmed(
        self, again: JpegFile, other: Scan, values: NDArray[np.int16], slots: NDArray[np.int32]
    ) -> bool:
        """Whether a written scan reads as `values` where it was coded anew, and has the old bits elsewhere."""
        scan = self.scan
        if (scan.components, scan.band, scan.high, scan.low, scan.restart) != (
            other.components, other.band, other.high, other.low, other.restart,
        ):  # fmt: skip
            return False
        codes, new = progressive.codes_of(scan, scan.tables), progressive.codes_of(other, other.tables)
        used = [kind for kind in (0, 1) if progressive.needs(scan, kind)]
        if any(np.any((codes[kind] != new[kind]) & (codes[kind] > 0)) for kind in used):
            return False
        (source, begins), (plain, starts) = intervals(self.file, scan), intervals(again, other)
        if len(starts) != len(begins):
            return False
        tables, written = _reading(self.file, scan), _reading(again, other)
        band = slice(scan.band[0], scan.band[1] + 1)
        for interval in range(len(self.stops)):
            old, at, limit = int(begins[interval]) * 8, int(starts[interval]) * 8, int(starts[interval + 1])
            for number, begin, end in self._steps(interval):
                gap = begin - old
                if at + gap > limit * 8 or not equal_bits(source, old, plain, at, gap):
                    return False
                blocks, wanted = self._blocks(number, source, begins, tables, values, slots)
                at, old = self._read(number, plain, at + gap, limit, written, blocks), end
                if at < 0 or not np.array_equal(blocks[:, band], wanted[:, band]):
                    return False
            gap = int(self.stops[interval]) - old
            if not 0 <= limit * 8 - at - gap < 8 or not equal_bits(source, old, plain, at, gap):
                return False
        return True


def _reading(file: JpegFile, scan: Scan) -> _Tables:
    return progressive.reading(file, scan, 0), progressive.reading(file, scan, 1)


def _known(values: NDArray[np.int16], low: int) -> NDArray[np.int16]:
    """What coefficients (N, 64) are before their last `low` bits have come (T.81, G.1.2): DCs round down, ACs to 0."""
    sizes = (np.abs(values) >> low) << low
    known = np.where(values < 0, -sizes, sizes).astype(np.int16)
    known[:, 0] = (values[:, 0] >> low) << low
    return known


@compiled
def copied(source: Array, begin: Number, length: Number, out: Array, at: Number) -> Number:
    """Append `length` bits of the source, from bit `begin`, to `out` at bit `at`, which is 0 from there on.

    Returns the bit past them. Both arrays are read and written up to one byte further.
    """
    a, left = begin >> 3, 8 - (begin & 7)
    b, right = at >> 3, at & 7
    size = len(source)
    for index in range((length + 7) >> 3):
        one = np.int64(source[a + index]) << 8
        if a + index + 1 < size:
            one |= np.int64(source[a + index + 1])
        byte = (one >> left) & 0xFF
        over = (index + 1) * 8 - length
        if over > 0:
            byte = (byte >> over) << over
        out[b + index] |= byte >> right
        if right:
            out[b + index + 1] |= (byte << (8 - right)) & 0xFF
    return at + length
