"""A JPEG written around new blocks, and read back, without coding again what did not change.

A scan falls into ranges that hold all blocks to be written, and the bits between them (`passes.read_pass` finds both).
No run of empty bands crosses the edge of a range and no DC behind it refers to a new block, so the bits between are
copied as they are. Read back, equal bits read from an equal state with equal codes are equal coefficients; the ranges
are decoded, each scan from what the coefficients are known to be before it to what they must be after it. Where the
scan's table has no room for the symbols of new blocks, the bits between are written with the codes of a new one, and
must be the old bits once they are written with the old codes again.

Only the blocks that may be written are kept with their coefficients. The others of a range are decoded once more when
it is written: what one scan says of them, its own bits and which coefficients were not 0 before tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inpaint_app.photofile.jpeg import scans
from inpaint_app.photofile.jpeg.bytes import intervals, stuffed
from inpaint_app.photofile.jpeg.file import JpegError, JpegFile, Scan, Tables
from inpaint_app.photofile.jpeg.passes import lay, read_pass, spread
from inpaint_app.photofile.jpeg.passes_out import write_pass
from inpaint_app.photofile.jpeg.transcode import BLOCK, Transcoder, copied, equal_bits

_Bits = tuple[NDArray[np.uint8], int, int]  # whole bytes, the first bit, how many
_Readers = tuple[NDArray[np.int32], NDArray[np.int32]]


class _Gap(NamedTuple):
    """What is kept between two ranges: its first block, the one past its last, its first bit, and how many bits."""

    first: int
    last: int
    begin: int
    bits: int


def read(file: JpegFile, wanted: NDArray[np.int32]) -> tuple[NDArray[np.int16], list[Parted]]:
    """The units of a file that may be written, (M, B, 64) int16 zigzag coefficients, and its scans, parted around them.

    wanted: (N,) place of a unit among those, or -1. Raises JpegError where the data is damaged.
    """
    units = scans.unit_rows(file)
    mine = units[wanted >= 0]
    slots = np.full(units.size, -1, np.int32)
    slots[mine.ravel()] = np.arange(mine.size, dtype=np.int32)
    values = np.zeros((mine.size, 64), np.int16)
    seen = np.zeros(units.size if file.progressive else 1, np.int64)
    orders = {scan.components: scans.order_of(file, scan, units) for scan in file.scans}
    places = {components: slots[ordered[0]] for components, ordered in orders.items()}
    parts = []
    for scan in file.scans:
        ordered, refines = orders[scan.components], scan.high > 0 and scan.band[0] > 0
        nonzero = seen[ordered[0]] if refines else np.zeros(0, np.int64)
        ranges, stops = scans.read_scan(file, scan, ordered, slots, values, seen, noting=True)
        parts.append(Parted(file, scan, places[scan.components], ordered[1], ranges, stops, nonzero))
    return values.reshape(*mine.shape, 64), parts


@dataclass(frozen=True, slots=True, eq=False)
class Parted:
    """A scan that was read. owner, ranges (R, 9), stops: see `passes.read_pass`.

    places: (blocks,) in coding order, which of the kept blocks, laid end to end, each is, or -1.
    nonzero: where the scan refines, which AC coefficients of each block were not 0 before (blocks,), a bit for each.
    """

    file: JpegFile
    scan: Scan
    places: NDArray[np.int32]
    owner: NDArray[np.int64]
    ranges: NDArray[np.int64]
    stops: NDArray[np.int64]
    nonzero: NDArray[np.int64]

    def spliced(self, values: NDArray[np.int16]) -> tuple[Tables, bytes]:
        """The scan with its ranges coded anew, by its own tables and what they lack, or new ones: tables and bytes.

        values: (N, 64) the kept blocks as they are to be. Raises JpegError where no table can code them.
        """
        scan, tables = self.scan, self.scan.tables
        missing = np.zeros((2, len(scan.components), 256), np.int64)
        (plain, starts), tables_in = intervals(self.file, scan), scans.reading(scan)
        blocks = [
            self._blocks(number, plain, starts, tables_in, values) for number in range(len(self.ranges))
        ]
        fresh = self._ranges_coded(blocks, tables, missing)
        if missing.any():
            tables = scans.grown_tables(scan, missing) or scans.roomier_tables(scan, missing)
            missing[:] = 0
            fresh = self._ranges_coded(blocks, tables, missing)
        if missing.any():
            raise JpegError("its coefficients are out of range")
        return tables, stuffed(*self._joined(plain, starts, fresh, tables))

    def _ranges_coded(
        self, blocks: list[NDArray[np.int16]], tables: Tables, missing: NDArray[np.int64]
    ) -> list[_Bits]:  # fmt: skip
        """The bits of each range; missing (2, parts, 256): gets how often a code was wanting."""
        scan, codes, coded = self.scan, scans.codes_of(self.scan, tables), []
        for wanted, before in zip(blocks, self.ranges[:, 5:], strict=True):
            out = np.empty(BLOCK * len(wanted) + scans.ROOM, np.uint8)
            bits = write_pass(
                np.arange(len(wanted), dtype=np.int32), len(wanted), self.owner, wanted, *scan.band, scan.high,
                scan.low, self.file.progressive, False, missing, codes, out, np.zeros(1, np.int64), before.copy(),
            )  # fmt: skip
            coded.append((out[: bits // 8 + 2].copy(), 0, bits))
        return coded

    def _joined(
        self, plain: NDArray[np.uint8], starts: NDArray[np.int64], fresh: list[_Bits], tables: Tables
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:  # fmt: skip
        """The scan's bytes, with coded ranges between what is kept, and where each interval ends."""
        old, new = (scans.codes_of(self.scan, t) for t in (self.scan.tables, tables))
        other = self._transcoder(scans.reading(self.scan), old, new) if self._moved(old, new) else None
        pieces: list[NDArray[np.uint8]] = []
        for interval in range(len(self.stops)):
            bits: list[_Bits] = []
            for gap, number in self._steps(interval, starts):
                kept = plain, gap.begin, gap.bits
                if other:
                    written, count, _ = other.bits(
                        plain, gap.begin, self._nonzero(gap.first, gap.last), gap.bits
                    )
                    kept = written, 0, count
                    if count < 0:
                        raise JpegError("its coded data is damaged")
                bits += [kept, *(fresh[number : number + 1] if number >= 0 else [])]
            joined, at = np.zeros(-(-sum(count for _, _, count in bits) // 8) + 2, np.uint8), 0
            for source, begin, count in bits:
                at = copied(source, begin, count, joined, at)
            whole = -(-at // 8)
            joined[whole - 1] |= (1 << (-at % 8)) - 1
            pieces.append(joined[:whole])
        return np.concatenate(pieces), np.cumsum([len(piece) for piece in pieces])

    def _steps(self, interval: int, starts: NDArray[np.int64]) -> Iterator[tuple[_Gap, int]]:
        """What is kept in an interval, piece by piece, and the number of the range behind each, -1 behind the last."""
        every = self.scan.restart * len(self.owner) or len(self.places)
        block, bit, stop = interval * every, int(starts[interval]) * 8, int(self.stops[interval])
        for number in np.flatnonzero(self.ranges[:, 4] == interval).tolist():
            first, begin, last, end = self.ranges[number, :4].tolist()
            yield _Gap(block, first, bit, begin - bit), number
            block, bit = last, stop if end < 0 else end
        yield _Gap(block, min((interval + 1) * every, len(self.places)), bit, stop - bit), -1

    def _transcoder(self, tables: _Readers, old: NDArray[np.uint32], new: NDArray[np.uint32]) -> Transcoder:
        return Transcoder(self.scan.band, self.scan.high, self.owner, *tables, old, new)

    def _moved(self, old: NDArray[np.uint32], new: NDArray[np.uint32]) -> bool:
        """Whether a code that the scan uses is another one among the new codes."""
        used = {kind for kind, _ in scans.needed_tables(self.scan)}
        return any(bool(np.any((old[kind] != new[kind]) & (old[kind] > 0))) for kind in used)

    def _nonzero(self, first: int, last: int) -> NDArray[np.int64]:
        return self.nonzero[first:last] if len(self.nonzero) else np.zeros(last - first, np.int64)

    def _blocks(
        self, number: int, plain: NDArray[np.uint8], starts: NDArray[np.int64], tables: _Readers,
        values: NDArray[np.int16],
    ) -> NDArray[np.int16]:  # fmt: skip
        """A range's blocks (N, 64) after the scan, as far as it goes: size and sign may be others before.

        The kept ones are those of `values`, the others those of the file.
        """
        first, begin, last, _, interval = self.ranges[number, :5].tolist()
        blocks = np.zeros((last - first, 64), np.int16)
        spread(self._nonzero(first, last), self.scan.high, blocks)
        self._read(number, plain, begin, int(starts[interval + 1]), tables, blocks)
        lay(values, self.places[first:last], self.scan.low, blocks)
        return blocks

    def _read(
        self, number: int, plain: NDArray[np.uint8], begin: int, limit: int, tables: _Readers, blocks: NDArray[np.int16]
    ) -> int:  # fmt: skip
        """Decode a range of the scan, or of a written one, into its blocks; the bit past it, or -1 for damage."""
        scan, order, stop = self.scan, np.arange(len(blocks), dtype=np.int32), np.zeros(1, np.int64)
        none, seen = np.zeros((0, 9), np.int64), np.zeros(len(blocks), np.int64)
        outcome = read_pass(
            plain, np.array([begin >> 3, limit]), len(blocks), order, self.owner, order, blocks, seen, *tables,
            *scan.band, scan.high, scan.low, self.file.progressive, False, False, none, stop, begin & 7,
            self.ranges[number, 5:].copy(),
        )  # fmt: skip
        return -1 if outcome < 0 else int(stop[0])

    def confirmed(self, again: JpegFile, other: Scan, values: NDArray[np.int16]) -> bool:
        """Whether the written file's scan reads as `values` where it was coded anew, and has the old bits elsewhere."""
        scan = self.scan
        same = (
            getattr(scan, name) == getattr(other, name)
            for name in ("components", "band", "high", "low", "restart")
        )
        if again.progressive != self.file.progressive or not all(same):
            return False
        old, new = scans.codes_of(scan, scan.tables), scans.codes_of(other, other.tables)
        back = self._transcoder(scans.reading(other), new, old) if self._moved(old, new) else None
        (source, begins), (plain, starts) = intervals(self.file, scan), intervals(again, other)
        if len(starts) != len(begins):
            return False
        tables, written = scans.reading(scan), scans.reading(other)
        band = slice(scan.band[0], scan.band[1] + 1)
        for interval in range(len(self.stops)):
            at, limit = int(starts[interval]) * 8, int(starts[interval + 1])
            for gap, number in self._steps(interval, begins):
                end, held, begin = at + gap.bits, plain, at
                if back:
                    held, bits, end = back.bits(plain, at, self._nonzero(gap.first, gap.last), limit * 8 - at)
                    begin, end = 0, end if bits == gap.bits else -1
                if not at <= end <= limit * 8 or not equal_bits(source, gap.begin, held, begin, gap.bits):
                    return False
                at = end
                if number < 0:
                    break
                wanted = self._blocks(number, source, begins, tables, values)
                blocks = np.zeros_like(wanted)
                if (
                    scan.high
                ):  # what is known before the scan: of other blocks only which coefficients are not 0
                    first, last = self.ranges[number, 0], self.ranges[number, 2]
                    spread(self._nonzero(first, last), scan.high, blocks)
                    lay(values, self.places[first:last], scan.high, blocks)
                at = self._read(number, plain, at, limit, written, blocks)
                if at < 0 or not np.array_equal(blocks[:, band], wanted[:, band]):
                    return False
            if not 0 <= limit * 8 - at < 8:
                return False
        return True
