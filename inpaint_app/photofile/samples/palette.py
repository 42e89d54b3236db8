"""A fill in a palette: free entries take its colours first, the rest goes to the nearest entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from inpaint_app.types import Image, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Fill:
    """What came of a fill. palette: (N, 4) RGBA, enlarged. apart: the mean distance of the fill from it, 0..255."""

    palette: NDArray[np.uint8]
    apart: float


def padded(palette: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    """256 entries (256, 4) RGBA: an index past the palette's end shows black, as decoders do."""
    full = np.zeros((256, 4), np.uint8)
    full[:, 3] = 255
    if palette is not None:
        full[: len(palette)] = palette
    return full


def filled(
    samples: NDArray[np.uint8],
    palette: NDArray[np.uint8] | None,
    rgb: Image,
    hole: Mask,
    opacity: NDArray[np.uint8] | None = None,
) -> Fill:
    """Write indices for the fill into the hole of `samples` (H, W), in place.

    rgb: (N, 3) of the hole's pixels; opacity: (N,) of them, None where all are opaque.
    """
    solid = np.ones(len(rgb), bool) if opacity is None else opacity == 255
    count = 0 if palette is None else len(palette)
    entries = padded(palette)
    used = np.bincount(samples[~hole].ravel(), minlength=256)[:256] > 0
    free = np.flatnonzero(~used & (np.arange(256) >= count))
    fresh = dominant(rgb[solid], len(free)) if solid.any() else np.zeros((0, 3), np.uint8)
    entries[free[: len(fresh)], :3] = fresh
    count += len(fresh)
    opaque = np.flatnonzero(entries[:count, 3] == 255)
    if not opaque.size:
        opaque = np.arange(count)
    chosen = np.empty(len(rgb), np.intp)
    chosen[solid] = opaque[nearest(rgb[solid], entries[opaque, :3])]
    apart = np.abs(entries[chosen[solid], :3].astype(np.int16) - rgb[solid]).sum() / 3
    if opacity is not None and not solid.all():
        wanted, table = _seen(rgb[~solid], opacity[~solid]), _seen(entries[:count, :3], entries[:count, 3])
        chosen[~solid] = nearest(wanted, table)
        apart += np.abs(table[chosen[~solid]] - wanted).sum() / 4
    samples[hole] = chosen
    return Fill(entries[:count], float(apart) / max(1, len(rgb)))


def _seen(rgb: NDArray[np.uint8], opacity: NDArray[np.uint8]) -> NDArray[np.int32]:
    """(N, 4): colours by how much of them is seen, and the opacity, which counts double."""
    share = opacity[:, None].astype(np.int32)
    return np.concatenate([rgb.astype(np.int32) * share // 255, 2 * share], axis=1)


def dominant(rgb: Image, count: int) -> NDArray[np.uint8]:
    """Up to `count` colours that stand for the pixels (N, 3): all of them where they are few, else a median cut."""
    distinct = np.unique(rgb, axis=0)
    if len(distinct) <= count or count == 0:
        return distinct[:count]
    cut = PillowImage.fromarray(rgb[None]).quantize(count, PillowImage.Quantize.MEDIANCUT)
    return np.array(cut.getpalette(), np.uint8).reshape(-1, 3)[:count]


def nearest(colours: NDArray[Any], entries: NDArray[Any]) -> NDArray[np.intp]:
    """Index of the nearest entry (M, C) to each pixel (N, C), in squared distance, a slab at a time."""
    distinct, back = np.unique(colours, axis=0, return_inverse=True)
    table = entries.astype(np.int32)
    found = np.empty(len(distinct), np.intp)
    for start in range(0, len(distinct), 4096):
        part = distinct[start : start + 4096].astype(np.int32)
        found[start : start + 4096] = ((part[:, None] - table[None]) ** 2).sum(axis=2).argmin(axis=1)
    return found[back.ravel()]
