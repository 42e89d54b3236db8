"""Files made for callers who have no page: each under an address that cannot be guessed, gone after a while."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Handed:
    """The folder of such files; the cleaner deletes them."""

    root: Path

    def file(self, name: str) -> Path:
        """A fresh path that ends in `name`."""
        folder = self.root / secrets.token_urlsafe(24)
        folder.mkdir(parents=True)
        return folder / name
