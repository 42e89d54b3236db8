"""What a file says about its photo besides pixels: EXIF, profile, XMP, resolution, text, further frames.

Broken metadata is no reason to refuse a photo: what cannot be read is left out here and stays in the file's bytes.
"""

from __future__ import annotations

from typing import Any

from PIL import Image as PillowImage

from inpaint_app.photofile import png, screening
from inpaint_app.photofile.decode import Opened
from inpaint_app.photofile.native import Native


def orientation(image: PillowImage.Image) -> int:
    """EXIF orientation 1..8 of the stored pixels; 1 where the file names none."""
    try:
        value = int(image.getexif().get(0x0112, 1))
    except Exception:  # noqa: BLE001 - a broken EXIF block is no reason to refuse the photo
        return 1
    return value if 1 <= value <= 8 else 1


def bit_depth(opened: Opened, native: Native) -> int:
    """Bits per sample in the file."""
    if native.mode == "1":
        return 1
    if opened.format == "PNG":
        return png.header(opened.data).depth
    if native.depth:
        return native.depth
    deep = opened.image.info.get("bit_depth")
    return int(deep) if isinstance(deep, int) and deep > 8 else native.samples.dtype.itemsize * 8


def exif(image: PillowImage.Image) -> bytes | None:
    """The EXIF block as bytes."""
    raw = image.info.get("exif")
    if isinstance(raw, bytes) and raw:
        return raw
    try:
        return image.getexif().tobytes() or None if len(image.getexif()) else None
    except Exception:  # noqa: BLE001 - broken EXIF: the bytes stay in `source`
        return None


def xmp(info: dict[Any, Any]) -> bytes | None:
    """The XMP packet as bytes."""
    raw = info.get("xmp") or info.get("XML:com.adobe.xmp")
    if isinstance(raw, str):
        return raw.encode()
    return raw if isinstance(raw, bytes) else None


def dpi(info: dict[Any, Any]) -> tuple[float, float] | None:
    """Resolution in dots per inch, across and down."""
    try:
        across, down = (float(value) for value in info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return (across, down) if 0 < across < 1e6 and 0 < down < 1e6 else None


def text(image: PillowImage.Image) -> dict[str, str]:
    """Textual chunks and comments."""
    found: dict[str, str] = {}
    for key, value in (getattr(image, "text", None) or {}).items():
        found[str(key)] = str(value)
    comment = image.info.get("comment")
    if isinstance(comment, bytes):
        found["comment"] = comment.decode("utf-8", "replace")
    return found


def note(opened: Opened) -> str:
    """In words, what showing the photo leaves out; "" where nothing."""
    notes = []
    try:
        # Pillow would read every page of a TIFF to count them, in time by their square.
        frames = screening.pictures(opened.data) or int(getattr(opened.image, "n_frames", 1))
    except Exception:  # noqa: BLE001 - a damaged second frame does not harm the first
        frames = 1
    if frames > 1:
        many = f"{frames} or more" if frames >= screening.PICTURES else frames
        notes.append(f"The file holds {many} pictures; this is the first.")
    deep = opened.image.info.get("bit_depth")
    if opened.format in ("HEIF", "AVIF") and isinstance(deep, int) and deep > 8:
        notes.append(f"Its {deep} bits per sample are shown and saved as 8.")
    return " ".join(notes)
