"""Small files that ask for much: made here, byte by byte, because no encoder writes them."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image as PillowImage

from inpaint_app.photofile.containers import png
from tests.photofile.photos import saved, scene

SMALL = PillowImage.fromarray(scene(13, 21))


def zeros(megabytes: int) -> bytes:
    """So many megabytes of nothing, deflated a thousandfold; one piece again and again, because packing takes long."""
    packer = zlib.compressobj(9)
    head = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = ((megabytes << 20) % 65521) << 16 | 1
    return head + piece * (megabytes - 1) + b"\3\0" + struct.pack(">I", checksum)


def tiff(entries: dict[int, tuple[int, list[int]]], strip: bytes, following: int = 0) -> bytes:
    """A little-endian TIFF of tags {number: (3 short or 4 long, values)}; the strip lies at its end."""
    count = len(entries)
    body, rows, at = b"", b"", 8 + 2 + 12 * count + 4
    for tag, (kind, values) in sorted(entries.items()):
        value = struct.pack(f"<{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(value) > 4:
            rows += struct.pack("<HHII", tag, kind, len(values), at + len(body))
            body += value
        else:
            rows += struct.pack("<HHI", tag, kind, len(values)) + value.ljust(4, b"\0")
    head = struct.pack("<2sHIH", b"II", 42, 8, count) + rows + struct.pack("<I", following) + body
    return head.replace(struct.pack("<I", 0xABCDEF01), struct.pack("<I", len(head))) + strip


def tiff_page(packed: bytes, compression: int = 8, **tags: int) -> bytes:
    """8×8 pixels, RGB of 16 bits, in one strip."""
    entries: dict[int, tuple[int, list[int]]] = {
        256: (3, [8]), 257: (3, [8]), 258: (3, [16, 16, 16]), 259: (3, [compression]), 262: (3, [2]),
        273: (4, [0xABCDEF01]), 277: (3, [3]), 278: (3, [8]), 279: (4, [len(packed)]),
    }  # fmt: skip
    entries |= {int(name[1:]): (4, [value]) for name, value in tags.items()}
    return tiff(entries, packed)


def tiff_of_many_pages(pages: int) -> bytes:
    """One picture, and directories that lead to it again and again."""
    first = bytearray(tiff_page(zlib.compress(bytes(384))))
    (count,) = struct.unpack_from("<H", first, 8)
    directory = first[8 : 8 + 2 + 12 * count]
    out, place = first, 8 + 2 + 12 * count
    for _ in range(pages - 1):
        struct.pack_into("<I", out, place, len(out))
        place = len(out) + len(directory)
        out += directory + bytes(4)
    return bytes(out)


def tiff_claiming_tags(count: int, length: int) -> bytes:
    """Tags that all name the same bytes as their own."""
    rows = b"".join(struct.pack("<HHII", 1_000 + n, 7, length, 8) for n in range(count))
    return struct.pack("<2sHIH", b"II", 42, 8, count) + rows + bytes(4) + bytes(length)


def jpeg_of_scans(count: int, side: int = 64) -> bytes:
    """A progressive JPEG with that many empty refinements behind its picture."""
    data = saved(PillowImage.fromarray(scene(side, side)).convert("L"), "JPEG", progressive=True)
    empty = b"\xff\xda\x00\x08\x01\x01\x00\x3f\x3f\x10\x00"
    return data[:-2] + empty * count + b"\xff\xd9"


def png_in_parts(count: int) -> bytes:
    """A PNG with that many empty pieces of pixels."""
    small = saved(SMALL, "PNG")
    at = small.index(b"IDAT") - 4
    return small[:at] + png.chunk(b"IDAT", b"") * count + small[at:]


def png_with(kind: bytes, head: bytes, megabytes: int = 300) -> bytes:
    """A PNG with a chunk that unpacks to that much."""
    small = saved(SMALL, "PNG")
    return small[:33] + png.chunk(kind, head + zeros(megabytes)) + small[33:]


def png_with_more_pixels(megabytes: int = 300) -> bytes:
    """21×13 pixels by its header, and rows without end behind them."""
    small = saved(SMALL, "PNG")
    return small[:33] + png.chunk(b"IDAT", zeros(megabytes)) + png.chunk(b"IEND", b"")


def png_with_exif() -> bytes:
    """A directory of 40,000 tags of 4 MB each."""
    small = saved(SMALL, "PNG")
    return small[:33] + png.chunk(b"eXIf", tiff_claiming_tags(40_000, 4_000_000)) + small[33:]


def gif_of_frames(count: int) -> bytes:
    """A GIF with that many frames of one pixel."""
    first = saved(SMALL.quantize(4), "GIF")
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return first[:-1] + frame * count + b"\x3b"


def ico_with(width: int, height: int) -> bytes:
    """An icon of 16×16 whose picture is another size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    inside = (
        png.SIGNATURE + png.chunk(b"IHDR", head) + png.chunk(b"IDAT", zeros(60)) + png.chunk(b"IEND", b"")
    )
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 24, len(inside), 22) + inside


def webp_of_frames(count: int) -> bytes:
    """An animation of that many frames."""
    frames = [SMALL.rotate(n) for n in range(count)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def ppm_in_words(width: int, height: int) -> bytes:
    """A plain PPM: every sample a word."""
    return b"P3 %d %d 255\n" % (width, height) + b"0 " * (3 * width * height)


def sixteen(side: int = 8) -> bytes:
    """A sound TIFF of 16 bits, deflated."""
    samples = np.arange(side * side * 3, dtype="<u2").reshape(side, side, 3)
    return tiff_page(zlib.compress(samples.tobytes()))


BOMBS = {
    "tiff that inflates": lambda: tiff_page(zeros(2000)),
    "tiff that inflates, other number": lambda: tiff_page(zeros(500), 32946),
    "tiff of packbits": lambda: tiff_page(b"\x81\0" * 500_000, 32773),
    "tiff with huge tiles": lambda: tiff_page(b"\0" * 400, t322=65_520, t323=65_520),
    "tiff with rows without end": lambda: tiff_page(zeros(500), t278=2**32 - 1),
    "tiff with greedy tags": lambda: tiff_claiming_tags(20_000, 2_000_000),
    "jpeg of scans": lambda: jpeg_of_scans(10_000),
    "png in parts": lambda: png_in_parts(100_000),
    "png text": lambda: png_with(b"zTXt", b"Comment\0\0"),
    "png international text": lambda: png_with(b"iTXt", b"Comment\0\1\0\0\0"),
    "png profile": lambda: png_with(b"iCCP", b"x\0\0"),
    "png with more pixels": png_with_more_pixels,
    "png with greedy exif": png_with_exif,
    "ico with a huge picture": lambda: ico_with(12_000, 12_000),
}
"""Each of a few megabytes at most."""
