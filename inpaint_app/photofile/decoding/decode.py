"""Opened file → its stored samples, each format by the decoder that keeps most of them."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from inpaint_app.photofile.containers import png, tiff, tiff_directories
from inpaint_app.photofile.decoding import broken_off
from inpaint_app.photofile.frames import choose
from inpaint_app.photofile.samples.native import Native
from inpaint_app.photofile.samples.orientation import stored

M_PERTURB = -6
"""glibc's number for what `mallopt` fills memory with."""


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A file whose header was read: Pillow's lazy image, and what the pixels will need.

    frame, frames: which of how many pictures, from 0. source: the file; data: a TIFF's with the wanted page first.
    """

    image: PillowImage.Image
    format: str
    data: bytes
    orientation: int
    source: bytes
    frame: int
    frames: int


def read_native(opened: Opened) -> Native:
    """Decode the stored samples."""
    if opened.frames > 1 and opened.format in choose.ANIMATED:
        return choose.native(opened.image, opened.frame)
    if opened.format == "PNG":
        return _png(opened)
    if (
        opened.format == "JPEG"
        and opened.image.mode in ("RGB", "L")
        and not broken_off.breaks_off(opened.data)
    ):
        native = _jpeg(opened)
        if native is not None:
            return native
    if opened.format == "TIFF":
        return _tiff(opened)
    if opened.format == "HEIF" and opened.image.info.get("bit_depth", 8) > 8:
        return _deep_heif(opened)
    return _pillow(opened)


def _deep_heif(opened: Opened) -> Native:
    """Ten or twelve bits as sixteen, the upper ones again below: white stays white."""
    import pillow_heif

    file = pillow_heif.open_heif(opened.data, convert_hdr_to_8bit=False, hdr_to_16bit=False)
    image = file[opened.frame]
    mode, bits = image.mode.partition(";")[0], int(opened.image.info["bit_depth"])
    samples = np.asarray(image)
    if samples.dtype != np.uint16 or mode not in ("RGB", "RGBA", "L", "LA"):
        return _pillow(opened)
    return Native((samples << (16 - bits)) | (samples >> (2 * bits - 16)), mode)


@contextmanager
def _filled_memory() -> Iterator[None]:
    """What is allocated within holds a fixed byte: libtiff shows what lay in memory where a fax code is damaged.

    That was another file's picture, of another visitor's even. By glibc; elsewhere nothing is done.
    """
    fill = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if fill is not None:
        fill(M_PERTURB, 255)
    try:
        yield
    finally:
        if fill is not None:
            fill(M_PERTURB, 0)


def _tiff(opened: Opened) -> Native:
    with _filled_memory():
        native = _pillow(opened)  # first: Pillow tells most damaged files
    page = tiff_directories.directory(opened.data, next(tiff_directories.places(opened.data, 1), 0))
    tiff.check_strips(opened.data)
    bits = page.number(258, 8)
    premultiplied = native.mode == "RGBA" and page.number(338) == 1
    if native.mode in ("RGB", "RGBA", "CMYK") and (bits == 16 or premultiplied):
        # Pillow keeps the upper byte of sixteen bits, and takes the opacity out of premultiplied colours.
        raw = tiff.raw_samples(opened.data, native.samples.size)
        if raw is not None and raw.shape == native.samples.shape:
            return replace(native, samples=raw, premultiplied=premultiplied)
    if native.samples.dtype == np.uint16 and 8 < bits < 16:
        return replace(native, depth=bits)
    return native


def _jpeg(opened: Opened) -> Native | None:
    """OpenCV decodes straight into one array (the same libjpeg-turbo, a third of Pillow's memory).

    Not for files that break off: it fills them up, and would hide it.
    """
    grey = opened.image.mode == "L"
    flags = cv2.IMREAD_IGNORE_ORIENTATION | (cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR_RGB)
    pixels = cv2.imdecode(np.frombuffer(opened.data, np.uint8), flags)
    if pixels is None or pixels.shape[1::-1] != opened.image.size:
        return None
    return Native(pixels, opened.image.mode)


def _png(opened: Opened) -> Native:
    for _ in png.chunks(opened.data):
        pass  # every critical chunk's checksum
    head = png.header(opened.data)
    if head.depth == 16:
        opened.image.load()  # Pillow tells a damaged file where OpenCV gives grey
        mode = {0: "L", 2: "RGB", 4: "LA", 6: "RGBA"}[head.color]
        return Native(png.deep_samples(opened.data, head), mode, key=_key(opened.image))
    return _pillow(opened)


def _pillow(opened: Opened) -> Native:
    image = opened.image
    image.load()
    mode = image.mode
    if mode.startswith("I;16"):
        mode = "L"
    samples = np.asarray(image)
    if opened.format == "TIFF":
        samples = stored(samples, opened.orientation)  # Pillow has turned it upright already
    palette = _palette(image) if mode in ("P", "PA") else None
    if mode == "PA":
        image = image.convert("RGBA")
        samples, mode, palette = np.asarray(image), "RGBA", None
    if mode not in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "LAB", "YCbCr", "I", "F"):
        target = "RGBA" if "A" in mode or "a" in mode else "RGB"
        samples, mode = np.asarray(image.convert(target)), target
    if samples.dtype.byteorder == ">":
        samples = samples.astype(samples.dtype.newbyteorder("="))
    profile = image.info.get("icc_profile") or None if mode == "CMYK" else None
    return Native(samples, mode, palette, _key(image), profile=profile)


def _palette(image: PillowImage.Image) -> NDArray[np.uint8]:
    flat = image.getpalette("RGB") or []
    entries = np.full((max(1, len(flat) // 3), 4), 255, np.uint8)
    entries[: len(flat) // 3, :3] = np.array(flat, np.uint8).reshape(-1, 3)
    clear = image.info.get("transparency")
    if isinstance(clear, bytes):
        count = min(len(clear), len(entries))
        entries[:count, 3] = np.frombuffer(clear, np.uint8)[:count]
    elif isinstance(clear, int) and clear < len(entries):
        entries[clear, 3] = 0
    return entries


def _key(image: PillowImage.Image) -> tuple[int, ...] | None:
    clear = image.info.get("transparency")
    if image.mode in ("1", "L", "I;16") and isinstance(clear, int):
        return (clear,)
    if image.mode == "RGB" and isinstance(clear, tuple):
        return tuple(int(c) for c in clear)
    return None
