"""New coefficients for the coding blocks under a hole.

The DCT is linear: what is coded is not the edited picture but its *difference* from the old one, which is zero
outside the hole. So known pixels in a touched block keep the file's own coefficients underneath, unclipped and with
their chroma not averaged a second time, and change only by the rounding of that difference. In a block that is only
partly hole the rounding is then chosen anew so that its error falls into the hole rather than onto known pixels.
"""

from __future__ import annotations

import numpy as np

from inpaint_app.photofile.jpeg.compiled import Array, Number, compiled


def _basis() -> Array:
    """The cosines of the DCT (8, 8) [frequency, position], scaled so that the inverse is the transpose."""
    angles = np.outer(np.arange(8), 2 * np.arange(8) + 1) * (np.pi / 16)
    return np.asarray(np.cos(angles) * np.where(np.arange(8) == 0, np.sqrt(0.125), 0.5)[:, None], np.float32)


BASIS = _basis()
_CARE = np.float32(15)  # how much more an error counts where it is known
_SWEEPS = 4


@compiled
def transform(block: Array, basis: Array, middle: Array, out: Array) -> None:
    """The 8×8 DCT-II of T.81 A.3.3, by rows and columns. basis: (8, 8) [frequency, position]; its transpose inverts."""
    for i in range(8):
        for j in range(8):
            total = np.float32(0)
            for k in range(8):
                total += block[i, k] * basis[j, k]
            middle[i, j] = total
    for i in range(8):
        for j in range(8):
            total = np.float32(0)
            for k in range(8):
                total += middle[k, j] * basis[i, k]
            out[i, j] = total


@compiled
def plane_value(edited: Array, y: Number, x: Number, component: Number, colour: Number) -> Number:
    """One component's value of an edited pixel. colour: 0 grey, 1 YCbCr, 2 as it is, 3 YCCK."""
    if colour == 2 or component == 3:
        return np.float32(edited[y, x, component])
    r, g, b = np.float32(edited[y, x, 0]), np.float32(edited[y, x, 1]), np.float32(edited[y, x, 2])
    if component == 0:
        return np.float32(0.299) * r + np.float32(0.587) * g + np.float32(0.114) * b
    if component == 1:
        return (
            np.float32(-0.168735892) * r - np.float32(0.331264108) * g + np.float32(0.5) * b + np.float32(128)
        )
    return np.float32(0.5) * r - np.float32(0.418687589) * g - np.float32(0.081312411) * b + np.float32(128)


@compiled
def edit_units(
    places: Array,
    units_x: Array,
    units_y: Array,
    coefficients: Array,
    owner: Array,
    within_x: Array,
    within_y: Array,
    sampling: Array,
    tables: Array,
    edited: Array,
    hole: Array,
    axes: Array,
    size: Array,
    colour: Number,
    basis: Array,
    zigzag: Array,
) -> None:
    """Write the hole's pixels into the coefficients (M, B, 64) of the touched units, in place.

    places: which units; units_x, units_y: where they lie. owner, within_x, within_y: (B,) component of a block and
    its place in the unit. sampling: (C, 4) blocks of a component per unit and pixels per sample, across and down.
    tables: (C, 64) quantisation in zigzag order. edited: (H, W, ≥ 3) uint8 and hole: (H, W) bool, upright; axes:
    the six numbers that turn a stored (x, y) into an upright one; size: stored (width, height).
    """
    old, middle = np.zeros((8, 8), np.float32), np.zeros((8, 8), np.float32)
    block, change = np.zeros((8, 8), np.float32), np.zeros((8, 8), np.float32)
    weights, waves = np.zeros((8, 8), np.float32), basis.T.copy()
    for index in range(len(places)):
        for part in range(len(owner)):
            c = owner[part]
            wide, high = sampling[c, 2], sampling[c, 3]
            left = (units_x[index] * sampling[c, 0] + within_x[part]) * 8
            top = (units_y[index] * sampling[c, 1] + within_y[part]) * 8
            touched, mixed = False, False
            values = coefficients[places[index], part]
            for i in range(64):
                where = zigzag[i]
                block[where >> 3, where & 7] = np.float32(values[i] * tables[c, i])
            transform(block, waves, middle, old)
            for row in range(8):
                for column in range(8):
                    total, covered = np.float32(0), 0
                    for down in range(high):
                        for across in range(wide):
                            x = min((left + column) * wide + across, size[0] - 1)
                            y = min((top + row) * high + down, size[1] - 1)
                            seen_x = axes[0] * x + axes[1] * y + axes[2]
                            seen_y = axes[3] * x + axes[4] * y + axes[5]
                            if hole[seen_y, seen_x]:
                                touched = True
                                covered += 1
                                new = plane_value(edited, seen_y, seen_x, c, colour)
                                total += new - np.float32(128) - old[row, column]
                    change[row, column] = total / np.float32(wide * high)
                    known = np.float32(1) - np.float32(covered) / np.float32(wide * high)
                    mixed = mixed or covered < wide * high
                    weights[row, column] = np.float32(1) + _CARE * known
            if not touched:
                continue
            transform(change, basis, middle, block)
            for i in range(64):
                where = zigzag[i]
                step = round(block[where >> 3, where & 7] / tables[c, i])
                new = min(max(values[i] + step, -1023), 1023)
                block[where >> 3, where & 7] = np.float32((new - values[i]) * tables[c, i])
                values[i] = new
            if mixed:
                transform(block, waves, middle, old)
                for row in range(8):
                    for column in range(8):
                        old[row, column] -= change[row, column]
                spare_known(values, tables[c], old, weights, basis, zigzag)


@compiled
def spare_known(
    values: Array, table: Array, error: Array, weights: Array, basis: Array, zigzag: Array
) -> None:
    """Round a block's coefficients anew so that its known pixels keep closer, at the cost of the hole's.

    values: (64,) coefficients in zigzag order, changed in place. error: (8, 8) what they decode to, less what they
    should. weights: (8, 8) how much an error counts. One coefficient after the other goes to the whole number that
    is best while the others stand (coordinate descent on the weighted squared error).
    """
    for _ in range(_SWEEPS):
        moved = False
        for i in range(64):
            down, across = zigzag[i] >> 3, zigzag[i] & 7
            along, length = np.float32(0), np.float32(0)
            for row in range(8):
                for column in range(8):
                    wave = basis[down, row] * basis[across, column]
                    along += weights[row, column] * error[row, column] * wave
                    length += weights[row, column] * wave * wave
            step = round(-along / (length * table[i]))
            if step == 0 or abs(values[i] + step) > 1023:
                continue
            moved = True
            values[i] += step
            for row in range(8):
                for column in range(8):
                    error[row, column] += (
                        np.float32(step * table[i]) * basis[down, row] * basis[across, column]
                    )
        if not moved:
            break
