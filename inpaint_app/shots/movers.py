"""Which shots show background where: of two shots that differ, the surroundings and the outline tell who shows a mover.

Where two aligned shots differ, the difference forms connected regions. A region that reaches out of the hole is
compared there with the photo: the shot that differs from it shows the mover. Its outline speaks, too: a mover has an
edge there, the background behind it has none (San Miguel & Martínez 2008, on abandoned and stolen objects). And a shot
may show the very thing that is to go (`standing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.shots import standing
from inpaint_app.types import Image, Mask

Floats: TypeAlias = NDArray[np.float32]

LEAST = 9.0
"""Levels by which two pixels differ at least before they count as different."""

OUTSIDE, OUTLINE, STANDING = 4.0, 5.0, 2.0
"""Weight of each evidence, in log-odds."""


NEAR = (25, 75)
"""Sides of the squares within which the surroundings speak first."""


DISC = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
"""What is thinner does not join two regions."""


FRINGE = 7
"""Outlines are soft: half of so many pixels around a difference belong to it."""


WAIST = 25
"""Side of the square within which only the thickest parts of a region count as its own blobs."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """against, differing: (N, H, W) float32, for each shot what speaks for a mover, and how many others differ there.

    others: (N, H, W) uint32, which ones, as bits. off: (N, H, W) bool, where each differs from the known photo.
    stays: (N, H, W) float32, how surely the thing in a hole stands there in each as in the photo, 0..1. still: (H, W)
    bool, the parts of the hole where it does in every shot.
    """

    against: Floats
    differing: Floats
    others: NDArray[np.uint32]
    off: NDArray[np.bool_]
    stays: Floats
    still: Mask


def compared(
    photo: Floats,
    shots: Sequence[Floats],
    valid: Sequence[Mask],
    known: Mask,
    core: Mask,
    noise: Sequence[float],
    fringe: int = FRINGE,
    things: NDArray[np.int32] | None = None,
) -> Compared:
    """Every shot compared with every other.

    photo, shots: (H, W, 3) float32 of one view in one light. valid: where each can be seen. known: outside of the hole.
    core: what the thing itself covers. noise: levels, of each. fringe: side of what belongs to a difference around it.
    things: see `standing`.
    """
    soft = [blurred(one) for one in (photo, *shots)]
    edges = [_edges(one) for one in soft]
    off = [apart(one, soft[0]) for one in soft[1:]]
    levels = [max(LEAST, 3.0 * level) for level in noise]
    gone = [
        differ(soft[0], one, edges[0], edge, least)
        for one, edge, least in zip(soft[1:], edges[1:], levels, strict=True)
    ]
    stays, still = standing.standing(soft[0], soft[1:], gone, valid, ~known, core, levels, things)
    ring = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (fringe, fringe))
    against, differing = np.zeros((2, len(shots), *known.shape), np.float32)
    others = np.zeros((len(shots), *known.shape), np.uint32)
    for i in range(len(shots)):
        for j in range(i + 1, len(shots)):
            least = max(LEAST, 3.0 * float(np.hypot(noise[i], noise[j])))
            different = differ(soft[i + 1], soft[j + 1], edges[i + 1], edges[j + 1], least)
            different &= valid[i] & valid[j]
            if (different & ~known).any():
                there = _around(different)
                both = ((one[i][there], one[j][there]) for one in (off, edges[1:], stays))
                guilt = np.zeros(known.shape, np.float32)
                guilt[there] = _guilt(different[there], known[there], *both)
                around = cv2.boxFilter(different.astype(np.float32), -1, ring.shape)
                guilt = np.asarray(
                    cv2.boxFilter(guilt, -1, ring.shape) / np.maximum(around, 1e-6), np.float32
                )
                different = cv2.dilate(different.view(np.uint8), ring) > 0
                against[i] += guilt * different
                against[j] += (1 - guilt) * different
                differing[i] += different
                differing[j] += different
                others[i] |= different * np.uint32(1 << j)
                others[j] |= different * np.uint32(1 << i)
    off_photo = np.array([cv2.dilate((one & known).view(np.uint8), ring) > 0 for one in gone])
    return Compared(_shared(against, differing, others), differing, others, off_photo, np.array(stays), still)


def _shared(against: Floats, differing: Floats, others: NDArray[np.uint32]) -> Floats:
    """What speaks against each shot, shared by all that agree with it.

    Where two people touch, of two shots, the evidence of both is one region's, and may name the wrong shot; who else
    shows the same there tells. others: the numbers of the shots that differ, as bits.
    """
    shared = np.empty_like(against)
    for i in range(len(against)):
        total, count = np.zeros((2, *against.shape[1:]), np.float32)
        for k in range(len(against)):
            agrees = (others[i] >> np.uint32(k)) & np.uint32(1) == 0
            total += against[k] * agrees
            count += differing[k] * agrees
        shared[i] = differing[i] * total / np.maximum(1, count)
    return shared


def differ(one: Floats, other: Floats, edge: Floats, its: Floats, least: float) -> Mask:
    """Where two pictures differ by more than noise and a quarter of a pixel's shift explain."""
    changed = (apart(one, other) - 0.25 * np.maximum(edge, its) > least).astype(np.uint8)
    opened = cv2.morphologyEx(changed, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    return np.asarray(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)) > 0)


