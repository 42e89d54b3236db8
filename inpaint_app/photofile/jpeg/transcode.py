"""Bits of a scan copied, compared, and written with other Huffman codes, symbol by symbol, compiled: no coefficient is
made.

ITU-T T.81, Annexes F and G. Codes change where a scan's own table has no room for the symbols of new blocks. What is
between those keeps its symbols and the bits that follow them; transcoded back, it must have the very bits of the old
file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaint_app.photofile.jpeg.coding import code_at, put, refilled
from inpaint_app.photofile.jpeg.compiled import Array, Number, compiled, inlined

BLOCK = 224  # bytes that no block's code in one scan exceeds
_ROOM = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Transcoder:
    """From one scan's codes to other codes of the same scan.

    band, high: of the scan; owner: (B,) the part of the scan of each block of an MCU; dc, ac: the tables it is read
    with; old, new: (2, parts, 256) writing tables.
    """

    band: tuple[int, int]
    high: int
    owner: NDArray[np.int64]
    dc: NDArray[np.int32]
    ac: NDArray[np.int32]
    old: NDArray[np.uint32]
    new: NDArray[np.uint32]

    def bits(
        self, plain: NDArray[np.uint8], at: int, nonzero: NDArray[np.int64], length: int
    ) -> tuple[NDArray[np.uint8], int, int]:
        """Blocks from bit `at` in the new codes: whole bytes, how many bits, the bit past what was read; or -1, -1.

        nonzero: see `transcode`, one for each block; length: the bits that they take at most.
        """
        both = (self.old > 0) & (self.new > 0)
        growth = (self.new[both] & 0xFF) / np.maximum(self.old[both] & 0xFF, 1)
        out = np.empty(int(length * max(1.0, growth.max(initial=1.0))) // 8 + _ROOM, np.uint8)
        end, written = transcode(
            plain, at, nonzero, self.owner, self.dc, self.ac, *self.band, self.high, self.new, out
        )
        return out, int(written), int(end)


@compiled
def transcode(
    plain: Array, at: Number, nonzero: Array, owner: Array, dc: Array, ac: Array, first: Number, last: Number,
    high: Number, codes: Array, out: Array,
) -> tuple[Number, Number]:  # fmt: skip
    """Write blocks with other codes; returns the bit past the last block that was read, and how many were written.

    plain, at: whole bytes and the bit of the first block, which is the first of its MCU and in no run of empty bands.
    nonzero: (N,) int64, for each block a bit for each AC coefficient that was not 0 before the scan. dc, ac: reading
    tables of the parts; codes: (2, parts, 256) the writing tables. Both numbers are -1 where the data is damaged, a
    symbol has no code, or `out` has less room than what is written and BLOCK.
    """
    damaged = np.int64(-1), np.int64(-1)
    position, acc, held = refilled(plain, at >> 3, np.int64(0), 0)
    held -= at & 7
    place, over, kept, waiting, turn = 0, np.int64(0), 0, np.int64(0), 0
    for number in range(len(nonzero)):
        part = owner[turn]
        turn = turn + 1 if turn + 1 < len(owner) else 0
        if place + BLOCK > len(out) or position > len(plain) + 8:
            return damaged
        k = first
        if first == 0:
            position, acc, held = refilled(plain, position, acc, held)
            found = code_at(dc[part], (acc >> (held - 16)) & 0xFFFF)
            entry = np.int64(codes[0, part, found & 0xFF])
            if found < 0 or entry == 0 or (found & 0xFF) > 11:
                return damaged
            held -= (found >> 8) + (found & 15)
            place, over, kept = put(out, place, over, kept, entry >> 8, entry & 0xFF)
            raw = (acc >> held) & ((1 << (found & 15)) - 1)
            place, over, kept = put(out, place, over, kept, raw, found & 15)
            k = 1
        rest = nonzero[number] & ((np.int64(2) << last) - 1) if high else np.int64(0)
        if waiting == 0:
            while k <= last:
                position, acc, held = refilled(plain, position, acc, held)
                found = code_at(ac[part], (acc >> (held - 16)) & 0xFFFF)
                entry = np.int64(codes[1, part, found & 0xFF])
                if found < 0 or entry == 0:
                    return damaged
                run, bits = (found & 0xFF) >> 4, found & 15
                ends = bits == 0 and run != 15
                extra = run if ends else bits
                held -= (found >> 8) + extra
                raw = (acc >> held) & ((1 << extra) - 1)
                place, over, kept = put(out, place, over, kept, entry >> 8, entry & 0xFF)
                place, over, kept = put(out, place, over, kept, raw, extra)
                if ends:
                    waiting = (1 << run) + raw
                    break
                begin = k
                while k <= last and (run or (rest >> k) & 1):
                    run -= 1 - ((rest >> k) & 1)
                    k += 1
                due = ones(rest & (np.int64(-1) << begin) & ((np.int64(2) << (k - 1)) - 1))
                while due:
                    due, position, acc, held, place, over, kept = corrections(
                        due, plain, position, acc, held, out, place, over, kept
                    )
                k += 1
        if waiting:
            waiting -= 1
            due = ones(rest & (np.int64(-1) << k))
            while due:
                due, position, acc, held, place, over, kept = corrections(
                    due, plain, position, acc, held, out, place, over, kept
                )
    if kept:
        out[place] = (over << (8 - kept)) & 0xFF
    return np.int64(position) * 8 - held, np.int64(place) * 8 + kept


@inlined
def ones(bits: Number) -> Number:
    """How many bits of a number are set."""
    count = 0
    while bits:
        bits &= bits - 1
        count += 1
    return count


@inlined
def corrections(
    due: Number, plain: Array, position: Number, acc: Number, held: Number, out: Array, place: Number, over: Number,
    kept: Number,
) -> tuple[Number, Number, Number, Number, Number, Number, Number]:  # fmt: skip
    """Copy up to 16 of the bits that are due, one for each coefficient that is refined."""
    some = min(due, 16)
    position, acc, held = refilled(plain, position, acc, held)
    held -= some
    place, over, kept = put(out, place, over, kept, (acc >> held) & ((1 << some) - 1), some)
    return due - some, position, acc, held, place, over, kept


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


@compiled
def equal_bits(one: Array, first: Number, other: Array, second: Number, length: Number) -> Number:
    """Whether `length` bits of two arrays, from bit `first` and bit `second`, are the same."""
    a, b, left, right = first >> 3, second >> 3, 8 - (first & 7), 8 - (second & 7)
    whole = length >> 3
    differs = np.int64(0)
    for index in range(whole):
        x = ((np.int64(one[a + index]) << 8) | one[a + index + 1]) >> left
        y = ((np.int64(other[b + index]) << 8) | other[b + index + 1]) >> right
        differs |= x ^ y
    if differs & 0xFF:
        return False
    rest = length & 7
    if rest == 0:
        return True
    x = ((np.int64(one[a + whole]) << 8) | one[a + whole + 1]) >> left
    y = ((np.int64(other[b + whole]) << 8) | other[b + whole + 1]) >> right
    return ((x ^ y) & 0xFF) >> (8 - rest) == 0
