"""Further shots of a photo's place that a visitor has given: their pixels, and what the page shows of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inpaint_app.errors import PhotoTooLarge
from inpaint_app.settings import Settings
from inpaint_app.shots.stack import Shot


def check_room(held: int, shot: Shot, settings: Settings) -> None:
    """Raise PhotoTooLarge where a shot takes more memory, beside `held` bytes, than a visitor may."""
    if held + shot.image.nbytes > settings.visits_gigabytes * 1e9:
        raise PhotoTooLarge(f"There is no room for {shot.name} beside the other shots: give fewer of them.")


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
