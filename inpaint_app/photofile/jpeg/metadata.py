"""What a JPEG may keep beside its pixels: a list of what may stay, so that nothing unknown can show what was removed.

Segments of known content are looked through, unknown ones stay where they are too short to show anybody or are plain
text. What stays unchanged stays bit for bit.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterator

from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.jpeg.file import APP0, COM
from inpaint_app.photofile.metadata import exif, iptc, xmp
from inpaint_app.photofile.previews import hidden

FURTHER = "further pictures behind the main one"
XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
_PHOTOSHOP, _PROFILE = b"Photoshop 3.0\0", b"ICC_PROFILE\0"
_ROOM = 65400
_HAS_EXTENDED = re.compile(
    rb"\s+[\w.-]+:HasExtendedXMP\s*=\s*(?:\"[^\"]*\"|'[^']*')|<([\w.-]+:HasExtendedXMP)>[^<]*</\1>"
)
_NAMED = {
    (0xE2, b"MPF\0"): "the index of further pictures in the file (MPF)",
    (0xE2, b"FPXR\0"): "a FlashPix preview",
    (0xE2, b"urn:iso:std:iso:ts:21496:-1\0"): "the description of a gain map (ISO 21496-1)",
    (0xE1, b"FLIR\0"): "a thermal picture (FLIR)",
    (0xE0, b"JFXX\0"): "a JFIF thumbnail",
    (0xEB, b"JP"): "Content Credentials, whose signature no longer holds",
    (0xEB, b"HDR_RI"): "the brighter half of the picture (JPEG-HDR)",
}


def kept(segments: list[tuple[int, bytes]], edit: Edit) -> list[list[bytes]]:
    """For each (marker, content) of a file what stands at its place now: nothing, itself, or what it became."""
    kinds = [_spread(*segment) for segment in segments]
    extended = _joined_extended(segments) if _EXTENDED in kinds else []
    resources = _joined_resources(segments, edit) if _PHOTOSHOP in kinds else iter(())
    if XMP in kinds or extended:
        plain = [segment[1][len(XMP) :] for segment, kind in zip(segments, kinds, strict=True) if kind == XMP]
        xmp.learn_names([*plain, *extended], edit)
    cleaned = (xmp.cleaned(packet, edit, extended=True) for packet in extended)
    further = [packet for packet in cleaned if packet is not None]
    unchanged = further == extended
    parts = [] if unchanged else [part for packet in further for part in _split_extended(packet)]
    guid = b"" if unchanged or not further else _guid(further[0])
    done: list[list[bytes]] = []
    for (marker, content), kind in zip(segments, kinds, strict=True):
        if kind == _EXTENDED:
            done.append([content] if unchanged else parts)
            parts = []
        elif kind == XMP:
            fresh = xmp.cleaned(content[len(XMP) :], edit)
            if fresh is not None and extended and not unchanged:
                fresh = _with_guid(fresh, guid)
            done.append([] if fresh is None else [XMP + fresh])
        elif kind == _PHOTOSHOP:
            done.append(next(resources))
        else:
            fresh = _segment(marker, content, edit)
            done.append([] if fresh is None else [fresh])
    return done


def _spread(marker: int, content: bytes) -> bytes:
    """The head of a segment that is a part of something larger, or speaks of the same as others; b"" of any other."""
    known = {0xE1: (XMP, _EXTENDED), 0xED: (_PHOTOSHOP,)}.get(marker, ())
    return next((head for head in known if content.startswith(head)), b"")


def _segment(marker: int, content: bytes, edit: Edit) -> bytes | None:
    """A segment of the known kinds as it may stay, any other one if it cannot show anybody."""
    for (number, mark), words in _NAMED.items():
        if marker == number and content.startswith(mark):
            edit.left_out(words)
            return None
    if marker == APP0 and content[:5] == b"JFIF\0" and len(content) > 14:
        edit.left_out("a JFIF thumbnail")
        return content[:12] + b"\0\0"
    if (marker == 0xE1 and content.startswith(exif.PREFIX)) or (
        marker == 0xE3 and content[:6].upper() == b"META\0\0"
    ):
        return exif.cleaned(content, edit)
    if marker == 0xE2 and content.startswith(_PROFILE) and not hidden.holds_picture(content):
        return content
    if hidden.may_stay(content):
        return content
    name = "a comment" if marker == COM else f"segment APP{marker - APP0} ({_title(content)})"
    edit.left_out(f"{name}, which can hold a picture")
    return None


def _title(content: bytes) -> str:
    """The name that a segment begins with."""
    found = re.match(rb"[\x20-\x7e]{2,24}", content)
    return found.group().decode() if found else "without a name"


def trailer(data: bytes, edit: Edit) -> bytes:
    """What follows the end of the picture, where it cannot show anybody."""
    edit.looked_through("what follows the picture")
    if hidden.may_stay(data):
        return data
    kinds = {found.kind for found in hidden.plain_pictures(data)}
    if "film" in kinds:
        edit.left_out("the film of a motion photo, behind the main picture")
    elif kinds:
        edit.left_out(FURTHER)
    else:
        edit.left_out(f"{len(data):,} bytes behind the end of the picture")
    return b""


def _joined_extended(segments: list[tuple[int, bytes]]) -> list[bytes]:
    """The packets that were too long for one segment (XMP Specification, Part 3, 1.1.3.1), one for each GUID."""
    packets: dict[bytes, list[tuple[int, bytes]]] = {}
    for marker, content in segments:
        if _spread(marker, content) == _EXTENDED and len(content) >= len(_EXTENDED) + 40:
            head = content[len(_EXTENDED) :]
            packets.setdefault(head[:32], []).append((int.from_bytes(head[36:40]), head[40:]))
    return [b"".join(part for _, part in sorted(parts)) for parts in packets.values()]


def _guid(packet: bytes) -> bytes:
    return hashlib.md5(packet, usedforsecurity=False).hexdigest().upper().encode()


def _split_extended(packet: bytes) -> list[bytes]:
    head = _EXTENDED + _guid(packet) + struct.pack(">I", len(packet))
    pieces = range(0, len(packet), _ROOM)
    return [head + struct.pack(">I", start) + packet[start : start + _ROOM] for start in pieces]


def _with_guid(packet: bytes, guid: bytes) -> bytes:
    """The main packet with the name of the extended one, or without any where there is none now."""
    if not guid:
        return without_extended(packet)
    return re.sub(rb"(HasExtendedXMP(?:\s*=\s*[\"']|>))[0-9A-Fa-f]{32}", rb"\g<1>" + guid, packet)


def without_extended(packet: bytes) -> bytes:
    """A packet that names no extended part, for a file that has none."""
    return _HAS_EXTENDED.sub(b"", packet)


def _joined_resources(segments: list[tuple[int, bytes]], edit: Edit) -> Iterator[list[bytes]]:
    """What each of Photoshop's segments becomes; together they hold one run of resources."""
    held = [
        content[len(_PHOTOSHOP) :] for marker, content in segments if _spread(marker, content) == _PHOTOSHOP
    ]
    whole = b"".join(held)
    fresh = iptc.resources(whole, edit)
    if fresh == whole:
        yield from ([_PHOTOSHOP + part] for part in held)
        return
    yield [_PHOTOSHOP + fresh[start : start + _ROOM] for start in range(0, len(fresh), _ROOM)]
    yield from ([] for _ in held[1:])
