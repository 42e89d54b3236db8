"""Which colours a file's numbers mean: profiles that fit the pixels they are written with, and conversions to sRGB."""

from __future__ import annotations

import io
import struct
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageCms

from inpaint_app.photofile.samples import cicp
from inpaint_app.types import Image

_SPACES = {
    "1": "GRAY", "L": "GRAY", "LA": "GRAY", "I": "GRAY", "F": "GRAY", "CMYK": "CMYK", "LAB": "Lab",
}  # fmt: skip


def space(mode: str) -> str:
    """The ICC's word for the colours of pixels of a mode: GRAY, RGB, CMYK or Lab."""
    return _SPACES.get(mode, "RGB")


def kind(icc: bytes | None) -> str:
    """The colour space that a profile is for: GRAY, RGB, CMYK, Lab or another; "" where it is no profile."""
    if icc is None or len(icc) < 132 or icc[36:40] != b"acsp":
        return ""
    return icc[16:20].decode("latin-1").strip()


def fitting(icc: bytes | None, wanted: str) -> bytes | None:
    """The profile for pixels of a space, where it says the same about them; None where it says nothing of them.

    Grey pixels written as RGB get their tone curve on all three channels; grey pixels under an RGB profile its curve.
    """
    own = kind(icc)
    if icc is None or own in ("", wanted):  # what cannot be read is not judged
        return icc
    try:
        if (own, wanted) == ("GRAY", "RGB"):
            return cicp.matrix_profile("Grey as RGB", cicp.SRGB, _tag(icc, b"kTRC"), {})
        if (own, wanted) == ("RGB", "GRAY"):
            white = {
                b"desc": cicp.text("Grey of RGB"),
                b"cprt": cicp.text("CC0"),
                b"wtpt": _tag(icc, b"wtpt"),
            }
            return cicp.assembled(b"GRAY", white | {b"kTRC": _tag(icc, b"gTRC")})
    except (KeyError, struct.error):
        return None
    return None


def of_shown(icc: bytes | None, mode: str) -> bytes | None:
    """The profile of the RGB that a photo of that mode is shown as; None says sRGB."""
    if space(mode) in ("CMYK", "Lab"):
        return None
    return icc if kind(icc) == "RGB" else fitting(icc, "RGB")


def _tag(icc: bytes, name: bytes) -> bytes:
    (count,) = struct.unpack_from(">I", icc, 128)
    for index in range(min(count, 100)):
        tag, start, size = struct.unpack_from(">4sII", icc, 132 + 12 * index)
        if tag == name and start + size <= len(icc):
            return icc[start : start + size]
    raise KeyError(name)


def to_srgb(rgb: Image, icc: bytes | None) -> Image:
    """RGB pixels (H, W, 3) of a profile as sRGB; as they are where it is none that can be applied."""
    transform = _transform(icc, "RGB", "RGB", False) if kind(icc) == "RGB" else None
    return rgb if transform is None else _applied(rgb, "RGB", transform)


def cmyk_to_srgb(inks: NDArray[np.uint8], icc: bytes | None) -> Image | None:
    """CMYK (H, W, 4) through its profile; None where there is none that can be applied."""
    transform = _transform(icc, "CMYK", "RGB", False) if kind(icc) == "CMYK" else None
    return None if transform is None else _applied(inks, "CMYK", transform)


def srgb_to_cmyk(rgb: Image, icc: bytes | None) -> NDArray[np.uint8] | None:
    """The way back, (H, W, 3) → (H, W, 4); None where there is none."""
    transform = _transform(icc, "RGB", "CMYK", True) if kind(icc) == "CMYK" else None
    return None if transform is None else _applied(rgb, "RGB", transform)


def _applied(pixels: NDArray[np.uint8], mode: str, transform: Any) -> NDArray[np.uint8]:
    image = PillowImage.fromarray(np.ascontiguousarray(pixels), mode)
    return np.asarray(ImageCms.applyTransform(image, transform))


@lru_cache(maxsize=8)
def _transform(icc: bytes | None, source: str, target: str, back: bool) -> Any:
    """Between a profile and sRGB, relative to white, with black matched; None where LittleCMS refuses."""
    try:
        pair = ImageCms.ImageCmsProfile(io.BytesIO(icc or b"")), ImageCms.createProfile("sRGB")
        flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        first, second = pair[::-1] if back else pair
        return ImageCms.buildTransform(first, second, source, target, intent, flags)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
