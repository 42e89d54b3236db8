"""When and with which camera a photo was taken, as its EXIF says. Exif 2.32: DateTimeOriginal, SubSecTimeOriginal."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime

from inpaint_app.photofile.metadata.exif_block import Block, Directory

_BELOW, _TAKEN, _PART = 0x8769, 0x9003, 0x9291
_MAKE, _MODEL, _SERIAL = 0x010F, 0x0110, 0xA431


@dataclass(frozen=True, slots=True)
class Moment:
    """camera: make, model and serial number; seconds: of its own clock, with their parts."""

    camera: tuple[str, ...]
    seconds: float


def moment(exif: bytes | None) -> Moment | None:
    """What an EXIF block says; None where it names no moment, or is broken."""
    try:
        block = Block(exif or b"")
        top = block.directory(block.number("I", 4))
        below = top.find(_BELOW)
        if below is None:
            return None
        inner = block.directory(block.first(below))
        taken = datetime.strptime(_text(block, inner, _TAKEN), "%Y:%m:%d %H:%M:%S")
        part = _text(block, inner, _PART)
    except (ValueError, struct.error):
        return None
    parts = float(f"0.{part}") if part.isascii() and part.isdecimal() else 0.0
    camera = (_text(block, top, _MAKE), _text(block, top, _MODEL), _text(block, inner, _SERIAL))
    return Moment(camera, (taken - datetime.min).total_seconds() + parts)


def _text(block: Block, directory: Directory, tag: int) -> str:
    entry = directory.find(tag)
    if entry is None:
        return ""
    return block.data[entry.start : entry.end].split(b"\0")[0].decode("ascii", "replace").strip()
