"""Photo and edited pixels → a finished file in the photo's own format, with a report counted on that file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from inpaint_app.errors import InpaintError, MaskError, SaveError
from inpaint_app.photofile import formats, xmp
from inpaint_app.photofile.decode import read_native
from inpaint_app.photofile.elsewhere import places
from inpaint_app.photofile.encoders import Written
from inpaint_app.photofile.formats import SUFFIX
from inpaint_app.photofile.inventory import Edit, Inventory
from inpaint_app.photofile.jpeg.file import JpegError
from inpaint_app.photofile.native import Native, filled
from inpaint_app.photofile.opacity import continued
from inpaint_app.photofile.orientation import stored, upright
from inpaint_app.photofile.photo import Encoded, Limits, Photo, Report
from inpaint_app.photofile.read import open_header, stored_samples
from inpaint_app.types import Image, Mask

_WORDS = {
    "JPG": "JPEG", "JPE": "JPEG", "JFIF": "JPEG", "MPO": "JPEG", "TIF": "TIFF", "HEIC": "HEIF", "HIF": "HEIF",
    "DIB": "BMP", "PNM": "PPM", "PGM": "PPM", "PBM": "PPM", "APNG": "PNG",
}  # fmt: skip
# Formats that can hold true colours as well as a palette.
_EITHER = frozenset({"PNG", "TIFF", "BMP"})


def encode(
    photo: Photo, edited: Image, hole: Mask, *, format: str | None = None, certify: bool = True
) -> Encoded:
    """The edited photo as a file.

    edited: (H, W, 3) uint8 upright RGB, equal to photo.rgb outside `hole` (H, W). format: Pillow's word or a file
    name ending; by default the photo's own, PNG where that cannot be written. certify: read what was written and
    count what changed outside the hole; without it the report's counts are None.
    Raises SaveError (the format cannot hold it), MaskError (shapes that do not fit).
    """
    _check(photo, edited, hole)
    target = chosen_format(photo.format, format)
    try:
        if target == "JPEG" and photo.format == "JPEG":
            done = _jpeg(photo, edited, hole, certify)
        else:
            edit = Edit(edited, hole, photo.orientation if target == photo.format else 1, photo.orientation)
            xmp.learn_names([photo.xmp] if photo.xmp else [], edit)
            done = _finished(photo, _written(photo, edited, target, edit), target, edit, certify)
        return _with_damage(done, photo.damage) if photo.damage else done
    except InpaintError:
        raise
    except Exception as error:  # encoders raise anything; the user gets one clear error and keeps the photo
        raise SaveError(
            f"{photo.name} could not be written as {target} ({error or type(error).__name__}); choose PNG instead."
        ) from error


def _with_damage(done: Encoded, damage: str) -> Encoded:
    """The written file is whole: its report says what of the photo was missing."""
    told = done.report.inventory + Inventory(notes=(damage,))
    return replace(done, report=replace(done.report, inventory=told))


def chosen_format(own: str, format: str | None) -> str:
    """Pillow's word of the format to write, for a photo of the format `own`; raises SaveError for one not written."""
    if format is None:
        return own if own in SUFFIX else "PNG"
    word = format.strip().lstrip(".").upper()
    word = _WORDS.get(word, word)
    if word not in SUFFIX:
        raise SaveError(
            f"The format {format!r} cannot be written; choose one of {', '.join(sorted(SUFFIX))}."
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


def _jpeg(photo: Photo, edited: Image, hole: Mask, certify: bool) -> Encoded:
    """Block by block where the file allows it, else the whole picture at the file's own tables."""
    from inpaint_app.photofile.jpeg import splice as jpeg
    from inpaint_app.photofile.jpeg.reencode import jpeg_again

    edit = Edit(edited, hole, photo.orientation, photo.orientation)
    try:
        planes = _coded_planes(photo, edited, hole) if photo.mode == "CMYK" else edited
        done = jpeg.edit(photo.source, planes, hole, photo.orientation, edit, certify=certify)
    except JpegError as reason:
        edit = Edit(edited, hole, photo.orientation, photo.orientation)  # the account begins anew
        written = jpeg_again(photo, _native(photo, edited, hole), edit, str(reason))
        return _finished(photo, written, "JPEG", edit, certify)
    elsewhere = places(done.data, "JPEG", edit) if certify else None
    report = Report(
        method="jpeg-blocks",
        format="JPEG",
        inventory=edit.inventory,
        changed_pixels_outside=done.pixels_changed_outside,
        changed_blocks_outside=done.units_changed_outside,
        blocks_encoded=done.units_encoded,
        blocks_total=done.units_total,
        size=len(done.data),
        source_size=len(photo.source),
        certified=certify,
        shown_elsewhere=elsewhere,
    )
    return Encoded(done.data, report, SUFFIX["JPEG"])


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
    if target == photo.format:
        return formats.own(photo, _native(photo, edited, edit.hole), edit)
    return formats.other(photo, _native(photo, edited, edit.hole), target, edit)


def _finished(photo: Photo, written: Written, target: str, edit: Edit, certify: bool) -> Encoded:
    changed = _changed_outside(photo, written.data, target, edit.hole) if certify else None
    elsewhere = places(written.data, target, edit) if certify else None
    report = Report(
        method=written.method,
        format=target,
        inventory=edit.inventory,
        changed_pixels_outside=changed,
        changed_blocks_outside=None,
        blocks_encoded=None,
        blocks_total=None,
        size=len(written.data),
        source_size=len(photo.source),
        certified=certify,
        shown_elsewhere=elsewhere,
    )
    return Encoded(written.data, report, SUFFIX[target])


def _changed_outside(photo: Photo, data: bytes, target: str, hole: Mask) -> int:
    """Pixels outside the hole that the written file does not hold as the photo does.

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
        after, first = (
            _seen(native, o) for native, o in ((written, opened.orientation), (before, photo.orientation))
        )
    if first.shape != after.shape:
        return int(np.count_nonzero(known))
    apart = first != after
    if apart.ndim == 3:
        apart = apart.any(axis=-1)
    return int(np.count_nonzero(apart & known))


def _seen(native: Native, orientation: int) -> NDArray[np.uint8]:
    """(H, W, 4) upright RGBA."""
    from inpaint_app.photofile.native import alpha, shown

    opacity = alpha(native)
    rgb = shown(native)
    if opacity is None:
        opacity = np.full(rgb.shape[:2], 255, np.uint8)
    return upright(np.dstack([rgb, opacity]), orientation)
