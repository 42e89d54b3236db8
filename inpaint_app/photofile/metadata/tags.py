"""Which values of EXIF and TIFF directories may stay: by what they can hold, not by what they usually do.

A value stays where it is too short to show anybody or is a text; where a tag is known to be longer, its content is
looked through. Everything else could hold a picture and goes. Exif 2.32, TIFF 6.0.
"""

from __future__ import annotations

import struct

from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.metadata import iptc, makernote, regions, xmp
from inpaint_app.photofile.previews import hidden

XMP, IPTC, PHOTOSHOP, ICC, MAKER_NOTE, PADDING, PRINT = 700, 33723, 34377, 34675, 37500, 59932, 50341
SUBJECT_AREA, SUBJECT_PLACE = 37396, 41492
_KEYWORDS, _AUTHORED = 40094, {270, 37510, 40091, 40092, 40093, 40094, 40095}
# Tables of numbers about colour, optics and places, longer than what is too short to show anybody.
_TABLES = {
    301, 318, 319, 320, 529, 532, 33421, 33422, 33550, 33922, 34264, 34735, 34736, 34856, 37122, 41484, 41730, 41995,
    42080, 42082, *range(50708, 50740), *range(50778, 50780), *range(50931, 50943), *range(50964, 50970),
}  # fmt: skip
_LARGEST_TABLE = 4096
_NAMED = {
    37724: "layers and reduced pictures, which still showed what was removed",
    50784: "layers and reduced pictures, which still showed what was removed",
    50828: "the raw file that was kept inside",
    52545: "Content Credentials, whose signature no longer holds",
}


def kept(tag: int, kind: int, value: bytes, order: str, edit: Edit) -> bytes | None:
    """The value as it may stay, or None where it goes. order: the directory's byte order for struct."""
    if len(value) > hidden.SMALL and not edit.affords(len(value)):
        edit.left_out("entries of EXIF that lie over one another")
        return None
    if tag in (SUBJECT_AREA, SUBJECT_PLACE):
        return _subject(kind, value, order, edit)
    if tag == XMP:
        return xmp.cleaned(value, edit)
    if tag == IPTC:
        return iptc.records(value, edit)
    if tag == PHOTOSHOP:
        return iptc.resources(value, edit)
    if tag == MAKER_NOTE:
        return makernote.cleaned(value, edit)
    if tag == PADDING:
        return value[:12].ljust(len(value), b"\0")
    if tag == _KEYWORDS and edit.names:
        value = _without_names(value, edit)
    if tag in _NAMED:
        edit.left_out(_NAMED[tag])
        return None
    if hidden.may_stay(value) or _is_table(tag, value):
        return value
    what = "a text that holds coded data" if tag in _AUTHORED else f"entry {tag}, which can hold a picture"
    edit.left_out(f"{what} (EXIF)" if tag in _AUTHORED else f"EXIF's {what}")
    return None


def _is_table(tag: int, value: bytes) -> bool:
    if tag == PRINT:
        return value.startswith(b"PrintIM") and len(value) <= 1024
    if tag == ICC:
        return not hidden.holds_picture(value)
    return tag in _TABLES and len(value) <= _LARGEST_TABLE and not hidden.holds_picture(value)


def _subject(kind: int, value: bytes, order: str, edit: Edit) -> bytes | None:
    if kind != 3 or len(value) > 8:
        return value if len(value) <= 8 else None
    count = len(value) // 2
    area = regions.subject([float(n) for n in struct.unpack(f"{order}{count}H", value[: 2 * count])])
    if area is not None and edit.removed(area):
        edit.left_out("the subject's area in EXIF, which lay in the hole")
        return None
    return value


def _without_names(value: bytes, edit: Edit) -> bytes:
    """Windows' keywords (UTF-16, parted by semicolons) without the names of who was removed, at the same length."""
    words = value.decode("utf-16-le", "replace").rstrip("\0").split(";")
    left = [word for word in words if word.strip() not in edit.names]
    if len(left) == len(words):
        return value
    edit.left_out("the name of who was removed, from a list of words")
    return ";".join(left).encode("utf-16-le").ljust(len(value), b"\0")
