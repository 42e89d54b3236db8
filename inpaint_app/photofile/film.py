"""The short film of a motion photo: some of its frames, as pictures.

Google's (MicroVideo, Motion Photo 1.0) and Samsung's files carry an MP4 behind the JPEG, or in a box of the HEIC. It is
found by its own first box: Samsung's older files state no offset, and the one that an edited file states may be wrong.
OpenCV's FFmpeg, which its wheels bring, decodes H.264 and HEVC.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import cv2
import numpy as np

from inpaint_app.errors import UnreadablePhoto
from inpaint_app.photofile.photo import Limits, Photo
from inpaint_app.photofile.source import taken
from inpaint_app.types import Image

FRAMES, MOST_READ = 8, 600
"""Frames that are taken, evenly over the film, and read at most: ten seconds of sixty frames."""

BESIDE = (".mov", ".MOV", ".mp4", ".MP4")
"""Endings of a live photo's film, which lies beside it under its name."""

_FIRST_BOX = re.compile(rb"\0\0..ftyp(?:mp4.|isom|iso[2-9]|avc1|qt  |M4V |3gp.)", re.DOTALL)


def frames(photo: Photo, path: Path | None, limits: Limits) -> tuple[tuple[str, Image], ...]:
    """Up to FRAMES frames of the film in a photo's file, or beside it at `path`, each with its name, upright.

    Raises UnreadablePhoto where there is no film, or none that can be decoded.
    """
    return _decoded(_film(photo, path, limits), photo.name, limits)


def _film(photo: Photo, path: Path | None, limits: Limits) -> bytes:
    inside = _FIRST_BOX.search(photo.source)
    if inside is not None:
        return photo.source[inside.start() :]
    beside = [] if path is None else [path.with_suffix(ending) for ending in BESIDE]
    for one in beside:
        if one.is_file():
            return taken(one, None, limits)[0]
    raise UnreadablePhoto(
        f"{photo.name} holds no film, and none lies beside it: it is no motion photo. Give further shots with --shots."
    )


def _decoded(film: bytes, name: str, limits: Limits) -> tuple[tuple[str, Image], ...]:
    with tempfile.TemporaryDirectory(prefix="inpaint-") as folder:
        path = Path(folder, "film.mp4")
        path.write_bytes(film)
        reader = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        try:
            return _read(reader, name, limits)
        finally:
            reader.release()  # before its file goes


def _read(reader: cv2.VideoCapture, name: str, limits: Limits) -> tuple[tuple[str, Image], ...]:
    width, height = reader.get(cv2.CAP_PROP_FRAME_WIDTH), reader.get(cv2.CAP_PROP_FRAME_HEIGHT)
    if width * height > limits.megapixels * 1e6:
        raise UnreadablePhoto(f"The film of {name} has {width:.0f}×{height:.0f} pixels, which is no phone's.")
    count = min(MOST_READ, max(FRAMES, int(reader.get(cv2.CAP_PROP_FRAME_COUNT))))
    wanted = set(np.linspace(0, count - 1, FRAMES).round().astype(int).tolist())
    found = []
    for number in range(count):
        if not reader.grab():
            break
        if number in wanted:
            whole, frame = reader.retrieve()
            if whole:
                found.append((f"{name}, frame {number + 1}", np.asarray(frame[..., ::-1], np.uint8)))
    if not found:
        raise UnreadablePhoto(
            f"The film of {name} cannot be decoded: save its frames as pictures and give them with --shots."
        )
    return tuple(found)
