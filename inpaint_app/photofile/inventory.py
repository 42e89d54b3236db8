"""The account of what a file holds beside its main picture: what was looked through, made anew, left out, corrected.

Every writer tells its `Edit` what it did, in the words that people read; nothing is dropped in silence. All faces
(page, command line, batch row, JSON report, recipe) show the same `Inventory`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import cv2
import numpy as np

from inpaint_app.photofile.samples.orientation import stored
from inpaint_app.types import Image, Mask

_MOST_SEARCHED = 200_000_000


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


@dataclass(slots=True, eq=False)
class Edit:
    """An edited photo on its way into one file: itself in small, where its hole is, and the account of that file.

    edited (H, W, 3) and hole (H, W) upright. orientation: how the written file stores its pixels; came: how the photo's
    did, which its metadata speak of. exact, mark: see SaveOptions. names: of who was removed. fresh: small pictures of
    the result by their bytes.
    """

    edited: Image
    hole: Mask
    orientation: int
    came: int = 1
    exact: bool = False
    mark: str = ""
    inventory: Inventory = field(default_factory=Inventory)
    names: set[str] = field(default_factory=set)
    fresh: list[bytes] = field(default_factory=list)
    searched: int = 0

    def aside(self) -> Edit:
        """The same edit with an account of its own, for a look that writes nothing."""
        return Edit(self.edited, self.hole, self.orientation, self.came)

    def small(self, side: int) -> Image:
        """The edited picture in stored orientation with its longer side at most `side` pixels, for a thumbnail."""
        height, width = self.edited.shape[:2]
        scale = min(1.0, side / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = cv2.resize(self.edited, size, interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(stored(picture, self.orientation))

    def affords(self, size: int) -> bool:
        """Whether so many further bytes of metadata may be searched: directories can name the same bytes often."""
        self.searched += size
        return self.searched <= _MOST_SEARCHED

    def drawn(self, picture: bytes) -> bytes:
        """Note a small picture of the result by its bytes, so that it is known when the written file is searched."""
        self.fresh.append(picture)
        return picture

    def removed(
        self, area: tuple[float, float, float, float, bool], size: tuple[float, float] | None = None
    ) -> bool:
        """Whether what an area (left, top, right, bottom; pixels or parts of the whole) frames lies in the hole.

        size: of the picture that the area is of. Metadata speak of the stored picture, some programs of the upright
        one: where the size does not tell which, it lies in the hole if it does either way.
        """
        left, top, right, bottom, pixels = area
        height, width = self.hole.shape
        ways = {self.came, 1}
        if size is not None and width != height and self.came >= 5:
            ways = {1 if (size[0] > size[1]) == (width > height) else self.came}
        return any(self._lies_in_hole((left, top, right, bottom), pixels, size, way) for way in ways)

    def _lies_in_hole(
        self,
        edges: tuple[float, float, float, float],
        pixels: bool,
        size: tuple[float, float] | None,
        way: int,
    ) -> bool:
        hole = stored(self.hole, way)
        height, width = hole.shape
        across, down = (size or (width, height)) if pixels else (1.0, 1.0)
        spans = []
        for low, high, most, whole in (
            (edges[0], edges[2], width, across),
            (edges[1], edges[3], height, down),
        ):
            first, last = sorted((low / whole * most, high / whole * most))
            start = min(max(0, int(first)), most - 1)
            spans.append(slice(start, max(start + 1, min(most, int(np.ceil(last))))))
        rows, columns = spans[1], spans[0]
        part = hole[rows, columns]
        covered = float(part.mean())
        middle = bool(part[part.shape[0] // 2, part.shape[1] // 2])
        return covered >= 0.5 or (middle and covered >= 0.2)

    def looked_through(self, *parts: str) -> None:
        """Parts of the file that were read for what still shows."""
        self.inventory += Inventory(looked_through=parts)

    def made_anew(self, part: str) -> None:
        """A picture drawn again from the result."""
        self.inventory += Inventory(made_anew=(part,))

    def left_out(self, part: str) -> None:
        """A part that the written file does not hold any more."""
        self.inventory += Inventory(left_out=(part,))

    def corrected(self, part: str) -> None:
        """A statement that would have been wrong."""
        self.inventory += Inventory(corrected=(part,))

    def note(self, *sentences: str) -> None:
        """Whatever else the file could not keep, a sentence each; empty ones are passed over."""
        self.inventory += Inventory(notes=tuple(sentence for sentence in sentences if sentence))
