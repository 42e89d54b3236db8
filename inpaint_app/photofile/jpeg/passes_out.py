"""Scans of a JPEG written from whole coefficient arrays, compiled: sequential and progressive.

ITU-T T.81, Annexes F and G; `order` and `owner` as in `jpeg_passes`. The writer runs twice: first it counts symbols
(`counting`), then it writes with the tables made from the counts.
"""

from __future__ import annotations

import numpy as np

from inpaint_app.photofile.jpeg.coding import put
from inpaint_app.photofile.jpeg.compiled import Array, Number, State, compiled, inlined

_DC, _AC, _LONG, _END = np.int64(0), np.int64(1), np.int64(0xF0), np.int64(0)
"""Kinds of symbols, a run of 16 zeros, the end of a block. Of one type: a function is compiled for each literal."""


@inlined
def width_of(value: Number) -> Number:
    """Bits of a magnitude."""
    bits = 0
    while value:
        bits += 1
        value >>= 1
    return bits


@inlined
def symbol(
    out: Array,
    place: Number,
    acc: Number,
    held: Number,
    counting: bool,
    histogram: Array,
    codes: Array,
    kind: Number,
    part: Number,
    value: Number,
) -> State:
    """Count a symbol, or write its code; one that has no code is counted even then."""
    entry = codes[kind, part, value]
    if counting or entry == 0:
        histogram[kind, part, value] += 1
        return place, acc, held
    return put(out, place, acc, held, np.int64(entry >> 8), np.int64(entry & 0xFF))


@inlined
def raw_bits(
    out: Array, place: Number, acc: Number, held: Number, counting: bool, value: Number, bits: Number
) -> State:
    """Write bits; while counting, add up how many there will be in `place`."""
    if counting:
        return place + bits, acc, held
    return put(out, place, acc, held, value, bits)


@inlined
def bits_of(
    out: Array, place: Number, acc: Number, held: Number, counting: bool, bits: Array, count: Number
) -> State:
    """Write the first bits of a list of them."""
    if counting:
        return place + count, acc, held
    done = 0
    while done < count:
        part = min(16, count - done)
        value = np.int64(0)
        for i in range(done, done + part):
            value = (value << 1) | bits[i]
        place, acc, held = put(out, place, acc, held, value, part)
        done += part
    return place, acc, held


@compiled
def end_of_bands(
    out: Array,
    place: Number,
    acc: Number,
    held: Number,
    counting: bool,
    histogram: Array,
    codes: Array,
    part: Number,
    waiting: Number,
    late: Array,
    late_bits: Number,
) -> State:
    """Write the run of blocks that had nothing more, and the correction bits that were waiting for it."""
    bits = width_of(waiting) - 1
    place, acc, held = symbol(out, place, acc, held, counting, histogram, codes, _AC, part, bits << 4)
    if bits:
        place, acc, held = raw_bits(out, place, acc, held, counting, waiting & ((1 << bits) - 1), bits)
    return bits_of(out, place, acc, held, counting, late, late_bits)


@compiled
def write_pass(
    order: Array,
    every: Number,
    owner: Array,
    coefficients: Array,
    first: Number,
    last: Number,
    high: Number,
    low: Number,
    progressive: bool,
    counting: bool,
    histogram: Array,
    codes: Array,
    out: Array,
    out_ends: Array,
    before: Array,
) -> Number:
    """Write one scan, or count its symbols. histogram, codes: (2, parts, 256), DC and AC of each part of the scan.

    before (4,): DCs that the first differences go on from. Returns the bits up to the last interval's end, or, while
    counting, those that follow symbols; -1 where `out` is too small.
    """
    predicted = before.copy()
    words = coefficients.view(np.int64)
    places, sizes = np.zeros(64, np.int64), np.zeros(64, np.int64)
    late, fresh = np.zeros(1100, np.uint8), np.zeros(64, np.uint8)
    place = acc = held = waiting = late_bits = np.int64(0)
    interval = 0
    bits_written: Number = 0
    for number in range(len(order)):
        if number and number % every == 0:
            predicted[:] = 0
        if not counting and place + 512 > len(out):
            return -1
        row, part = order[number], owner[number % len(owner)]
        k = first
        if first == 0:
            k = 1
            value = np.int64(coefficients[row, 0]) >> low
            if high:
                place, acc, held = raw_bits(out, place, acc, held, counting, value & 1, np.int64(1))
            else:
                value, predicted[part] = value - predicted[part], value
                bits = width_of(abs(value))
                place, acc, held = symbol(out, place, acc, held, counting, histogram, codes, _DC, part, bits)
                if bits:
                    rest = value if value > 0 else value + (1 << bits) - 1
                    place, acc, held = raw_bits(out, place, acc, held, counting, rest, bits)
        there, final = 0, 0
        for word in range(k >> 2, (last >> 2) + 1):
            if words[row, word] == 0:  # four coefficients at once: most are zero
                continue
            for i in range(max(k, word << 2), min(last, (word << 2) | 3) + 1):
                size = abs(np.int64(coefficients[row, i])) >> low
                if size:
                    places[there], sizes[there] = i, size
                    there += 1
                    if size == 1:
                        final = i
        run, fresh_bits, before = 0, np.int64(0), k - 1
        for index in range(there):
            i, size = places[index], sizes[index]
            run += i - before - 1
            before = i
            while run > 15 and (high == 0 or i <= final):
                if waiting:
                    place, acc, held = end_of_bands(
                        out, place, acc, held, counting, histogram, codes, part, waiting, late, late_bits
                    )
                    waiting = late_bits = np.int64(0)
                place, acc, held = symbol(out, place, acc, held, counting, histogram, codes, _AC, part, _LONG)
                run -= 16
                place, acc, held = bits_of(out, place, acc, held, counting, fresh, fresh_bits)
                fresh_bits = np.int64(0)
            if high and size > 1:
                fresh[fresh_bits] = size & 1
                fresh_bits += 1
                continue
            if waiting:
                place, acc, held = end_of_bands(
                    out, place, acc, held, counting, histogram, codes, part, waiting, late, late_bits
                )
                waiting = late_bits = np.int64(0)
            bits = 1 if high else width_of(size)
            place, acc, held = symbol(
                out, place, acc, held, counting, histogram, codes, _AC, part, (run << 4) | bits
            )
            rest = size if coefficients[row, i] > 0 else (1 << bits) - 1 - size
            if high:
                rest = np.int64(1) if coefficients[row, i] > 0 else np.int64(0)
            place, acc, held = raw_bits(out, place, acc, held, counting, rest, bits)
            place, acc, held = bits_of(out, place, acc, held, counting, fresh, fresh_bits)
            run, fresh_bits = 0, np.int64(0)
        run += last - before
        if run or fresh_bits:
            if progressive:
                waiting += 1
                for j in range(fresh_bits):
                    late[late_bits] = fresh[j]
                    late_bits += 1
            else:
                place, acc, held = symbol(out, place, acc, held, counting, histogram, codes, _AC, part, _END)
        ending = number + 1 == len(order) or (number + 1) % every == 0
        if waiting and (ending or waiting == 0x7FFF or late_bits > 937):
            place, acc, held = end_of_bands(
                out, place, acc, held, counting, histogram, codes, part, waiting, late, late_bits
            )
            waiting = late_bits = np.int64(0)
        if ending:
            bits_written = place if counting else place * 8 + held
            if held:
                place, acc, held = put(out, place, acc, held, (1 << (8 - held)) - 1, 8 - held)
            out_ends[interval] = place
            interval += 1
    return bits_written
