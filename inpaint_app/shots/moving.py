"""What moves from shot to shot: what of a photo is gone in the others, whole where a finder knows its outline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from inpaint_app.imaging import mask as masks
from inpaint_app.shots import align, movers
from inpaint_app.shots.stack import Fit, Shot, looks_around
from inpaint_app.types import Box, Image, Instance, Mask, Progress

GONE = 0.5
"""Share of a thing whose place shows another picture in half of the shots, from which on it moves (stacks.md)."""


def moving(
    photo: Image, shots: Sequence[Shot], aligned: Sequence[Fit], things: Iterable[Instance] = ()
) -> tuple[Mask, tuple[Fit, ...]]:
    """What of the photo is gone in the other shots, (H, W) bool, and nothing that stands still.

    things: outlines that somebody knows; each moves as a whole or not at all. And the fits with their notes, for whom
    nothing was found by.
    """
    view = align.view(Box(0, 0, photo.shape[1], photo.shape[0]))
    nothing = np.zeros(view.size, bool)
    seen = view.cut(photo)
    found = list(aligned)
    looks = looks_around(view, photo, nothing, shots, found, Progress())
    if not looks:
        return np.zeros(photo.shape[:2], bool), tuple(found)
    everywhere = np.ones(view.size, bool)
    compared = movers.compared(
        seen.astype(np.float32),
        [seen.astype(np.float32), *(look.picture for look in looks)],
        [everywhere, *(look.inside for look in looks)],
        nothing,
        nothing,
        [0.0, *(look.noise for look in looks)],
        fringe=1,
    )
    others = np.sum([look.inside for look in looks], axis=0)
    gone = (compared.against[0] > 0.5 * np.maximum(1, others)) & (compared.differing[0] > 0.5 * others)
    specks = cv2.morphologyEx(gone.view(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    widened = cv2.dilate(specks, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))) > 0
    whole = masks.closed(np.asarray(widened), view.size[0] * view.size[1] // 200)
    large = cv2.resize(whole.view(np.uint8), photo.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    unlike = [movers.unlike(seen, look.picture, look.noise) & look.inside for look in looks]
    gone_whole = [
        one for one in things if np.median([_share(one, each, photo.shape) for each in unlike]) >= GONE
    ]
    return masks.marked(photo.shape[:2], gone_whole, large > 0), tuple(found)


def _share(one: Instance, where: Mask, shape: tuple[int, ...]) -> float:
    """How much of a thing lies in a mask of another size than the photo's `shape`."""
    down, across = where.shape[0] / shape[0], where.shape[1] / shape[1]
    left, top = int(one.box.left * across), int(one.box.top * down)
    part = where[
        top : max(top + 1, int(one.box.bottom * down)), left : max(left + 1, int(one.box.right * across))
    ]
    mask = cv2.resize(one.mask.view(np.uint8), part.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    return float(part[mask].mean()) if mask.any() else 0.0
