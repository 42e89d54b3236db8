"""EXIF as bytes: turned upright, and with the small picture inside made anew. All else stays bit for bit.

Nothing is moved: byte offsets stay, so that a maker's note, which may count from the start of the block, keeps its
place. Exif 2.32, TIFF 6.0. Blocks are taken with or without JPEG's "Exif\\0\\0" in front, and given back alike.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image as PillowImage

from inpaint_app.photofile.inventory import Edit

PREFIX = b"Exif\0\0"
_ORIENTATION, _BEGIN, _LENGTH = 0x0112, 0x0201, 0x0202
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}


@dataclass(frozen=True, slots=True)
class _Block:
    """The TIFF structure inside: where it starts, and its byte order for struct."""

    data: bytes
    base: int
    order: str

    def number(self, kind: str, at: int) -> int:
        return int(struct.unpack_from(self.order + kind, self.data, self.base + at)[0])

    def directory(self, at: int) -> tuple[dict[int, tuple[int, int, int]], int]:
        """{tag: (type, count, place of its value field)} of an IFD, and the place of the next one's address."""
        entries = {}
        count = self.number("H", at)
        for index in range(count):
            place = at + 2 + 12 * index
            entries[self.number("H", place)] = (
                self.number("H", place + 2),
                self.number("I", place + 4),
                place + 8,
            )
        return entries, at + 2 + 12 * count


def _block(exif: bytes) -> _Block:
    base = 6 if exif.startswith(PREFIX) else 0
    marks = {b"II*\0": "<", b"MM\0*": ">"}
    order = marks.get(exif[base : base + 4])
    if order is None:
        raise ValueError("no EXIF block")
    return _Block(exif, base, order)


def upright(exif: bytes) -> bytes:
    """The block with orientation 1, for pixels that were turned; unchanged where it names none."""
    try:
        block = _block(exif)
        entries, _ = block.directory(block.number("I", 4))
        kind, _, place = entries[_ORIENTATION]
    except (struct.error, KeyError, ValueError):
        return exif
    fresh = bytearray(exif)
    struct.pack_into(block.order + ("I" if kind == 4 else "H"), fresh, block.base + place, 1)
    return bytes(fresh)


def with_new_picture(exif: bytes, edit: Edit) -> bytes:
    """The block whose small pictures no longer show the old photo."""
    fresh = bytearray(exif)
    try:
        block = _block(exif)
        _, pointer = block.directory(block.number("I", 4))
        begin, length, counter = _thumbnail(block, pointer)
    except (struct.error, KeyError, ValueError):
        begin = length = 0
    else:
        fresh[begin : begin + length] = bytes(length)
        jpeg = _small_jpeg(exif[begin : begin + length], length, edit)
        if jpeg is None:
            fresh[block.base + pointer : block.base + pointer + 4] = bytes(4)
            edit.left_out("the EXIF thumbnail, which still showed what was removed")
        else:
            fresh[begin : begin + len(jpeg)] = jpeg
            struct.pack_into(block.order + "I", fresh, counter, len(jpeg))
            edit.made_anew("the EXIF thumbnail")
    if _blank_further(exif, fresh, (begin, begin + length)):
        edit.left_out("a preview in the camera maker's note")
    return bytes(fresh)


def _thumbnail(block: _Block, pointer: int) -> tuple[int, int, int]:
    """Where the thumbnail lies, its length, and where that length stands."""
    second = block.number("I", pointer)
    if not second:
        raise ValueError("no thumbnail")
    entries, _ = block.directory(second)
    begin, length = block.number("I", entries[_BEGIN][2]), block.number("I", entries[_LENGTH][2])
    if entries[_LENGTH][0] != 4 or length == 0 or block.base + begin + length > len(block.data):
        raise ValueError("a thumbnail outside its block")
    return block.base + begin, length, block.base + entries[_LENGTH][2]


def _blank_further(exif: bytes, fresh: bytearray, thumbnail: tuple[int, int]) -> bool:
    """Overwrite JPEGs that a maker's note holds: they show the old photo, often at 640 pixels."""
    found, position = False, 0
    while (position := exif.find(b"\xff\xd8\xff", position)) >= 0:
        end = exif.find(b"\xff\xd9", position)
        inside = thumbnail[0] <= position < thumbnail[1]
        if end < 0:
            break
        if not inside and end - position > 512:
            fresh[position : end + 2] = bytes(end + 2 - position)
            found = True
        position = thumbnail[1] if inside else end + 2
    return found


def _small_jpeg(old: bytes, room: int, edit: Edit) -> bytes | None:
    """The edited picture at the old thumbnail's size, in no more bytes; None where that cannot be."""
    try:
        size = PillowImage.open(io.BytesIO(old), formats=["JPEG"]).size
    except Exception:  # noqa: BLE001 - a broken thumbnail is left out, whatever is wrong with it
        return None
    if not (8 <= size[0] <= 1024 and 8 <= size[1] <= 1024):
        return None
    picture = edit.small(max(size))
    scale = min(size[0] / picture.shape[1], size[1] / picture.shape[0])
    inner = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    canvas = np.zeros((size[1], size[0], 3), np.uint8)  # cameras letterbox: the same shape, black bars
    top, left = (size[1] - inner[1]) // 2, (size[0] - inner[0]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(
        picture, inner, interpolation=cv2.INTER_AREA
    )
    for quality in (90, 80, 70, 55, 40, 25):
        buffer = io.BytesIO()
        PillowImage.fromarray(canvas).save(buffer, "JPEG", quality=quality, optimize=True)
        if buffer.tell() <= room:
            return buffer.getvalue()
    return None
