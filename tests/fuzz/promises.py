"""What must hold for any bytes at all, and the files that the search for a counter-example begins with.

Used by the hypothesis tests of every run (test_promises.py) and by the long coverage-guided runs (search.py).
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict

import numpy as np
from PIL import Image as PillowImage

from inpaint_app.backends import registry
from inpaint_app.errors import MaskError, OptionError, PhotoTooLarge, SaveError, UnreadablePhoto
from inpaint_app.imaging.mask_reader import read
from inpaint_app.imaging.packed_mask import packed
from inpaint_app.photofile import files
from inpaint_app.photofile.containers import png
from inpaint_app.removal import recipe
from inpaint_app.removal.mask_file import open_mask
from inpaint_app.server.marks import drawn
from tests.photofile.kinds import ALL
from tests.photofile.photos import edited_in, hole_in, saved, scene

LIMITS = files.Limits(megapixels=1, megabytes=1)
SHAPE = (13, 21)
SMALL = 200_000
"""Photos of fewer samples are written and read again, too."""


def photo(data: bytes, writing: bool = True) -> bool:
    """Opens within the limits or gives one clear error; what opened can be written, or says why not. Whether opened."""
    try:
        opened = files.load(data, name="any.jpg", limits=LIMITS)
    except (UnreadablePhoto, PhotoTooLarge) as error:
        return clear(error, "any.jpg")
    height, width = opened.rgb.shape[:2]
    assert opened.rgb.shape == (height, width, 3)
    assert opened.rgb.dtype == np.uint8
    assert 0 < height * width <= LIMITS.megapixels * 1e6
    assert opened.alpha is None or opened.alpha.shape == (height, width)
    again = files.load(data, name="any.jpg", limits=LIMITS)
    assert np.array_equal(again.rgb, opened.rgb), "memory that nobody wrote to is part of the picture"
    if writing and opened.rgb.size < SMALL:
        written(opened)
    return True


def clear(error: Exception, name: str = "") -> bool:
    """False, once it is seen that an error names its file and can be read."""
    said = str(error)
    assert name in said
    assert 10 < len(said) < 1000
    return False


def written(opened: files.Photo) -> None:
    """A removal leaves every known sample as it was, in a file that opens again at the same size."""
    height, width = opened.rgb.shape[:2]
    hole = hole_in(height, width, opened.rgb.size)
    try:
        done = files.encode(opened, edited_in(opened.rgb, hole), hole)
    except SaveError:
        return
    again = files.load(done.data, name="again")
    assert again.rgb.shape == opened.rgb.shape
    if done.report.method == "lossless":
        assert done.report.changed_pixels_outside == 0
        # 32-bit samples are shown by their range, which the fill may widen: what is shown may change, samples do not.
        assert opened.mode in ("I", "F") or np.array_equal(again.rgb[~hole], opened.rgb[~hole])


def mask(data: bytes) -> bool:
    """A mask file of any content becomes a mask of the photo's size or one clear error. Whether it became one."""
    try:
        hole = open_mask(data, SHAPE, limits=LIMITS).mask
    except (MaskError, PhotoTooLarge):
        return False
    assert hole.shape == SHAPE
    assert hole.dtype == np.bool_
    return True


def marks(text: str | bytes) -> bool:
    """The same for what the page's canvas sends, as JSON. Whether it was drawn."""
    try:
        operations = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not isinstance(operations, list):
        return False
    try:
        mask = drawn(operations, SHAPE).mask
    except MaskError:
        return False
    if mask is not None:
        assert mask.shape == SHAPE
        assert mask.dtype == np.bool_
        assert mask.any()
    return True


def layer(pixels: np.ndarray) -> bool:
    """An editor's layer of any shape and kind becomes a mask of its size or one clear error."""
    try:
        found = read(pixels)
    except MaskError:
        return False
    assert found.shape == pixels.shape[:2]
    assert found.dtype == np.bool_
    return True


