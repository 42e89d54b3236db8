"""Scans of a JPEG read, all their coefficients or those of some blocks, compiled: sequential and progressive.

ITU-T T.81, Annexes F and G. `order` lists the blocks of a scan in coding order as rows of the whole coefficient array
(B, 64, int16, zigzag); `owner` is the place in the scan of each block's component within one MCU. To pass over a block
in the scans that refine it, it is enough to know which of its coefficients are not 0: one bit for each.
"""

from __future__ import annotations

import numpy as np

from inpaint_app.photofile.jpeg.coding import code_at, refilled, signed
from inpaint_app.photofile.jpeg.compiled import Array, Number, State, compiled, inlined
from inpaint_app.photofile.jpeg.huffman import LOOK, QUICK


@compiled
def read_pass(
    plain: Array,
    starts: Array,
    every: Number,
    order: Array,
    owner: Array,
    slots: Array,
    values: Array,
    seen: Array,
    dc: Array,
    ac: Array,
    first: Number,
    last: Number,
    high: Number,
    low: Number,
    progressive: bool,
    torn: bool,
    noting: bool,
    ranges: Array,
    stops: Array,
    lead: Number,
    before: Array,
) -> Number:
    """Decode one scan; returns how many ranges there are, or -1 where the data is damaged.

    slots: (rows,) the place of a block in values (M, 64), or -1: then only seen is kept of it. seen: (rows,) int64, a
    bit for each AC coefficient that is not 0; one for all where the file is not progressive. every: blocks per
    interval. torn: the data may end early. As libjpeg does it, the MCU in which it ends reads zeros, and no later one
    is read.

    noting: write ranges (R, 9), stretches of blocks with no run of empty bands going in or out, which hold all that
    have a slot and, where a DC is a difference, the MCU behind each: first block, its bit, block and bit past the last
    (-1: the interval's), the interval, and the four DCs that its first differences go on from. stops: empty, or gets
    the bit past each interval's last block; without noting -1 where a run of empty bands goes on behind the last.
    lead: bits of the first byte that belong to something else. before (4,): DCs that the first differences go on from.
    """
    predicted = before.copy()
    ended, over = False, False
    acc, held, position, waiting = np.int64(0), 0, 0, np.int64(0)
    interval, count, opened, needed_until = -1, 0, False, -1
    sync, sync_bit = 0, np.int64(0)
    behind = len(owner) if first == 0 and high == 0 else 0
    until, turn = 0, 0
    for number in range(len(order)):
        if number == until:
            if interval >= 0:
                predicted[:] = 0
                opened = False
                if len(stops):
                    stops[interval] = np.int64(position) * 8 - held
            interval += 1
            until += every
            if interval + 1 >= len(starts):
                return count if torn else -1
            position, acc, held, waiting = starts[interval], np.int64(0), 0, np.int64(0)
            if lead:
                position, acc, held = refilled(plain, position, acc, held)
                held, lead = held - lead, 0
            ended, over, turn = False, False, 0
        if turn == len(owner):
            turn = 0
        over = over or (ended and turn == 0)
        if over:
            turn += 1
            continue
        row = order[number]
        slot, noted = slots[row], row if progressive else 0
        block = values[max(slot, 0)]
        part = owner[turn]
        turn += 1
        if noting:
            if waiting == 0:
                sync, sync_bit = number, np.int64(position) * 8 - held
            if slot >= 0:
                needed_until = number + behind
            if opened and waiting == 0 and number > needed_until:
                ranges[count - 1, 2], ranges[count - 1, 3] = number, sync_bit
                opened = False
            if number <= needed_until and not opened:
                opened = True
                ranges[count, 0], ranges[count, 1] = sync, sync_bit
                ranges[count, 2], ranges[count, 3] = min(until, len(order)), -1
                ranges[count, 4] = interval
                for each in range(4):  # a slice set to an array takes seconds to compile: its error is a text
                    ranges[count, 5 + each] = predicted[each]
                count += 1
        position, acc, held = refilled(plain, position, acc, held)
        k = first
        if first == 0:
            if high:
                held -= 1
                if slot >= 0 and (acc >> held) & 1:
                    block[0] |= 1 << low
            else:
                found = code_at(dc[part], (acc >> (held - 16)) & 0xFFFF)
                if found < 0 or (found & 0xFF) > 11:
                    return -1
                held -= found >> 8
                bits = found & 15
                held -= bits
                predicted[part] += signed((acc >> held) & ((1 << bits) - 1), bits)
                if slot >= 0:
                    block[0] = predicted[part] << low
            k = 1
        if waiting > 0:
            waiting -= 1
            if high and slot >= 0:
                position, acc, held = refine(plain, position, acc, held, block, k, last, low)
            elif high:
                position, acc, held = passed(plain, position, acc, held, seen[noted], k, last)
            continue
        table = ac[part]
        while k <= last:
            if held < 32:
                position, acc, held = refilled(plain, position, acc, held)
            top = (acc >> (held - 16)) & 0xFFFF
            quick = table[QUICK + (top >> (16 - LOOK))]
            if quick and high == 0:
                held -= quick & 0xFF
                k += (quick >> 8) & 0xFF
                if k > last:
                    return -1
                seen[noted] |= np.int64(1) << k
                if slot >= 0:
                    block[k] = np.int64(quick >> 16) << low
                k += 1
                continue
            found = code_at(table, top)
            if found < 0:
                return -1
            held -= found >> 8
            run, bits = (found & 0xFF) >> 4, found & 15
            if bits == 0 and run != 15:
                if not progressive:
                    if run:
                        return -1
                    break
                held -= run
                waiting = (1 << run) + ((acc >> held) & ((1 << run) - 1)) - 1
                if high and slot >= 0:
                    position, acc, held = refine(plain, position, acc, held, block, k, last, low)
                elif high:
                    position, acc, held = passed(plain, position, acc, held, seen[noted], k, last)
                break
            held -= bits
            value = signed((acc >> held) & ((1 << bits) - 1), bits)
            if high == 0:
                k += run
                if k > last:
                    return -1
                if bits:
                    seen[noted] |= np.int64(1) << k
                    if slot >= 0:
                        block[k] = value << low
                k += 1
                continue
            if bits > 1:
                return -1
            if slot < 0:
                begin, nonzero = k, seen[noted]
                while k <= last and (run or (nonzero >> k) & 1):
                    run -= 1 - ((nonzero >> k) & 1)
                    k += 1
                position, acc, held = passed(plain, position, acc, held, nonzero, begin, k - 1)
            while k <= last and slot >= 0:
                if block[k] != 0:
                    position, acc, held = refilled(plain, position, acc, held)
                    held -= 1
                    if (acc >> held) & 1 and (block[k] & (1 << low)) == 0:
                        block[k] += (1 << low) if block[k] > 0 else -(1 << low)
                else:
                    if run == 0:
                        break
                    run -= 1
                k += 1
            if bits:
                if k > last:
                    return -1
                seen[noted] |= np.int64(1) << k
                if slot >= 0:
                    block[k] = value << low
            k += 1
        if position - (held >> 3) > starts[interval + 1]:
            if not torn:
                return -1
            ended = True
    if len(stops):
        stops[interval] = np.int64(position) * 8 - held if noting or waiting == 0 else np.int64(-1)
    return count


