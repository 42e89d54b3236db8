"""Hiding the seams: the copied pixels keep their gradients, and the colours are fitted to the hole's rim.

Perez, Gangnet & Blake, "Poisson image editing" (2003), on a shift map as in He & Sun (2012), section 3.4, with a
screening term that ties the result weakly to the copied colours (Bhat et al., "GradientShop", 2010). Solved for the
correction, which is smooth, by conjugate gradients with a two-level preconditioner (the diagonal, plus one unknown
per square block solved exactly), so that the number of steps hardly grows with the hole.
"""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.backends.exemplar.field import Flags, Floats, Ints
from inpaint_app.backends.exemplar.jit import kernel, run, total
from inpaint_app.types import Image

SCREEN = 0.0005
COLOUR = 0.003  # and the colours more than the brightness: misfits add up to tinted clouds in an even sky
OPPONENT = np.array([[1, 1, 0], [1, -1, 1], [1, 0, -1]], np.float32) / np.float32(
    3
)  # brightness, two of colour
TEAR = 120.0  # a step larger than this between rim and fill is the edge of a thing, not a seam
EDGE = 60.0  # a voted step larger than this is an edge that single pieces may not know of
PARTING = 60.0  # a larger misfit between two pieces is let stand
BLOCK, BLOCKS = 16, 400  # least side of a block, and about the most blocks
BAND = 16_384  # pixels of a band that one core works on
OUTSIDE = -2

Doubles = NDArray[np.float64]


@kernel
def _links(
    image: Image, index: Ints, py: Ints, px: Ints, source: Ints, voted: Floats, links: Ints, right: Floats,
    tear: float, edge: float, parting: float, start: int, stop: int,
) -> None:  # fmt: skip
    """Neighbours of every hole pixel, and by how much the copy's steps between pieces miss the wanted ones."""
    height, width = index.shape
    steps = np.zeros(3, np.float32)
    for n in range(start, stop):
        y, x = py[n], px[n]
        sy, sx = source[n, 0], source[n, 1]
        for s in range(4):
            dy, dx = (-1, 0, 0, 1)[s], (0, -1, 1, 0)[s]
            qy, qx = y + dy, x + dx
            if qy < 0 or qy >= height or qx < 0 or qx >= width:
                links[n, s] = OUTSIDE
                continue
            m = index[qy, qx]
            links[n, s] = m
            ty, tx = (source[m, 0], source[m, 1]) if m >= 0 else (qy, qx)
            uy, ux = sy + dy, sx + dx
            if ty == uy and tx == ux:
                continue
            one = 0 <= uy < height and 0 <= ux < width and index[uy, ux] < 0
            if m >= 0:  # between two pieces
                vy, vx = ty - dy, tx - dx
                two = 0 <= vy < height and 0 <= vx < width and index[vy, vx] < 0
                worst = np.float32(0.0)
                for c in range(3):
                    worst = max(worst, abs(voted[m, c] - voted[n, c]))
                largest = np.float32(0.0)
                for c in range(3):
                    copied = np.float32(image[ty, tx, c]) - np.float32(image[sy, sx, c])
                    jump = np.float32(0.0)
                    if worst > edge or not (one or two):
                        jump = copied - (voted[m, c] - voted[n, c])
                    else:
                        if one:  # the step as the piece of this pixel goes on
                            jump += np.float32(image[ty, tx, c]) - np.float32(image[uy, ux, c])
                        if two:  # and as its neighbour's came from
                            jump += np.float32(image[vy, vx, c]) - np.float32(image[sy, sx, c])
                        if one and two:
                            jump *= np.float32(0.5)
                    largest = max(largest, abs(jump))
                    steps[c] = jump
                if (
                    largest > parting
                ):  # two things meet here that do not belong together: neither colours the other
                    links[n, s] = OUTSIDE
                    continue
                for c in range(3):
                    right[n, c] += steps[c]
            elif one:  # at the rim: as the piece goes on
                worst = np.float32(0.0)
                for c in range(3):
                    jump = np.float32(image[ty, tx, c]) - np.float32(image[uy, ux, c])
                    worst = max(worst, abs(jump))
                if worst > tear:  # a thing ends here: its colour must not run into the fill
                    links[n, s] = OUTSIDE
                    continue
                for c in range(3):
                    right[n, c] += np.float32(image[ty, tx, c]) - np.float32(image[uy, ux, c])


