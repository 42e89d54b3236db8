"""The squared differences of one row of two patches, in vector steps.

A row holds 28 values. A plain loop over them never fills the compiler's own vector steps of 32, and runs one value at
a time.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LANES = 4, 8, 8, 8
"""How many of a row's values each step takes."""
FLOAT, PLACE = ir.FloatType(), ir.IntType(64)


def _row_distance(typing: Any, patch: Any, i: Any, rows: Any, y: Any, left: Any) -> Any:
    """Sum of squared differences (float32) between patch[i] and as many values of rows[y] from `left` on.

    patch (H, 28) float32, rows (H, W) float32 or uint8, both in C order; whoever calls keeps the places inside.
    """

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        own = _start(context, builder, signature.args[0], given[0], given[1], PLACE(0))
        other = _start(context, builder, signature.args[2], given[2], given[3], given[4])
        return _summed(builder, own, other)

    place = types.intp
    return types.float32(patch, place, rows, place, place), generate


def _known_row_distance(typing: Any, patch: Any, mask: Any, i: Any, rows: Any, y: Any, left: Any) -> Any:
    """The same, each square times mask[i]: (H, 28) float32 in C order."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        own, counts = (
            _start(context, builder, signature.args[n], given[n], given[2], PLACE(0)) for n in (0, 1)
        )
        other = _start(context, builder, signature.args[3], given[3], given[4], given[5])
        return _summed(builder, own, other, counts)

    place = types.intp
    return types.float32(patch, mask, place, rows, place, place), generate


row_distance: Any = intrinsic(_row_distance)
known_row_distance: Any = intrinsic(_known_row_distance)


def _start(context: Any, builder: Any, kind: Any, array: Any, row: Any, column: Any) -> tuple[Any, Any]:
    """A pointer to one value of a two-dimensional array in C order, and the value's type."""
    view, single = context.make_array(kind)(context, builder, array), context.get_data_type(kind.dtype)
    place = builder.add(builder.mul(row, builder.extract_value(view.shape, 1)), column)
    return builder.gep(view.data, [place], source_etype=single), single


def _summed(
    builder: Any, own: tuple[Any, Any], other: tuple[Any, Any], counts: tuple[Any, Any] | None = None
) -> Any:
    """The steps' squares, times their counts, added lane by lane, the lanes by halves.

    In this order alone: left free to change it, code just compiled and code from the cache gave other pixels.
    """
    offset, sums = 0, dict[int, Any]()
    for count in LANES:
        apart = builder.fsub(
            *(_loaded(builder, *start, offset, count) for start in (own, other)), flags=("contract",)
        )
        square = builder.fmul(apart, apart, flags=("contract",))
        if counts:
            square = builder.fmul(
                square, _loaded(builder, counts[0], counts[1], offset, count), flags=("contract",)
            )
        sums[count] = builder.fadd(sums[count], square, flags=("contract",)) if count in sums else square
        offset += count
    total, count = sums[LANES[-1]], LANES[-1]
    while count > 1:
        count //= 2
        lower, upper = (
            builder.shuffle_vector(
                total,
                total,
                ir.Constant(ir.VectorType(ir.IntType(32), count), list(range(first, first + count))),
            )
            for first in (0, count)
        )
        total = builder.fadd(lower, upper, flags=("contract",))
        if count == LANES[0]:
            total = builder.fadd(total, sums[count], flags=("contract",))
    return builder.extract_element(total, ir.IntType(32)(0))


def _loaded(builder: Any, start: Any, single: Any, offset: int, count: int) -> Any:
    """So many values of a type as float32, from an offset to a pointer on.

    Types are said at every step: pointers of llvmlite's will not know theirs for ever.
    """
    vector = ir.VectorType(single, count)
    at = builder.gep(start, [PLACE(offset)], source_etype=single)
    value = builder.load(
        builder.bitcast(at, vector.as_pointer()), align=4 if single == FLOAT else 1, typ=vector
    )
    return value if single == FLOAT else builder.uitofp(value, ir.VectorType(FLOAT, count))
