"""What a file says about its photo besides pixels: EXIF, profile, XMP, resolution, text, further frames.

Broken metadata is no reason to refuse a photo: what cannot be read is left out here and stays in the file's bytes.
"""

from __future__ import annotations

import struct
from typing import Any

from PIL import Image as PillowImage

from inpaint_app.photofile.containers import gif_packet, png
from inpaint_app.photofile.decoding import screening
from inpaint_app.photofile.decoding.decode import Opened
from inpaint_app.photofile.samples import cicp, colour
from inpaint_app.photofile.samples.cicp import Numbers
from inpaint_app.photofile.samples.native import Native

_PROFILE = 34675


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
        return 8 if opened.frames > 1 else png.header(opened.data).depth
    if native.depth:
        return native.depth
    deep = opened.image.info.get("bit_depth")
    if opened.format == "AVIF":
        return avif_bits(opened.data)
    return int(deep) if isinstance(deep, int) and deep > 8 else native.samples.dtype.itemsize * 8


def avif_bits(data: bytes) -> int:
    """Bits per sample of an AVIF, by the first coding header in it (AV1 in ISOBMFF 1.3, 2.3); 8 where it has none."""
    place = data.find(b"av1C", 0, 1 << 16)
    if place < 0 or place + 7 > len(data):
        return 8
    deep, twelve = data[place + 6] & 0x40, data[place + 6] & 0x20
    return 12 if deep and twelve else 10 if deep else 8


def exif(image: PillowImage.Image) -> bytes | None:
    """The EXIF block as bytes."""
    raw = image.info.get("exif")
    if isinstance(raw, bytes) and raw:
        return raw
    try:
        block = image.getexif()
        if _PROFILE in block:  # of a TIFF, whose EXIF is its tags: `icc` has it
            del block[_PROFILE]
        return block.tobytes() or None if len(block) else None
    except Exception:  # noqa: BLE001 - broken EXIF: the bytes stay in `source`
        return None


def xmp(opened: Opened) -> bytes | None:
    """The XMP packet as bytes."""
    if opened.format == "GIF":
        return gif_packet.packet(opened.data)
    info = opened.image.info
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
        which = "the first" if opened.frame == 0 else f"number {opened.frame + 1}"
        notes.append(f"The file holds {many} pictures; this is {which}.")
    if opened.format == "AVIF" and (deep := avif_bits(opened.data)) > 8:
        notes.append(f"Its {deep} bits per sample are read as 8.")
    return " ".join(notes)


def numbers(image: PillowImage.Image, format: str, data: bytes) -> Numbers | None:
    """The colour that a file gives by numbers: nclx in HEIC and AVIF, cICP in PNG; None where it gives none."""
    if format == "PNG":
        found = next((content for name, content in png.chunks(data) if name == b"cICP"), b"")
        return Numbers(*found[:4]) if len(found) >= 4 else None
    if format == "HEIF":
        nclx = image.info.get("nclx_profile")
        if isinstance(nclx, dict):
            names = ("color_primaries", "transfer_characteristics", "matrix_coefficients", "full_range_flag")
            return Numbers(*(int(nclx[name]) for name in names))
    if format == "AVIF" and (place := data.find(b"colrnclx", 0, 1 << 16)) >= 0 and place + 15 <= len(data):
        first, second, third, last = struct.unpack_from(">HHHB", data, place + 8)
        return Numbers(first, second, third, last >> 7)
    return None


def profile(image: PillowImage.Image, format: str, data: bytes, given: Numbers | None) -> bytes | None:
    """The file's profile, or one that says what the file says by numbers."""
    icc: bytes | None = image.info.get("icc_profile") or None
    if given is not None and (icc is None or format == "PNG"):  # cICP comes before iCCP
        return cicp.profile(given) or icc
    if icc is None and format == "PNG":
        chunks = dict(pair for pair in png.chunks(data) if pair[0] in (b"gAMA", b"cHRM", b"sRGB"))
        if len(chunks.get(b"gAMA", b"")) == 4 and b"sRGB" not in chunks:
            places = None
            if len(chunks.get(b"cHRM", b"")) == 32:
                places = tuple(value / 1e5 for value in struct.unpack(">8I", chunks[b"cHRM"]))
            made = cicp.of_gamma(struct.unpack(">I", chunks[b"gAMA"])[0] / 1e5, places)
            grey = image.mode in ("1", "L", "LA", "I", "I;16")
            return colour.fitting(made, "GRAY") if made is not None and grey else made
    return icc
