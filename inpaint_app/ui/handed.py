"""Files made for callers who have no page: each under an address that cannot be guessed, gone after a while."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import threading
import time
from pathlib import Path

from gradio.utils import get_upload_folder

STRAY_SECONDS = 600.0
"""Temporary files of Gradio's that were not written to for so long go."""


class Handed:
    """The folder of such files. It sweeps itself whenever a file is added, so that a busy server stays small."""

    def __init__(self, root: Path, keep_seconds: float) -> None:
        self.root = root
        self.keep_seconds = keep_seconds or float("inf")
        self._lock = threading.Lock()

    def file(self, name: str) -> Path:
        """A fresh path that ends in `name`."""
        self._sweep()
        folder = self.root / secrets.token_urlsafe(24)
        folder.mkdir(parents=True)
        return folder / name

    def _sweep(self) -> None:
        with self._lock, contextlib.suppress(OSError):
            for folder in self.root.glob("*"):
                if time.time() - folder.stat().st_mtime > self.keep_seconds:
                    shutil.rmtree(folder, ignore_errors=True)
            # Gradio makes an empty file beside each file that it hands to an endpoint, and forgets it.
            for stray in Path(get_upload_folder()).glob("tmp????????"):
                if stray.is_file() and time.time() - stray.stat().st_mtime > STRAY_SECONDS:
                    stray.unlink()
