"""Makers of small files of every lossless kind: format, depth and mode, by libraries other than ours."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image as PillowImage

from inpaint_app.photofile.containers import png
from tests.photofile.photos import saved

Samples = NDArray[Any]
Random = np.random.Generator


def numbers(random: Random, shape: tuple[int, ...], top: int, dtype: type = np.uint8) -> Samples:
    return random.integers(0, top, shape, dtype=dtype)


def png_of(samples: Samples, depth: int, color: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG by the plainest way there is: no filter, one chunk."""
    if depth == 16:
        rows = samples.astype(">u2").reshape(len(samples), -1).view(np.uint8)
    elif depth == 8:
        rows = samples.reshape(len(samples), -1)
    else:
        bits = (samples[..., None] >> np.arange(depth - 1, -1, -1)) & 1
        rows = np.packbits(bits.astype(np.uint8).reshape(len(samples), -1), axis=1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    head = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], depth, color, 0, 0, 0)
    body = [
        png.chunk(b"IHDR", head),
        *(png.chunk(*c) for c in chunks),
        png.chunk(b"IDAT", zlib.compress(raw)),
    ]
    return png.SIGNATURE + b"".join([*body, png.chunk(b"IEND", b"")])


def palette(random: Random, count: int) -> tuple[bytes, bytes]:
    return b"PLTE", random.integers(0, 256, count * 3, dtype=np.uint8).tobytes()


Maker = Callable[[int, int, Random], bytes]
PNGS: dict[str, Maker] = {
    "grey1": lambda h, w, r: png_of(numbers(r, (h, w), 2), 1, 0),
    "grey2": lambda h, w, r: png_of(numbers(r, (h, w), 4), 2, 0),
    "grey4": lambda h, w, r: png_of(numbers(r, (h, w), 16), 4, 0),
    "grey8": lambda h, w, r: png_of(numbers(r, (h, w), 256), 8, 0),
    "grey16": lambda h, w, r: png_of(numbers(r, (h, w), 65536, np.uint16), 16, 0),
    "rgb8": lambda h, w, r: png_of(numbers(r, (h, w, 3), 256), 8, 2),
    "rgb16": lambda h, w, r: png_of(numbers(r, (h, w, 3), 65536, np.uint16), 16, 2),
    "greyalpha8": lambda h, w, r: png_of(numbers(r, (h, w, 2), 256), 8, 4),
    "greyalpha16": lambda h, w, r: png_of(numbers(r, (h, w, 2), 65536, np.uint16), 16, 4),
    "rgba8": lambda h, w, r: png_of(numbers(r, (h, w, 4), 256), 8, 6),
    "rgba16": lambda h, w, r: png_of(numbers(r, (h, w, 4), 65536, np.uint16), 16, 6),
    "palette1": lambda h, w, r: png_of(numbers(r, (h, w), 2), 1, 3, palette(r, 2)),
    "palette4": lambda h, w, r: png_of(numbers(r, (h, w), 16), 4, 3, palette(r, 16)),
    "palette8": lambda h, w, r: png_of(numbers(r, (h, w), 200), 8, 3, palette(r, 200)),
    "palette clear": lambda h, w, r: png_of(
        numbers(r, (h, w), 9), 8, 3, palette(r, 9), (b"tRNS", b"\0\x80\xff")
    ),
    "key rgb": lambda h, w, r: png_of(numbers(r, (h, w, 3), 3), 8, 2, (b"tRNS", b"\0\1\0\1\0\1")),
    "key grey": lambda h, w, r: png_of(numbers(r, (h, w), 3), 8, 0, (b"tRNS", b"\0\1")),
}


def tiff_of(samples: Samples, **options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, samples, **options)
    return buffer.getvalue()


TIFFS: dict[str, Maker] = {
    "grey8": lambda h, w, r: tiff_of(numbers(r, (h, w), 256), photometric="minisblack"),
    "grey16": lambda h, w, r: tiff_of(numbers(r, (h, w), 65536, np.uint16), photometric="minisblack"),
    "rgb8": lambda h, w, r: tiff_of(numbers(r, (h, w, 3), 256), photometric="rgb"),
    "rgb8 deflate": lambda h, w, r: tiff_of(
        numbers(r, (h, w, 3), 256), photometric="rgb", compression="zlib"
    ),
    "rgb16": lambda h, w, r: tiff_of(numbers(r, (h, w, 3), 65536, np.uint16), photometric="rgb"),
    "rgb16 big-endian": lambda h, w, r: tiff_of(
        numbers(r, (h, w, 3), 65536, np.uint16),
        photometric="rgb",
        byteorder=">",
        compression="zlib",
        predictor=2,
    ),
    "rgb16 planes": lambda h, w, r: tiff_of(
        numbers(r, (3, h, w), 65536, np.uint16), photometric="rgb", planarconfig="separate"
    ),
    "rgba16": lambda h, w, r: tiff_of(
        numbers(r, (h, w, 4), 65536, np.uint16), photometric="rgb", extrasamples=["unassalpha"]
    ),
    "rgba16 premultiplied": lambda h, w, r: tiff_of(
        numbers(r, (h, w, 4), 65536, np.uint16), photometric="rgb", extrasamples=["assocalpha"]
    ),
    "cmyk8": lambda h, w, r: tiff_of(numbers(r, (h, w, 4), 256), photometric="separated"),
    "cmyk16": lambda h, w, r: tiff_of(numbers(r, (h, w, 4), 65536, np.uint16), photometric="separated"),
    "palette": lambda h, w, r: tiff_of(
        numbers(r, (h, w), 256), photometric="palette", colormap=numbers(r, (3, 256), 65536, np.uint16)
    ),
    "bilevel": lambda h, w, r: saved(PillowImage.fromarray(numbers(r, (h, w), 2).astype(bool)), "TIFF"),
    "g4": lambda h, w, r: saved(
        PillowImage.fromarray(numbers(r, (h, w), 2).astype(bool)), "TIFF", compression="group4"
    ),
    "lzw": lambda h, w, r: saved(numbers(r, (h, w, 3), 256), "TIFF", compression="tiff_lzw"),
    "float": lambda h, w, r: tiff_of(r.random((h, w), dtype=np.float32), photometric="minisblack"),
}
OTHERS: dict[str, Maker] = {
    "webp": lambda h, w, r: saved(numbers(r, (h, w, 3), 256), "WEBP", lossless=True),
    "webp alpha": lambda h, w, r: saved(numbers(r, (h, w, 4), 256), "WEBP", lossless=True, exact=True),
    "bmp": lambda h, w, r: saved(numbers(r, (h, w, 3), 256), "BMP"),
    "bmp grey": lambda h, w, r: saved(numbers(r, (h, w), 256), "BMP"),
    "bmp 1": lambda h, w, r: saved(PillowImage.fromarray(numbers(r, (h, w), 2).astype(bool)), "BMP"),
    "gif": lambda h, w, r: saved(PillowImage.fromarray(numbers(r, (h, w, 3), 256)).quantize(60), "GIF"),
    "gif grey": lambda h, w, r: saved(numbers(r, (h, w), 256), "GIF"),
    "ppm": lambda h, w, r: saved(numbers(r, (h, w, 3), 256), "PPM"),
    "pgm": lambda h, w, r: saved(numbers(r, (h, w), 256), "PPM"),
    "pgm16": lambda h, w, r: saved(PillowImage.fromarray(numbers(r, (h, w), 65536, np.uint16)), "PPM"),
}
ALL = {f"{f} {n}": m for f, k in (("png", PNGS), ("tiff", TIFFS), ("other", OTHERS)) for n, m in k.items()}
