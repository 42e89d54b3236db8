"""PNG as chunks: read them with their checksums, and write new samples between the old ones.

Everything but the pixel data is carried over as it came: depth and colour type, palette, profile, gamma, text, time
and EXIF. PNG Specification, Third Edition (W3C, 2025). Further frames of an animation are not carried over.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.photofile.metadata import exif
from inpaint_app.photofile.photo import Photo

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_LARGE = 4_000_000
_PIXELS = {b"IHDR", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT"}
_FIRST = {
    b"PLTE",
    b"iCCP",
    b"sRGB",
    b"gAMA",
    b"cHRM",
    b"cICP",
    b"mDCV",
    b"cLLI",
    b"sBIT",
    b"bKGD",
    b"tRNS",
    b"hIST",
}


@dataclass(frozen=True, slots=True)
class Header:
    """IHDR. color: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha."""

    width: int
    height: int
    depth: int
    color: int


def walk(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type of every chunk up to IEND, sound or not, and where its content begins and ends; the last may end behind the
    data."""
    position = len(SIGNATURE)
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        yield kind, position + 8, position + 8 + length
        if kind == b"IEND":
            return
        position += 12 + length


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and content of every chunk up to IEND; raises ValueError where a critical one is damaged."""
    for kind, start, end in walk(data):
        if end + 4 > len(data):
            return
        content = data[start:end]
        if zlib.crc32(content, zlib.crc32(kind)) == struct.unpack_from(">I", data, end)[0]:
            yield kind, content
        elif kind[:1].isupper():
            raise ValueError(f"the checksum of its {kind.decode('latin-1')} part is wrong")


def header(data: bytes) -> Header:
    """The size and the kind of samples, from the first chunk."""
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise ValueError("it has no header")
    width, height, depth, color = struct.unpack(">IIBB", data[16:26])
    return Header(width, height, depth, color)


def only_header(data: bytes) -> Header:
    """The header, after seeing that it comes first and that no other one follows; raises ValueError."""
    in_front = itertools.takewhile(
        lambda kind: kind not in (b"IDAT", b"IEND"), (part[0] for part in walk(data))
    )
    if list(in_front).count(b"IHDR") > 1:
        raise ValueError("it has two headers")
    return header(data)


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk with its length and checksum."""
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))
    )


def deep_samples(data: bytes, head: Header) -> NDArray[np.uint16]:
    """Sixteen-bit samples (H, W) or (H, W, C) in RGB order."""
    # Only header and pixels: OpenCV would take an animation's first frame for the picture.
    bare = [chunk(kind, content) for kind, content in chunks(data) if kind in (b"IHDR", b"IDAT", b"IEND")]
    raw = cv2.imdecode(np.frombuffer(SIGNATURE + b"".join(bare), np.uint8), cv2.IMREAD_UNCHANGED)
    if raw is None or raw.dtype != np.uint16:
        raise ValueError("its sixteen-bit samples cannot be read")
    if head.color == 0:
        return np.ascontiguousarray(raw if raw.ndim == 2 else raw[..., 0], np.uint16)
    if head.color == 4:
        return np.ascontiguousarray(raw[..., [0, raw.shape[2] - 1]], np.uint16)
    order = [2, 1, 0] if head.color == 2 else [2, 1, 0, 3]
    return np.ascontiguousarray(raw[..., order], np.uint16)


def encode(
    samples: NDArray[Any], head: Header, carried: Iterable[tuple[bytes, bytes]], level: int | None = None
) -> bytes:
    """A PNG of samples (H, W) or (H, W, C) with the carried chunks where the standard wants them.

    samples: in the header's own depth; uint16 for 16 bits, else uint8 holding values of `depth` bits. level: zlib's;
    by default less for large pictures, where 3 takes a third of 6's time for files no larger (12-megapixel photo).
    """
    before, after = arranged(carried)
    top = struct.pack(">IIBBBBB", head.width, head.height, head.depth, head.color, 0, 0, 0)
    parts = [SIGNATURE, chunk(b"IHDR", top), *before]
    parts += [chunk(b"IDAT", piece) for piece in compressed(samples, head, level)]
    return b"".join([*parts, *after, chunk(b"IEND", b"")])


def arranged(carried: Iterable[tuple[bytes, bytes]]) -> tuple[list[bytes], list[bytes]]:
    """The chunks that stand before the pixels and those behind; what is pixels itself is left out."""
    before, after = [], []
    for kind, content in carried:
        if kind in _FIRST or kind == b"pHYs":
            before.append(chunk(kind, content))
        elif kind not in _PIXELS:
            after.append(chunk(kind, content))
    return before, after


