"""A photo's metadata on their way into a file: clean, upright where its pixels are, as Pillow's writers take them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from inpaint_app.photofile import exif, hidden, xmp
from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.photo import Photo


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


def upright_xmp(xmp: bytes | None) -> bytes | None:
    """XMP may name the orientation too."""
    if xmp is None:
        return None
    return re.sub(rb'(tiff:Orientation(?:="|>))[2-8]', rb"\g<1>1", xmp)


def carried(photo: Photo) -> dict[str, Any]:
    """What Pillow's writers take: EXIF, profile, resolution, XMP."""
    options: dict[str, Any] = {}
    if photo.exif:
        options["exif"] = photo.exif
    if photo.icc:
        options["icc_profile"] = photo.icc
    if photo.dpi:
        options["dpi"] = photo.dpi
    if photo.xmp:
        options["xmp"] = photo.xmp
    return options
