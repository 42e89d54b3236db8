"""How strong the finest detail in a hole must be, told by a sharp layout; and bringing it to that.

A layout of a few of the photo's pixels each knows how rough a place is, but nothing of what is finer than its own. The
photo tells that: known places of about the same colour, the same roughness at the layout's own size and nearby have so
much finer detail for each bit of it. As in a joint bilateral filter (Petschnigg et al. 2004), of ratios of energies.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.imaging.coarse import blurred, enlarged
from inpaint_app.imaging.mask import bounds, padded
from inpaint_app.types import Box, Image, Mask

Floats = NDArray[np.float32]
BANDS = (2, 4), (1, 2), (0, 1)
"""Between which blurs, in pixels, the detail is brought to its strength, one after the other, `TURNS` times."""
TURNS = 2
LOUDER = 0.7, 1.6
"""What a band is lowered and raised by at most at once."""
CELL = 16
"""Pixels: side of the cells that energies are averaged over."""
NEAR, COLOUR, ROUGH = 100.0, 20.0, 0.35
"""How far apart cells may be that tell of each other: pixels, Lab (of 255), logarithm of the layout's detail."""
SMOOTH = 1.5
"""Sigma, in cells, of the neighbourhood whose roughness is compared: a cell's own is mostly chance."""
KNOWN = 2500
"""Known cells that are asked at most."""
AROUND = 24
"""Pixels over which strengths are averaged before they are compared."""
FAINT, PLAIN = 0.1, 0.3
"""Squared grey values that are as good as none, in the fill's finest bands and in the layout's."""


def strengthen(fill: Image, guide: Image, hole: Mask, pixel: float, told: float) -> None:
    """Bring the detail of the fill (H, W, 3) in the hole to the strength that the sharp layout foretells; in place.

    pixel: what one of the guide's pixels covers, in the fill's. told: sigma of the finest octave that the guide
    has. In brightness alone: grain in colour reads as blotches.
    """
    box = bounds(hole)
    if box is None:
        return
    area = padded(box, round(3 * NEAR), hole.shape)
    wanted = _foretold(fill[area.slices], guide[area.slices], hole[area.slices], pixel, told)
    if wanted is None:
        return
    part, opening = fill[area.slices], hole[area.slices]
    shares = _cells(opening.astype(np.float32))
    mass = np.maximum(blurred(shares, AROUND / CELL), np.float32(1e-3))
    inner = box.moved(-area.left, -area.top)
    near = padded(inner, 4 * BANDS[0][1], opening.shape)
    there = Box(*(int(side) for side in np.subtract(inner, (near.left, near.top) * 2)))
    for _ in range(TURNS):
        for number, blurs in enumerate(BANDS):
            detail = np.zeros(opening.shape, np.float32)
            detail[inner.slices] = band(part[near.slices], *blurs)[there.slices]
            detail[~opening] = 0
            own, aim = (
                blurred(one, AROUND / CELL) / mass
                for one in (_cells(np.square(detail)), wanted[..., number] * shares)
            )
            gain = np.clip(np.sqrt((aim + FAINT) / (own + FAINT)), *LOUDER)
            louder = (enlarged(gain, inner, opening.shape) - 1) * detail[inner.slices]
            added = cv2.merge([np.rint(louder).astype(np.int16)] * 3)
            cv2.add(part[inner.slices], added, part[inner.slices], dtype=cv2.CV_8U)


def _foretold(image: Image, guide: Image, hole: Mask, pixel: float, told: float) -> Floats | None:
    """Energy of each of BANDS that the cells of the hole should have (h, w, 3); None where nothing is known."""
    height, width = hole.shape
    size = max(1, round(width / pixel)), max(1, round(height / pixel))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # the known as the layout would have it
    seen = np.where(hole[..., None], guide, cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC))
    rough = _cells(energy(seen, told, 2 * told))
    colours = _cells(cv2.cvtColor(seen, cv2.COLOR_RGB2LAB).astype(np.float32))
    fine = np.stack([_cells(energy(image, *blurs)) for blurs in BANDS], -1)
    shares = _cells(hole.astype(np.float32))
    known, open_ = np.flatnonzero(shares == 0), np.flatnonzero(shares > 0)
    if not len(known):
        return None
    known = known[:: -(-len(known) // KNOWN)]
    places = np.moveaxis(np.indices(shares.shape), 0, -1) * (CELL / NEAR)
    texture = np.log(blurred(rough, SMOOTH) + 0.5)[..., None] / (2 * ROUGH)
    traits = np.concatenate([places, colours / COLOUR, texture], -1, dtype=np.float32)
    traits, fine = traits.reshape(-1, traits.shape[-1]), fine.reshape(-1, len(BANDS))
    wanted = np.zeros_like(fine)
    for first in range(0, len(open_), 1000):
        cells = open_[first : first + 1000]
        apart = np.square(traits[known]).sum(1) - 2 * traits[cells] @ traits[known].T
        weight = np.exp(-0.5 * (apart - apart.min(1, keepdims=True)))
        each = weight @ fine[known] / (weight @ (rough.ravel()[known] + PLAIN))[:, None]
        wanted[cells] = each * (rough.ravel()[cells] + PLAIN)[:, None]
    return wanted.reshape(*shares.shape, len(BANDS))


def _cells(values: NDArray[Any]) -> Floats:
    """Means over cells of about CELL × CELL pixels."""
    size = -(-values.shape[1] // CELL), -(-values.shape[0] // CELL)
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)


def band(image: Image, low: float, high: float) -> Floats:
    """Brightness between two blurs (sigma in pixels; 0: none)."""
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = cv2.GaussianBlur(luma, (0, 0), low) if low else luma
    return np.asarray(fine - cv2.GaussianBlur(luma, (0, 0), high), np.float32)


def energy(image: Image, low: float, high: float) -> Floats:
    """Squares of that."""
    return np.asarray(np.square(band(image, low, high)), np.float32)
