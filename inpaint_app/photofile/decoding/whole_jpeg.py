"""A JPEG that breaks off, written as a whole one: every coefficient that came, and grey for those that did not."""

from __future__ import annotations

import numpy as np

from inpaint_app.photofile.jpeg.bytes import segment
from inpaint_app.photofile.jpeg.file import DHT, DRI, EOI, SOS, JpegFile, Scan, frame_markers
from inpaint_app.photofile.jpeg.progressive import Whole


def completed(file: JpegFile) -> tuple[bytes, float]:
    """The file with all its units, in one sequential scan, and the share of units at its end of which nothing came.

    file: parsed as torn. What a progressive file's later passes would have refined stays as it was. Raises JpegError.
    """
    whole = Whole.read(file, np.full(file.units[0] * file.units[1], -1, np.int32))
    # The zeros that the last unit reads may stand for any sum of differences.
    np.clip(whole.coefficients[:, 0], -1023, 1023, out=whole.coefficients[:, 0])
    some = np.flatnonzero(whole.coefficients[whole.units[:, 0]].any(axis=1))
    missing = 1 - (int(some[-1]) + 1) / len(whole.units) if len(some) else 1.0
    wide = any(int(table.max()) > 255 for table in file.quantisation.values())
    every = tuple(range(len(file.components)))
    numbers = tuple(0 if c in (0, 3) else 1 for c in every)
    last = file.scans[-1]
    scan = Scan(every, numbers, numbers, (0, 63), 0, 0, {}, 0, last.begin, last.data, last.end)
    file.kind = 0xC1 if wide else 0xC0
    coded = whole.scan(scan)
    parts = [b"\xff\xd8"]
    for index, (marker, begin, end) in enumerate(file.segments):
        if marker in frame_markers:
            parts.append(segment(file.kind, file.content(index)))
        elif marker not in (SOS, DHT, DRI):
            parts.append(file.data[begin:end])
    return b"".join([*parts, coded, bytes((0xFF, EOI))]), max(0.0, missing)
