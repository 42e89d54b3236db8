"""Which chunks of a PNG may stay beside its pixels, and what of them.

PNG Specification, Third Edition (W3C, 2025); ImageMagick's raw profiles: "\\nname\\nlength\\nhex" in a text chunk.
"""

from __future__ import annotations

import re
import zlib

from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.metadata import exif, iptc, xmp
from inpaint_app.photofile.previews import hidden

_OF_PIXELS = {
    b"IHDR", b"IDAT", b"IEND", b"PLTE", b"tRNS", b"cHRM", b"gAMA", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"sBIT",
    b"bKGD", b"hIST", b"acTL", b"fcTL", b"fdAT",
}  # fmt: skip
_NAMED = {
    b"caBX": "Content Credentials, whose signature no longer holds",
    b"dSIG": "a signature of the file, which no longer holds",
    b"iDOT": "a table of where the pixel data lie, which is no longer true",
}
_UNPACKED = 64_000_000
_PACKET = b"XML:com.adobe.xmp"
_RAW = re.compile(rb"\s*(\w+)\s+(\d+)\s+([0-9A-Fa-f\s]*)")


def kept(kind: bytes, content: bytes, edit: Edit) -> bytes | None:
    """A chunk's content as it may stay; None where the chunk goes."""
    if kind in _OF_PIXELS:
        return content
    if kind in _NAMED:
        edit.left_out(_NAMED[kind])
        return None
    if kind == b"eXIf":
        return exif.cleaned(content, edit)
    if kind == b"iCCP" and not hidden.holds_picture(content):
        return content
    if kind in (b"tEXt", b"zTXt", b"iTXt"):
        return _text(kind, content, edit)
    if hidden.may_stay(content):
        return content
    edit.left_out(f"chunk {kind.decode('latin-1')}, which can hold a picture")
    return None


def _text(kind: bytes, content: bytes, edit: Edit) -> bytes | None:
    keyword, head, value = _opened(kind, content)
    fresh: bytes | None
    if not hidden.may_stay(head):
        edit.left_out(f"a {kind.decode()} chunk of no known form, which can hold a picture")
        return None
    if keyword == _PACKET:
        fresh = xmp.cleaned(value, edit)
    elif keyword.startswith(b"Raw profile type ") and (found := _RAW.fullmatch(value)) is not None:
        fresh = _raw_profile(keyword[17:].lower(), found, value, edit)
    else:
        fresh = value if hidden.may_stay(value) else None
    if fresh is None:
        edit.left_out(f"the text {keyword.decode('latin-1')!r}, which can hold a picture")
        return None
    if fresh == value:
        return content
    packed = kind == b"zTXt" or (kind == b"iTXt" and content[len(keyword) + 1 : len(keyword) + 2] == b"\1")
    return head + (zlib.compress(fresh) if packed else fresh)


def _opened(kind: bytes, content: bytes) -> tuple[bytes, bytes, bytes]:
    """Keyword, everything up to the text, and the text, unpacked."""
    keyword, _, rest = content.partition(b"\0")
    start = len(keyword) + 1
    if kind == b"tEXt":
        return keyword, content[:start], rest
    if kind == b"zTXt":
        return keyword, content[: start + 1], _inflated(rest[1:])
    head = rest[2:].split(b"\0", 2)
    if len(head) < 3:
        return keyword, content, b""
    start += 2 + len(head[0]) + 1 + len(head[1]) + 1
    return keyword, content[:start], _inflated(head[2]) if rest[:1] == b"\1" else head[2]


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, _UNPACKED)
    except zlib.error:
        return data


def _raw_profile(name: bytes, found: re.Match[bytes], value: bytes, edit: Edit) -> bytes | None:
    """A profile as hex digits, cleaned as what it is; the same text where nothing changed."""
    try:
        data = bytes.fromhex(found.group(3).decode())
    except ValueError:
        return None
    fresh: bytes | None
    if name in (b"exif", b"app1") and data.startswith((exif.PREFIX, b"II", b"MM")):
        fresh = exif.cleaned(data, edit)
    elif name in (b"iptc", b"8bim"):
        fresh = iptc.resources(data, edit) if data.startswith(b"8BIM") else iptc.records(data, edit)
    elif name == b"xmp" or data.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
        start = data.find(b"\0") + 1 if data.startswith(b"http") else 0
        rest = xmp.cleaned(data[start:], edit)
        fresh = None if rest is None else data[:start] + rest
    elif name in (b"icc", b"icm"):
        fresh = None if hidden.holds_picture(data) else data
    else:
        fresh = data if hidden.may_stay(data) else None
    if fresh == data or fresh is None:
        return value if fresh == data else None
    digits = fresh.hex().encode()
    lines = b"\n".join(digits[start : start + 72] for start in range(0, len(digits), 72))
    return b"\n%s\n%8d\n%s\n" % (found.group(1), len(fresh), lines)
