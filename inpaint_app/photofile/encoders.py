"""Writers of formats that code the whole picture anew, and what every writer of another's format needs."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import JpegImagePlugin

from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.jpeg.bytes import leading, segment
from inpaint_app.photofile.jpeg.file import JpegError, parse
from inpaint_app.photofile.jpeg.metadata import kept
from inpaint_app.photofile.metadata.writing import carried
from inpaint_app.photofile.photo import Method, Photo
from inpaint_app.photofile.samples.native import Native, shown
from inpaint_app.photofile.samples.native import alpha as opacity_of
from inpaint_app.types import Image

GREY_MODES = frozenset({"L", "LA"})
_NO_OPACITY = "this format has no transparency; what was transparent is shown on white"
_LOSSY_NOTE = (
    "this format codes the whole picture anew; save as PNG to keep every pixel outside the hole exactly"
)


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """A file's bytes and how they came about."""

    data: bytes
    method: Method


def saved(image: PillowImage.Image, target: str, options: dict[str, Any]) -> bytes:
    """Pillow's file of an image."""
    buffer = io.BytesIO()
    image.save(buffer, target, **options)
    return buffer.getvalue()


def rgb_image(native: Native, edit: Edit, *, alpha: bool) -> PillowImage.Image:
    """What is seen, as 8-bit RGB or RGBA."""
    rgb, opacity = shown(native), opacity_of(native)
    if native.samples.dtype != np.uint8 and native.mode not in ("1",):
        edit.note("this format holds 8 bits per sample; the deeper ones were left out")
    if opacity is not None and alpha:
        return PillowImage.fromarray(np.dstack([rgb, opacity]))
    if opacity is not None and (opacity < 255).any():
        edit.note(_NO_OPACITY)
        rgb = _on_white(rgb, opacity)
    return PillowImage.fromarray(rgb)


def _on_white(rgb: Image, opacity: NDArray[np.uint8]) -> Image:
    """The picture as it is seen on white paper: colours hidden under opacity 0 must not come to light."""
    whole = rgb.copy()
    some = opacity < 255
    share = opacity[some, None].astype(np.uint16)
    whole[some] = (rgb[some] * share + np.uint16(255) * (255 - share) + 127) // 255
    return whole


def jpeg(photo: Photo, native: Native, edit: Edit) -> Written:
    """A JPEG of another format's photo; grey stays grey."""
    image, options = rgb_image(native, edit, alpha=False), carried(photo)
    options |= {"dpi": photo.dpi} if photo.dpi else {}
    if native.mode in GREY_MODES:
        image = image.convert("L")
    edit.note(_LOSSY_NOTE)
    return Written(saved(image, "JPEG", options | {"quality": 95, "subsampling": 0}), "lossy")


def jpeg_again(photo: Photo, native: Native, edit: Edit, reason: str) -> Written:
    """The whole JPEG coded anew at its own quantisation tables and sampling, with its metadata."""
    source = PillowImage.open(io.BytesIO(photo.source), formats=["JPEG", "MPO"])
    options: dict[str, Any] = {"qtables": getattr(source, "quantization", None)}
    sampling = JpegImagePlugin.get_sampling(source)
    options["subsampling"] = sampling if sampling >= 0 else 0
    options["progressive"] = bool(source.info.get("progressive"))
    if native.mode in ("RGB", "L", "CMYK"):
        image = PillowImage.fromarray(np.ascontiguousarray(native.samples), native.mode)
    else:
        image = PillowImage.fromarray(shown(native))
    data = saved(image, "JPEG", options)
    edit.note(f"the whole picture was coded anew at the same tables, because {reason}")
    return Written(_with_segments_of(photo, data, edit), "jpeg-reencoded")


def _with_segments_of(photo: Photo, data: bytes, edit: Edit) -> bytes:
    """The new file with the photo's APPn and COM segments in front of its own."""
    held, old = [], photo.source
    for marker, begin, end in leading(old):
        if (0xE0 <= marker <= 0xEF or marker == 0xFE) and marker != 0xEE and end <= len(old):
            held.append((marker, old[begin + 4 : end]))
    done = zip(held, kept(held, edit), strict=True)
    carried = [segment(marker, content) for (marker, _), parts in done for content in parts]
    try:
        file = parse(data)
    except JpegError:
        return data
    first = file.segments[0]
    start = first.end if first.marker == 0xE0 and any(part[1] == 0xE0 for part in carried) else 2
    return b"\xff\xd8" + b"".join(carried) + data[start:]


def lossy(photo: Photo, native: Native, target: str, edit: Edit) -> Written:
    """WebP, AVIF or HEIC, with all that those can carry."""
    if target == "HEIF":
        return _heif(photo, native, edit)
    image, options = rgb_image(native, edit, alpha=True), carried(photo)
    edit.note(_LOSSY_NOTE)
    if target == "AVIF":
        options |= {"quality": 93, "subsampling": "4:4:4", "speed": 8}
    else:
        options |= {"quality": 95, "method": 4, "exact": True}
    return Written(saved(image, target, options), "lossy")


def lossless_webp(photo: Photo, native: Native, edit: Edit) -> Written:
    """WebP that holds every sample as it is, hidden colours too."""
    options = carried(photo)
    effort = {"quality": 80, "method": 4} if native.samples.size < 9e6 else {"quality": 30, "method": 1}
    options |= {"lossless": True, "exact": True} | effort
    return Written(saved(rgb_image(native, edit, alpha=True), "WEBP", options), "lossless")


def _heif(photo: Photo, native: Native, edit: Edit) -> Written:
    """HEIC with the photo's depth (8 or 10 bits) and its colour as it was given: by numbers, or by a profile."""
    import pillow_heif

    options = carried(photo)
    edit.note(_LOSSY_NOTE)
    if photo.numbers is not None:
        options.pop("icc_profile", None)  # it was made of the numbers
        options |= {
            "color_primaries": photo.numbers.primaries,
            "transfer_characteristics": photo.numbers.transfer,
            "matrix_coefficients": photo.numbers.matrix if photo.numbers.matrix in (1, 5, 6, 9) else 6,
            "full_range_flag": 1,
        }
    # x265's usual preset takes seven times as long (28 s for 12 megapixels) for a file a sixth smaller.
    options |= {
        "quality": 90,
        "chroma": "444" if photo.format != "HEIF" else "420",
        "enc_params": {"preset": "ultrafast"},
    }
    if native.samples.dtype == np.uint16 and native.mode in ("RGB", "RGBA") and not native.depth:
        if photo.bit_depth > 10:
            edit.note("it is written with 10 bits per sample")
        mode, size = f"{native.mode};16", native.samples.shape[1::-1]
        file = pillow_heif.from_bytes(mode, size, np.ascontiguousarray(native.samples).tobytes())
    else:
        file = pillow_heif.from_pillow(rgb_image(native, edit, alpha=True))
    buffer = io.BytesIO()
    file.save(buffer, **options)
    return Written(buffer.getvalue(), "lossy")
