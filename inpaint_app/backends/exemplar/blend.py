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
DIAGONAL = 0.25  # of the preconditioner: the inverse of a pixel's four neighbours

Doubles = NDArray[np.float64]


@kernel
def _links(
    image: Image, hole: Flags, index: Ints, top: int, left: int, py: Ints, px: Ints, source: Ints, voted: Floats,
    links: Ints, right: Floats, tear: float, edge: float, parting: float, start: int, stop: int,
) -> None:  # fmt: skip
    """Neighbours of every hole pixel, and by how much the copy's steps between pieces miss the wanted ones."""
    height, width = hole.shape
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
            m = index[qy - top, qx - left] if hole[qy, qx] else -1
            links[n, s] = m
            ty, tx = (source[m, 0], source[m, 1]) if m >= 0 else (qy, qx)
            uy, ux = sy + dy, sx + dx
            if ty == uy and tx == ux:
                continue
            one = 0 <= uy < height and 0 <= ux < width and not hole[uy, ux]
            if m >= 0:  # between two pieces
                vy, vx = ty - dy, tx - dx
                two = 0 <= vy < height and 0 <= vx < width and not hole[vy, vx]
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
def _product(links: Ints, screen: float, direction: Floats, product: Floats, start: int, stop: int) -> float:
    """The system's matrix times the direction; returns the direction's product with that."""
    dot = 0.0
    for n in range(start, stop):
        degree, neighbours = np.float32(screen), np.float32(0.0)
        for s in range(4):
            m = links[n, s]
            degree += np.float32(m != OUTSIDE)
            neighbours += direction[m] if m >= 0 else np.float32(0.0)
        value = degree * direction[n] - neighbours
        product[n] = value
        dot += direction[n] * value
    return dot


@kernel
def _descend(
    step: float, product: Floats, block: Ints, blocks: int, residual: Floats, start: int, stop: int
) -> Doubles:
    """Take a step's share off the residual; returns it summed by block (blocks + 1,), its square at the end."""
    sums = np.zeros(blocks + 1)
    energy, part, own = 0.0, np.float32(0.0), block[start]
    for n in range(start, stop):
        r = residual[n] - np.float32(step) * product[n]
        residual[n] = r
        energy += r * r
        if block[n] != own:  # neighbours in scan order mostly share a block
            sums[own] += part
            part, own = np.float32(0.0), block[n]
        part += r
    sums[own] += part
    sums[blocks] = energy
    return sums


@kernel
def _turn(
    step: float, factor: float, coarse: Floats, block: Ints, residual: Floats, direction: Floats, u: Floats,
    start: int, stop: int,
) -> None:  # fmt: skip
    """Move along the direction, and turn it by `factor` towards the preconditioned residual."""
    for n in range(start, stop):
        u[n] += np.float32(step) * direction[n]
        direction[n] = (
            np.float32(factor) * direction[n] + np.float32(DIAGONAL) * residual[n] + coarse[block[n]]
        )


@kernel
def _coarse(links: Ints, block: Ints, count: int, reach: int) -> Doubles:
    """The Laplacian with one unknown per block (Galerkin, constant on each), its lower band: (count, reach + 1)."""
    band = np.zeros((count, reach + 1))
    for n in range(block.shape[0]):
        own = block[n]
        for s in range(4):
            if links[n, s] != OUTSIDE:
                band[own, 0] += 1.0
            if links[n, s] >= 0 and block[links[n, s]] <= own:
                band[own, own - block[links[n, s]]] -= 1.0
    return band


@kernel
def _factored(band: Doubles) -> None:
    """Cholesky in place: band[i, d] is the matrix at row i, column i - d."""
    count, width = band.shape
    for i in range(count):
        for d in range(min(i, width - 1), -1, -1):
            j = i - d
            value = band[i, d]
            for k in range(max(0, i - width + 1, j - width + 1), j):
                value -= band[i, i - k] * band[j, j - k]
            band[i, d] = value / band[j, 0] if d else np.sqrt(value)


