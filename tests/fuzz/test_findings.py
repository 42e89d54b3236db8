"""What the long searches found, each as a small file made here, so that it does not come back."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable

import numpy as np
import pytest
import tifffile

from inpaint_app.errors import MaskError, OptionError, PhotoTooLarge, UnreadablePhoto
from inpaint_app.photofile import files
from inpaint_app.photofile.containers import png
from inpaint_app.removal.mask_file import open_mask
from tests.fuzz import promises


@pytest.mark.parametrize("field", ["mask", "options", "app", "grow", "libraries", "photo"])
def test_a_recipe_nested_almost_too_deeply(field: str) -> None:
    """Deep enough that showing the value overflows where reading it did not."""
    for depth in (100, 400, 900, 990, 5_000, 90_000):
        text = json.dumps({**promises.recipe_seed(), field: 0}).replace(
            f'"{field}": 0', f'"{field}": {"[" * depth}{"]" * depth}'
        )
        with pytest.raises(OptionError):
            promises.recipe.parse(text, (*promises.SHAPE, 3))


def animated(width: int, height: int) -> bytes:
    """An animated PNG whose pixels nobody sent: Pillow makes room for its first frame as it opens it."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    frame = struct.pack(">IIIIIHHBB", 0, width, height, 0, 0, 1, 1, 1, 0)
    parts = [
        (b"IHDR", head),
        (b"acTL", struct.pack(">II", 2, 0)),
        (b"fcTL", frame),
        (b"IDAT", zlib.compress(bytes(99))),
    ]
    return png.SIGNATURE + b"".join(png.chunk(*part) for part in [*parts, (b"IEND", b"")])


def two_headers() -> bytes:
    """The first header is small; Pillow takes the second."""
    bomb = animated(60_000, 60_000)
    small = struct.pack(">IIBBBBB", 9, 9, 8, 2, 0, 0, 0)
    return png.SIGNATURE + png.chunk(b"IHDR", small) + bomb[len(png.SIGNATURE) :]


def one_header_too_late() -> bytes:
    bomb = animated(60_000, 60_000)
    return png.SIGNATURE + png.chunk(b"IHER", bytes(13)) + bomb[len(png.SIGNATURE) :]


def animated_gif() -> bytes:
    """A GIF that asks for room for what comes after its first frame."""
    palette = bytes(6)
    control = b"\x21\xf9\x04\x08\0\0\0\0"
    frame = b"\x2c" + struct.pack("<HHHH", 0, 0, 65535, 65535) + b"\0\x02\x02\x44\x01\0"
    return b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0x80, 0, 0) + palette + control + frame + b"\x3b"


@pytest.mark.parametrize(
    "make", [lambda: animated(60_000, 60_000), two_headers, one_header_too_late, animated_gif],
    ids=["animated", "two headers", "a late header", "gif"],
)  # fmt: skip
def test_animations_of_huge_frames_are_refused_before_room_is_made(make: Callable[[], bytes]) -> None:
    """240 bytes that took 25 GB as they were opened, before anything could look at their size."""
    data = make()
    assert len(data) < 400
    code = (
        "import resource, sys\n"
        "from inpaint_app.errors import PhotoTooLarge, UnreadablePhoto\n"
        "from inpaint_app.photofile import files\n"
        "resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: files.load(sys.stdin.buffer.read())\n"
        "except (PhotoTooLarge, UnreadablePhoto) as error: print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=data, capture_output=True, timeout=120, check=True
    )
    said, grown = done.stdout.decode().strip().rsplit("\n", 1)
    assert "megapixels" in said or "header" in said
    assert "memory" not in said
    assert int(grown) < 100_000
    with pytest.raises((MaskError, PhotoTooLarge)):
        open_mask(data, promises.SHAPE)


def test_a_tiff_whose_last_strip_is_cut_short_shows_no_memory() -> None:
    """What lies behind the file's end was whatever the server's memory held, other pixels each time."""
    samples = np.random.default_rng(0).integers(0, 65536, (3, 11, 14), np.uint16)
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, samples, photometric="rgb", planarconfig="separate")
    whole = buffer.getvalue()
    assert files.load(whole).rgb.shape == (11, 14, 3)
    with pytest.raises(UnreadablePhoto, match="behind its end"):
        files.load(whole[:-23])


def test_a_tiff_with_fewer_strips_than_its_size_needs_shows_no_memory() -> None:
    """The rows that no strip brings were whatever the server's memory held."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.zeros((12, 9, 3), np.uint16), photometric="rgb", rowsperstrip=4)
    data = bytearray(buffer.getvalue())
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        if struct.unpack_from("<H", data, entry)[0] == 257:
            struct.pack_into("<H", data, entry + 8, 40)
    with pytest.raises(UnreadablePhoto, match="do not fit its size"):
        files.load(bytes(data))
