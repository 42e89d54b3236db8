"""What inside a JPEG still shows what was removed: small and further pictures kept beside the main one.

Everything else of the metadata stays bit for bit.
"""

from __future__ import annotations

import struct

from inpaint_app.photofile import exif
from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.jpeg.file import APP0

FURTHER = "further pictures inside the file, which still showed what was removed"
_PREVIEW = "a small preview"
_PHOTOSHOP, _MPF = b"Photoshop 3.0\0", b"MPF\0"
_THUMBNAIL_IDS = (1033, 1036)


def without_old_pictures(marker: int, content: bytes, edit: Edit) -> bytes | None:
    """An APPn segment's content with its small picture made anew or left out; None where the whole segment goes."""
    if marker == 0xE1 and content.startswith(exif.PREFIX):
        return exif.with_new_picture(content, edit)
    if marker == 0xE2 and content.startswith(_MPF):
        edit.left_out(FURTHER)
        return None
    if marker == 0xED and content.startswith(_PHOTOSHOP):
        return _PHOTOSHOP + without_thumbnails(content[len(_PHOTOSHOP) :], edit)
    if marker == APP0 and content[:5] == b"JFXX\0":
        edit.left_out(_PREVIEW)
        return None
    if marker == APP0 and content[:5] == b"JFIF\0" and len(content) > 14:
        edit.left_out(_PREVIEW)
        return content[:12] + b"\0\0"
    return content


def kept_trailer(trailer: bytes, edit: Edit) -> bytes:
    """What follows the end of the picture, unless it holds pictures or a film of the same scene."""
    if b"\xff\xd8\xff" in trailer or b"ftyp" in trailer:
        edit.left_out(FURTHER)
        return b""
    return trailer


def without_thumbnails(blocks: bytes, edit: Edit) -> bytes:
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
        return blocks
    edit.left_out("the Photoshop thumbnail")
    return b"".join([*parts, blocks[position:]])