@kernel
def _product(
    links: Ints, screens: Floats, direction: Floats, product: Floats, start: int, stop: int
) -> Doubles:
    """The system's matrix times the direction; returns the direction's product with that, by channel."""
    dot = np.zeros(3)
    for n in range(start, stop):
        degree = np.float32(0.0)
        a = b = c = np.float32(0.0)
        for s in range(4):
            m = links[n, s]
            if m == OUTSIDE:
                continue
            degree += np.float32(1.0)
            if m >= 0:
                a += direction[m, 0]
                b += direction[m, 1]
                c += direction[m, 2]
        product[n, 0] = (degree + screens[0]) * direction[n, 0] - a
        product[n, 1] = (degree + screens[1]) * direction[n, 1] - b
        product[n, 2] = (degree + screens[2]) * direction[n, 2] - c
        for k in range(3):
            dot[k] += direction[n, k] * product[n, k]
    return dot


@kernel
def _descend(
    step: Floats, direction: Floats, product: Floats, block: Ints, blocks: int, fill: Floats, residual: Floats,
    start: int, stop: int,
) -> Floats:  # fmt: skip
    """Move along the direction; returns the residual summed by block (blocks + 1, 3), its square in the last row."""
    sums = np.zeros((blocks + 1, 3), np.float32)
    energy = 0.0
    for n in range(start, stop):
        for k in range(3):
            fill[n, k] += step[k] * direction[n, k]
            r = residual[n, k] - step[k] * product[n, k]
            residual[n, k] = r
            sums[block[n], k] += r
            energy += r * r
    sums[blocks, 0] = energy
    return sums


@kernel
def _precondition(
    residual: Floats, block: Ints, coarse: Floats, screen: float, out: Floats, start: int, stop: int
) -> Doubles:
    """The residual, preconditioned; returns its product with the residual, by channel."""
    dot = np.zeros(3)
    diagonal = np.float32(1.0) / np.float32(4.0 + screen)
    for n in range(start, stop):
        for k in range(3):
            z = diagonal * residual[n, k] + coarse[block[n], k]
            out[n, k] = z
            dot[k] += z * residual[n, k]
    return dot


@kernel
def _turned(direction: Floats, factor: Floats, towards: Floats, start: int, stop: int) -> None:
    for n in range(start, stop):
        for k in range(3):
            direction[n, k] = factor[k] * direction[n, k] + towards[n, k]


@kernel
def _invert(matrix: Doubles) -> None:
    """Gauss-Jordan in place, without pivots: the matrix is symmetric and positive definite."""
    count = matrix.shape[0]
    for k in range(count):
        pivot = 1.0 / matrix[k, k]
        matrix[k, k] = 1.0
        for j in range(count):
            matrix[k, j] *= pivot
        for i in range(count):
            if i != k:
                factor = matrix[i, k]
                matrix[i, k] = 0.0
                if factor != 0.0:
                    for j in range(count):
                        matrix[i, j] -= factor * matrix[k, j]


@kernel
def _coarse(links: Ints, block: Ints, count: int, screen: float) -> Doubles:
    """The system with one unknown per block (Galerkin, constant on each block): (count, count)."""
    matrix = np.zeros((count, count))
    for n in range(block.shape[0]):
        own = block[n]
        matrix[own, own] += screen
        for s in range(4):
            if links[n, s] != OUTSIDE:
                matrix[own, own] += 1.0
            if links[n, s] >= 0:
                matrix[own, block[links[n, s]]] -= 1.0
    return matrix


