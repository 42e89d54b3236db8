"""Files that break off: completed with what every viewer shows of them, JPEG and PNG.

A copy that was cut short, a card that was pulled, a download that filled up with zeros. What came stays bit for bit;
what is missing is coded as grey (JPEG, as libjpeg shows it) or as zeros (PNG), so that the rest of the app has a whole
file before it. A file that is damaged in its middle is none of these: it stays refused.
"""

from __future__ import annotations

import re
import zlib

from inpaint_app.photofile.containers import png

_TAIL = re.compile(rb"\0{64,}\Z")


def breaks_off(data: bytes) -> bool:
    """Whether a JPEG or PNG seems to end before its end marker; decoders may show it without a word."""
    if data[:2] == b"\xff\xd8":
        return data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda")
    if not data.startswith(png.SIGNATURE):
        return False
    position = len(png.SIGNATURE)
    while position + 8 <= len(data):
        if data[position + 4 : position + 8] == b"IEND":
            return False
        position += 12 + int.from_bytes(data[position : position + 4])
    return True


def completed(data: bytes) -> tuple[bytes, str] | None:
    """The whole file and, in words, what was missing; None where the file does not just break off."""
    tail = _TAIL.search(data)
    data = data[: tail.start()] if tail else data
    try:
        if data[:2] == b"\xff\xd8":
            return _jpeg(data)
        if data.startswith(png.SIGNATURE):
            return _png(data)
    except (ValueError, zlib.error):
        return None
    return None


def _jpeg(data: bytes) -> tuple[bytes, str] | None:
    from inpaint_app.photofile.decoding.whole_jpeg import completed as complete
    from inpaint_app.photofile.jpeg.file import JpegError, parse

    try:
        file = parse(data, torn=True)
        if not file.torn:
            return None
        passes = file.progressive  # the completed file has none
        whole, missing = complete(file)
    except JpegError:
        return None
    if missing > 0.99:
        return None
    if passes and missing < 0.01:
        return whole, "The file breaks off in the passes that refine the picture: in parts it may be coarse."
    return whole, _words(missing, "it is grey in the picture")


def _png(data: bytes) -> tuple[bytes, str] | None:
    head = png.only_header(data)
    parts, packed, ended = _parts(data)
    if ended or not packed:
        return None
    bits = head.depth * png.CHANNELS[head.color]
    length = sum(rows * (1 + (width * bits + 7) // 8) for width, rows in _passes(head, data[28]))
    unpacker = zlib.decompressobj()
    pixels = unpacker.decompress(packed, length)
    missing = length - len(pixels)
    if missing and (not pixels or data[28]):  # of an interlaced picture every row would be torn
        return None
    body = zlib.compress(pixels + bytes(missing), 1)
    chunks = [png.chunk(kind, content) for kind, content in parts]
    chunks += [png.chunk(b"IDAT", body), png.chunk(b"IEND", b"")]
    return png.SIGNATURE + b"".join(chunks), _words(missing / length, "it is empty in the picture")


def _parts(data: bytes) -> tuple[list[tuple[bytes, bytes]], bytes, bool]:
    """The chunks in front of the pixels, the packed pixels as far as they go, and whether the file ends as it should.

    Raises ValueError where a critical chunk that is there is damaged.
    """
    parts, packed, position = [], [], len(png.SIGNATURE)
    for kind, content in png.chunks(data):
        if kind == b"IEND":
            return [], b"", True
        if kind == b"IDAT":
            packed.append(content)
        elif not packed:
            parts.append((kind, content))
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4])
        end = position + 12 + length
        if end > len(data):
            if data[position + 4 : position + 8] == b"IDAT":
                packed.append(data[position + 8 : position + 8 + length])
            break
        position = end
    return parts, b"".join(packed), False


def _passes(head: png.Header, interlaced: int) -> list[tuple[int, int]]:
    """Width and rows of each pass over the picture; the seven of Adam7, or one."""
    if not interlaced:
        return [(head.width, head.height)]
    steps = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    sizes = [(-(-(head.width - x) // across), -(-(head.height - y) // down)) for x, y, across, down in steps]
    return [(width, rows) for width, rows in sizes if width > 0 and rows > 0]


def _words(missing: float, how: str) -> str:
    if missing <= 0:
        return "The file breaks off at its very end: at most the last block of the picture is missing."
    share = f"about {missing:.0%} of the picture" if missing >= 0.01 else "less than 1% of the picture"
    return f"The file breaks off: {share} is missing, {how}."
