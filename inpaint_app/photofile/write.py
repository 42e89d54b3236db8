"""Photo and edited pixels → a finished file in the photo's own format, with a report counted on that file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from inpaint_app.errors import InpaintError, MaskError, SaveError
from inpaint_app.photofile import encoders, formats
from inpaint_app.photofile.decoding.decode import read_native
from inpaint_app.photofile.encoders import Written
from inpaint_app.photofile.formats import SUFFIX
from inpaint_app.photofile.inventory import Edit, Inventory
from inpaint_app.photofile.jpeg import splice as jpeg
from inpaint_app.photofile.jpeg.file import JpegError
from inpaint_app.photofile.metadata import mark, xmp
from inpaint_app.photofile.photo import AS_USUAL, Encoded, Limits, Photo, Report, SaveOptions
from inpaint_app.photofile.previews.elsewhere import places
from inpaint_app.photofile.read import open_header, stored_samples
from inpaint_app.photofile.samples.native import Native, filled, seen
from inpaint_app.photofile.samples.opacity import continued
from inpaint_app.photofile.samples.orientation import stored, upright
from inpaint_app.types import Image, Mask

_WORDS = {
    "JPG": "JPEG", "JPE": "JPEG", "JFIF": "JPEG", "MPO": "JPEG", "TIF": "TIFF", "HEIC": "HEIF", "HIF": "HEIF",
    "DIB": "BMP", "PNM": "PPM", "PGM": "PPM", "PBM": "PPM", "APNG": "PNG",
}  # fmt: skip
EXACT = frozenset({"PNG", "TIFF", "WEBP"})
"""Formats that can hold any photo's known pixels as they are; WebP in its lossless form, up to 8 bits."""
SIDES = {"WEBP": 16383, "JPEG": 65500, "GIF": 65535, "AVIF": 65536, "HEIF": 65535}
"""Longest side that a format can hold, in pixels."""

# Formats that can hold true colours as well as a palette.
_EITHER = frozenset({"PNG", "TIFF", "BMP"})


def encode(
    photo: Photo,
    edited: Image,
    hole: Mask,
    *,
    format: str | None = None,
    certify: bool = True,
    options: SaveOptions = AS_USUAL,
) -> Encoded:
    """The edited photo as a file.

    edited: (H, W, 3) uint8 upright RGB, equal to photo.rgb outside `hole` (H, W). format: Pillow's word or a file
    name ending; by default the photo's own, PNG where that cannot be written. certify: read what was written and
    count what changed outside the hole; without it the report's counts are None.
    options: see SaveOptions. Raises SaveError (the format cannot hold it), MaskError (shapes that do not fit).
    """
    _check(photo, edited, hole)
    target = planned(photo, format, options)
    try:
        if target == "JPEG" and photo.format == "JPEG":
            done = _jpeg(photo, edited, hole, certify, options.mark)
        else:
            turned = photo.orientation if target == photo.format else 1
            edit = Edit(edited, hole, turned, photo.orientation, exact=options.exact, mark=options.mark)
            xmp.learn_names([photo.xmp] if photo.xmp else [], edit)
            done = _finished(photo, _written(photo, edited, target, edit), target, edit, certify)
        return _with_damage(done, photo.damage) if photo.damage else done
    except Exception as error:  # encoders raise anything; the user gets one clear error and keeps the photo
        if isinstance(error, InpaintError) and not isinstance(error, JpegError):
            raise
        raise SaveError(
            f"{photo.name} could not be written as {target} ({error or type(error).__name__}); choose PNG instead."
        ) from error


def _with_damage(done: Encoded, damage: str) -> Encoded:
    """The written file is whole: its report says what of the photo was missing."""
    told = done.report.inventory + Inventory(notes=(damage,))
    return replace(done, report=replace(done.report, inventory=told))


