"""Pictures hidden in bytes: by their signatures, without them, byte-swapped, and in base64, hex and zlib streams.

What a program left in a maker's note, a comment or behind the end of a file is not always a whole file: previews
lack their first or last marker, or stand in the other byte order. A stream counts as a picture by its structure, so
that random bytes do not. JPEG: ITU-T T.81, Annex B.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
import struct
import zlib
from collections.abc import Iterator

from inpaint_app.photofile.containers.tiff_directories import head, places, rows
from inpaint_app.photofile.previews.hidden_jpeg import SMALL, Found, jpegs, swapped_jpegs

__all__ = [
    "SMALL",
    "Found",
    "coded_text",
    "holds_picture",
    "may_stay",
    "pictures",
    "plain_pictures",
    "readable",
]

LONGEST_WORD = 512
"""Characters in a row, without a space, from which on a text is taken for coded bytes if it looks like them."""
_UNPACKED = 64_000_000

_SIGNATURES = re.compile(
    rb"\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF....WEBP|\x00\x00\x00\x0cjP  \r\n|\xff\x4f\xff\x51\x00"
    rb"|....ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1|avi[fs]|miaf|mp4.|isom|iso[2-9]|qt  |M4V |3gp.|jxl |crx )"
    rb"|\x00\x00\x00\x0cJXL \r\n|8BPS\x00[\x01\x02]\x00{6}|II\xbc\x01"
    rb"|BM....\x00\x00\x00\x00....[\x0c\x28\x38\x6c\x7c]\x00\x00\x00",
    re.DOTALL,
)
_TIFF = re.compile(rb"II\*\x00|MM\x00\*|II\+\x00\x08\x00\x00\x00|MM\x00\+\x00\x08\x00\x00")
_BREAK = rb"[ \t]*(?:&#x[0-9A-Fa-f]{1,4};|&#[0-9]{1,5};|\\[nr]|\r|\n)[ \t]*"
_LINE_END = re.compile(_BREAK)
_CODED = re.compile(rb"[A-Za-z0-9+/_=-](?:[A-Za-z0-9+/_=-]|%s)+" % _BREAK)
_HEX = re.compile(rb"[0-9a-fA-F]{256,}")
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")
_DATA_URL = re.compile(rb"data:(?:image|video)/", re.IGNORECASE)


def pictures(data: bytes, depth: int = 3, room: list[int] | None = None) -> Iterator[Found]:
    """Every picture in the bytes, in whatever packing; those inside others may come again.

    depth: of packings. room: how many bytes may still be unpacked in all, so that a small file costs no hours.
    """
    if len(data) <= SMALL:
        return
    yield from plain_pictures(data)
    if depth > 0:
        yield from _packed(data, depth, [_UNPACKED] if room is None else room)


def holds_picture(data: bytes) -> bool:
    """Whether any picture is in the bytes."""
    return next(pictures(data), None) is not None


def plain_pictures(data: bytes) -> Iterator[Found]:
    """Pictures that are not packed, and long enough to show anybody."""
    marks, tiffs = _SIGNATURES.finditer(data), _TIFF.finditer(data)
    every = itertools.chain(
        jpegs(data),
        (Found(mark.start(), _end(data, mark.start()), _kind(mark.group())) for mark in marks),
        (Found(at.start(), len(data), "TIFF") for at in tiffs if _tiff_with_picture(data[at.start() :])),
        *(swapped_jpegs(data, size) for size in (2, 4)),
    )
    yield from (found for found in every if found.end - found.start > SMALL)


def _kind(mark: bytes) -> str:
    if b"ftyp" in mark:
        moving = (b"mp4", b"iso", b"qt ", b"M4V", b"3gp")
        return "film" if mark[8:11] in moving else "HEIF or AVIF"
    for start, name in (
        (b"\x89P", "PNG"),
        (b"GIF", "GIF"),
        (b"RIF", "WebP"),
        (b"8BP", "PSD"),
        (b"BM", "BMP"),
    ):
        if mark.startswith(start):
            return name
    return "JPEG 2000, XL or XR"


def _end(data: bytes, start: int) -> int:
    """Where a file that begins there ends; its length is trusted only where the format states it."""
    if data.startswith(b"RIFF", start):
        return min(len(data), start + 8 + int.from_bytes(data[start + 4 : start + 8], "little"))
    if data.startswith(b"\x89PNG", start):
        found = data.find(b"IEND", start)
        return len(data) if found < 0 else min(len(data), found + 8)
    return len(data)


def _tiff_with_picture(data: bytes) -> bool:
    """Whether a TIFF structure begins there whose first directories point to pixels inside."""
    if data[2:4] in (b"+\0", b"\0+"):
        return True
    try:
        order, big, _ = head(data)
        for place in places(data, 8):
            found = list(itertools.islice(rows(data, order, big, place), 300)) if place >= 8 else []
            tags = {row.tag for row in found if 1 <= row.kind <= 18}
            if not found or (len(tags) == len(found) and {256, 257} <= tags and {273, 324, 513} & tags):
                return bool(found)
    except (struct.error, ValueError):
        pass
    return False


def _packed(data: bytes, depth: int, room: list[int]) -> Iterator[Found]:
    for match in _DATA_URL.finditer(data):
        yield Found(match.start(), len(data), "data URL")
    yield from _in_text(data, depth, room)
    if 3 * data.count(0) > len(data):  # UTF-16
        for half in (data[::2], data[1::2]):
            yield from (Found(0, len(data), found.kind, found.held) for found in _in_text(half, depth, room))
    for match in _ZLIB.finditer(data):
        plain = _inflated(data, match.start(), room)
        if len(plain) > SMALL:
            yield from _first(plain, "zlib", match.start(), len(data), depth, room)


def _in_text(data: bytes, depth: int, room: list[int]) -> Iterator[Found]:
    for start, end, run in _runs(data):
        for name, plain in _decoded(run):
            yield from _first(plain, name, start, end, depth, room)


def _first(plain: bytes, name: str, start: int, end: int, depth: int, room: list[int]) -> Iterator[Found]:
    """The first picture of what was packed from start to end."""
    for found in itertools.islice(pictures(plain, depth - 1, room), 1):
        held = plain[found.start : found.end] if found.held is None else found.held
        yield Found(start, end, f"{found.kind} in {name}", held)


def _runs(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Long runs of characters without a space: where they stand, and themselves without their line ends."""
    for match in _CODED.finditer(data):
        if match.end() - match.start() >= LONGEST_WORD:
            run = _LINE_END.sub(b"", match.group())
            if len(run) >= LONGEST_WORD:
                yield match.start(), match.end(), run


