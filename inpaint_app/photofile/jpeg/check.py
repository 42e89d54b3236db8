"""Reading a spliced JPEG back for certification, without decoding again what was not coded again; compiled.

Between the units that were coded anew lie runs of the old file's bits. Where a run starts from the same DC values, is
read with the same codes and has the same bits, any decoder gives the same coefficients: so it is enough to compare
bits there, and to decode the new units. Everything is taken from the written file's bytes.
"""

from __future__ import annotations

import numpy as np

from inpaint_app.photofile.jpeg.coding import code_at
from inpaint_app.photofile.jpeg.compiled import Array, Number, State, compiled

SAME, DAMAGED, DIFFERENT = 0, 1, 2


@compiled
def compare(
    old: Array,
    begins: Array,
    ends: Array,
    last_dc: Array,
    before: Array,
    new: Array,
    starts: Array,
    per_interval: Number,
    owner: Array,
    dc: Array,
    ac: Array,
    fresh: Array,
    kept: Array,
    same: Array,
) -> Number:
    """Hold a written scan against the one that it was made from; returns SAME, DAMAGED or DIFFERENT.

    old, begins, ends, last_dc: of the old scan, see `jpeg_coding.read_units`; before (M, B, 64) its kept coefficients.
    new, starts: the written scan, see `jpeg_bytes.intervals`; dc, ac: its reading tables, which must hold the old codes
    unchanged. fresh: (N,) place of the units coded anew, or -1. kept: starts as a copy of `before`, gets the decoded
    new units. same: (N,) bool, whether a unit's coefficients are the old ones; DIFFERENT: not all could be told.
    """
    count, parts = len(fresh), last_dc.shape[1]
    predicted = np.zeros(4, np.int64)
    expected = np.zeros(4, np.int64)
    interval, at, unit = -1, np.int64(0), 0
    while unit < count:
        if unit % per_interval == 0:
            interval += 1
            if interval + 1 >= len(starts):
                return DAMAGED
            at = np.int64(starts[interval]) * 8
            predicted[:] = 0
            expected[:] = 0
        stop = np.int64(starts[interval + 1]) * 8
        if fresh[unit] < 0:
            last = unit
            while last + 1 < count and fresh[last + 1] < 0 and (last + 1) % per_interval:
                last += 1
            length = ends[last] - begins[unit]
            if at + length > stop:
                return DAMAGED
            for part in range(parts):
                if predicted[part] != expected[part]:
                    return DIFFERENT
            if not equal_bits(old, begins[unit], new, at, length):
                return DIFFERENT
            for number in range(unit, last + 1):
                same[number] = True
            at += length
            for part in range(parts):
                predicted[part] = expected[part] = last_dc[last, part]
            unit = last + 1
            continue
        at = decoded(new, at, owner, dc, ac, predicted, kept[fresh[unit]])
        if at < 0 or at > stop:
            return DAMAGED
        same[unit] = equal_units(kept[fresh[unit]], before[fresh[unit]])
        for part in range(parts):
            expected[part] = last_dc[unit, part]
        unit += 1
    return SAME


@compiled
def equal_units(one: Array, other: Array) -> Number:
    """Whether two units' coefficients (B, 64) are the same."""
    for block in range(one.shape[0]):
        for k in range(one.shape[1]):
            if one[block, k] != other[block, k]:
                return False
    return True


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


@compiled
def decoded(
    plain: Array, at: Number, owner: Array, dc: Array, ac: Array, predicted: Array, unit: Array
) -> Number:
    """Decode one unit from bit `at` into unit (B, 64); returns the bit after it, or -1 where the data is damaged."""
    for block in range(unit.shape[0]):
        for k in range(unit.shape[1]):
            unit[block, k] = 0
    size = len(plain)
    position, held = at >> 3, 0
    acc = np.int64(0)
    acc, position, held = filled(plain, acc, position, held)
    held -= at & 7
    for block in range(len(owner)):
        component = owner[block]
        k = 0
        while k < 64:
            acc, position, held = filled(plain, acc, position, held)
            top = (acc >> (held - 16)) & 0xFFFF
            found = code_at(dc[component], top) if k == 0 else code_at(ac[component], top)
            if found < 0 or position > size + 8:
                return np.int64(-1)
            held -= found >> 8
            bits = found & 15
            if k > 0:
                k += (found & 0xFF) >> 4
                if bits == 0:
                    if (found & 0xFF) != 0xF0:
                        break
                    k += 1
                    continue
                if k > 63:
                    return np.int64(-1)
            elif (found & 0xFF) > 11:
                return np.int64(-1)
            value = np.int64(0)
            if bits:
                held -= bits
                value = (acc >> held) & ((1 << bits) - 1)
                if value < (1 << (bits - 1)):
                    value += 1 - (1 << bits)
            if k == 0:
                predicted[component] += value
                value = predicted[component]
            unit[block, k] = value
            k += 1
    return np.int64(position * 8 - held)


@compiled
def filled(plain: Array, acc: Number, position: Number, held: Number) -> State:
    """At least 49 bits in the accumulator; zeros stand past the end. Returns the new (acc, position, held)."""
    while held <= 48:
        acc = (acc << 8) | (np.int64(plain[position]) if position < len(plain) else np.int64(0))
        position += 1
        held += 8
    return acc, position, held