def replay(text: str | bytes) -> bool:
    """A recipe of any content is read, in full and within its bounds, or gives one clear error. Whether it was read."""
    try:
        read = recipe.parse(text, (*SHAPE, 3))
    except OptionError as error:
        return clear(error)
    request = read.request()
    assert request.mask is not None
    assert request.mask.shape == SHAPE
    assert read.avoid is None or read.avoid.shape == SHAPE
    for pixels in (request.grow, request.feather):
        assert pixels is None or 0 <= pixels <= 4096
    registry.find(request.backend).make_options(request.options)
    return True


def repaired(data: bytes) -> bytes:
    """A PNG with lengths that fit and checksums that are right, so that damage gets past them."""
    if not data.startswith(png.SIGNATURE):
        return data
    parts, position = [png.SIGNATURE], len(png.SIGNATURE)
    while position + 12 <= len(data) and len(parts) < 64:
        (length,) = struct.unpack_from(">I", data, position)
        length = min(length, len(data) - position - 12)
        parts.append(png.chunk(data[position + 4 : position + 8], data[position + 8 : position + 8 + length]))
        position += 12 + length
    return b"".join(parts)


def photo_seeds() -> list[bytes]:
    """A tiny file of every kind that is read."""
    random = np.random.default_rng(1)
    small = PillowImage.fromarray(scene(19, 23))
    exif = PillowImage.Exif()
    exif[0x0112], exif[0x010E] = 6, "a photo"
    seeds = [make(11, 14, random) for make in ALL.values()]
    seeds += [saved(small, kind, exif=exif) for kind in ("JPEG", "PNG", "TIFF", "WEBP", "AVIF", "HEIF")]
    seeds += [saved(small, "JPEG", progressive=True), saved(small.convert("L"), "JPEG")]
    seeds += [
        saved(small.convert("CMYK"), "JPEG"),
        saved(small, "JPEG", subsampling=0, restart_marker_rows=1),
    ]
    seeds += [saved(small, kind) for kind in ("JPEG2000", "TGA", "ICO")]
    seeds += [
        saved(small, kind, save_all=True, append_images=[small.rotate(9)]) for kind in ("GIF", "PNG", "TIFF")
    ]
    return seeds


def mask_seeds() -> list[bytes]:
    """Masks as files: grey, one bit, with alpha, of another size."""
    hole = hole_in(*SHAPE)
    grey = PillowImage.fromarray(hole).convert("L")
    painted = PillowImage.merge("LA", [grey, grey])
    return [
        saved(grey, "PNG"),
        saved(grey.convert("1"), "PNG"),
        saved(painted, "PNG"),
        saved(grey.resize((2 * SHAPE[1], 2 * SHAPE[0])), "BMP"),
    ]


def mark_seeds() -> list[str]:
    """What the canvas sends."""
    stroke = {"kind": "stroke", "points": [3.5, 2, 9.25, 7], "width": 4.5, "erase": False}
    return [
        json.dumps([stroke]),
        json.dumps([stroke, {**stroke, "points": [4, 4], "erase": True}, {"kind": "invert"}]),
        json.dumps([{"kind": "choose", "numbers": [1, 2], "on": True}, {"kind": "clear"}]),
    ]


def recipe_seed(backend: str = "telea", avoid: bool = True) -> dict[str, object]:
    """A recipe that is read, as JSON values."""
    return {
        "recipe": recipe.VERSION,
        "app": "0.1.0",
        "libraries": {"numpy": np.__version__, "machine": "any"},
        "photo": {"name": "a.jpg", "sha256": "0" * 64, "width": SHAPE[1], "height": SHAPE[0]},
        "backend": backend,
        "options": asdict(registry.find(backend).make_options({})),
        "grow": 3,
        "feather": None,
        "mask": packed(hole_in(*SHAPE)),
        "avoid": packed(hole_in(*SHAPE, 5)) if avoid else None,
        "result": {"sha256": "f" * 64, "format": "JPEG", "method": "jpeg-blocks"},
    }


def recipe_seeds() -> list[bytes]:
    """Recipes that are read."""
    return [json.dumps(recipe_seed(spec.name), indent=1).encode() for spec in registry.BACKENDS]
