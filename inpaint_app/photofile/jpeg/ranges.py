"""Progressive scans written around new blocks, and read back, without coding again what did not change.

A scan falls into ranges that hold all blocks to be written, and the bits between them (`passes.read_pass` finds both).
No run of empty bands crosses the edge of a range and no DC behind it refers to a new block, so the bits between are
copied as they are. Read back, equal bits read from an equal state with equal codes are equal coefficients; the ranges
are decoded, each scan from what the coefficients are known to be before it to what they must be after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaint_app.photofile.jpeg.check import equal_bits
from inpaint_app.photofile.jpeg.compiled import Array, Number, compiled
from inpaint_app.photofile.jpeg.file import Scan
from inpaint_app.photofile.jpeg.passes import read_pass
from inpaint_app.photofile.jpeg.passes_out import write_pass

_BLOCK = 224  # bytes that no block's code in one scan exceeds
_ROOM = 4096
_NONE = np.zeros(0, np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Parted:
    """A scan that was read. order, owner, every: see `passes.read_pass`. plain, starts: see `bytes.intervals`.

    ranges (R, 5): first block, its bit, the block and the bit past the last, the interval; stops: the bit past each
    interval's last block.
    """

    scan: Scan
    order: NDArray[np.int32]
    owner: NDArray[np.int64]
    every: int
    plain: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ranges: NDArray[np.int64]
    stops: NDArray[np.int64]

    def steps(self, interval: int) -> Iterator[tuple[int, int, int, int]]:
        """The interval's ranges: first block, its bit, the block and the bit past the last."""
        for first, begin, stop, end, _ in self.ranges[self.ranges[:, 4] == interval].tolist():
            yield first, begin, stop, int(self.stops[interval]) if end < 0 else end

    def before(self, first: int, coefficients: NDArray[np.int16]) -> NDArray[np.int64]:
        """What a scan of DC differences goes on from at a block (4,): the DC of each part's last block in front."""
        last, across = np.zeros(4, np.int64), len(self.owner)
        if self.scan.band[0] == 0 and self.scan.high == 0 and first % self.every:
            last[self.owner] = coefficients[self.order[first - across : first], 0] >> self.scan.low
        return last


def spliced(
    part: Parted, coefficients: NDArray[np.int16], codes: NDArray[np.uint32], missing: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The scan's bytes with its ranges coded anew, and where each interval ends.

    missing (2, parts, 256): gets the number of symbols that have no code; the bytes are of no use then.
    """
    scan, done = part.scan, []
    pieces: list[NDArray[np.uint8]] = []
    for interval in range(len(part.stops)):
        start, stop = int(part.starts[interval]) * 8, int(part.stops[interval])
        gaps, cursor = [], start
        for first, begin, last, end in part.steps(interval):
            out = np.empty(_BLOCK * (last - first) + _ROOM, np.uint8)
            bits = write_pass(
                part.order[first:last], last - first, part.owner, coefficients, *scan.band, scan.high, scan.low,
                True, False, missing, codes, out, np.zeros(1, np.int64), part.before(first, coefficients),
            )  # fmt: skip
            gaps += [(part.plain, cursor, begin - cursor), (out, 0, bits)]
            cursor = end
        gaps.append((part.plain, cursor, stop - cursor))
        length = sum(bits for _, _, bits in gaps)
        joined, at = np.zeros(-(-length // 8) + 2, np.uint8), 0
        for source, begin, bits in gaps:
            at = copied(source, begin, bits, joined, at)
        whole = -(-at // 8)
        joined[whole - 1] |= (1 << (-at % 8)) - 1
        pieces.append(joined[:whole])
        done.append(whole)
    return np.concatenate(pieces), np.cumsum(done)


def confirmed(
    part: Parted, plain: NDArray[np.uint8], starts: NDArray[np.int64], dc: NDArray[np.int32], ac: NDArray[np.int32],
    coefficients: NDArray[np.int16],
) -> bool:  # fmt: skip
    """Whether a written scan reads as `coefficients` where it was coded anew, and has the old bits elsewhere.

    plain, starts: of the written scan; dc, ac: its reading tables, which must hold the old codes unchanged.
    """
    if len(starts) != len(part.starts):
        return False
    scan = part.scan
    for interval in range(len(part.stops)):
        old, at, limit = int(part.starts[interval]) * 8, int(starts[interval]) * 8, int(starts[interval + 1])
        for first, begin, last, end in part.steps(interval):
            gap = begin - old
            if at + gap > limit * 8 or not equal_bits(part.plain, old, plain, at, gap):
                return False
            at += gap
            wanted = coefficients[part.order[first:last]]
            blocks = _known(wanted, scan.high) if scan.high else np.zeros_like(wanted)
            order, stop = np.arange(last - first, dtype=np.int32), np.zeros(1, np.int64)
            outcome = read_pass(
                plain, np.array([at >> 3, limit]), last - first, order, part.owner, blocks, dc, ac, *scan.band,
                scan.high, scan.low, True, False, _NONE, np.zeros((0, 5), np.int64), stop, at & 7,
                part.before(first, coefficients),
            )  # fmt: skip
            band = slice(scan.band[0], scan.band[1] + 1)
            if outcome < 0 or not np.array_equal(blocks[:, band], _known(wanted, scan.low)[:, band]):
                return False
            at, old = int(stop[0]), end
        gap = int(part.stops[interval]) - old
        if not 0 <= limit * 8 - at - gap < 8 or not equal_bits(part.plain, old, plain, at, gap):
            return False
    return True


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
