"""A camera maker's note: what in it could show the photo is blanked where it stands, all else stays byte for byte.

Nobody documents these notes, and most count their offsets from somewhere else, so nothing is moved. Blanked are
whole and broken JPEG streams (without first or last marker, byte-swapped), files of other formats, coded runs that
unpack to one, and stretches of bytes that are alike as the samples of a picture are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.previews import hidden

WINDOW = 128
_STEP = 48
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
    for name in edit.names:  # of a face that the camera knew
        for code in ("utf-8", "utf-16-le"):
            mark = name.encode(code)
            if len(name) > 2 and mark in fresh:
                edit.left_out("the name of who was removed, in the camera maker's note")
                fresh = fresh.replace(mark, bytes(len(mark)))
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
    edges = np.flatnonzero(np.diff(like, prepend=False, append=False)).tolist()
    runs = [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if end - start >= LEAST]
    return _bridged([_with_ends(data, start * WINDOW, end * WINDOW) for start, end in runs])


def _with_ends(data: bytes, start: int, end: int) -> tuple[int, int]:
    """A stretch from its first to its last sample: its windows begin and end anywhere."""
    first, strange = start + WINDOW, 0
    while first > 0 and strange < 2 and first > start - 3 * WINDOW:
        first -= 1
        strange = strange + 1 if abs(data[first] - data[first + 3]) > _STEP else 0
    last, odd = end - WINDOW, 0
    while last < len(data) and odd < 2 and last < end + 3 * WINDOW:
        odd = odd + 1 if abs(data[last] - data[last - 3]) > _STEP else 0
        last += 1
    return first + strange, last - odd


def _bridged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches with a short gap between two long ones joined: a plane of one colour may be dark in its middle."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and 2 * (start - joined[-1][1]) < min(end - start, joined[-1][1] - joined[-1][0]):
            joined[-1] = joined[-1][0], end
        else:
            joined.append((start, end))
    return joined


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
