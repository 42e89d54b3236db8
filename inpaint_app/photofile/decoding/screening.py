"""What a small file may ask for, decided by a walk over its headers before any decoder sees it.

The header's pixels are held against the limits elsewhere (`read.open_header`). Here stands what a file can claim beside
them: scans of a JPEG, chunks of a PNG, tiles, tables and inflated strips of a TIFF, sizes inside an ICO. Each walk
takes time by the length of the file at most and makes no room for what is claimed.
"""

from __future__ import annotations

import itertools
import lzma
import re
import struct
import zlib
from collections.abc import Iterable
from typing import Any

from inpaint_app.errors import PhotoTooLarge, UnreadablePhoto
from inpaint_app.photofile.containers import png
from inpaint_app.photofile.containers.tiff_directories import MARKS, first, head, places, rows

SCANS = 100
SCANNED = 2.5e9
FEWEST_SCANS = 32
"""A JPEG may have 100 scans, and fewer where it is large: every scan passes all coefficients, coded or not. Encoders
write 1 to 12; 32 are taken at any size."""

CHUNK = 512
CHUNKS = 1000
"""A PNG may have a thousand chunks, and one more for every 512 bytes: encoders write 4 to 64 kilobytes into one."""

TILE = 4096
"""A TIFF's tile may be this wide and high, or twice as large as the picture."""

PICTURES = 1000
"""Pictures of a file are counted up to here."""

HARMLESS = 1 << 20
"""Bytes that tags may claim whatever the file holds: some cameras and games write tables that point at one another."""

_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_DIRECTORIES = frozenset({330, 34665, 34853, 40965})
_STEPS = 500_000
PACKINGS = frozenset({1, 8, 32773, 32946, 34925})
"""Ways of packing a TIFF's strips whose length unpacked is known before anything is kept."""


def screen(data: bytes, name: str, megapixels: float) -> None:
    """Raise UnreadablePhoto or PhotoTooLarge where the headers of a file claim what no photo needs."""
    if data[:2] == b"\xff\xd8":
        _jpeg(data, name)
    elif data.startswith(png.SIGNATURE):
        _png(data, name)
    elif data[:4] in MARKS:
        _tiff(data, name)
    elif data[:4] == b"\0\0\1\0":
        _ico(data, name, megapixels)


def check_exif(block: object, name: str) -> None:
    """Raise UnreadablePhoto where a block of EXIF claims far more than it holds; Pillow copies all that is claimed."""
    if isinstance(block, bytes):
        body = block.removeprefix(b"Exif\0\0")
        if _claimed(body, pages=2) > max(2 * len(body), HARMLESS):
            raise UnreadablePhoto(f"{name} is damaged (its EXIF claims more than it holds).")


def pictures(data: bytes) -> int | None:
    """How many pictures a TIFF or GIF holds, counted up to PICTURES; None for a file of another kind."""
    try:
        if data[:4] in MARKS:
            return sum(1 for _ in places(data, PICTURES))
        if data[:3] == b"GIF":
            return _frames(data)
    except (struct.error, IndexError, OverflowError):  # damaged behind its first picture
        return 1
    return None


def _jpeg(data: bytes, name: str) -> None:
    """Scans up to the end marker, against the pixels that the frame claims."""
    count = pixels = 0
    position = 2
    while (found := _MARKER.search(data, position)) is not None:
        position = found.start()
        marker = data[position + 1]
        if marker == 0xD9 or position + 4 > len(data):
            break
        count += marker == 0xDA
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC) and not pixels:
            height, width = struct.unpack_from(">HH", data.ljust(position + 9, b"\0"), position + 5)
            pixels = max(1, width * height)
        position += 2 if marker in (0x01, 0xD8) else 2 + int.from_bytes(data[position + 2 : position + 4])
    most = max(FEWEST_SCANS, min(SCANS, int(SCANNED / max(1, pixels))))
    if count > most:
        raise UnreadablePhoto(
            f"{name} comes in {count} scans, at most {most} are taken at its size: save it anew in any program."
        )


def _png(data: bytes, name: str) -> None:
    most = CHUNKS + len(data) // CHUNK
    if sum(1 for _ in itertools.islice(png.walk(data), most + 1)) > most:
        raise UnreadablePhoto(f"{name} is cut into more than {most} parts: save it anew in any program.")


