"""A small JPEG of some of a photo's units, to be decoded as they are there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inpaint_app.photofile.jpeg.bytes import huffman_segment, segment
from inpaint_app.photofile.jpeg.file import EOI, JpegFile, Scan
from inpaint_app.photofile.jpeg.scans import best_coded


def crop(file: JpegFile, coefficients: NDArray[np.int16], size: tuple[int, int]) -> bytes:
    """A small JPEG of units (M, B, 64) in reading order, size (width, height) pixels, that decodes as they do there."""
    every = tuple(range(len(file.components)))
    one = (0,) * len(every)
    scan = Scan(every, one, one, (0, 63), 0, 0, {}, 0, 0, 0, 0)
    owner = np.array([c for c, (h, v) in enumerate(file.sampling) for _ in range(h * v)], np.int64)
    blocks = np.ascontiguousarray(coefficients).reshape(-1, 64)
    order = np.arange(len(blocks), dtype=np.int32)
    tables, coded = best_coded(scan, (order, owner, len(order)), blocks, progressive=False)
    kept = [
        file.data[begin:end]
        for index, (marker, begin, end) in enumerate(file.segments)
        if marker == 0xDB or marker == 0xEE or (marker == 0xE0 and file.content(index)[:5] == b"JFIF\0")
    ]
    planes = file.components
    frame = bytes((8, *size[1].to_bytes(2), *size[0].to_bytes(2), len(planes)))
    frame += b"".join(bytes((c.id, (c.h << 4) | c.v, c.table)) for c in planes)
    head = bytes((len(planes),)) + b"".join(bytes((c.id, 0)) for c in planes) + bytes((0, 63, 0))
    segments = [*kept, segment(0xC1, frame), huffman_segment(tables), segment(0xDA, head), coded]
    return b"".join([b"\xff\xd8", *segments, bytes((0xFF, EOI))])