def planned(photo: Photo, format: str | None, options: SaveOptions) -> str:
    """The format that a photo will be written in; raises SaveError, before any work, where that cannot be."""
    target = chosen_format(photo.format, format, options.exact)
    if target == photo.format and photo.frames > 1:
        formats.check_several(photo)
    if target == "WEBP" and options.exact and photo.bit_depth > 8:
        raise SaveError(
            f"WebP holds 8 bits, {photo.name} has {photo.bit_depth}: save it exactly as PNG or TIFF."
        )
    return target


def chosen_format(own: str, format: str | None, exact: bool = False, size: tuple[int, int] = (0, 0)) -> str:
    """Pillow's word of the format to write, for a photo of the format `own` and of that size (width, height).

    exact: one that can hold every known pixel as it is. Raises SaveError for a format that is not written, or that does
    not hold the photo.
    """
    if format is None:
        keeps = (own in EXACT or own in formats.LOSSLESS) if exact else own in SUFFIX
        word = own if keeps else "PNG"
    else:
        word = format.strip().lstrip(".").upper()
        word = _WORDS.get(word, word)
    if word not in SUFFIX:
        raise SaveError(
            f"The format {format!r} cannot be written; choose one of {', '.join(sorted(SUFFIX))}."
        )
    if exact and word not in EXACT and not (word == own and own in formats.LOSSLESS):
        raise SaveError(
            f"{word} cannot keep every known pixel as it is: save exactly as png, tiff or webp, or give up --exact."
        )
    most = SIDES.get(word, 2**31)
    if max(size) > most:
        raise SaveError(
            f"A {word} holds at most {most} pixels a side, the photo has {size[0]}×{size[1]}; choose PNG or TIFF "
            "instead."
        )
    return word


def _check(photo: Photo, edited: Image, hole: Mask) -> None:
    if edited.shape != photo.rgb.shape or edited.dtype != np.uint8:
        raise SaveError(
            f"The edited picture is {edited.shape} {edited.dtype}; the photo is {photo.rgb.shape} uint8."
        )
    if hole.shape != photo.rgb.shape[:2] or hole.dtype != np.bool_:
        raise MaskError(f"The mask is {hole.shape} {hole.dtype}; the photo needs {photo.rgb.shape[:2]} bool.")


def _native(photo: Photo, edited: Image, hole: Mask) -> Native:
    """The photo's own samples with the hole filled, its opacity continued into it."""
    opacity = None if photo.alpha is None else continued(photo.alpha, hole)
    turned = [None if part is None else stored(part, photo.orientation) for part in (edited, hole, opacity)]
    return filled(stored_samples(photo), *turned, true_colours=photo.format in _EITHER)  # type: ignore[arg-type]


def _jpeg(photo: Photo, edited: Image, hole: Mask, certify: bool, word: str = "") -> Encoded:
    """Block by block where the file allows it, else the whole picture at the file's own tables."""
    edit = Edit(edited, hole, photo.orientation, photo.orientation, mark=word)
    try:
        planes = _coded_planes(photo, edited, hole) if photo.mode == "CMYK" else edited
        done = jpeg.edit(photo.source, planes, hole, photo.orientation, edit, certify=certify)
    except JpegError as reason:
        edit = Edit(edited, hole, photo.orientation, photo.orientation, mark=word)  # the account begins anew
        written = encoders.jpeg_again(photo, _native(photo, edited, hole), edit, str(reason))
        return _finished(photo, written, "JPEG", edit, certify)
    return _finished(photo, Written(done.data, "jpeg-blocks"), "JPEG", edit, certify, done)


def _coded_planes(photo: Photo, edited: Image, hole: Mask) -> NDArray[np.uint8]:
    """The four planes (H, W, 4) upright as a CMYK JPEG holds them: inks inverted, as Adobe and Pillow do."""
    from inpaint_app.photofile.jpeg.file import parse

    inks = upright(_native(photo, edited, hole).samples, photo.orientation)
    planes = np.ascontiguousarray(255 - inks)
    if parse(photo.source).colour() == "YCCK":
        planes[..., :3] = inks[..., :3]
    return planes


