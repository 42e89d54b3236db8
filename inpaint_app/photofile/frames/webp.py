"""An animated WebP with one frame edited: other frames are carried over byte for byte; what is drawn anew is lossless.

RFC 9649, 2.7.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import numpy as np
from PIL import Image as PillowImage

from inpaint_app.photofile.containers import riff
from inpaint_app.photofile.frames.plan import Redrawn, Rgba, Step, redrawn
from inpaint_app.photofile.photo import Photo
from inpaint_app.types import Box


def replaced(photo: Photo, number: int, edited: Rgba, seen: Callable[[int], Rgba]) -> bytes:
    """The file with frame `number` (from 0) seen as `edited` (H, W, 4), and the photo's own metadata."""
    chunks = list(riff.chunks(photo.source))
    places = [index for index, (kind, _) in enumerate(chunks) if kind == b"ANMF"]
    plan = redrawn([_step(chunks[i][1]) for i in places], seen, number, edited, erases=True, grid=2)
    opaque = True
    for index, frame in plan.items():
        opaque &= bool((frame.pixels[..., 3] == 255).all())
        chunks[places[index]] = b"ANMF", _coded(frame, chunks[places[index]][1])
    flags = next(content for kind, content in chunks if kind == b"VP8X")[0] & 0x12 | (0 if opaque else 0x10)
    flags |= 0x20 * bool(photo.icc) | 0x08 * bool(photo.exif) | 0x04 * bool(photo.xmp)
    size = struct.pack("<II", edited.shape[1] - 1, edited.shape[0] - 1)
    out = [(b"VP8X", bytes((flags, 0, 0, 0)) + size[:3] + size[4:7])]
    out += [(b"ICCP", photo.icc)] if photo.icc else []
    out += [pair for pair in chunks if pair[0] in (b"ANIM", b"ANMF")]
    out += [(b"EXIF", photo.exif.removeprefix(b"Exif\0\0"))] if photo.exif else []
    out += [(b"XMP ", photo.xmp)] if photo.xmp else []
    return riff.webp(out)


def _step(content: bytes) -> Step:
    left, top, width, height = (int.from_bytes(content[i : i + 3], "little") for i in (0, 3, 6, 9))
    box = Box(2 * left, 2 * top, 2 * left + width + 1, 2 * top + height + 1)
    return Step(box, "cleared" if content[15] & 1 else "all")


def _coded(frame: Redrawn, old: bytes) -> bytes:
    """An ANMF chunk's content: where, how long, and the pixels, which take the place of what is below them."""
    buffer = io.BytesIO()
    image = PillowImage.fromarray(np.ascontiguousarray(frame.pixels), "RGBA")
    image.save(buffer, "WEBP", lossless=True, exact=True, quality=80, method=4)
    coded = next(content for kind, content in riff.chunks(buffer.getvalue()) if kind == b"VP8L")
    box = frame.box
    numbers = (box.left // 2, box.top // 2, box.width - 1, box.height - 1)
    place = b"".join(value.to_bytes(3, "little") for value in numbers)
    flags = 2 | (frame.leaves == "cleared")
    head = place + old[12:15] + bytes((flags,))
    return head + riff.chunk(b"VP8L", coded)
