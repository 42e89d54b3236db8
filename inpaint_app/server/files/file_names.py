"""Names for files that a visitor sends or gets: legal on every system that the file may be saved on."""

from __future__ import annotations

import re

LONGEST = 255
"""Bytes of UTF-8 that a name may have on common file systems."""

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\u200e\u200f\u202a-\u202e\u2066-\u2069]')
"""What Windows forbids, control characters, and marks that turn the direction of writing (gpj.exe as exe.jpg)."""

_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)
"""Devices of Windows, whatever stands behind their name."""


def legal(name: str, ending: str = "", otherwise: str = "photo") -> str:
    """A file name that begins as `name` does and ends in `ending`, at most LONGEST bytes of UTF-8.

    Where nothing of `name` can stay it is `otherwise`.
    """
    clean = _FORBIDDEN.sub("_", name.encode("utf-8", "replace").decode("utf-8"))
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
