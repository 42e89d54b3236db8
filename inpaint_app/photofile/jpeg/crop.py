"""A small JPEG of some of a photo's units, to be decoded as they are there."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL.JpegImagePlugin import JpegImageFile

from inpaint_app.photofile.jpeg.bytes import huffman_segment, segment, stuffed
from inpaint_app.photofile.jpeg.file import EOI, HuffmanTable, JpegError, JpegFile, Scan
from inpaint_app.photofile.jpeg.scans import ROOM, codes_of

_AC = bytes(run << 4 | size for run in range(16) for size in range(16) if size or run in (0, 15))
TABLES = {
    (0, 0): HuffmanTable((0, 0, 0, 0, 16, *(0,) * 11), bytes(range(16))),
    (1, 0): HuffmanTable((*(0,) * 7, len(_AC), *(0,) * 8), _AC),
}
"""Codes of one length for every symbol that a sequential scan can hold: what is decoded at once need not be short."""


def crop(file: JpegFile, coefficients: NDArray[np.int16], size: tuple[int, int]) -> bytes:
    """A small JPEG of units (M, B, 64) in reading order, size (width, height) pixels, that decodes as they do there."""
    from inpaint_app.photofile.jpeg.passes_out import write_pass
    from inpaint_app.photofile.jpeg.transcode import BLOCK

    every = tuple(range(len(file.components)))
    one = (0,) * len(every)
    scan = Scan(every, one, one, (0, 63), 0, 0, {}, 0, 0, 0, 0)
    owner = np.array([c for c, (h, v) in enumerate(file.sampling) for _ in range(h * v)], np.int64)
    blocks = np.ascontiguousarray(coefficients).reshape(-1, 64)
    out, ends = np.empty(BLOCK * len(blocks) + ROOM, np.uint8), np.zeros(1, np.int64)
    missing = np.zeros((2, len(every), 256), np.int64)
    write_pass(
        np.arange(len(blocks), dtype=np.int32), len(blocks), owner, blocks, 0, 63, 0, 0, False, False,
        missing, codes_of(scan, TABLES), out, ends, np.zeros(4, np.int64),
    )  # fmt: skip
    if missing.any():
        raise JpegError("its coefficients are out of range")
    kept = [
        file.data[begin:end]
        for marker, begin, end, content in file.segments
        if marker == 0xDB or marker == 0xEE or (marker == 0xE0 and content[:5] == b"JFIF\0")
    ]
    planes = file.components
    frame = bytes((8, *size[1].to_bytes(2), *size[0].to_bytes(2), len(planes)))
    frame += b"".join(bytes((c.id, (c.h << 4) | c.v, c.table)) for c in planes)
    head = bytes((len(planes),)) + b"".join(bytes((c.id, 0)) for c in planes) + bytes((0, 63, 0))
    segments = [*kept, segment(0xC1, frame), huffman_segment(TABLES), segment(0xDA, head), stuffed(out, ends)]
    return b"".join([b"\xff\xd8", *segments, bytes((0xFF, EOI))])


def decoded(data: bytes, planes: int) -> NDArray[Any]:
    """The samples (H, W[, C]) of such a JPEG of so many planes, decoded as photos are: inks by Pillow, else OpenCV."""
    if planes == 4:
        return np.asarray(JpegImageFile(io.BytesIO(data)))
    flags = cv2.IMREAD_GRAYSCALE if planes == 1 else cv2.IMREAD_COLOR_RGB
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), flags))
