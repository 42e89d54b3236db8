"""Motion photos as phones write them: a film behind the picture, and XMP that says so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2

from inpaint_app.types import Image

XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:MotionPhoto="1" '
    'GCamera:MicroVideo="1" GCamera:MicroVideoOffset="{}"/></rdf:RDF></x:xmpmeta>'
)


def film(folder: Path, frames: Sequence[Image]) -> bytes:
    """An MP4 of the frames, in the one codec that OpenCV's wheels write."""
    path = folder / "film.mp4"
    size = (frames[0].shape[1], frames[0].shape[0])
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 30, size)  # type: ignore[attr-defined]
    for frame in frames:
        writer.write(frame[..., ::-1])
    writer.release()
    return path.read_bytes()


def motion_photo(jpeg: bytes, film: bytes, samsung: bool = False) -> bytes:
    """A JPEG with the film behind it, as Google's camera writes it, or Samsung's with its trailer's words."""
    if samsung:
        return jpeg + b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Data" + film + b"SEFH\x6b\0\0\0SEFT"
    content = b"http://ns.adobe.com/xap/1.0/\0" + XMP.format(len(film)).encode()
    return jpeg[:2] + b"\xff\xe1" + (len(content) + 2).to_bytes(2, "big") + content + jpeg[2:] + film
