"""What a photo's own file holds beside the main picture and a file of another format will not: said, part by part.

Pictures, credentials and films; words (EXIF, XMP, IPTC, texts) kind by kind.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from inpaint_app.photofile.containers import png, png_metadata, riff, tiff, tiff_metadata
from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.jpeg import metadata as jpeg
from inpaint_app.photofile.metadata import tags
from inpaint_app.photofile.photo import Photo

_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_CREDENTIALS = "Content Credentials, whose signature no longer holds"
_ITEMS = {
    b"auxl": "auxiliary pictures of the HEIF file (depth, gain map or matte)",
    b"thmb": "the thumbnail of the HEIF file",
    b"tmap": "the gain map of the HEIF file",
}


_NO_EXIF = frozenset({"BMP", "GIF", "PPM"})
_NO_XMP = frozenset({"BMP", "PPM"})
_IPTC_BLOCK = b"8BIM\x04\x04"  # Photoshop's image resource 1028
_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_RAW_PROFILES = frozenset({b"Raw profile type iptc", b"Raw profile type 8bim"})


def tell(photo: Photo, edit: Edit) -> None:
    """Tell the edit what of the source goes when its container does."""
    if photo.format == "JPEG":
        _tell_aside(photo.source, edit, _jpeg)
    elif photo.format == "PNG":
        _tell_aside(photo.source, edit, _png)
    elif photo.format == "TIFF":
        tiff_metadata.tell_further(tiff.parse(photo.source), edit)
    else:
        tell_container(photo, edit)


def tell_container(photo: Photo, edit: Edit) -> None:
    """Parts of a HEIF, AVIF, WebP or GIF that are never written again."""
    if photo.format in ("HEIF", "AVIF"):
        for words in _of_boxes(photo.source):
            edit.left_out(words)
    elif photo.format == "WEBP":
        for words in _of_riff(photo.source):
            edit.left_out(words)


def _tell_aside(data: bytes, edit: Edit, look: Callable[[bytes, Edit], None]) -> None:
    aside = edit.aside()
    aside.names |= edit.names
    look(data, aside)
    for words in (*aside.inventory.left_out, *aside.inventory.made_anew):
        if words not in edit.inventory.made_anew:
            edit.left_out(words)


def _jpeg(data: bytes, edit: Edit) -> None:
    from inpaint_app.photofile.jpeg.file import COM, JpegError, parse

    try:
        file = parse(data)
    except JpegError:
        return
    held = [one for one in file.segments if 0xE0 <= one.marker <= 0xEF or one.marker == COM]
    jpeg.kept([(one.marker, one.content) for one in held], edit)
    jpeg.trailer(data[file.end :], edit)


def _png(data: bytes, edit: Edit) -> None:
    for kind, content in png.chunks(data):
        png_metadata.kept(kind, content, edit)


def _of_riff(data: bytes) -> Iterator[str]:
    known = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP "}
    for kind, _ in riff.chunks(data):
        if kind not in known:
            yield _CREDENTIALS if kind == b"C2PA" else f"chunk {kind.decode('latin-1')}"
    if len(data) > (end := riff.end(data)):
        yield f"{len(data) - end:,} bytes behind the end of the picture"


def _of_boxes(data: bytes) -> Iterator[str]:
    """ISO 14496-12 and 23008-12: further items by the references between them, films and boxes beside."""
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind in (b"moov", b"mpvd"):
            yield "the film of a motion photo"
        elif kind == b"uuid" and data[start : start + 16] == _C2PA:
            yield _CREDENTIALS
        elif kind == b"meta":
            for inner, begin, stop in _boxes(data, start + 4, end):
                if inner in (b"iref", b"iinf"):
                    held = data[begin:stop]
                    yield from (words for mark, words in _ITEMS.items() if mark in held)


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, begin and end of the content of each box."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1 and start + 16 <= end:
            (size,) = struct.unpack_from(">Q", data, start + 8)
            head = 16
        size = size or end - start
        if size < head or start + size > end:
            return
        yield kind, start + head, start + size
        start += size


def tell_words(photo: Photo, target: str, edit: Edit) -> None:
    """Tell the edit which of the photo's words a file of the `target` format cannot hold."""
    lost = []
    if photo.exif and target in _NO_EXIF:
        lost.append("EXIF (camera, dates, place)")
    if photo.xmp and target in _NO_XMP:
        lost.append("XMP")
    elif photo.xmp and jpeg.without_extended(photo.xmp) != photo.xmp:
        lost.append("the part of its XMP that JPEG keeps apart")
    if _holds_iptc(photo):
        lost.append("IPTC (captions, keywords)")
    texts = [key for key in photo.text if not key.startswith("XML:com") and not key.startswith("Raw profile")]
    if texts and not (target == "PNG" or (target == "GIF" and texts == ["comment"])):
        lost.append(f"its text ({', '.join(texts[:5])}{', …' if len(texts) > 5 else ''})")
    if photo.format == "ICO" and (sizes := int.from_bytes(photo.source[4:6], "little")) > 1:
        edit.left_out(f"{sizes - 1} smaller or equal {'size' if sizes == 2 else 'sizes'} of the icon")
    for words in lost:
        edit.left_out(f"{words}, for which a {target} file has no place")


def _holds_iptc(photo: Photo) -> bool:
    """Whether the file has an IPTC record of its own, as JPEG, TIFF and ImageMagick's PNG keep one."""
    if photo.format == "JPEG":
        return _IPTC_BLOCK in photo.source[: photo.source.find(b"\xff\xda") + 1]
    if photo.format == "TIFF":
        entries = tiff.parse(photo.source).entries
        resources = entries.get(tags.PHOTOSHOP)
        return tags.IPTC in entries or (resources is not None and _IPTC_BLOCK in resources.value)
    if photo.format == "PNG":
        return any(
            kind in _TEXTS and content.partition(b"\0")[0] in _RAW_PROFILES
            for kind, content in png.chunks(photo.source)
        )
    return False