def palette_chunks(palette: NDArray[np.uint8]) -> list[tuple[bytes, bytes]]:
    """PLTE and, where an entry is not opaque, tRNS of a palette (N, 4) RGBA."""
    found = [(b"PLTE", palette[:, :3].tobytes())]
    clear = np.flatnonzero(palette[:, 3] < 255)
    if clear.size:
        found.append((b"tRNS", palette[: clear[-1] + 1, 3].tobytes()))
    return found


def metadata_chunks(photo: Photo) -> list[tuple[bytes, bytes]]:
    """What a photo of another format brings along: profile, resolution, EXIF, XMP and text."""
    found = []
    if photo.icc:
        found.append((b"iCCP", b"ICC Profile\0\0" + zlib.compress(photo.icc)))
        if photo.numbers is not None:
            found.append((b"cICP", bytes((photo.numbers.primaries, photo.numbers.transfer, 0, 1))))
    if photo.dpi:
        across, down = (round(value / 0.0254) for value in photo.dpi)
        found.append((b"pHYs", struct.pack(">IIB", across, down, 1)))
    if photo.exif:
        found.append((b"eXIf", photo.exif.removeprefix(exif.PREFIX)))
    if photo.xmp:
        found.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + photo.xmp))
    for key, value in photo.text.items():
        if 0 < len(key) < 80 and key.isascii() and not key.startswith("XML:com"):
            found.append((b"iTXt", key.encode() + b"\0\0\0\0\0" + value.encode("utf-8", "replace")))
    return found


def compressed(samples: NDArray[Any], head: Header, level: int | None = None) -> Iterable[bytes]:
    """The filtered rows, compressed a band at a time so that memory follows the band."""
    if level is None:
        level = 6 if head.width * head.height < _LARGE else 3
    step = max(1, CHANNELS[head.color] * head.depth // 8)
    deflate = zlib.compressobj(
        level, strategy=zlib.Z_FILTERED if head.depth >= 8 else zlib.Z_DEFAULT_STRATEGY
    )
    above: NDArray[np.uint8] | None = None
    band = max(1, (1 << 20) // max(1, head.width * step))
    for start in range(0, head.height, band):
        rows = _packed(samples[start : start + band], head)
        if above is None:
            above = np.zeros((1, rows.shape[1]), np.uint8)
        block = _filtered(rows, np.concatenate([above, rows[:-1]]), step, head)
        above = rows[-1:]
        piece = deflate.compress(block.tobytes())
        if piece:
            yield piece
    yield deflate.flush()


def _packed(samples: NDArray[Any], head: Header) -> NDArray[np.uint8]:
    """Rows of bytes: (h, W·C·depth/8)."""
    if head.depth == 16:
        return samples.astype(">u2").reshape(len(samples), -1).view(np.uint8)
    if head.depth == 8:
        return np.ascontiguousarray(samples).reshape(len(samples), -1)
    shifts = np.arange(head.depth - 1, -1, -1, dtype=np.uint8)
    bits = (samples.astype(np.uint8)[..., None] >> shifts) & 1
    return np.packbits(bits.reshape(len(samples), -1), axis=1)


def _filtered(
    rows: NDArray[np.uint8], above: NDArray[np.uint8], step: int, head: Header
) -> NDArray[np.uint8]:
    """Each row with the filter of the smallest sum of absolute differences (12.7 of the standard)."""
    if head.color == 3 or head.depth < 8:
        return np.concatenate([np.zeros((len(rows), 1), np.uint8), rows], axis=1)
    left = np.zeros_like(rows)
    left[:, step:] = rows[:, :-step]
    corner = np.zeros_like(rows)
    corner[:, step:] = above[:, :-step]
    best = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
    least = np.full(len(rows), np.iinfo(np.int64).max)
    for kind, guess in ((1, left), (2, above), (4, _paeth(left, above, corner))):
        rest = rows - guess
        cost = np.minimum(rest, -rest).sum(axis=1, dtype=np.int64)
        better = cost < least
        best[better, 0] = kind
        best[better, 1:] = rest[better]
        least = np.minimum(least, cost)
    return best


def _paeth(left: NDArray[np.uint8], above: NDArray[np.uint8], corner: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Whichever of the three neighbours is nearest to left + above - corner."""
    to_left = np.abs(above.astype(np.int16) - corner)
    to_above = np.abs(left.astype(np.int16) - corner)
    to_corner = np.abs(left.astype(np.int16) + above - 2 * corner.astype(np.int16))
    nearest = np.where(to_above <= to_corner, above, corner)
    return np.where((to_left <= to_above) & (to_left <= to_corner), left, nearest)
