"""Names of results: told apart from one another, from what lies in the folder, and from the photos that are read.

Two names count as one where any usual disk takes them for one: letters may differ in case (Windows, macOS) and in how
accents are composed (a name copied from a Mac).
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from inpaint_app.errors import UNSEEN

LONGEST = 255
"""Bytes of UTF-8 that a name may have on common file systems."""

_FORBIDDEN = re.compile(f'{UNSEEN.pattern}|[<>:"/\\\\|?*]')
"""What Windows forbids, and what nobody sees, such as marks that turn the direction of writing (gpj.exe as exe.jpg)."""

_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)
"""Devices of Windows, whatever stands behind their name."""

SIDECARS = frozenset({".xmp", ".aae", ".json", ".thm", ".ini", ".db", ".pp3", ".dop", ".lrv", ".on1"})
"""Endings of what programs lay beside photos."""

SYSTEM = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "__macosx"})
"""What systems lay into folders of photos."""


def key(name: str) -> str:
    """What two names that any usual disk takes for one have in common."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def beside(name: str) -> bool:
    """Whether a file's or folder's name says that it is no photo but something that lies beside photos."""
    return name.startswith(".") or name.casefold() in SYSTEM or Path(name).suffix.casefold() in SIDECARS


def result_name(stem: str, ending: str, room: int = 0) -> str:
    """What a result is called after its photo: in letters that can be seen, and short enough for any usual disk.

    room: bytes that may still be put before the ending.
    """
    seen = UNSEEN.sub("_", stem)
    most = LONGEST - len(ending.encode("utf-8", "replace")) - room
    return seen.encode()[: max(1, most)].decode("utf-8", "ignore") + ending


def legal(name: str, ending: str = "", otherwise: str = "photo") -> str:
    """A name that is legal on every system, made of one that somebody else gave.

    It begins as `name` does, ends in `ending` and has at most LONGEST bytes of UTF-8.

    Where nothing of `name` can stay it is `otherwise`.
    """
    clean = _FORBIDDEN.sub("_", name)
    clean = clean.strip() if ending else clean.strip().rstrip(". ")
    if not clean.strip("._ "):
        clean = otherwise
    if _RESERVED.match(clean.replace(" ", "") + ending):
        clean = f"_{clean}"
    room = LONGEST - len(ending.encode())
    stem, dot, suffix = clean.rpartition(".")
    if not ending and dot and stem and len(suffix.encode()) <= 16:
        return f"{_cut(stem, room - len(suffix.encode()) - 1)}.{suffix}"
    return _cut(clean, room) + ending


def _cut(text: str, room: int) -> str:
    """As much of a text as fits into that many bytes of UTF-8, never half a letter."""
    return text.encode("utf-8")[:room].decode("utf-8", "ignore").rstrip() or "_"


class Names:
    """The names in one folder. `there`: those that its files had before the work began, by what they have in common."""

    def __init__(self, folder: Path, taken: Iterable[str] = ()) -> None:
        try:
            there = os.listdir(folder)
        except OSError:
            there = []
        self.there = {key(name): name for name in there}
        self._taken = {key(name) for name in taken}

    def take(self, *names: str) -> bool:
        """Hold names so that nobody else takes them; False, and none is held, where somebody has one of them."""
        keys = {key(name) for name in names}
        free = not keys & self._taken
        self._taken |= keys if free else set()
        return free


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file, on this disk or on one that takes their names for one."""
    try:
        if one.samefile(other):
            return True
    except OSError:
        pass
    first, second = one.resolve(), other.resolve()
    return key(first.name) == key(second.name) and first.parent == second.parent
