"""What inside a JPEG still shows what was removed: small and further pictures kept beside the main one.

Everything else of the metadata stays bit for bit.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from inpaint_app.photofile import exif
from inpaint_app.photofile.jpeg.file import APP0
from inpaint_app.types import Image

FURTHER = "the further pictures inside the file still showed what was removed and were left out"
_PHOTOSHOP, _MPF = b"Photoshop 3.0\0", b"MPF\0"
_THUMBNAIL_IDS = (1033, 1036)


def without_old_pictures(
    marker: int, content: bytes, small: Callable[[int], Image]
) -> tuple[bytes | None, str]:
    """An APPn segment's content with its small picture made anew or left out, and a word about it.

    None where the whole segment goes; the word is "" where nothing changed. small: see `exif.with_new_picture`.
    """
    if marker == 0xE1 and content.startswith(exif.PREFIX):
        return exif.with_new_picture(content, small)
    if marker == 0xE2 and content.startswith(_MPF):
        return None, FURTHER
    if marker == 0xED and content.startswith(_PHOTOSHOP):
        return _photoshop(content)
    if marker == APP0 and content[:5] == b"JFXX\0":
        return None, "a small preview was left out"
    if marker == APP0 and content[:5] == b"JFIF\0" and len(content) > 14:
        return content[:12] + b"\0\0", "a small preview was left out"
    return content, ""


def kept_trailer(trailer: bytes) -> tuple[bytes, str]:
    """What follows the end of the picture, unless it holds pictures or a film of the same scene."""
    if b"\xff\xd8\xff" in trailer or b"ftyp" in trailer:
        return b"", FURTHER
    return trailer, ""


def _photoshop(content: bytes) -> tuple[bytes, str]:
    blocks, note = without_thumbnails(content[len(_PHOTOSHOP) :])
    return content[: len(_PHOTOSHOP)] + blocks, note


def without_thumbnails(blocks: bytes) -> tuple[bytes, str]:
    """Photoshop's image resources without the thumbnail (Adobe, Photoshop File Formats: 8BIM 1033 and 1036)."""
    position, parts, dropped = 0, [], False
    while position + 12 <= len(blocks) and blocks[position : position + 4] == b"8BIM":
        (number,) = struct.unpack_from(">H", blocks, position + 4)
        name = blocks[position + 6] + 1
        head = position + 6 + name + name % 2
        if head + 4 > len(blocks):
            break
        (length,) = struct.unpack_from(">I", blocks, head)
        end = head + 4 + length + length % 2
        if number in _THUMBNAIL_IDS:
            dropped = True
        else:
            parts.append(blocks[position:end])
        position = end
    if not dropped:
        return blocks, ""
    return b"".join([*parts, blocks[position:]]), "its Photoshop thumbnail was left out"
