"""Parts of the mask that are no strokes: a file that a visitor brings, with what it can mean; what is pointed at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inpaint_app.errors import MaskDoubt, MaskError
from inpaint_app.imaging.mask import scaled
from inpaint_app.imaging.mask_reader import BY_RULE, Reading
from inpaint_app.photofile import files
from inpaint_app.photofile.files import Photo
from inpaint_app.removal.mask_file import GivenMask, open_mask
from inpaint_app.removal.session import Session
from inpaint_app.server import pictures
from inpaint_app.server.guard.limits import OPENING
from inpaint_app.server.visitors import Visit
from inpaint_app.types import Mask, Progress
from inpaint_app.ui import messages

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


def held(visit: Visit, mask: Mask) -> dict[str, str]:
    """Hold a mask, (H, W) of the visit's photo, under a name, with a picture of it for the page."""
    photo = visit.opened()
    width, height = pictures.preview_size(photo.width, photo.height)
    shown = pictures.mask_png(scaled(mask, (height, width)))
    preview = str(files.write_bytes(shown, visit.file(".png")))
    return {"id": visit.masks.take(mask, preview), "preview": preview}


def pick(session: Session, visit: Visit, message: messages.Message, progress: Progress) -> None:
    """Tell the page what the select tool points at: the number of a find, or an outline that is held as masks are."""
    image, gesture = visit.pixels(), messages.gesture(message)
    with visit.allowance.turn(OPENING, progress):
        known = visit.step().found or ()
        one = session.select(image, gesture, known, messages.segmenter(message), progress)
    shown = {} if one.number else held(visit, one.full_mask((image.shape[0], image.shape[1])))
    visit.say("selected", number=one.number, text=f"Selected: {one.label}", **shown)
    for note in dict.fromkeys(progress.notes):
        visit.say("nothing", text=note)


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
