"""IPTC's older records (IIM 4.2) and Photoshop's image resources: which of them may stay.

Words stay; previews, drawn captions, pictures packed whole, and paths that may be an outline go.
Adobe, Photoshop File Formats, "Image Resources"; IPTC-NAA Information Interchange Model 4.2.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

from PIL import Image as PillowImage

from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.metadata import xmp
from inpaint_app.photofile.previews import hidden

THUMBNAIL, OLD_THUMBNAIL, IPTC, ICC, EXIF, EXIF_3, XMP = 1036, 1033, 1028, 1039, 1058, 1059, 1060
_LAYERS = {1024, 1026, 1065, 1069, 1072}  # what they say of layers is no longer true
_TABLES = {1005, 1010, 1011, 1013, 1016, 1037, 1044, 1049, 1050, 1061, 1062, 1064, 1082, 1083, 10000}
_LARGEST_TABLE = 16_000
_WORDS = (1, 2)
"""Records that hold words; of the second, these do not: a drawn caption and the preview of what is sent."""
_PICTURES = {125, 200, 201, 202}


def records(data: bytes, edit: Edit) -> bytes:
    """IIM datasets without pictures, and without the names of who was removed among the keywords."""
    parts, position = [], 0
    while position + 5 <= len(data) and data[position] == 0x1C:
        record, number = data[position + 1], data[position + 2]
        length = int.from_bytes(data[position + 3 : position + 5])
        start = position + 5
        if length & 0x8000:
            count = length & 0x7FFF
            length = int.from_bytes(data[start : start + count])
            start += count
        end = start + length
        if end > len(data):
            break
        value = data[start:end]
        if record not in _WORDS or (record == 2 and number in _PICTURES) or not hidden.may_stay(value):
            edit.left_out(f"IPTC {record}:{number}, which can hold a picture")
        elif record == 2 and number == 25 and value.decode("utf-8", "replace").strip() in edit.names:
            edit.left_out("the name of who was removed, from a list of words")
        else:
            parts.append(data[position:end])
        position = end
    rest = data[position:]
    if not hidden.may_stay(rest):
        edit.left_out("bytes behind the IPTC records")
        rest = b""
    return b"".join([*parts, rest])


def _blocks(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, head and content of each 8BIM resource; the last one, of number -1, is whatever follows."""
    position = 0
    while position + 12 <= len(data) and data[position : position + 4] in (
        b"8BIM",
        b"MeSa",
        b"AgHg",
        b"PHUT",
        b"DCSR",
    ):
        (number,) = struct.unpack_from(">H", data, position + 4)
        name = data[position + 6] + 1
        head = position + 6 + name + name % 2
        if head + 4 > len(data):
            break
        (length,) = struct.unpack_from(">I", data, head)
        if head + 4 + length > len(data):
            break
        yield number, data[position:head], data[head + 4 : head + 4 + length]
        position = head + 4 + length + length % 2
    yield -1, b"", data[position:]


def resources(data: bytes, edit: Edit) -> bytes:
    """Photoshop's image resources without what shows what was removed; the thumbnail is made anew."""
    edit.looked_through("Photoshop's resources")
    parts = []
    for number, head, content in _blocks(data):
        if number < 0:
            if hidden.may_stay(content):
                parts.append(content)
            else:
                edit.left_out("bytes behind Photoshop's resources")
            continue
        fresh = _resource(number, content, edit)
        if fresh is not None:
            parts.append(head + struct.pack(">I", len(fresh)) + fresh + b"\0" * (len(fresh) % 2))
    return b"".join(parts)


def _resource(number: int, content: bytes, edit: Edit) -> bytes | None:
    from inpaint_app.photofile.metadata import exif

    if number in (THUMBNAIL, OLD_THUMBNAIL):
        return _thumbnail(number, content, edit)
    if number == IPTC:
        return records(content, edit)
    if number in (EXIF, EXIF_3):
        return exif.cleaned(content, edit)
    if number == XMP:
        return xmp.cleaned(content, edit)
    if 2000 <= number <= 2998 and _path_in_hole(content, edit):
        edit.left_out("a path of Photoshop that lay in the hole")
        return None
    if number in _LAYERS and len(content) > 2:
        edit.left_out("what Photoshop's resources said of layers")
        return None
    limit = _LARGEST_TABLE if number in _TABLES or number == ICC or 2000 <= number <= 2999 else 0
    if number == ICC:
        limit = len(content)
    if (len(content) <= limit and not hidden.holds_picture(content)) or hidden.may_stay(content):
        return content
    edit.left_out(f"Photoshop's resource {number}, which can hold a picture")
    return None


def _thumbnail(number: int, content: bytes, edit: Edit) -> bytes | None:
    """The thumbnail of the result, in the same frame; the older kind, of swapped colours, is left out."""
    if number == OLD_THUMBNAIL or len(content) < 28:
        edit.left_out("the Photoshop thumbnail, which still showed what was removed")
        return None
    wide, high = struct.unpack_from(">II", content, 4)
    picture = PillowImage.fromarray(edit.small(max(16, min(256, max(wide, high)))))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=80)
    data = edit.drawn(buffer.getvalue())
    row = (picture.width * 3 + 3) // 4 * 4
    edit.made_anew("the Photoshop thumbnail")
    head = struct.pack(
        ">IIIIIIHH", 1, picture.width, picture.height, row, row * picture.height, len(data), 24, 1
    )
    return head + data


def _path_in_hole(content: bytes, edit: Edit) -> bool:
    """Whether a clipping path frames the hole: it may be the outline of what was removed.

    Records of 26 bytes; kinds 1, 2, 4, 5 hold three points, (y, x) as parts of the whole in 8.24 fixed point.
    """
    ys, xs = [], []
    for place in range(0, len(content) - 25, 26):
        (kind,) = struct.unpack_from(">H", content, place)
        if kind in (1, 2, 4, 5):
            y, x = struct.unpack_from(">ii", content, place + 10)
            ys.append(y / 2**24)
            xs.append(x / 2**24)
    return bool(xs) and edit.removed((min(xs), min(ys), max(xs), max(ys), False))