def _written(photo: Photo, edited: Image, target: str, edit: Edit) -> Written:
    if not edit.hole.any() and target == photo.format:
        return Written(photo.source, "lossless" if target in formats.LOSSLESS else "lossy")
    if edit.mark and target in ("WEBP", "HEIF", "AVIF", "TIFF", "GIF"):
        photo = replace(photo, xmp=mark.packet(photo.xmp, edit.mark))
    elif edit.mark and target not in ("JPEG", "PNG"):
        edit.note(f"a {target} holds no XMP: it does not say that it was edited")
    if target == photo.format:
        return formats.own(photo, _native(photo, edited, edit.hole), edit)
    return formats.other(photo, _native(photo, edited, edit.hole), target, edit)


def _finished(
    photo: Photo, written: Written, target: str, edit: Edit, certify: bool, blocks: jpeg.Edited | None = None
) -> Encoded:
    """The file with its report. blocks: what is known of a JPEG whose blocks were edited, which counted for itself."""
    data, changed, largest = written.data, None, None
    if edit.mark and edit.hole.any() and target in ("JPEG", "PNG"):
        data = (mark.jpeg if target == "JPEG" else mark.of_png)(data, edit.mark)
    if blocks is not None:
        changed, largest = blocks.pixels_changed_outside, blocks.largest_change
    elif certify:
        changed, largest = _changed_outside(photo, data, target, edit.hole)
    if edit.exact and changed:
        raise SaveError(
            f"{photo.name} cannot be written exactly as {target}; choose PNG, or give up --exact."
        )
    elsewhere = places(data, target, edit) if certify else None
    report = Report(
        method=written.method,
        format=target,
        inventory=edit.inventory,
        changed_pixels_outside=changed,
        changed_blocks_outside=blocks.units_changed_outside if blocks else None,
        blocks_encoded=blocks.units_encoded if blocks else None,
        blocks_total=blocks.units_total if blocks else None,
        size=len(data),
        source_size=len(photo.source),
        certified=certify,
        shown_elsewhere=elsewhere,
        largest_change=largest,
    )
    return Encoded(data, report, SUFFIX[target])


def _changed_outside(photo: Photo, data: bytes, target: str, hole: Mask) -> tuple[int, int]:
    """Pixels outside the hole that the written file does not hold as the photo does, and by how much at most, of 255.

    Compared sample by sample at the file's depth; where the two files hold different kinds of samples (a palette
    that became RGB, a PNG of a JPEG), by the colours and the opacity that are seen.
    """
    wide = Limits(float("inf"), float("inf"))
    kept = photo.frames > 1 and chosen_format(photo.format, None) == target
    opened = open_header(data, photo.name, wide, photo.frame if kept else None)
    written, before = read_native(opened), stored_samples(photo)
    after = upright(written.samples, opened.orientation)
    first = upright(before.samples, photo.orientation)
    known = ~hole
    same_kind = before.mode == written.mode != "P" and first.dtype == after.dtype
    if not same_kind:
        after = upright(seen(written, opaque=True).samples, opened.orientation)
        first = upright(seen(before, opaque=True).samples, photo.orientation)
    if first.shape != after.shape:
        return int(np.count_nonzero(known)), 255
    apart = first != after
    if apart.ndim == 3:
        apart = apart.any(axis=-1)
    apart &= known
    count = int(np.count_nonzero(apart))
    if not count:
        return 0, 0
    span = {"b": 1.0, "u": float(np.iinfo(first.dtype).max) if first.dtype.kind == "u" else 1.0}.get(
        first.dtype.kind
    )
    span = span or float(np.ptp(first[np.isfinite(first)])) or 1.0
    most = np.abs(first[apart].astype(np.float64) - after[apart].astype(np.float64)).max()
    return count, max(1, min(255, round(float(most) * 255 / span)))
