"""Bits of a scan, compiled: codes looked up, bits read and written. ITU-T T.81, Annex F."""

from __future__ import annotations

from inpaint_app.photofile.jpeg.compiled import Array, Number, State, inlined
from inpaint_app.photofile.jpeg.huffman import LOOK

_SIZE = 1 << LOOK


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


@inlined
def refilled(plain: Array, position: Number, acc: Number, held: Number) -> State:
    """More than 48 bits in the accumulator; zeros follow the end of the data."""
    size = len(plain)
    while held <= 48:
        acc = (acc << 8) | (plain[position] if position < size else 0)
        position += 1
        held += 8
    return position, acc, held


@inlined
def signed(raw: Number, bits: Number) -> Number:
    """T.81 F.2.2.1, EXTEND: the value of `bits` raw bits."""
    return raw if bits == 0 or raw >= (1 << (bits - 1)) else raw + 1 - (1 << bits)


@inlined
def put(out: Array, place: Number, acc: Number, held: Number, value: Number, bits: Number) -> State:
    """Append bits to whole bytes of `out`; returns the new (place, acc, held)."""
    acc = ((acc & 0xFF) << bits) | value
    held += bits
    while held >= 8:
        held -= 8
        out[place] = (acc >> held) & 0xFF
        place += 1
    return place, acc, held
