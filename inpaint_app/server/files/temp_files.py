"""Files made for callers who have no page: each under an address that cannot be guessed, gone after a while."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path


class Handed:
    """The folder of such files; the cleaner deletes them.

    may_read: whether whoever sends the request at hand may name a file of this server's.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.may_read: Callable[[Path], bool] = lambda path: path.is_relative_to(root.resolve())

    def file(self, name: str) -> Path:
        """A fresh path that ends in `name`."""
        folder = self.root / secrets.token_urlsafe(24)
        folder.mkdir(parents=True)
        return folder / name
