"""A mask file that a visitor brings: what it can mean, so that the page asks where it is in doubt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inpaint_app.errors import MaskDoubt, MaskError
from inpaint_app.imaging.mask_reader import BY_RULE, Reading
from inpaint_app.photofile.files import Photo
from inpaint_app.removal.mask_file import GivenMask, open_mask
from inpaint_app.types import Mask

WORDS = {
    "invert": "Use it inverted",
    "as_is": "Use as it is",
    "stretch": "Stretch it to the photo",
    "letterbox": "Cut its bars off",
}
"""What a button says for each answer to a doubt."""


@dataclass(frozen=True, slots=True, eq=False)
class Meaning:
    """One way to take a mask file: the hole, (H, W), the words of its button ("" for no question), what was done."""

    mask: Mask
    words: str = ""
    note: str = ""


def meanings(
    path: Path, photo: Photo, open_mask: Callable[..., GivenMask] = open_mask
) -> tuple[str, tuple[Meaning, ...]]:
    """What a mask file means in a photo: a question, "" for none, and the ways to take it, the best first.

    open_mask: what opens it under the limits that hold here, such as a session's. Raises MaskError where nothing is
    marked or the file is no picture, PhotoTooLarge.
    """

    def opened(reading: Reading) -> GivenMask:
        shape = (photo.height, photo.width)
        return open_mask(path, shape, orientation=photo.orientation, reading=reading)

    try:
        given = opened(BY_RULE)
    except MaskDoubt as doubt:
        ways = tuple(_answers(doubt, opened))
        if not ways:
            raise
        return _question(doubt, ways), ways
    return "", (Meaning(given.mask, note=given.note),)


def _answers(doubt: MaskDoubt, opened: Any) -> Iterator[Meaning]:
    """The mask by every answer that leads to one. What is in doubt even then is taken as it is: it was asked about."""
    for way in doubt.ways:
        for answers in ({way: True}, {way: True, "as_is": True}):
            try:
                given = opened(Reading(**answers))
            except MaskDoubt:
                continue
            except MaskError:
                break
            yield Meaning(given.mask, WORDS[way], given.note)
            break


def _question(doubt: MaskDoubt, ways: tuple[Meaning, ...]) -> str:
    if "stretch" in doubt.ways:
        return "The mask has another proportion than the photo."
    if "invert" not in doubt.ways:
        return "The mask looks like a photo."
    if doubt.ways[0] == "as_is":
        return "The mask is a photo with clear parts: what is clear goes, unless it is inverted."
    meant = next((way.mask for way in ways if way.words == WORDS["as_is"]), ways[0].mask)
    return f"This mask marks {100 * np.count_nonzero(meant) / meant.size:.0f} % of the photo."
