"""A camera maker's note: what in it could show the photo is blanked where it stands, all else stays byte for byte.

Nobody documents these notes, and most count their offsets from somewhere else, so nothing is moved. Blanked are
whole and broken JPEG streams (without first or last marker, byte-swapped), files of other formats, coded runs that
unpack to one, and stretches of bytes that are alike as the samples of a picture are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inpaint_app.photofile import hidden
from inpaint_app.photofile.inventory import Edit

WINDOW = 128
LEAST = 6
"""So many windows in a row: 768 bytes, the samples of 16×16 pixels in colour."""


def cleaned(note: bytes, edit: Edit) -> bytes:
    """The note with every picture in it blanked, at the same length."""
    edit.looked_through("the camera maker's note")
    fresh = bytearray(note)
    spans = [(found.start, found.end) for found in hidden.pictures(note)]
    if spans:
        edit.left_out("a preview in the camera maker's note")
    for start, end in spans:
        fresh[start:end] = bytes(end - start)
    raw = stretches(bytes(fresh))
    if raw:
        edit.left_out("samples of a picture in the camera maker's note")
    for start, end in raw:
        fresh[start:end] = bytes(end - start)
    return bytes(fresh)


def stretches(data: bytes) -> list[tuple[int, int]]:
    """Where so many bytes in a row are alike as samples of a picture are: (start, end)."""
    count = len(data) // WINDOW
    if count < LEAST:
        return []
    rows = np.frombuffer(data, np.uint8, count * WINDOW).reshape(count, WINDOW).astype(np.float32)
    like = np.zeros(count, bool)
    for step in (1, 3):
        like |= _alike(rows, step)
    found, start = [], None
    for index in range(count + 1):
        inside = index < count and bool(like[index])
        if inside and start is None:
            start = index
        elif not inside and start is not None:
            if index - start >= LEAST:
                found.append(_with_ends(data, start * WINDOW, index * WINDOW))
            start = None
    return found


def _with_ends(data: bytes, start: int, end: int) -> tuple[int, int]:
    """A stretch with the samples before and behind it that no whole window holds."""
    for step in (-1, 1):
        place, strange = (start - 1, 0) if step < 0 else (end, 0)
        while (
            0 <= place < len(data) and strange < 2 and abs(place - (start if step < 0 else end)) <= 3 * WINDOW
        ):
            strange = strange + 1 if abs(data[place] - data[place - 3 * step]) > 48 else 0
            place += step
        if step < 0:
            start = max(0, place + 1 + strange)
        else:
            end = min(len(data), place - strange)
    return start, end


def _alike(rows: NDArray[np.float32], step: int) -> NDArray[np.bool_]:
    """Rows whose bytes are like those `step` further on, as neighbouring samples are, and unlike a table of numbers.

    Tables of small numbers are mostly zeros, or alike at even steps; scrambled data are alike at none.
    """
    apart = np.abs(rows[:, step:] - rows[:, :-step]).mean(axis=1)
    spread = rows.std(axis=1)
    other = np.minimum(*(np.abs(rows[:, s:] - rows[:, :-s]).mean(axis=1) for s in (2, 4)))
    zeros = (rows == 0).mean(axis=1)
    middle = rows.mean(axis=1)
    flat = (spread <= 4) & (zeros == 0) & (middle > 36) & (middle < 250)  # a sky; not spaces, not padding
    smooth = (apart < 0.35 * spread) & (spread > 4) & (zeros < (0.2 if step == 1 else 0.7))
    return np.asarray(flat | (smooth & (apart <= other)))
