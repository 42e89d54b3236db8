"""A photo's metadata on their way into a file: clean, upright where its pixels are, as Pillow's writers take them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.jpeg import metadata as jpeg
from inpaint_app.photofile.metadata import exif, turned, xmp
from inpaint_app.photofile.photo import Photo
from inpaint_app.photofile.previews import hidden
from inpaint_app.photofile.samples.orientation import TURNED


def clean(photo: Photo, edit: Edit, *, thumbnail: bool = True) -> Photo:
    """The photo without what its metadata still show or say of what was removed."""
    profile, words = photo.icc, {}
    if profile and hidden.holds_picture(profile):
        profile = None
        edit.left_out("the colour profile, which held a picture")
    for key, text in photo.text.items():
        if hidden.may_stay(text.encode("utf-8", "replace")):
            words[key] = text
        else:
            edit.left_out(f"the text {key!r}, which can hold a picture")
    return replace(
        photo,
        exif=exif.cleaned(photo.exif, edit, thumbnail=thumbnail) if photo.exif else None,
        xmp=xmp.cleaned(photo.xmp, edit) if photo.xmp else None,
        icc=profile,
        text=words,
    )


def upright(photo: Photo) -> Photo:
    """The photo with metadata that speak of its upright pixels, and of no part that only JPEG keeps apart."""
    size = photo.width, photo.height
    size = size[::-1] if photo.orientation in TURNED else size
    block = turned.exif_block(photo.exif, photo.orientation, size) if photo.exif else None
    packet = turned.xmp(jpeg.without_extended(photo.xmp), photo.orientation, size) if photo.xmp else None
    return replace(photo, exif=block, xmp=packet, orientation=1)


def carried(photo: Photo) -> dict[str, Any]:
    """What Pillow's writers of every format take: EXIF, profile, XMP."""
    held = {"exif": photo.exif, "icc_profile": photo.icc, "xmp": photo.xmp}
    return {name: value for name, value in held.items() if value}
