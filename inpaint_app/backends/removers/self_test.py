"""A made picture that shows, before any photo is filled, whether a weight file works as it is said to.

What is known of these files is second-hand: range, polarity of the mask, order of channels, alignment. A slope of
colours and two sets of stripes have a small hole each; what is put there is held against Telea (2004) and the stripes.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.errors import CheckpointError
from inpaint_app.imaging.window import BLANK
from inpaint_app.types import Box, Image, Mask

SIDE, PERIOD = 256, 32
SLOPE = Box(176, 60, 196, 80)
UPRIGHT, LEVEL = Box(50, 96, 66, 112), Box(112, 184, 128, 200)
"""Where the holes are: in the slope alone, across upright stripes, across level ones."""

COLOUR = 32.0
"""Grey levels by which the mean of a channel may differ from Telea's in the slope's hole."""
FURTHEST, FARTHER = 4, 12
"""Pixels by which stripes may be off, and up to which they are looked for."""

Fill = Callable[[Image, Mask], Image]
Colour = NDArray[np.floating]


def picture() -> tuple[Image, Mask, Image]:
    """The picture with its holes blanked (S, S, 3), the holes (S, S), and the picture without holes."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    whole = np.stack([60 + 150 * columns / SIDE, 200 - 140 * rows / SIDE, 50 + 20 * rows / SIDE], 2)
    for box, along in ((UPRIGHT, columns - UPRIGHT.left), (LEVEL, rows - LEVEL.top)):
        near = np.zeros((SIDE, SIDE), bool)
        near[box.top - 40 : box.bottom + 40, box.left - 40 : box.right + 40] = True
        whole[near] += np.where((along + 9) // (PERIOD // 2) % 2, 45, 0)[near][:, None]
    mask = np.zeros((SIDE, SIDE), bool)
    for box in (SLOPE, UPRIGHT, LEVEL):
        mask[box.slices] = True
    true = np.clip(whole, 0, 255).astype(np.uint8)
    return np.where(mask[..., None], np.uint8(BLANK), true), mask, true


def check(fill: Fill, title: str) -> None:
    """Raise CheckpointError, with what was seen, where `fill` breaks a convention."""
    image, mask, true = picture()
    made = fill(image, mask)
    wrong = _colours(made, image, mask) or _place(made, true, UPRIGHT, 1) or _place(made, true, LEVEL, 0)
    if wrong:
        raise CheckpointError(
            f"The file of {title} failed its self-test and is not used: {wrong}. Take another backend, and report it."
        )


def _colours(made: Image, image: Image, mask: Mask) -> str:
    """What is wrong with the colours in the slope's hole, "" where nothing is."""
    telea = cv2.inpaint(image, mask.view(np.uint8), 5, cv2.INPAINT_TELEA)
    wanted, found = (one[SLOPE.slices].reshape(-1, 3).mean(0) for one in (telea, made))

    def apart(colour: Colour) -> float:
        return float(np.abs(colour - wanted).max())

    if apart(found) <= COLOUR:
        return ""
    said = f"in a hole among RGB {_triple(wanted)} it put {_triple(found)}"
    if made[mask].max() < 8 or made[mask].min() > 247:
        return f"{said}, all black or white, so its range is another"
    if np.abs(made[SLOPE.slices].astype(np.float32) - BLANK).max() < 8:
        return f"{said}, the grey that the hole was given with, so its mask means the opposite"
    if apart(found[::-1]) <= COLOUR:
        return f"{said}, so red and blue are swapped"
    turns = {"mirrored": made[:, ::-1], "upside down": made[::-1], "turned": made.transpose(1, 0, 2)}
    for word, turned in turns.items():
        if apart(turned[SLOPE.slices].reshape(-1, 3).mean(0)) <= COLOUR:
            return f"{said}, so its picture is {word}"
    return f"{said}, more than {COLOUR:.0f} off"


def _place(made: Image, true: Image, box: Box, axis: int) -> str:
    """By how much the stripes in a hole are off along an axis, "" where they are in place."""
    found = made[box.slices].astype(np.float32)
    errors = {
        shift: float(np.abs(np.roll(true, shift, axis)[box.slices] - found).mean())
        for shift in range(-FARTHER, FARTHER + 1)
    }
    least = min(errors.values())
    near = min(abs(shift) for shift, error in errors.items() if error <= 1.2 * least + 1)
    way = "sideways" if axis else "up or down"
    return "" if near <= FURTHEST else f"stripes across a hole are {near} pixels off, {way}"


def _triple(colour: Colour) -> str:
    return ", ".join(f"{value:.0f}" for value in colour)
