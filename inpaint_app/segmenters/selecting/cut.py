"""A thing cut out by colour and edges, without any weights: the small picture of a region, then its edge at full size.

The cut is the random walker with priors (Grady, "Multilabel Random Walker Image Segmentation Using Prior Models", 2005)
on a picture of SIDE pixels. Its priors are where the user pointed, joined with how well a colour fits what is inside
rather than what is outside (histograms as in GrabCut, Rother et al. 2004, and local means), learned anew each round.
Soft weights stand in for GrabCut's hard labels, so that a wrong half of a box gives way.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.types import Image, Mask

SIDE = 144
"""Longest side in pixels of the picture that is cut."""
BINS = 16
"""Bins of the colour histograms along each axis of Lab."""
ROUNDS = 3
"""How often the colours are learned anew."""
COLOUR, NEARBY = 0.6, 0.4
"""How much the colours of the whole region, and those around a pixel, count beside the place."""
AROUND = 0.1
"""Spread of what counts as around a pixel, as a share of the picture's longer side."""
HOLD = 0.01
"""How strongly the walker holds to its prior rather than to its neighbours."""
EDGE = 1.5
"""How much an edge of the usual strength parts two neighbours."""
STEPS = 40
"""Most steps of conjugate gradients in a round."""
SURE = 3.0
"""Most that colours say, as a logit."""
BAND = 0.02
"""An outline is drawn anew where it was between this and 1 minus this."""

Soft: TypeAlias = NDArray[Any]
"""Float32, a value for each pixel or several."""


def cut(image: Image, prior: Soft) -> Soft:
    """How surely each pixel belongs to the thing, (h, w) in 0..1. prior: the same, as the place alone tells it."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32)
    even = cv2.GaussianBlur(lab, (3, 3), 0.6)
    cells, across, down = _cells(lab), _alike(even, 1), _alike(even, 0)
    prior = np.clip(prior, 1e-3, 1 - 1e-3).astype(np.float32)
    place, inside = np.log(prior / (1 - prior)), prior
    for number in range(ROUNDS):
        evidence = place + COLOUR * np.clip(_by_colour(cells, inside), -SURE, SURE)
        if number:
            evidence += NEARBY * np.clip(_nearby(even, inside), -SURE, SURE)
        inside = _walked(1 / (1 + np.exp(-evidence)), across, down)
    return np.asarray(inside, dtype=np.float32)


def _cells(lab: Soft) -> NDArray[np.int32]:
    """The histogram's bin of each pixel, over the range of colours that there are."""
    low, high = np.percentile(lab.reshape(-1, 3), [1, 99], axis=0)
    span = np.maximum(high - low, (40, 20, 20))
    fine = np.clip((lab - low) / span * (BINS - 1) + 0.5, 0, BINS - 1).astype(np.int32)
    return np.asarray(np.ravel_multi_index(tuple(np.moveaxis(fine, 2, 0)), (BINS,) * 3))


def _by_colour(cells: NDArray[np.int32], inside: Soft) -> Soft:
    """Log of how much likelier each pixel's colour is inside than outside."""
    shares = []
    for weights in (inside**2, (1 - inside) ** 2):
        count: Soft = np.bincount(cells.ravel(), weights.ravel(), BINS**3).reshape((BINS,) * 3)
        for _ in range(2):
            count = _spread(count)
        shares.append(count / max(count.sum(), 1e-9) + 4 / BINS**3)
    return np.asarray(np.log(shares[0] / shares[1]).astype(np.float32).ravel()[cells])


def _spread(count: Soft) -> Soft:
    """A histogram whose bins share with their neighbours, a quarter each way."""
    for axis in range(3):
        there = np.moveaxis(count, axis, 0)
        ends = np.zeros_like(there[:1])
        before, after = np.concatenate([ends, there[:-1]]), np.concatenate([there[1:], ends])
        count = np.moveaxis(there / 2 + (before + after) / 4, 0, axis)
    return count


def _nearby(lab: Soft, inside: Soft) -> Soft:
    """The same by the mean and the spread of colours around each pixel."""
    reach, costs = AROUND * max(inside.shape), []
    for weights in (inside**2, (1 - inside) ** 2):
        weights = weights + np.float32(1e-4)
        total = cv2.GaussianBlur(weights, (0, 0), reach)[..., None]
        mean = cv2.GaussianBlur(lab * weights[..., None], (0, 0), reach) / total
        apart = (lab - mean) ** 2
        spread = cv2.GaussianBlur(apart * weights[..., None], (0, 0), reach) / total + 40
        costs.append((apart / spread + np.log(spread)).mean(axis=2))
    return np.asarray(costs[1] - costs[0], dtype=np.float32)


