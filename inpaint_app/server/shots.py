"""Further shots of a photo's place that a visitor has given: their pixels, and what the page shows of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inpaint_app.shots.stack import Shot


@dataclass(frozen=True, slots=True, eq=False)
class HeldShot:
    """One of them. shown: what the page has of it."""

    shot: Shot
    shown: dict[str, Any]


class HeldShots(dict[str, HeldShot]):
    """By the name that the page knows each by."""

    @property
    def bytes(self) -> int:
        """Memory that their pixels take."""
        return sum(held.shot.image.nbytes for held in self.values())
