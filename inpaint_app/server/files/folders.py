"""The folder of one running server: everything that it writes of its visitors, and nothing else.

Each server has a folder of its own under a common one and holds a lock on it while it lives. Where a lock is free the
server is dead, be it by a kill or by a power cut, and with it went all that told whose its files are; so they go at the
next start, whatever the clock says.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

NAME = re.compile(r"server-[0-9a-f]{16}")
LOCK, STARTING = ".lock", ".starting.lock"

LEFT_BY_EARLIER = re.compile(r"[0-9a-f]{64}|visits-[a-z0-9_]{8}|tmp[a-z0-9_]{8}")
"""What earlier versions, and Gradio itself, put into the common folder."""

_mine: set[Path] = set()
_mine_lock = threading.Lock()
_here = threading.Lock()


class ServerFolder:
    """root: this server's folder, with `visits`, `uploads`, and `handed` (results for callers) in it."""

    def __init__(self, base: Path, keep_seconds: float) -> None:
        base.mkdir(parents=True, exist_ok=True)
        self.base = base.resolve()
        clear_dead(self.base, keep_seconds)
        with _starting(self.base, 10.0):
            self.root = self.base / f"server-{secrets.token_hex(8)}"
            self.root.mkdir(mode=0o700)
            self._lock: IO[bytes] | None = (self.root / LOCK).open("ab")
            _try_lock(self._lock)
            with _mine_lock:
                _mine.add(self.root)
        self.visits, self.uploads, self.handed = (
            self.root / name for name in ("visits", "uploads", "handed")
        )
        for folder in (self.visits, self.uploads, self.handed):
            folder.mkdir()

    def close(self) -> None:
        """The server ends: all that it wrote goes."""
        if self._lock is None:
            return
        shutil.rmtree(self.root, ignore_errors=True)
        self._lock.close()
        self._lock = None
        with _mine_lock:
            _mine.discard(self.root)


def clear_dead(base: Path, keep_seconds: float) -> None:
    """Delete the folders of servers that are dead, and what earlier versions left where it is older than promised."""
    with _starting(base, 1.0) as alone:
        for path in base.iterdir() if alone else ():
            with contextlib.suppress(OSError):
                if path.is_symlink():
                    continue
                dead = NAME.fullmatch(path.name) and _is_dead(path)
                if dead or (LEFT_BY_EARLIER.fullmatch(path.name) and _is_older(path, keep_seconds)):
                    delete(path)


def delete(path: Path) -> None:
    """Delete a file, or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def private_base() -> Path:
    """Where files go unless GRADIO_TEMP_DIR says: a folder of this user's that others cannot read."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
    base = Path(tempfile.gettempdir()) / f"inpaint-app-{user}"
    with contextlib.suppress(OSError):
        base.mkdir(mode=0o700, exist_ok=True)
        held = base.lstat()
        if not base.is_symlink() and (not hasattr(os, "getuid") or held.st_uid == os.getuid()):
            return base
    return Path(tempfile.mkdtemp(prefix="inpaint-app-"))


def _is_older(path: Path, seconds: float) -> bool:
    """Whether something was last written longer ago; also where the clock says that it comes from the future."""
    return abs(time.time() - path.lstat().st_mtime) > seconds


def _is_dead(folder: Path) -> bool:
    with _mine_lock:
        if folder in _mine:
            return False
    try:
        with (folder / LOCK).open("ab") as lock:
            return _try_lock(lock)
    except OSError:
        return False


@contextlib.contextmanager
def _starting(base: Path, patience: float) -> Iterator[bool]:
    """One at a time begins or looks for dead ones, so that none that is just beginning is taken for dead.

    Gives whether it was its turn within `patience` seconds.
    """
    with _here, (base / STARTING).open("ab") as lock:
        ends = time.monotonic() + patience
        while not (mine := _try_lock(lock)) and time.monotonic() < ends:
            time.sleep(0.05)
        yield mine


if os.name == "nt":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        # Of the process, not of the file as flock's is: a worker that outlives a killed server does not hold it.
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Handed:
    """Files for callers who have no page: each at an address that cannot be guessed; the cleaner deletes them."""

    root: Path

    def file(self, name: str) -> Path:
        """A fresh path that ends in `name`."""
        folder = self.root / secrets.token_urlsafe(24)
        folder.mkdir(parents=True)
        return folder / name
