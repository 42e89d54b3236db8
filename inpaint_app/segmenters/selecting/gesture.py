"""Where the user pointed: a box, a click or a scribble."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from inpaint_app.errors import OptionError
from inpaint_app.types import Box

FARTHEST = 1e6
"""Coordinates in pixels are below this, far beyond any photo."""
MOST = 16
"""Clicks and boxes that one call may hold."""


@dataclass(frozen=True, slots=True)
class Gesture:
    """Where the user pointed, in pixels of the upright photo: a box, or a stroke of which a click is the shortest.

    points: x and y of each, (0, 0) the photo's corner. width: of the stroke.
    """

    box: Box | None = None
    points: tuple[tuple[float, float], ...] = ()
    width: float = 1.0

    @classmethod
    def of(cls, *, box: Any = None, points: Any = (), width: float = 1.0) -> Gesture:
        """A gesture of loose values, as they come from a page or a call: four numbers, or pairs. Raises OptionError."""
        try:
            array = np.asarray(points if box is None else box, dtype=np.float64).reshape(
                -1, 2 if box is None else 4
            )
        except (TypeError, ValueError, OverflowError):
            array = np.zeros((0, 2))
        if not len(array) or not np.isfinite(array).all() or np.abs(array).max() > FARTHEST:
            raise OptionError(
                f"Nothing is pointed at by {ascii(box or points)[:60]}: expected x,y or left,top,right,bottom."
            )
        if box is None:
            return cls(points=tuple((float(x), float(y)) for x, y in array), width=width)
        left, top, right, bottom = (int(side) for side in array[0])
        return cls(Box(left, top, max(right, left + 1), max(bottom, top + 1)))

    @classmethod
    def listed(cls, at: Any = (), box: Any = ()) -> tuple[Gesture, ...]:
        """Clicks at one x,y or a list of them, and boxes in the same way, as they come from a call.

        Raises OptionError, also for more than MOST of them.
        """
        made: list[Gesture] = []
        for given, sides in ((at, 2), (box, 4)):
            one = not isinstance(given, list | tuple) or (given and not isinstance(given[0], list | tuple))
            rows = [given] if one else given
            if len(made) + len(rows) > MOST:
                raise OptionError(
                    f"There are {len(made) + len(rows)} clicks and boxes, expected at most {MOST}."
                )
            for row in rows:
                row = [row] if isinstance(row, list | tuple) and len(row) == sides else ascii(row)[:60]
                made.append(cls.of(points=row) if sides == 2 else cls.of(box=row))
        return tuple(made)

    @property
    def kind(self) -> str:
        """box, click or scribble."""
        return "box" if self.box else "click" if len(self.points) == 1 else "scribble"

    def seen_in(self, area: Box, across: float, down: float) -> Gesture:
        """The same on a picture of a region of the photo. across, down: its pixels per photo pixel."""
        points = tuple(((x - area.left) * across, (y - area.top) * down) for x, y in self.points)
        if self.box is None:
            return replace(self, points=points, width=self.width * (across + down) / 2)
        left, right = ((x - area.left) * across for x in (self.box.left, self.box.right))
        top, bottom = ((y - area.top) * down for y in (self.box.top, self.box.bottom))
        right, bottom = max(round(right), round(left) + 1), max(round(bottom), round(top) + 1)
        return Gesture(Box(round(left), round(top), right, bottom), points)