@kernel
def _solved(band: Doubles, right: Doubles, out: Floats) -> None:
    """What the factored matrix maps to `right` (count,), which is overwritten."""
    count, width = band.shape
    for i in range(count):
        for k in range(max(0, i - width + 1), i):
            right[i] -= band[i, i - k] * right[k]
        right[i] /= band[i, 0]
    for i in range(count - 1, -1, -1):
        right[i] /= band[i, 0]
        out[i] = right[i]
        for k in range(max(0, i - width + 1), i):
            right[k] -= band[i, i - k] * right[i]


def _corrections(
    links: Ints, right: Floats, py: Ints, px: Ints, screen: float, colour: float, most: int
) -> Floats:
    """Solve (screen + Laplacian) u = right; (N, 3). Brightness is held by `screen`, colour by `colour`."""
    right = np.ascontiguousarray(_mixed(right, OPPONENT).T)
    side = max(BLOCK, int(np.sqrt(len(py) / BLOCKS)))
    rows, columns = (places // side - places.min() // side for places in (py, px))
    across = int(columns.max()) + 1
    cell = rows * across + columns
    sizes = np.bincount(cell)
    block = (np.cumsum(sizes > 0, dtype=np.int32) - 1)[cell]  # only blocks with hole pixels get a number
    sizes = sizes[sizes > 0]
    laplacian = _coarse(links, block, len(sizes), min(across, len(sizes) - 1))
    enough = max(1e-4 * float(np.square(right, dtype=np.float64).sum()), 1e-5 * len(py)) / 3
    for values, held in zip(right, (screen, colour, colour), strict=True):
        band = laplacian.copy()
        band[:, 0] += held * sizes
        _factored(band)
        values[:], left = _solution(links, values, block, band, held, enough, most)
        enough = max(enough, left)  # the colours need come no nearer than the brightness did
    return _mixed(right.T, np.linalg.inv(OPPONENT))


def _solution(
    links: Ints, right: Floats, block: Ints, coarse: Doubles, screen: float, enough: float, most: int
) -> tuple[Floats, float]:
    """One channel's correction (N,), by at most `most` steps, and the square of what is left.

    coarse: the factored system of the blocks.
    """
    work, blocks = len(right), len(coarse)
    residual, u = right.copy(), np.zeros_like(right)
    product, direction = np.zeros_like(right), np.zeros_like(right)
    lifted = np.zeros(blocks, np.float32)
    step, rho = 0.0, 1.0
    for turn in range(most + 1):
        sums = total(partial(_descend, step, product, block, blocks, residual), work, BAND)
        energy, parts = float(sums[blocks]), np.asarray(sums[:blocks], np.float64)
        last = energy <= enough or turn == most
        _solved(coarse, parts.copy(), lifted)
        agreed = DIAGONAL * energy + float(parts @ lifted)
        factor = agreed / max(rho, 1e-20) if turn else 0.0
        run(partial(_turn, step, factor, lifted, block, residual, direction, u), work, BAND)
        if last:
            break
        rho = agreed
        length = total(partial(_product, links, screen, direction, product), work, BAND)
        step = rho / max(length, 1e-20)
    return u, energy


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
    top, left = int(py.min()), int(px.min())
    opening = hole[top : int(py.max()) + 1, left : int(px.max()) + 1]
    index = np.zeros(opening.shape, np.int32)  # read where there is a hole
    index[opening] = np.arange(len(py), dtype=np.int32)
    links = np.empty((len(py), 4), np.int32)
    right = np.zeros((len(py), 3), np.float32)
    run(
        partial(
            _links, image, hole, index, top, left, py, px, source, voted, links, right, tear, edge, parting
        ),
        len(py),
        BAND,
    )
    correction = _corrections(links, right, py, px, screen, colour, most if len(py) < 100_000 else most // 3)
    out = image.copy()
    run(partial(_lay, image, source, correction, py, px, out), len(py), BAND)
    return out


@kernel
def _lay(
    image: Image, source: Ints, correction: Floats, py: Ints, px: Ints, out: Image, start: int, stop: int
) -> None:
    """Copy every hole pixel from its source, corrected."""
    for n in range(start, stop):
        for c in range(3):
            value = np.rint(np.float32(image[source[n, 0], source[n, 1], c]) + correction[n, c])
            out[py[n], px[n], c] = np.uint8(min(max(value, np.float32(0)), np.float32(255)))