@compiled
def refine(
    plain: Array,
    position: Number,
    acc: Number,
    held: Number,
    block: Array,
    k: Number,
    last: Number,
    low: Number,
) -> State:
    """One more bit for each coefficient of the band that is already there (G.1.2.3)."""
    words = block.view(np.int64)
    while k <= last:
        if k & 3 == 0 and words[k >> 2] == 0:  # four coefficients at once: most are zero
            k += 4
            continue
        if block[k] != 0:
            position, acc, held = refilled(plain, position, acc, held)
            held -= 1
            if (acc >> held) & 1 and (block[k] & (1 << low)) == 0:
                block[k] += (1 << low) if block[k] > 0 else -(1 << low)
        k += 1
    return position, acc, held


@inlined
def passed(
    plain: Array, position: Number, acc: Number, held: Number, nonzero: Number, k: Number, last: Number
) -> State:
    """Pass over one more bit for each coefficient k..last (which may be none) whose bit in `nonzero` is set."""
    rest = nonzero & (np.int64(-1) << k) & ((np.int64(2) << last) - 1)
    while rest:
        position, acc, held = refilled(plain, position, acc, held)
        while rest and held:
            rest &= rest - 1
            held -= 1
    return position, acc, held


@compiled
def spread(nonzero: Array, high: Number, blocks: Array) -> None:
    """Blocks (N, 64) that are 1 << high where their bit in nonzero (N,) is set, else 0."""
    for number in range(len(nonzero)):
        rest = nonzero[number]
        for k in range(64):
            blocks[number, k] = ((rest >> k) & 1) << high


@compiled
def lay(values: Array, places: Array, low: Number, blocks: Array) -> None:
    """Write what coefficients (M, 64) are before their last `low` bits have come into blocks (N, 64), by places (N,).

    DCs are rounded down, ACs to 0 (T.81, G.1.2). A block whose place is -1 stays.
    """
    for number in range(len(places)):
        place = places[number]
        if place < 0:
            continue
        blocks[number, 0] = (np.int64(values[place, 0]) >> low) << low
        for k in range(1, 64):
            value = np.int64(values[place, k])
            size = (abs(value) >> low) << low
            blocks[number, k] = size if value > 0 else -size
