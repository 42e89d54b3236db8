"""Hiding the seams: the copied pixels keep their gradients, and the colours are fitted to the hole's rim.

Perez, Gangnet & Blake, "Poisson image editing" (2003), on a shift map as in He & Sun (2012), section 3.4, with a
screening term that ties the result weakly to the copied colours (Bhat et al., "GradientShop", 2010): without it one
mismatched rim pixel would tint the whole hole. Solved for the correction, which is smooth, by conjugate gradients.
"""

from __future__ import annotations

import numpy as np

from inpaint_app.backends.exemplar.field import Flags, Floats, Ints
from inpaint_app.backends.exemplar.jit import kernel
from inpaint_app.types import Image

STEPS = ((-1, 0), (0, -1), (0, 1), (1, 0))


@kernel
def _right_side(
    image: Image, index: Ints, py: Ints, px: Ints, source: Ints, links: Ints, right: Floats, limit: float
) -> None:
    height, width = index.shape
    for n in range(py.shape[0]):
        y, x = py[n], px[n]
        sy, sx = source[n, 0], source[n, 1]
        for s in range(4):
            dy = (-1, 0, 0, 1)[s]
            dx = (0, -1, 1, 0)[s]
            qy, qx = y + dy, x + dx
            if qy < 0 or qy >= height or qx < 0 or qx >= width:
                links[n, s] = -2
                continue
            m = index[qy, qx]
            links[n, s] = m
            ty, tx = (source[m, 0], source[m, 1]) if m >= 0 else (qy, qx)
            if ty == sy + dy and tx == sx + dx:
                continue
            # step(p -> q) wanted: the mean of what both pieces show; step that the copy has: image[t] - image[s]
            uy, ux = sy + dy, sx + dx
            vy, vx = ty - dy, tx - dx
            one = 0 <= uy < height and 0 <= ux < width and index[uy, ux] < 0
            two = 0 <= vy < height and 0 <= vx < width and index[vy, vx] < 0
            for c in range(3):
                jump = np.float32(0.0)
                count = np.float32(0.0)
                # correction(p) - correction(q) = (copy(q) - copy(p)) - wanted
                if one:
                    jump += np.float32(image[ty, tx, c]) - np.float32(image[uy, ux, c])
                    count += np.float32(1.0)
                if two:
                    jump += np.float32(image[vy, vx, c]) - np.float32(image[sy, sx, c])
                    count += np.float32(1.0)
                if count > 0:
                    jump /= count
                    right[n, c] += min(max(jump, -limit), limit)


@kernel
def _apply(links: Ints, u: Floats, out: Floats, screen: float) -> None:
    for n in range(u.shape[0]):
        degree = np.float32(screen)
        a = np.float32(0.0)
        b = np.float32(0.0)
        c = np.float32(0.0)
        for s in range(4):
            m = links[n, s]
            if m == -2:
                continue
            degree += np.float32(1.0)
            if m >= 0:
                a += u[m, 0]
                b += u[m, 1]
                c += u[m, 2]
        out[n, 0] = degree * u[n, 0] - a
        out[n, 1] = degree * u[n, 1] - b
        out[n, 2] = degree * u[n, 2] - c


def blend(
    image: Image,
    hole: Flags,
    py: Ints,
    px: Ints,
    source: Ints,
    *,
    screen: float = 0.002,
    limit: float = 255.0,
    steps: int = 100,
) -> Image:
    """Return the image with the hole copied from `source` (N, 2) and its seams evened out."""
    index = np.full(hole.shape, -1, np.int32)
    index[py, px] = np.arange(len(py), dtype=np.int32)
    links = np.empty((len(py), 4), np.int32)
    right = np.zeros((len(py), 3), np.float32)
    _right_side(image, index, py, px, source, links, right, limit)
    u = np.zeros_like(right)
    residual = right.copy()
    direction = residual.copy()
    product = np.empty_like(u)
    energy = (residual**2).sum(0)
    for _ in range(steps):
        _apply(links, direction, product, screen)
        alpha = energy / np.maximum((direction * product).sum(0), 1e-12)
        u += alpha * direction
        residual -= alpha * product
        new = (residual**2).sum(0)
        if float(new.max()) < 1e-3 * len(py):
            break
        direction = residual + (new / np.maximum(energy, 1e-12)) * direction
        energy = new
    out = image.copy()
    copied = image[source[:, 0], source[:, 1]].astype(np.float32)
    out[py, px] = np.clip(np.rint(copied + u), 0, 255).astype(np.uint8)
    return out
