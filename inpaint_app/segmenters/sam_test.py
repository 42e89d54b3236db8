"""A made picture that shows, before any photo is looked at, whether a network outlines what is pointed at.

A disc on a ground of another colour, off the middle both ways: a click on it and a box around it are to give the disc.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from inpaint_app.errors import CheckpointError
from inpaint_app.segmenters.selecting.cut import Soft
from inpaint_app.segmenters.selecting.gesture import Gesture
from inpaint_app.types import Box, Image, Mask

HEIGHT, WIDTH, RADIUS = 384, 512, 80
MIDDLE = (340, 150)
LEAST = 0.5
"""Overlap of an answer with the disc from which it is the disc."""


def picture() -> tuple[Image, Mask]:
    """(H, W, 3) uint8, and where the disc is."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    disc = np.hypot(columns - MIDDLE[0], rows - MIDDLE[1]) < RADIUS
    image = np.where(disc[..., None], (200, 60, 50), (90, 130, 110)).astype(np.float32)
    image += np.random.default_rng(0).normal(0, 4, image.shape) + (columns / 16)[..., None]
    return np.clip(image, 0, 255).astype(np.uint8), disc


def check(outline: Callable[[Image, Gesture], Soft]) -> None:
    """Raise CheckpointError, with what was seen, where a click or a box gives another thing than the disc."""
    image, disc = picture()
    left, top = MIDDLE[0] - RADIUS, MIDDLE[1] - RADIUS
    gestures = {
        "click on": Gesture(points=(MIDDLE,)),
        "box around": Gesture(Box(left, top, left + 2 * RADIUS, top + 2 * RADIUS)),
    }
    for said, gesture in gestures.items():
        found = cv2.resize(outline(image, gesture), (WIDTH, HEIGHT)) > 0.5
        if _overlap(found, disc) < LEAST:
            raise CheckpointError(
                "The file of MobileSAM failed its self-test and is not used: "
                f"a {said} a disc gave {_seen(found, disc)}. Selecting goes on without it; report it."
            )


def _overlap(one: Mask, other: Mask) -> float:
    return float((one & other).sum() / max(1, int((one | other).sum())))


def _seen(found: Mask, disc: Mask) -> str:
    """What was found instead, in words."""
    if not found.any():
        return "nothing"
    turns = {"its mirror image": disc[:, ::-1], "it upside down": disc[::-1]}
    for said, other in turns.items():
        if _overlap(found, other) >= LEAST:
            return said
    within = np.count_nonzero(found & disc) / np.count_nonzero(disc)
    beyond = np.count_nonzero(found & ~disc) / np.count_nonzero(~disc)
    if within < 0.2 and beyond > 0.8:
        return "all but the disc"
    return f"{within:.0%} of the disc and {beyond:.0%} of the ground"