def _corrections(
    links: Ints, right: Floats, py: Ints, px: Ints, screen: float, colour: float, most: int
) -> Floats:
    """Solve (screen + Laplacian) u = right; (N, 3). Brightness is held by `screen`, colour by `colour`."""
    right = _mixed(right, OPPONENT)
    screens = np.array([screen, colour, colour], np.float32)
    side = max(BLOCK, int(np.sqrt(len(py) / BLOCKS)))
    across = int(px.max()) // side + 1
    cell = (py // side) * across + px // side
    number = np.cumsum(np.bincount(cell) > 0, dtype=np.int32) - 1  # only blocks with hole pixels get a number
    block, count = np.asarray(number[cell], np.int32), int(number[-1]) + 1
    inverse = _coarse(links, block, count, screen)
    _invert(inverse)
    inverse = np.asarray(inverse, np.float32)
    u, residual, product = np.zeros_like(right), right.copy(), np.zeros_like(right)
    direction, z = np.zeros_like(right), np.zeros_like(right)
    rho: NDArray[np.floating] = np.ones(3)
    step, enough = np.zeros(3, np.float32), 0.0
    for turn in range(most):
        sums = total(partial(_descend, step, direction, product, block, count, u, residual), len(py), BAND)
        energy = float(sums[count, 0])
        if turn == 0:
            enough = max(1e-4 * energy, 1e-5 * len(py))
        if energy <= enough:
            break
        coarse = inverse @ sums[:count]
        dot = total(partial(_precondition, residual, block, coarse, screen, z), len(py), BAND)
        turned = (dot / np.maximum(rho, 1e-20)).astype(np.float32) if turn else np.zeros(3, np.float32)
        run(partial(_turned, direction, turned, z), len(py), BAND)
        rho = dot
        dot = total(partial(_product, links, screens, direction, product), len(py), BAND)
        step = (rho / np.maximum(dot, 1e-20)).astype(np.float32)
    return _mixed(u, np.linalg.inv(OPPONENT))


def _mixed(colours: Floats, matrix: NDArray[np.floating]) -> Floats:
    """colours (N, 3) times a 3×3 matrix; numpy's own product takes sixty times as long for a matrix this small."""
    return np.asarray(cv2.transform(colours[:, None], np.ascontiguousarray(matrix.T)), np.float32)[:, 0]


def blend(
    image: Image,
    hole: Flags,
    py: Ints,
    px: Ints,
    source: Ints,
    voted: Floats,
    *,
    screen: float = SCREEN,
    colour: float = COLOUR,
    tear: float = TEAR,
    edge: float = EDGE,
    parting: float = PARTING,
    most: int = 40,
) -> Image:
    """The image with its hole copied from `source` (N, 2: row, column) and the seams evened out.

    py, px (N,): the hole's pixels in scan order. voted (N, 3): their colours as all covering patches propose them;
    where two pieces meet and these show a step above `edge`, it is kept, since each piece alone may be flat there.
    screen: how strongly the copied colours are kept (0.02 keeps them a few pixels away from the rim). tear: a larger
    step between rim and fill is let stand.
    """
    index = np.full(hole.shape, -1, np.int32)
    index[py, px] = np.arange(len(py), dtype=np.int32)
    links = np.empty((len(py), 4), np.int32)
    right = np.zeros((len(py), 3), np.float32)
    run(
        partial(_links, image, index, py, px, source, voted, links, right, tear, edge, parting), len(py), BAND
    )
    correction = _corrections(links, right, py, px, screen, colour, most if len(py) < 100_000 else most // 3)
    out = image.copy()
    copied = image[source[:, 0], source[:, 1]]
    out[py, px] = np.clip(np.rint(copied + correction), 0, 255).astype(np.uint8)
    return out
