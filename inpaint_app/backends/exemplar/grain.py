"""Giving the fill the grain of its surroundings.

Patches are matched by squared differences, which prefer the smoother of two equally unrelated sources: a fill comes
out with about half the high-pass energy of the rim. The detail of the copied pixels is therefore amplified until it
meets that of the known pixels around, continued into the hole (a gain on matched patches as in Darabi et al.,
"Image Melding" (2012), section 3.2, but on the detail alone and after the fact). Detail is compared by its mean
size, not by its energy: energy is what a few edges have most of, and an even sky beside a tree would get the tree's.
Where what has the same colour is even all around, the fill stays even, whatever is nearer.
Brightness alone is amplified: grain in colour reads as blotches.
"""

from __future__ import annotations

from functools import partial, reduce

import cv2
import numpy as np

from inpaint_app.backends.exemplar.field import Flags, Floats, Ints
from inpaint_app.backends.exemplar.jit import kernel, run
from inpaint_app.backends.exemplar.pyramid import spread
from inpaint_app.types import Image

DETAIL = 2.0  # sigma in pixels: what is finer counts as detail
NEAR = 32  # pixels around the hole that are looked at
REACH = 8.0  # sigma in pixels of the neighbourhood that sizes are averaged over
STRONGEST = 60.0  # detail above this is an edge, not grain
MOST = 3.0  # limit of the gain
EVEN = 4.0, 1.0  # grey values: what has less detail than this is even, and hardly amplified
STEP = 4  # pixels: side of the cells that sizes are averaged over first
POWER = 1.3, 1.8  # of the ratio of sizes: a gain on what is copied raises the mean less than it says
ROUGH = 0.5, 6.0
"""In a small picture the power grows by the first times the square of s / (s + the second), s being the size of what
was copied: rough places get more of their texture; where it is even, more would be specks."""
PIXELS = 1e6, 2e6
"""Up to so many pixels of the window the first values of EVEN and POWER hold, from so many on the second: what is finer
than `DETAIL` is structure in a small picture, and mostly grain in a large one."""
USUAL = 1.0, STRONGEST
"""So many times the usual size of detail around it, and one grey value, are amplified of a pixel's at most, by the same
sizes of windows: what is more is a line or a torn edge, and would come out as specks."""
PEAK = 1.0, 6.0
"""So many times its usual size around it, what is finer than `FINEST` is at most where that is even, by the same sizes:
pixels that come from elsewhere than their neighbours are specks in a small picture, which is smooth at that size."""
LINES = [
    cv2.line(np.zeros((11, 11), np.uint8), (5 - x, 5 - y), (5 + x, 5 + y), 1)
    for x, y in ((5, 0), (5, 2), (4, 4), (2, 5), (0, 5), (-2, 5), (-4, 4), (-5, 2))
]
"""What goes on along one of these is an edge or a wire, and stays."""
FINEST = 1.0  # sigma in pixels
FAINT = 0.5  # grey values: rounding alone
COLOURS = 16  # bins of each channel (Lab) by which cells count as of one colour
SEEN = 256  # known pixels of a colour from which its detail is known
SPARED = 4.0  # grey values: what is evener than this around the hole gets hardly more


def match_grain(image: Image, hole: Flags, py: Ints, px: Ints) -> None:
    """Amplify the detail of `image` inside `hole`, by 1 to `MOST`, to its size in the known surroundings; in place.

    py, px (N,): the hole's pixels. Sizes are averaged and compared on a grid of `STEP` pixels: they hardly change
    within one.
    """
    top, left = max(0, int(py.min()) - NEAR), max(0, int(px.min()) - NEAR)
    bottom, right = int(py.max()) + NEAR + 1, int(px.max()) + NEAR + 1
    # Whole cells where the photo has them: pictures are made smaller several times as fast by a whole number.
    near = slice(top, bottom + (top - bottom) % STEP), slice(left, right + (left - right) % STEP)
    detail, own, wanted, known, part = _sizes(image[near], hole[near], DETAIL)
    alike = _of_its_colour(image[near], known, part, wanted)
    wanted = np.minimum(wanted, alike * (1 + alike / np.float32(SPARED)))
    even, power, times, peak, more = (
        float(np.interp(np.log(hole.size), np.log(PIXELS), values))
        for values in (EVEN, POWER, USUAL, PEAK, (ROUGH[0], 0.0))
    )
    limit = 1 + (MOST - 1) * own / (own + even)
    powers = power * (1 + more * np.square(own / (own + ROUGH[1])))
    gain = np.clip(((wanted + 1) / (own + 1)) ** powers, 1, limit).astype(np.float32)
    most = np.minimum(times * (own + 1), STRONGEST).astype(np.float32)
    run(partial(_amplify, image, detail, gain, most, py, px, top, left), len(py), 16_384)
    if hole.size < PIXELS[1]:
        _limit(image[near], hole[near], peak)


