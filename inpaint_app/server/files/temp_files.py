"""Files made for callers who have no page: each under an address that cannot be guessed, gone after a while."""

from __future__ import annotations

import secrets
from pathlib import Path


class Handed:
    """The folder of such files; the cleaner deletes them."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def file(self, name: str) -> Path:
        """A fresh path that ends in `name`."""
        folder = self.root / secrets.token_urlsafe(24)
        folder.mkdir(parents=True)
        return folder / name