def _alike(lab: Soft, axis: int) -> Soft:
    """How alike neighbours along an axis are, above 0 and up to 1."""
    apart = (np.diff(lab, axis=axis) ** 2).sum(axis=2)
    return np.asarray(np.exp(-EDGE * apart / (apart.mean() + 1e-3)) + 1e-3, dtype=np.float32)


def _walked(prior: Soft, across: Soft, down: Soft) -> Soft:
    """Where a walker that starts at each pixel ends inside: the screened Poisson equation, by conjugate gradients."""
    whole = np.full(prior.shape, HOLD, np.float32)
    for one, axis in ((across, 1), (down, 0)):
        whole += np.pad(one, [(0, 0) if k != axis else (1, 0) for k in range(2)])
        whole += np.pad(one, [(0, 0) if k != axis else (0, 1) for k in range(2)])

    def applied(field: Soft) -> Soft:
        out = whole * field
        out[:, 1:] -= across * field[:, :-1]
        out[:, :-1] -= across * field[:, 1:]
        out[1:] -= down * field[:-1]
        out[:-1] -= down * field[1:]
        return out

    field = prior
    rest = HOLD * prior - applied(field)
    step = rest / whole
    size = float((rest * step).sum())
    for _ in range(STEPS):
        if size < 1e-6 * HOLD * prior.size:
            break
        pushed = applied(step)
        share = size / float((step * pushed).sum())
        field, rest = field + share * step, rest - share * pushed
        turned = rest / whole
        size, before = float((rest * turned).sum()), size
        step = turned + (size / before) * step
    return field


TILE, REACH = 192, 6
"""Side in pixels of the tiles in which an outline is drawn anew, and how far its colours are looked for."""


def sharpened(image: Image, inside: Soft) -> Mask:
    """The outline of a small cut at the region's own size, following its edges: (H, W) of the image.

    Twice as large at each step, only where the outline runs: a pixel there belongs to the side whose mean colour within
    REACH pixels is nearer, as far as the two differ. The cost follows the outline's length.
    """
    full = (image.shape[0], image.shape[1])
    inside = (inside > 0.5).astype(np.float32)
    while inside.shape != full:
        size = tuple(min(2 * now, whole) for now, whole in zip(inside.shape, full, strict=True))
        if max(size) * 1.4 > max(full):
            size = full
        picture = np.asarray(
            image if size == full else cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
        )
        inside = cv2.resize(inside, size[::-1], interpolation=cv2.INTER_LINEAR)
        inside = _redrawn(picture, inside)
    return np.asarray(inside > 0.5)


def _redrawn(image: Soft, inside: Soft) -> Soft:
    drawn, (height, width) = inside.copy(), inside.shape
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            part = inside[top : top + TILE, left : left + TILE]
            if part.max() < BAND or part.min() > 1 - BAND:
                continue
            wide = (
                slice(max(0, top - REACH), top + TILE + REACH),
                slice(max(0, left - REACH), left + TILE + REACH),
            )
            redone = _by_sides(image[wide].astype(np.float32), inside[wide])
            inner = redone[min(top, REACH) :, min(left, REACH) :][: part.shape[0], : part.shape[1]]
            drawn[top : top + TILE, left : left + TILE] = inner
    return drawn


def _by_sides(colours: Soft, inside: Soft) -> Soft:
    """Between the mean colours of both sides: where each pixel lies, as far as the sides differ at all."""
    window = (2 * REACH + 1, 2 * REACH + 1)
    means = []
    for weights in (np.clip(2 * inside - 1, 0, 1) ** 2, np.clip(1 - 2 * inside, 0, 1) ** 2):
        weights = weights + np.float32(1e-5)
        means.append(cv2.blur(colours * weights[..., None], window) / cv2.blur(weights, window)[..., None])
    between = means[0] - means[1]
    apart = (between**2).sum(axis=2)
    share = np.clip(((colours - means[1]) * between).sum(axis=2) / (apart + 1e-3), 0, 1)
    trust = apart / (apart + 30**2) * (1 - (2 * inside - 1) ** 2)
    return np.asarray(inside + trust * (share - inside), dtype=np.float32)
