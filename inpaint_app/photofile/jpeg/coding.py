"""Sequential Huffman coding of a JPEG's units, compiled: read them, and write new ones between old bits.

ITU-T T.81, Annex F. A unit is an MCU of one interleaved scan. Coefficients are int16 in zigzag order, the DC as its
own value, not as a difference. Bits of units that stay are copied as they are, without decoding them again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inpaint_app.photofile.jpeg.compiled import Array, Number, State, compiled, inlined
from inpaint_app.photofile.jpeg.huffman import LOOK, QUICK

_SIZE = 1 << LOOK
_PRIME = 0x100000001B3


@inlined
def code_at(table: Array, top: Number) -> Number:
    """length << 8 | symbol of the code at the head of 16 bits, or -1. table: one of `jpeg_huffman.reading`."""
    entry = table[top >> (16 - LOOK)]
    if entry:
        return entry
    for length in range(LOOK + 1, 17):
        if top < table[_SIZE + length]:
            symbol = table[_SIZE + 34 + table[_SIZE + 17 + length] + (top >> (16 - length))]
            return (length << 8) | symbol
    return -1


@compiled
def read_units(
    plain: Array,
    starts: Array,
    per_interval: Number,
    owner: Array,
    dc: Array,
    ac: Array,
    wanted: Array,
    kept: Array,
    begins: Array,
    ends: Array,
    last_dc: Array,
    marks: Array,
) -> Number:
    """Decode every unit of a scan; returns 0, or 1 where the data is damaged.

    plain, starts: see `jpeg_bytes.intervals`. owner: (B,) component of each block of a unit. dc, ac: (C, T) reading
    tables. wanted: (N,) place of a unit's coefficients in kept (M, B, 64), or -1. Written: begins, ends (N,) bit
    positions; last_dc (N, C); marks (N,) a 64-bit hash of each unit's coefficients, none where it is empty.
    """
    count, blocks = len(wanted), len(owner)
    predicted = np.zeros(4, np.int64)
    acc, held, position = np.int64(0), 0, 0
    interval, size, marking = -1, len(plain), len(marks) > 0
    for unit in range(count):
        if unit % per_interval == 0:
            interval += 1
            if interval + 1 >= len(starts):
                return 1
            position, acc, held = starts[interval], np.int64(0), 0
            predicted[:] = 0
        begins[unit] = position * 8 - held
        place = wanted[unit]
        mark = np.int64(unit)
        for block in range(blocks):
            component = owner[block]
            while held <= 48:
                acc = (acc << 8) | (plain[position] if position < size else 0)
                position += 1
                held += 8
            found = code_at(dc[component], (acc >> (held - 16)) & 0xFFFF)
            if found < 0 or (found & 0xFF) > 11:
                return 1
            bits = found & 15
            held -= (found >> 8) + bits
            value = (acc >> held) & ((1 << bits) - 1)
            if bits and value < (1 << (bits - 1)):
                value += 1 - (1 << bits)
            predicted[component] += value
            value = predicted[component]
            mark = (mark ^ (value & 0xFFFF)) * _PRIME
            mark ^= mark >> 29
            if place >= 0:
                kept[place, block, 0] = value
            table = ac[component]
            k = 1
            while k < 64:
                if held < 32:
                    while held <= 48:
                        acc = (acc << 8) | (plain[position] if position < size else 0)
                        position += 1
                        held += 8
                top = (acc >> (held - 16)) & 0xFFFF
                quick = table[QUICK + (top >> (16 - LOOK))]
                if quick:
                    held -= quick & 0xFF
                    k += (quick >> 8) & 0xFF
                    value = np.int64(quick >> 16)
                else:
                    found = code_at(table, top)
                    if found < 0:
                        return 1
                    bits = found & 15
                    held -= (found >> 8) + bits
                    k += (found & 0xFF) >> 4
                    if bits == 0:
                        if (found & 0xFF) != 0xF0:
                            break
                        k += 1
                        continue
                    value = (acc >> held) & ((1 << bits) - 1)
                    if value < (1 << (bits - 1)):
                        value += 1 - (1 << bits)
                if k > 63:
                    return 1
                if marking:
                    mark = (mark ^ ((k << 16) | (value & 0xFFFF))) * _PRIME
                    mark ^= mark >> 29
                if place >= 0:
                    kept[place, block, k] = value
                k += 1
            mark = (mark ^ 0x5A5A5A) * _PRIME
        if marking:
            marks[unit] = mark
        ends[unit] = position * 8 - held
        if ends[unit] > starts[interval + 1] * 8:
            return 1
        for component in range(last_dc.shape[1]):
            last_dc[unit, component] = predicted[component]
    return 0


@compiled
def put(out: Array, place: Number, acc: Number, held: Number, value: Number, bits: Number) -> State:
    """Append bits to whole bytes of `out`; returns the new (place, acc, held)."""
    acc = ((acc & 0xFF) << bits) | value
    held += bits
    while held >= 8:
        held -= 8
        out[place] = (acc >> held) & 0xFF
        place += 1
    return place, acc, held


@compiled
def count_symbols(
    fresh: Array,
    coefficients: Array,
    owner: Array,
    per_interval: Number,
    last_dc: Array,
    dc_number: Array,
    ac_number: Array,
    histogram: Array,
) -> None:
    """Count the symbols (2, 4, 256) that `write_units` will need for the fresh units."""
    predicted = np.zeros(4, np.int64)
    for unit in range(len(fresh)):
        if unit % per_interval == 0:
            predicted[:] = 0
        place = fresh[unit]
        if place < 0:
            for component in range(last_dc.shape[1]):
                predicted[component] = last_dc[unit, component]
            continue
        for block in range(len(owner)):
            component = owner[block]
            zigzag = coefficients[place, block]
            rest = abs(zigzag[0] - predicted[component])
            predicted[component] = zigzag[0]
            bits = 0
            while rest:
                bits += 1
                rest >>= 1
            histogram[0, dc_number[component], bits] += 1
            run = 0
            for k in range(1, 64):
                rest = abs(np.int64(zigzag[k]))
                if rest == 0:
                    run += 1
                    continue
                while run > 15:
                    histogram[1, ac_number[component], 0xF0] += 1
                    run -= 16
                bits = 0
                while rest:
                    bits += 1
                    rest >>= 1
                histogram[1, ac_number[component], (run << 4) | bits] += 1
                run = 0
            if run:
                histogram[1, ac_number[component], 0] += 1


@compiled
def write_units(
    plain: Array,
    begins: Array,
    ends: Array,
    per_interval: Number,
    fresh: Array,
    coefficients: Array,
    owner: Array,
    last_dc: Array,
    dc: Array,
    ac: Array,
    out: Array,
    out_ends: Array,
) -> Number:
    """Write the scan anew: fresh units from their coefficients (M, B, 64), the others' bits as they are.

    dc, ac: (C, 256) writing tables. out_ends: where each interval ends in `out`. Returns the bytes written.
    """
    predicted = np.zeros(4, np.int64)
    place, acc, held, unit = 0, np.int64(0), 0, 0
    count, interval = len(fresh), 0
    while unit < count:
        if unit % per_interval == 0:
            predicted[:] = 0
        if fresh[unit] < 0:
            last = unit
            while last + 1 < count and fresh[last + 1] < 0 and (last + 1) % per_interval:
                last += 1
            source, stop = begins[unit], ends[last]
            if held == 0 and source % 8 == 0:
                whole = (stop - source) >> 3
                begin = source >> 3
                for i in range(whole):
                    out[place + i] = plain[begin + i]
                place += whole
                source += whole << 3
            while source + 8 <= stop:
                index, shift = source >> 3, source & 7
                value = (((np.int64(plain[index]) << 8) | plain[index + 1]) >> (8 - shift)) & 0xFF
                acc = ((acc & 0xFF) << 8) | value
                out[place] = (acc >> held) & 0xFF
                place += 1
                source += 8
            if source < stop:
                rest, index, shift = stop - source, source >> 3, source & 7
                value = (((np.int64(plain[index]) << 8) | plain[index + 1]) >> (8 - shift)) & 0xFF
                place, acc, held = put(out, place, acc, held, value >> (8 - rest), rest)
            for component in range(last_dc.shape[1]):
                predicted[component] = last_dc[last, component]
            unit = last + 1
        else:
            for block in range(len(owner)):
                component = owner[block]
                zigzag = coefficients[fresh[unit], block]
                value = np.int64(zigzag[0]) - predicted[component]
                predicted[component] = zigzag[0]
                run = 0
                for k in range(64):
                    if k > 0:
                        value = np.int64(zigzag[k])
                        if value == 0:
                            run += 1
                            continue
                    while run > 15:
                        entry = ac[component, 0xF0]
                        place, acc, held = put(
                            out, place, acc, held, np.int64(entry >> 8), np.int64(entry & 0xFF)
                        )
                        run -= 16
                    rest, bits = abs(value), 0
                    while rest:
                        bits += 1
                        rest >>= 1
                    entry = dc[component, bits] if k == 0 else ac[component, (run << 4) | bits]
                    place, acc, held = put(
                        out, place, acc, held, np.int64(entry >> 8), np.int64(entry & 0xFF)
                    )
                    if bits:
                        if value < 0:
                            value += (1 << bits) - 1
                        place, acc, held = put(out, place, acc, held, value, bits)
                    run = 0
                if run:
                    entry = ac[component, 0]
                    place, acc, held = put(
                        out, place, acc, held, np.int64(entry >> 8), np.int64(entry & 0xFF)
                    )
            unit += 1
        if unit == count or unit % per_interval == 0:
            if held:
                place, acc, held = put(out, place, acc, held, (1 << (8 - held)) - 1, 8 - held)
            out_ends[interval] = place
            interval += 1
    return place


def symbol_bits(histogram: NDArray[np.int64], lengths: NDArray[np.int64]) -> Number:
    """Bits that the counted symbols (2, 4, 256) take with codes of these lengths, their extra bits included."""
    extra = np.arange(256) & 15
    return int((histogram * (lengths + extra)).sum())