def _decoded(text: bytes) -> Iterator[tuple[str, bytes]]:
    """What a run of characters may stand for."""
    for match in _HEX.finditer(text):
        for start in (match.start(), match.start() + 1):
            yield "hex", binascii.unhexlify(text[start : start + (match.end() - start) // 2 * 2])
    plain = text.replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
    for shift in range(4):
        part = plain[shift:]
        part = part[: len(part) // 4 * 4]
        try:
            yield "base64", base64.b64decode(part)
        except binascii.Error:
            return


def _inflated(data: bytes, start: int, room: list[int]) -> bytes:
    try:
        plain = zlib.decompressobj(47).decompress(data[start:], max(1, room[0]))
    except zlib.error:
        return b""
    room[0] -= len(plain)
    return plain if room[0] > 0 else b""


def coded_text(text: bytes) -> bool:
    """Whether a text has a long run that is no words but coded bytes: base64, hex and the like."""
    return any(_looks_coded(run) for _, _, run in _runs(text.replace(b"\0", b"")))


def _looks_coded(run: bytes) -> bool:
    letters = {bytes([c]) for c in run}
    digits = any(c.isdigit() for c in letters)
    return len(letters) > 8 and digits


def readable(data: bytes) -> bool:
    """Whether bytes are a text that people or programs wrote, in whatever encoding, and no picture in disguise."""
    return _is_text(data) and not coded_text(data) and not holds_picture(data)


def _is_text(data: bytes) -> bool:
    bare = data.rstrip(b"\0")
    for code in ("ASCII\0\0\0", "UNICODE\0", "JIS\0\0\0\0\0", "\0" * 8):
        bare = bare.removeprefix(code.encode())
    if not bare:
        return True
    if bare[:2] in (b"\xff\xfe", b"\xfe\xff") or 3 * bare.count(0) > len(bare):
        return any(_clean(bare[: len(bare) // 2 * 2], code) for code in ("utf-16", "utf-16-le", "utf-16-be"))
    if bare.count(0) * 8 > len(bare):
        return False
    return any(_clean(bare, code) for code in ("utf-8", "shift-jis")) or _mostly_ascii(bare)


def _clean(data: bytes, code: str) -> bool:
    try:
        text = data.decode(code)
    except UnicodeError:
        return False
    wild = sum(1 for c in text if not (c.isprintable() or c in "\t\r\n\f\0"))
    return 50 * wild <= len(text)


def _mostly_ascii(data: bytes) -> bool:
    plain = sum(1 for c in data if 32 <= c < 127 or c in (9, 10, 13))
    return 10 * plain >= 9 * len(data)


def may_stay(data: bytes) -> bool:
    """Whether bytes of unknown meaning cannot show anybody: too few, all one value, or a plain text."""
    return len(data) <= SMALL or len(set(data)) <= 1 or readable(data)
