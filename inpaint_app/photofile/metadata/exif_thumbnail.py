"""The small picture that an EXIF block holds in its second directory: a JPEG or plain samples, drawn again in place."""

from __future__ import annotations

import io
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image as PillowImage

from inpaint_app.photofile.inventory import Edit
from inpaint_app.types import Image

_LARGEST = 1024


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """Where its bytes lie, (start, length) each. tag: 513 for a JPEG, 273 for strips; size: (width, height), samples:
    of a pixel."""

    tag: int
    strips: tuple[tuple[int, int], ...]
    size: tuple[int, int]
    samples: int

    @classmethod
    def of(cls, data: bytes, numbers: dict[int, list[int]], order: str) -> Thumbnail | None:
        """The one that a directory's numbers describe; None where it is no kind that is drawn again.

        data: the block without its prefix. numbers: {tag: values}.
        """
        one = {tag: values[0] for tag, values in numbers.items() if values}
        if 513 in one and one.get(514):
            place, length = one[513], one[514]
            if place + length > len(data):
                return None
            size = _size(data[place : place + length])
            return None if size is None else cls(513, ((place, length),), size, 3)
        if one.get(259, 1) != 1 or one.get(284, 1) != 1 or one.get(258, 8) != 8:
            return None
        samples = one.get(277, 1)
        if (one.get(262), samples) not in ((2, 3), (1, 1)):
            return None
        size = (one.get(256, 0), one.get(257, 0))
        strips = tuple(zip(numbers.get(273, []), numbers.get(279, []), strict=False))
        whole = sum(length for _, length in strips) == size[0] * size[1] * samples
        if not whole or not _reasonable(size) or any(start + length > len(data) for start, length in strips):
            return None
        return cls(273, strips, size, samples)


def _reasonable(size: tuple[int, int]) -> bool:
    return 8 <= size[0] <= _LARGEST and 8 <= size[1] <= _LARGEST


def _size(data: bytes) -> tuple[int, int] | None:
    try:
        size = PillowImage.open(io.BytesIO(data), formats=["JPEG"]).size
    except Exception:  # noqa: BLE001 - a broken thumbnail is left out, whatever is wrong with it
        return None
    return size if _reasonable(size) else None


def made_anew(thumbnail: Thumbnail, edit: Edit) -> bytes | None:
    """The result at the thumbnail's size, in no more bytes than it had; None where that cannot be."""
    canvas = _fitted(edit, thumbnail.size)
    room = sum(length for _, length in thumbnail.strips)
    if thumbnail.tag == 273:
        grey = thumbnail.samples == 1
        data = (cv2.cvtColor(canvas, cv2.COLOR_RGB2GRAY) if grey else canvas).tobytes()
        edit.drawn(data[: thumbnail.strips[0][1]])
        return data
    for quality in (90, 80, 70, 55, 40, 25):
        buffer = io.BytesIO()
        PillowImage.fromarray(canvas).save(buffer, "JPEG", quality=quality, optimize=True)
        if buffer.tell() <= room:
            return edit.drawn(buffer.getvalue())
    return None


def _fitted(edit: Edit, size: tuple[int, int]) -> Image:
    """The result within a size; cameras letterbox: the same shape, black bars."""
    picture = edit.small(max(size))
    scale = min(size[0] / picture.shape[1], size[1] / picture.shape[0])
    inner = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    top, left = (size[1] - inner[1]) // 2, (size[0] - inner[0]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(
        picture, inner, interpolation=cv2.INTER_AREA
    )
    return canvas