def unlike(photo: Image, picture: Floats, noise: float) -> Mask:
    """Where a shot in the photo's light differs from it. noise: its levels."""
    one, other = blurred(photo.astype(np.float32)), blurred(picture)
    return differ(one, other, _edges(one), _edges(other), max(LEAST, 3.0 * noise))


def apart(one: Floats, other: Floats) -> Floats:
    """The largest difference over the channels, (H, W)."""
    red, green, blue = cv2.split(cv2.absdiff(one, other))
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.float32)


def blurred(picture: Floats) -> Floats:
    """Without what is finer than some two pixels."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.0), np.float32)


def _around(different: Mask) -> tuple[slice, slice]:
    """The part of a frame in which two shots differ, with all that is looked at around a pixel there."""
    left, top, width, height = cv2.boundingRect(different.view(np.uint8))
    return np.s_[
        max(0, top - NEAR[-1]) : top + height + NEAR[-1], max(0, left - NEAR[-1]) : left + width + NEAR[-1]
    ]


def _guilt(
    different: Mask,
    known: Mask,
    off: tuple[Floats, Floats],
    edges: tuple[Floats, Floats],
    stays: tuple[Floats, Floats],
) -> Floats:
    """How likely the first of two shots shows the mover, 0..1, for each region in which they differ; 0 elsewhere.

    off: how far each is from the photo. stays: how surely the thing in the hole stands there in each.
    """
    inner = cv2.erode(different.view(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) > 0
    places = different & known, different & ~inner, different & ~known
    odds, told = np.zeros(different.shape, np.float32), np.zeros(different.shape, np.float32)
    for side in NEAR:  # what is near speaks first: two people may touch
        mine, its, outside, size = (
            cv2.boxFilter(one.astype(np.float32), -1, (side, side), normalize=False)
            for one in (off[0] * places[0], off[1] * places[0], places[0], different)
        )
        seen = (1 - told) * np.minimum(1, outside / (0.03 * size + 8))
        odds += OUTSIDE * seen * (mine - its) / (mine + its + 1e-3)
        told += seen
    for count, labels in (_blobs(different), _regions(different)):
        found, seen = _odds(count, labels, different, places, off, edges, stays)
        odds += (1 - told) * found[labels]
        told = np.maximum(told, seen[labels])
    return np.where(different, 1 / (1 + np.exp(-odds)), 0).astype(np.float32)


def _odds(
    count: int,
    labels: NDArray[np.int32],
    different: Mask,
    places: tuple[Mask, Mask, Mask],
    off: tuple[Floats, Floats],
    edges: tuple[Floats, Floats],
    stays: tuple[Floats, Floats],
) -> tuple[Floats, Floats]:
    """Log-odds of each label, and how much of it lies outside. places: outside of the hole, the outline, inside."""

    def sums(values: Floats, where: Mask) -> NDArray[np.float64]:
        return np.asarray(np.bincount(labels[where], values[where], count), np.float64)

    def balance(pair: tuple[Floats, Floats], where: Mask) -> NDArray[np.float64]:
        mine, its = sums(pair[0], where), sums(pair[1], where)
        return np.asarray((mine - its) / (mine + its + 1e-3))

    outside, outline, inside = places
    size = np.bincount(labels[different], minlength=count)
    seen = np.minimum(1.0, np.bincount(labels[outside], minlength=count) / (0.03 * size + 8))
    standing = sums(stays[0] - stays[1], inside) / np.maximum(1, np.bincount(labels[inside], minlength=count))
    odds = OUTSIDE * seen * balance(off, outside) + OUTLINE * balance(edges, outline) + STANDING * standing
    return odds.astype(np.float32), seen.astype(np.float32)


def _regions(different: Mask) -> tuple[int, NDArray[np.int32]]:
    """How many regions, background included, and their labels: what hangs together by a thread is apart."""
    count, thick = cv2.connectedComponents(cv2.erode(different.view(np.uint8), DISC), connectivity=8)
    thin = different & ~(cv2.dilate((thick > 0).view(np.uint8), DISC) > 0)
    more, labels = cv2.connectedComponents(thin.view(np.uint8), connectivity=8)
    near = cv2.dilate(thick.astype(np.float32), DISC).astype(np.int32)
    return count + more - 1, np.where(thin, labels + count - 1, np.where(different, near, 0))


def _blobs(different: Mask) -> tuple[int, NDArray[np.int32]]:
    """The same, cut at every waist, as where people stand side by side."""
    depth = cv2.distanceTransform(different.view(np.uint8), cv2.DIST_L2, 3)
    tops = (depth > 2) & (depth >= 0.7 * cv2.dilate(depth, np.ones((WAIST, WAIST), np.uint8)))
    count, labels = cv2.connectedComponents(tops.view(np.uint8), connectivity=8)
    if count == 1:
        return count, np.zeros(different.shape, np.int32)
    _, nearest = cv2.distanceTransformWithLabels((~tops).view(np.uint8), cv2.DIST_L2, 5)
    names = np.zeros(int(nearest.max()) + 1, np.int32)
    names[nearest[tops]] = labels[tops]
    return count, np.where(different, names[nearest], 0)


def _edges(picture: Floats) -> Floats:
    """Steps from pixel to pixel, the largest in each 3×3."""
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    across, down = (
        cv2.Sobel(gray, cv2.CV_32F, 1, 0, scale=0.25),
        cv2.Sobel(gray, cv2.CV_32F, 0, 1, scale=0.25),
    )
    return np.asarray(cv2.dilate(cv2.magnitude(across, down), np.ones((3, 3), np.uint8)), np.float32)