def _ico(data: bytes, name: str, megapixels: float) -> None:
    """Pillow believes the sizes of the pictures inside, whatever the directory says."""
    for at in range(6, min(len(data) - 15, 6 + 16 * int.from_bytes(data[4:6], "little")), 16):
        (start,) = struct.unpack_from("<I", data, at + 12)
        inside = data[start : start + 24]
        if len(inside) < 24:
            continue
        packed = inside[:4] == b"\x89PNG"
        width, height = struct.unpack_from(">II" if packed else "<ii", inside, 16 if packed else 4)
        if abs(width * height) > megapixels * 1e6 * (1 if packed else 2):  # a DIB counts its mask as height
            raise PhotoTooLarge(
                f"{name} holds a picture of {abs(width)}×{abs(height)} pixels; the limit is {megapixels:g} megapixels."
            )


def _tiff(data: bytes, name: str) -> None:
    try:
        order, big, _ = head(data)
        tags = {row.tag: first(data, order, row) for row in rows(data, order, big, next(places(data, 1)))}
        width, height = tags.get(256, 0), tags.get(257, 0)
        claimed = _claimed(data, pages=1)
    except (struct.error, ValueError, OverflowError, StopIteration):
        return  # damaged: the decoder says so
    if claimed > max(2 * len(data), HARMLESS):
        raise UnreadablePhoto(f"{name} is damaged (its tags claim more than the file holds).")
    for side, tile in ((width, tags.get(322, 0)), (height, tags.get(323, 0))):
        if tile > max(TILE, 2 * side):
            raise UnreadablePhoto(f"{name} is damaged (its tiles are {tile} wide, the picture {side}).")


def _claimed(data: bytes, pages: int) -> int:
    """Bytes that the first directories and those below them claim together, as far as the block can hold them."""
    try:
        order, big, _ = head(data)
        pending = [(place, 0) for place in places(data, pages)]
        total, seen = 0, set[int]()
        while pending:
            place, depth = pending.pop()
            if place in seen:
                continue
            seen.add(place)
            for row in rows(data, order, big, place):
                total += min(row.size, max(0, len(data) - row.place))
                if row.tag in _DIRECTORIES and depth < 3:
                    pending.append((first(data, order, row), depth + 1))
    except (struct.error, ValueError, OverflowError):
        return 0
    return total


def _frames(data: bytes) -> int:
    """Frames of a GIF: blocks are passed over, none is decoded."""

    def table(flags: int) -> int:
        return 3 << ((flags & 7) + 1) if flags & 0x80 else 0

    count, position, steps = 0, 13 + table(data[10]), 0
    while position < len(data) and count < PICTURES and steps < _STEPS:
        kind = data[position]
        if kind == 0x2C:
            count += 1
            position += 10 + table(data[position + 9]) + 1
        elif kind == 0x21:
            position += 2
        else:
            break
        while (length := data[position]) and steps < _STEPS:
            position += 1 + length
            steps += 1
        position += 1
    return max(1, count)


def inflates_within(strips: Iterable[bytes], compression: int, most: int) -> bool:
    """Whether the packed strips of a TIFF unpack to at most `most` bytes together.

    1: none. 8, 32946: deflate. 34925: LZMA. 32773: PackBits. Nothing of what is unpacked is kept.
    """
    left = most
    for strip in strips:
        left -= _unpacked(strip, compression, left)
        if left < 0:
            return False
    return True


def _unpacked(packed: bytes, compression: int, most: int) -> int:
    """Bytes that a strip unpacks to, counted up to a little over `most`."""
    if compression == 32773:
        return _packbits(packed, most)
    if compression == 1:
        return len(packed)
    unpacker: Any = (
        zlib.decompressobj() if compression != 34925 else lzma.LZMADecompressor(memlimit=256 << 20)
    )
    count = 0
    while count <= most:
        try:
            got = unpacker.decompress(packed, 1 << 16)
        except (zlib.error, lzma.LZMAError, EOFError):
            break  # damaged: the decoder says so
        count += len(got)
        packed = getattr(unpacker, "unconsumed_tail", b"")
        if not got or unpacker.eof:
            break
    return count


def _packbits(packed: bytes, most: int) -> int:
    count = position = 0
    while position < len(packed) and count <= most:
        head = packed[position]
        count += head + 1 if head < 128 else (257 - head) % 129
        position += head + 2 if head < 128 else 2 if head > 128 else 1
    return count
