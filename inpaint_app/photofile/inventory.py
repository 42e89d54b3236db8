"""The account of what a file holds beside its main picture: what was looked through, made anew, left out, corrected.

Every writer tells its `Edit` what it did, in the words that people read; nothing is dropped in silence. All faces
(page, command line, batch row, JSON report, recipe) show the same `Inventory`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

import cv2
import numpy as np

from inpaint_app.photofile.orientation import stored
from inpaint_app.types import Image, Mask


@dataclass(frozen=True, slots=True)
class Inventory:
    """What became of the parts of a file beside the main picture; each entry a few words such as "EXIF thumbnail".

    looked_through: the parts that were read for what still shows or names what was removed. made_anew: pictures drawn
    again from the result. left_out: parts that are not in the written file, with the reason where it is not plain.
    corrected: statements that would be wrong now. notes: sentences about anything else that the file could not keep.
    """

    looked_through: tuple[str, ...] = ()
    made_anew: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    corrected: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __add__(self, other: Inventory) -> Inventory:
        """Both together, each entry once."""
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return Inventory(*(tuple(dict.fromkeys([*first, *second])) for first, second in pairs))

    @property
    def lines(self) -> tuple[str, ...]:
        """One sentence for each thing that a user should hear of."""
        heads = ("Made anew", self.made_anew), ("Left out", self.left_out), ("Corrected", self.corrected)
        said = [f"{head}: {entry.rstrip('.')}." for head, entries in heads for entry in entries]
        return (*said, *(f"{note[0].upper()}{note[1:].rstrip('.')}." for note in self.notes if note))

    def plain(self) -> dict[str, list[str]]:
        """The entries by their names, as JSON holds them."""
        return {name: list(entries) for name, entries in asdict(self).items()}


class Edit:
    """An edited photo on its way into one file: itself in small, where its hole is, and the account of that file."""

    def __init__(self, edited: Image, hole: Mask, orientation: int) -> None:
        """`edited` (H, W, 3) and `hole` (H, W) upright; orientation: how the written file stores its pixels."""
        self.inventory = Inventory()
        self.hole = hole
        self.orientation = orientation
        self._edited = edited

    def small(self, side: int) -> Image:
        """The edited picture in stored orientation with its longer side at most `side` pixels, for a thumbnail."""
        height, width = self._edited.shape[:2]
        scale = min(1.0, side / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = cv2.resize(self._edited, size, interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(stored(picture, self.orientation))

    def looked_through(self, *parts: str) -> None:
        """Parts of the file that were read for what still shows."""
        self._add(Inventory(looked_through=parts))

    def made_anew(self, part: str) -> None:
        """A picture drawn again from the result."""
        self._add(Inventory(made_anew=(part,)))

    def left_out(self, part: str) -> None:
        """A part that the written file does not hold any more."""
        self._add(Inventory(left_out=(part,)))

    def corrected(self, part: str) -> None:
        """A statement that would have been wrong."""
        self._add(Inventory(corrected=(part,)))

    def note(self, *sentences: str) -> None:
        """Whatever else the file could not keep, a sentence each; empty ones are passed over."""
        self._add(Inventory(notes=tuple(sentence for sentence in sentences if sentence)))

    def _add(self, more: Inventory) -> None:
        self.inventory += more
