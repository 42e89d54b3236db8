"""Huffman tables of a JPEG: for reading, for writing, with room for more symbols, and best for a histogram."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inpaint_app.photofile.jpeg.file import HuffmanTable

LOOK = 10  # bits looked up at once; longer codes are rare and take the slow way
QUICK = (1 << LOOK) + 34 + 256
NO_TABLE = HuffmanTable((0,) * 16, b"")


def reading(table: HuffmanTable) -> NDArray[np.int32]:
    """What the decoder needs, in one array.

    [0, 1024): (length << 8 | symbol) for every 10-bit prefix, 0 where the code is longer. Then, for each length
    1..16: the first code past those of this length, left-aligned to 16 bits; and the offset from a code to its
    symbol. Then the 256 symbols. From QUICK on, again for every 10-bit prefix: an AC coefficient whose code and
    value both fit in it, as (value << 16 | run << 8 | bits taken), else 0.
    """
    size = 1 << LOOK
    out = np.zeros(QUICK + size, np.int32)
    limits, offsets, symbols = out[size : size + 17], out[size + 17 : size + 34], out[size + 34 : QUICK]
    symbols[: len(table.symbols)] = np.frombuffer(table.symbols, np.uint8)
    code, index = 0, 0
    for length, count in enumerate(table.counts, 1):
        offsets[length] = index - code
        for _ in range(count):
            if length <= LOOK:
                first = code << (LOOK - length)
                out[first : first + (1 << (LOOK - length))] = (length << 8) | table.symbols[index]
            code += 1
            index += 1
        limits[length] = code << (16 - length)
        code <<= 1
    out[QUICK:] = _quick(out[:size])
    return out


def _quick(heads: NDArray[np.int32]) -> NDArray[np.int32]:
    """Whole coefficients by 10-bit prefix; see `reading`."""
    prefix = np.arange(1 << LOOK)
    length, bits, run = heads >> 8, heads & 15, (heads >> 4) & 15
    taken = length + bits
    raw = (prefix >> np.maximum(LOOK - taken, 0)) & ((1 << bits) - 1)
    value = np.where(raw < (1 << np.maximum(bits - 1, 0)), raw + 1 - (1 << bits), raw)
    fits = (heads > 0) & (bits > 0) & (taken <= LOOK)
    return np.where(fits, (value << 16) | (run << 8) | taken, 0).astype(np.int32)


def writing(table: HuffmanTable) -> NDArray[np.uint32]:
    """For each symbol: code << 8 | length, 0 where the table has no code for it."""
    out = np.zeros(256, np.uint32)
    code, index = 0, 0
    for length, count in enumerate(table.counts, 1):
        for _ in range(count):
            out[table.symbols[index]] = (code << 8) | length
            code += 1
            index += 1
        code <<= 1
    return out


def with_room_for(table: HuffmanTable, missing: list[int]) -> HuffmanTable | None:
    """The table with codes of 16 bits for more symbols, every old code unchanged; None where there is no room.

    Canonical codes are given out in order of length, so new ones at the far end move no old one. The code of all
    ones stays free, as the standard asks.
    """
    used = sum(count << (16 - length) for length, count in enumerate(table.counts, 1))
    if (1 << 16) - used - 1 < len(missing) or table.counts[15] + len(missing) > 255:
        return None
    counts = (*table.counts[:15], table.counts[15] + len(missing))
    return HuffmanTable(counts, table.symbols + bytes(missing))


def best(histogram: NDArray[np.int64]) -> HuffmanTable:
    """The shortest code for a histogram of 256 symbols with no code over 16 bits (T.81 K.2).

    One symbol more than there are takes part with the lowest weight, so that all ones is no code.
    """
    weights = {int(s): int(histogram[s]) for s in np.flatnonzero(histogram)}
    if not weights:
        return HuffmanTable((1, *(0,) * 15), b"\0")
    lengths = dict.fromkeys(weights, 0) | {256: 0}
    groups = sorted(((weight, [symbol]) for symbol, weight in weights.items()), key=lambda g: (g[0], g[1][0]))
    groups.insert(0, (0, [256]))
    while len(groups) > 1:
        (first, left), (second, right) = groups[0], groups[1]
        for symbol in left + right:
            lengths[symbol] += 1
        merged = (first + second, left + right)
        groups = groups[2:]
        place = next((i for i, g in enumerate(groups) if g[0] > merged[0]), len(groups))
        groups.insert(place, merged)
    counts = _limited(lengths)
    ordered = sorted((s for s in weights), key=lambda s: (lengths[s], s))
    counts[max(i for i, c in enumerate(counts) if c)] -= 1  # the place of the symbol that does not exist
    return HuffmanTable(tuple(counts), bytes(ordered))


def _limited(lengths: dict[int, int]) -> list[int]:
    """Codes of each length 1..16 after the standard's way of shortening longer ones (Figure K.3)."""
    counts = [0] * (max(lengths.values()) + 1)
    for length in lengths.values():
        counts[length] += 1
    for length in range(len(counts) - 1, 16, -1):
        while counts[length] > 0:
            shorter = length - 2
            while counts[shorter] == 0:
                shorter -= 1
            counts[length] -= 2
            counts[length - 1] += 1
            counts[shorter + 1] += 2
            counts[shorter] -= 1
    return (counts + [0] * 17)[1:17]
