"""Photo and edited pixels → a finished file in the photo's own format, with a report counted on that file."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from inpaint_app.errors import MaskError, SaveError
from inpaint_app.imaging import png
from inpaint_app.imaging.native import Native, filled
from inpaint_app.imaging.orientation import stored
from inpaint_app.imaging.photo import Encoded, Limits, Method, Photo, Report
from inpaint_app.imaging.read import open_header, read_again, read_native
from inpaint_app.types import Image, Mask

SUFFIX = {
    "JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "TIFF": ".tif", "HEIF": ".heic", "AVIF": ".avif",
    "BMP": ".bmp", "GIF": ".gif", "PPM": ".ppm",
}  # fmt: skip
_LOSSLESS = {"PNG", "TIFF", "BMP", "GIF", "PPM"}


def encode(
    photo: Photo, edited: Image, hole: Mask, *, format: str | None = None, certify: bool = True
) -> Encoded:
    """The edited photo as a file.

    edited: (H, W, 3) uint8 upright RGB, equal to photo.rgb outside `hole` (H, W). format: Pillow's word or a file
    name ending; by default the photo's own, PNG where that cannot be written. certify: decode what was written and
    count what changed outside the hole; without it the report's counts are None.
    Raises SaveError (the format cannot hold it), MaskError (shapes that do not fit).
    """
    _check(photo, edited, hole)
    target = chosen_format(photo, format)
    native = filled(read_again(photo), stored(edited, photo.orientation), stored(hole, photo.orientation))
    data, method, note = _written(photo, native, target)
    changed = _changed_outside(photo, data, hole) if certify else None
    report = Report(
        method, target, note, changed, None, None, None, len(data), len(photo.source), changed is not None
    )
    return Encoded(data, report, SUFFIX[target])


def chosen_format(photo: Photo, format: str | None) -> str:
    """Pillow's word of the format to write; raises SaveError for one that is not written here."""
    if format is None:
        return photo.format if photo.format in SUFFIX else "PNG"
    word = format.strip().lstrip(".").upper()
    word = {"JPG": "JPEG", "TIF": "TIFF", "HEIC": "HEIF", "DIB": "BMP", "JPE": "JPEG", "PNM": "PPM"}.get(
        word, word
    )
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


def _written(photo: Photo, native: Native, target: str) -> tuple[bytes, Method, str]:
    if target == "PNG" and photo.format == "PNG":
        return _png_as_it_was(photo, native), "lossless", ""
    image = _pillow_image(native)
    buffer = io.BytesIO()
    options: dict[str, Any] = {}
    if photo.exif:
        options["exif"] = photo.exif
    if photo.icc:
        options["icc_profile"] = photo.icc
    if photo.dpi:
        options["dpi"] = photo.dpi
    lossless = target in _LOSSLESS
    if target == "JPEG":
        options |= {"quality": 95, "subsampling": 0}
        if photo.format == "JPEG":
            source = PillowImage.open(io.BytesIO(photo.source))
            options |= {"qtables": getattr(source, "quantization", None)}
            options.pop("quality")
    if target in ("WEBP", "HEIF", "AVIF"):
        options |= {"quality": 95}
    if target == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False)
    image.save(buffer, target, **options)
    method: Method = "lossless" if lossless else "jpeg-reencoded" if target == "JPEG" else "lossy"
    return buffer.getvalue(), method, ""


def _png_as_it_was(photo: Photo, native: Native) -> bytes:
    head = png.header(photo.source)
    samples: NDArray[Any] = native.samples
    if native.mode == "1":
        samples = samples.astype(np.uint8)
    elif native.mode == "L" and head.depth < 8:
        samples = samples // np.uint8(255 // (2**head.depth - 1))
    carried = list(png.chunks(photo.source))
    if native.palette is not None:
        carried = [pair for pair in carried if pair[0] not in (b"PLTE", b"tRNS")]
        carried.append((b"PLTE", native.palette[:, :3].tobytes()))
        if (native.palette[:, 3] < 255).any():
            carried.append((b"tRNS", native.palette[:, 3].tobytes()))
        if len(native.palette) > 2**head.depth:
            head = replace(head, depth=8)
    return png.encode(samples, head, carried)


def _pillow_image(native: Native) -> PillowImage.Image:
    samples = native.samples
    if native.mode == "P":
        assert native.palette is not None
        image = PillowImage.fromarray(np.ascontiguousarray(samples), "P")
        image.putpalette(native.palette[:, :3].tobytes(), "RGB")
        clear = np.flatnonzero(native.palette[:, 3] < 255)
        if clear.size:
            image.info["transparency"] = int(clear[0])
        return image
    if samples.dtype == np.uint16 and native.mode != "L":
        samples = (samples >> 8).astype(np.uint8)
    return PillowImage.fromarray(np.ascontiguousarray(samples))


def _changed_outside(photo: Photo, data: bytes, hole: Mask) -> int:
    """Pixels outside the hole whose stored samples differ between the photo and the written file."""
    wide = Limits(float("inf"), float("inf"))
    before = read_again(photo).samples
    after = read_native(open_header(data, photo.name, wide)).samples
    known = ~stored(hole, photo.orientation)
    if before.shape != after.shape or before.dtype != after.dtype:
        return int(np.count_nonzero(known))
    if before.ndim == 2:
        return int(np.count_nonzero((before != after) & known))
    return int(cv2.countNonZero((np.any(before != after, axis=-1) & known).view(np.uint8)))