def _sizes(image: Image, hole: Flags, sigma: float) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Detail finer than `sigma`; for every cell its mean size in the hole, that around, its sum where known, and how
    many pixels those are.
    """
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = np.asarray(cv2.subtract(luma, cv2.GaussianBlur(luma, (0, 0), sigma), dst=luma), np.float32)
    cells = np.zeros([side + -side % STEP for side in hole.shape], np.float32)  # may reach beyond
    values = cells[: hole.shape[0], : hole.shape[1]]
    np.minimum(np.abs(detail), np.float32(STRONGEST), out=values)
    everything = _summed(cells)
    np.copyto(values, 0, where=hole)
    known = _summed(cells)
    np.logical_not(hole, out=values)
    part = _summed(cells)
    values.fill(1)
    whole = _summed(cells)
    wanted = spread(_mean(known, part), part < 0.5 * whole)
    return detail, _mean(everything - known, whole - part), wanted, known, part


def _limit(image: Image, hole: Flags, peak: float) -> None:
    """Keep the finest detail in the hole below `peak` times its size around, and more where that is rough; in place."""
    detail, _, wanted, *_ = _sizes(image, hole, FINEST)
    most = np.float32(peak) * (wanted + np.float32(FAINT)) * (1 + wanted / np.float32(SPARED))
    most = cv2.resize(most, None, fx=STEP, fy=STEP)[: hole.shape[0], : hole.shape[1]]
    speck = detail - _going_on(detail)
    over = np.clip(detail - np.clip(detail, -most, most), np.minimum(speck, 0), np.maximum(speck, 0))
    cv2.subtract(image, cv2.merge([over] * 3), image, hole.view(np.uint8), cv2.CV_8U)


def _going_on(detail: Floats) -> Floats:
    """What of the detail, of either sign, goes on along a line: the largest of its openings by lines (Soille 2003)."""
    sizes = (np.clip(sign * detail, 0, 255).astype(np.uint8) for sign in (1, -1))
    light, dark = (
        reduce(np.maximum, (cv2.morphologyEx(size, cv2.MORPH_OPEN, line) for line in LINES)) for size in sizes
    )
    return np.asarray(cv2.subtract(light, dark, dtype=cv2.CV_32F), np.float32)


def _of_its_colour(image: Image, sums: Floats, weight: Floats, otherwise: Floats) -> Floats:
    """Mean over the known pixels that have a cell's colour, for every cell; `otherwise` where they are too few."""
    small = cv2.resize(image, weight.shape[::-1], interpolation=cv2.INTER_AREA)
    lab = (
        cv2.cvtColor(cv2.GaussianBlur(small, (0, 0), 1), cv2.COLOR_RGB2LAB).astype(np.int32) * COLOURS // 256
    )
    colour = (lab[..., 0] * COLOURS + lab[..., 1]) * COLOURS + lab[..., 2]
    total, mass = (_by_colour(colour, values) for values in (sums, weight))
    mean = (total / np.maximum(mass, 1e-6))[colour]
    return np.asarray(np.where(mass[colour] > SEEN, mean, otherwise), np.float32)


def _by_colour(colour: Ints, values: Floats) -> Floats:
    """Sum of the values of every colour, with half of each next one's."""
    sums: Floats = (
        np.bincount(colour.ravel(), values.ravel(), COLOURS**3).reshape((COLOURS,) * 3).astype(np.float32)
    )
    for axis in range(3):
        beyond = np.pad(sums, [(1, 1) if one == axis else (0, 0) for one in range(3)])
        sums += 0.5 * (
            np.take(beyond, np.arange(COLOURS), axis) + np.take(beyond, np.arange(2, COLOURS + 2), axis)
        )
    return sums.ravel()


def _summed(values: Floats) -> Floats:
    """Sums over cells of `STEP` × `STEP` pixels."""
    small = cv2.resize(values, None, fx=1 / STEP, fy=1 / STEP, interpolation=cv2.INTER_AREA)
    return np.asarray(small * np.float32(STEP * STEP), np.float32)


def _mean(sums: Floats, weight: Floats) -> Floats:
    """Weighted mean over the neighbourhood of every cell."""
    total = cv2.GaussianBlur(sums, (0, 0), REACH / STEP)
    mass = cv2.GaussianBlur(weight, (0, 0), REACH / STEP)
    return np.asarray(total / np.maximum(mass, 1e-3), np.float32)


@kernel
def _amplify(
    image: Image, detail: Floats, gain: Floats, most: Floats, py: Ints, px: Ints, top: int, left: int, start: int,
    stop: int,
) -> None:  # fmt: skip
    """Add to every hole pixel's channels what the gain, interpolated between the cells' centres, says of its detail.

    Of detail above its cell's `most`, no more than of that.
    """
    height, width = gain.shape
    for n in range(start, stop):
        y, x = py[n] - top, px[n] - left
        down = min(max((y + np.float32(0.5)) / STEP - np.float32(0.5), np.float32(0)), np.float32(height - 1))
        across = min(
            max((x + np.float32(0.5)) / STEP - np.float32(0.5), np.float32(0)), np.float32(width - 1)
        )
        i, j = int(down), int(across)
        below, beside = min(i + 1, height - 1), min(j + 1, width - 1)
        v, h = down - np.float32(i), across - np.float32(j)
        upper = gain[i, j] + h * (gain[i, beside] - gain[i, j])
        lower = gain[below, j] + h * (gain[below, beside] - gain[below, j])
        kept = min(max(detail[y, x], -most[i, j]), most[i, j])
        added = (upper + v * (lower - upper) - np.float32(1)) * kept
        for c in range(3):
            value = min(max(np.float32(image[py[n], px[n], c]) + added, np.float32(0)), np.float32(255))
            image[py[n], px[n], c] = np.uint8(np.rint(value))
