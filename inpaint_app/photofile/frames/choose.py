"""Which pictures a file holds, and one of them read: a frame as it is seen, a page as it is stored."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import replace

import numpy as np
from PIL import Image as PillowImage

from inpaint_app.errors import OptionError, SaveError
from inpaint_app.photofile.decoding import screening
from inpaint_app.photofile.frames import apng, gif, pages, webp
from inpaint_app.photofile.frames.plan import Rgba
from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.photo import Photo
from inpaint_app.photofile.samples.native import Native
from inpaint_app.photofile.samples.native import seen as whole

ANIMATED = frozenset({"GIF", "PNG", "WEBP"})
"""Formats whose frames are drawn on one another."""


def chosen(
    image: PillowImage.Image, format: str, data: bytes, asked: int | None, name: str
) -> tuple[int, int]:
    """The index, from 0, of the picture `asked` for (from 1; None: the first, or a HEIC's own choice), of how many."""
    many, own = 1, format in ("HEIF", "AVIF")
    if format == "TIFF":
        many = max(1, len(pages.own(data)))
    elif own or format in ANIMATED:
        with suppress(Exception):  # a damaged second frame does not harm the first
            many = max(1, screening.pictures(data) or int(getattr(image, "n_frames", 1)))
    if asked is None:
        return image.tell() if own else 0, many
    if not 1 <= asked <= many:
        held = "one picture" if many == 1 else f"{many} pictures"
        raise OptionError(f"{name} holds {held}: there is no frame {asked}; choose 1 to {many}.")
    return asked - 1, many


def called(photo: Photo) -> str:
    """What the pictures of such a file are called."""
    return {"TIFF": "page", "HEIF": "picture"}.get(photo.format, "frame")


def native(image: PillowImage.Image, index: int) -> Native:
    """A frame of an animation as it is seen."""
    canvas = _seen(image, index)
    if (canvas[..., 3] == 255).all():
        return Native(np.ascontiguousarray(canvas[..., :3]), "RGB")
    return Native(canvas, "RGBA")


def replaced(photo: Photo, edited: Native, edit: Edit) -> bytes:
    """The photo's file, an animation, with its frame made of the samples. Raises SaveError."""
    if photo.frames >= screening.PICTURES:
        raise SaveError(
            f"{photo.name} holds {photo.frames} frames or more, too many to keep: write the edited one alone, with "
            "--format png or webp."
        )
    canvas = whole(edited, opaque=True).samples
    seen = _Seen(photo.source)
    index = photo.frame - 1
    if photo.format == "GIF":
        canvas[..., 3] = np.where(canvas[..., 3] < 128, 0, 255)
        given = photo.source, index, canvas, edit.hole, seen
        try:
            data = gif.replaced(*given, edit)
        except SaveError:
            data = b""
        if not data or not _same(photo, data):
            data = gif.replaced(*given, edit, whole=True)
    elif photo.format == "WEBP":
        data = webp.replaced(photo, index, canvas, seen)
    else:
        data = apng.replaced(photo.source, index, canvas, seen, edit)
    if not _same(photo, data):
        raise SaveError(
            f"The other frames of {photo.name} would not stay as they are: write the edited one alone, with --format "
            f"{'png' if photo.format != 'PNG' else 'webp'}."
        )
    return data


def _same(photo: Photo, data: bytes) -> bool:
    """Whether every other frame of the written file is seen as it was, for as long as it was."""
    with PillowImage.open(io.BytesIO(photo.source)) as old, PillowImage.open(io.BytesIO(data)) as new:
        if getattr(old, "n_frames", 1) != getattr(new, "n_frames", 1):
            return False
        for index in range(photo.frames):
            first, second = _seen(old, index), _seen(new, index)
            if (old.info.get("duration") or 0) != (new.info.get("duration") or 0):
                return False
            visible = (first[..., 3] > 0) | (second[..., 3] > 0)
            if index != photo.frame - 1 and not np.array_equal(first[visible], second[visible]):
                return False
    return True


class _Seen:
    """The canvas as it is seen with each frame; opened anew to go back, which Pillow does not do for every file."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._image = PillowImage.open(io.BytesIO(data))

    def __call__(self, index: int) -> Rgba:
        if index < self._image.tell():
            self._image = PillowImage.open(io.BytesIO(self._data))
        return _seen(self._image, index)


def _seen(image: PillowImage.Image, index: int) -> Rgba:
    image.seek(index)
    return np.asarray(image.convert("RGBA"))


def first_page(photo: Photo) -> Photo:
    """The photo whose bytes have its page first, for who reads only that one."""
    if photo.format != "TIFF":
        return photo
    return replace(photo, source=pages.view(photo.source, photo.frame - 1))
