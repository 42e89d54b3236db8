"""Small photos of every kind, for the tests of the gate."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image as PillowImage

from inpaint_app.photofile.jpeg.bytes import huffman_segment
from inpaint_app.photofile.jpeg.file import DHT, HuffmanTable, parse, read_huffman
from inpaint_app.types import Image, Mask

pillow_heif.register_heif_opener(thumbnails=False)


def scene(height: int, width: int, seed: int = 0) -> Image:
    """Smooth colours with edges and grain, like a photo, (H, W, 3)."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / 24.0
    planes = [np.sin(x * a + y * b + seed) * 90 + 128 for a, b in ((1.0, 0.4), (0.3, 1.1), (0.8, -0.7))]
    picture = np.stack(planes, axis=2) + random.normal(0, 6, (height, width, 3))
    picture[height // 3 : height // 2] += 40
    return picture.clip(0, 255).astype(np.uint8)


def hole_in(height: int, width: int, seed: int = 0) -> Mask:
    """A hole of some rectangles, at least one pixel."""
    random = np.random.default_rng(seed)
    hole = np.zeros((height, width), bool)
    for _ in range(random.integers(1, 4)):
        y, x = random.integers(0, height), random.integers(0, width)
        hole[y : y + random.integers(1, height // 3 + 2), x : x + random.integers(1, width // 3 + 2)] = True
    return hole


def edited_in(rgb: Image, hole: Mask, seed: int = 1) -> Image:
    """The picture with another one's pixels in the hole."""
    edited = rgb.copy()
    edited[hole] = scene(*rgb.shape[:2], seed + 7)[hole]
    return edited


def saved(picture: NDArray[Any] | PillowImage.Image, format: str, **options: Any) -> bytes:
    """A file of an array or a Pillow image."""
    image = picture if isinstance(picture, PillowImage.Image) else PillowImage.fromarray(picture)
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def jpeg_sampled(rgb: Image, sampling: str, quality: int = 90, **options: int) -> bytes:
    """A JPEG of the chroma sampling 411, 420, 422, 440 or 444."""
    factor = getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{sampling}")
    flags = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor, cv2.IMWRITE_JPEG_QUALITY, quality]
    for name, value in options.items():
        flags += [getattr(cv2, f"IMWRITE_JPEG_{name.upper()}"), value]
    done, data = cv2.imencode(".jpg", rgb[..., ::-1], flags)
    assert done
    return data.tobytes()


def decoded(data: bytes) -> NDArray[Any]:
    """Pillow's own decoding, in the stored orientation."""
    return np.asarray(PillowImage.open(io.BytesIO(data)))


def crowded(data: bytes) -> bytes:
    """A JPEG whose AC tables have no room for another code: what was free has symbols that no scan uses."""
    file = parse(data)
    parts, done = [], 0
    for marker, begin, end, content in file.segments:
        if marker != DHT:
            continue
        tables = {
            (kind, number): _filled(table) if kind else table
            for (kind, number), table in read_huffman(content).items()
        }
        parts += [data[done:begin], huffman_segment(tables)]
        done = end
    return b"".join([*parts, data[done:]])


def _filled(table: HuffmanTable) -> HuffmanTable:
    """Codes behind the old ones, which stay as they are, until only that of all ones is free."""
    counts, longest = list(table.counts), max(i for i, count in enumerate(table.counts, 1) if count)
    free = (1 << 16) - sum(count << (16 - length) for length, count in enumerate(counts, 1)) - 1
    unused = [s for s in range(0xFE, 0, -1) if s not in table.symbols and s & 15 > 6]
    symbols = table.symbols
    for length in range(longest, 17):
        fitting = free >> (16 - length)
        counts[length - 1] += fitting
        free -= fitting << (16 - length)
        symbols += bytes(unused.pop(0) for _ in range(fitting))
    return HuffmanTable(tuple(counts), symbols)
