"""Mask files of every format, orientation and size against the hole that they mean."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from inpaint_app.errors import MaskDoubt, MaskError, PhotoTooLarge
from inpaint_app.imaging.mask_reader import Reading
from inpaint_app.photofile import files
from inpaint_app.photofile.samples.orientation import stored
from inpaint_app.removal.mask_file import open_mask
from inpaint_app.types import Mask

SHAPE = (40, 60)


@pytest.fixture
def hole() -> Mask:
    hole = np.zeros(SHAPE, bool)
    hole[8:24, 12:41] = True
    return hole


def written(picture: Any, format: str = "PNG", **options: Any) -> bytes:
    image = picture if isinstance(picture, PillowImage.Image) else PillowImage.fromarray(picture)
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def test_every_format_and_mode_means_the_same(hole: Mask) -> None:
    grey = hole.astype(np.uint8) * 255
    layer = np.zeros((*SHAPE, 4), np.uint8)
    layer[hole] = (255, 0, 0, 90)
    red = PillowImage.fromarray(hole.astype(np.uint8), "P")
    red.putpalette([0, 0, 0, 200, 0, 0])
    light = PillowImage.fromarray(hole.astype(np.uint8), "P")
    light.putpalette([255, 255, 255, 200, 0, 0])
    blank = PillowImage.fromarray(hole.astype(np.uint8), "P")
    blank.putpalette([0, 0, 0] * 256)
    clear = PillowImage.fromarray(hole.astype(np.uint8), "P")
    clear.putpalette([0, 0, 0, 20, 20, 20])
    given = {
        "grey": written(grey),
        "bilevel": written(PillowImage.fromarray(hole)),
        "rgb": written(np.dstack([grey] * 3)),
        "layer": written(layer),
        "layer as WebP": written(layer, "WEBP", lossless=True),
        "layer as TIFF": written(layer, "TIFF"),
        "opaque": written(np.dstack([grey, grey, grey, np.full_like(grey, 255)])),
        "LA": written(PillowImage.fromarray(layer).convert("LA")),
        "palette": written(PillowImage.fromarray(grey).convert("P")),
        "red in a palette": written(red),
        "red on white in a palette": written(light),
        "a palette of one colour": written(blank),
        "a palette with a clear ground": written(clear, transparency=0),
        "gif": written(grey, "GIF"),
        "16 bit": written(PillowImage.fromarray(grey.astype(np.uint16) * 257)),
        "0 and 1": written(hole.astype(np.uint8)),
        "0 and 1 in 16 bit": written(PillowImage.fromarray(hole.astype(np.uint16))),
        "0 and 1 as TIFF": written(hole.astype(np.uint8), "TIFF"),
        "32 bit": written(PillowImage.fromarray(grey.astype(np.int32)), "TIFF"),
        "float": written(PillowImage.fromarray(hole.astype(np.float32)), "TIFF"),
        "bmp": written(grey, "BMP"),
        "jpeg": written(grey, "JPEG", quality=95),
    }
    for name, data in given.items():
        assert np.array_equal(open_mask(data, SHAPE).mask, hole), name


def test_a_mask_is_scaled_so_that_nothing_is_left_uncovered(hole: Mask) -> None:
    data = written(PillowImage.fromarray(hole))
    assert np.array_equal(open_mask(data, (80, 120)).mask, hole.repeat(2, 0).repeat(2, 1))
    half = open_mask(data, (20, 30)).mask
    assert np.array_equal(half, hole.reshape(20, 2, 30, 2).any(axis=(1, 3)))
    wire = np.zeros((400, 600), bool)
    wire[:, 301] = True
    assert open_mask(written(PillowImage.fromarray(wire)), SHAPE).mask.any(axis=1).all()
    assert open_mask(written(PillowImage.fromarray(wire)), wire.shape).mask.sum() == 400
    assert open_mask(np.array(wire), (401, 599)).note == "", "rounded sides are the same proportion"


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_a_mask_that_lies_as_the_photo_is_stored_is_turned(hole: Mask, orientation: int) -> None:
    lying = np.ascontiguousarray(stored(hole, orientation))
    given = open_mask(written(PillowImage.fromarray(lying)), SHAPE, orientation=orientation)
    assert np.array_equal(given.mask, hole)
    assert "turned" in given.note
    upright = open_mask(written(PillowImage.fromarray(hole)), SHAPE, orientation=orientation)
    assert np.array_equal(upright.mask, hole)
    assert upright.note == ""
    with pytest.raises(MaskDoubt, match="turned by a quarter"):
        open_mask(lying, SHAPE)


def test_a_masks_own_orientation_counts_unless_it_does_not_fit(hole: Mask) -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = 6
    lying = np.ascontiguousarray(stored(hole.astype(np.uint8) * 255, 6))
    for orientation in (1, 6):
        assert np.array_equal(open_mask(written(lying, exif=exif), SHAPE, orientation=orientation).mask, hole)
    stale = open_mask(written(hole.astype(np.uint8) * 255, exif=exif), SHAPE)
    assert np.array_equal(stale.mask, hole)
    assert "left out" in stale.note


def test_another_proportion_is_refused_with_both_sizes_named(hole: Mask) -> None:
    square = np.zeros((50, 50), np.uint8)
    square[2:20, 10:30] = 255
    with pytest.raises(MaskDoubt, match=r"50×50.*60×40.*--stretch-mask") as doubt:
        open_mask(square, SHAPE)
    assert doubt.value.ways == ("stretch", "letterbox")
    stretched = open_mask(square, SHAPE, reading=Reading(stretch=True))
    assert stretched.mask.shape == SHAPE
    assert stretched.mask.any()
    assert "stretched" in stretched.note


@pytest.mark.parametrize("bar", [114, 255, 0])
@pytest.mark.parametrize("upright", [True, False])
def test_bars_are_cut_off_where_they_can_be_told(hole: Mask, bar: int, upright: bool) -> None:
    square = np.full((60, 60), bar, np.uint8)
    square[10:50] = hole * np.uint8(255)
    expected = hole if upright else hole.T
    given = open_mask(square if upright else np.ascontiguousarray(square.T), expected.shape)
    assert np.array_equal(given.mask, expected)
    assert "bars" in given.note


def test_bars_of_a_scaled_mask(hole: Mask) -> None:
    """Black bars beside a black ground cannot be told from a stretched mask, unless paint ends at the bar."""
    large = hole.repeat(2, 0).repeat(2, 1)
    square = np.zeros((120, 120), bool)
    square[20:100] = large
    with pytest.raises(MaskDoubt, match="--letterbox-mask"):
        open_mask(square, SHAPE)
    assert np.array_equal(open_mask(square, SHAPE, reading=Reading(letterbox=True)).mask, hole)
    hole[30:, 20:30] = True
    square[20:100] = hole.repeat(2, 0).repeat(2, 1)
    assert np.array_equal(open_mask(square, SHAPE).mask, hole)
    grey = np.where(square, 255, 0).astype(np.uint8)
    grey[:20] = grey[100:] = 114
    grey[20:100][hole.repeat(2, 0).repeat(2, 1)] = 255
    assert np.array_equal(open_mask(written(grey, "JPEG", quality=95), SHAPE).mask, hole)


def test_a_mask_that_is_no_picture_or_too_large(tmp_path: Path) -> None:
    with pytest.raises(MaskError, match="The mask"):
        open_mask(b"not a picture", (4, 4))
    with pytest.raises(MaskError, match="no file"):
        open_mask(tmp_path / "nothing.png", (4, 4))
    with pytest.raises(PhotoTooLarge):
        open_mask(written(np.zeros((8, 8), np.uint8)), (8, 8), limits=files.Limits(1e-6, 1))
    with pytest.raises(MaskError, match="shape"):
        open_mask(np.zeros((4,), np.uint8), (4, 4))
    with pytest.raises(MaskError, match=r"0 of 255 in its 8×8"):
        open_mask(written(np.zeros((8, 8), np.uint8)), (8, 8))


def test_masks_as_other_programs_wrote_them(data: Path) -> None:
    scene = files.load(data / "cases/mask-polarity/scene.jpg")
    plain = open_mask(data / "cases/mask-polarity/mask.png", scene.rgb.shape).mask
    assert plain.sum() == 18535
    for name in ("canvas_noise", "transparent_hole", "zero_one"):
        found = open_mask(data / f"cases/mask-polarity/{name}.png", scene.rgb.shape).mask
        assert np.array_equal(found, plain), name
    phone = files.load(data / "cases/mask-orientation/phone.jpg")
    lying = data / "cases/mask-orientation/mask_stored.png"
    turned = open_mask(lying, phone.rgb.shape, orientation=phone.orientation).mask
    assert turned.sum() == 18535
    assert np.all(phone.rgb[turned].mean(axis=0) > (150, -1, 100))
    magenta = (phone.rgb[..., 0] > 200) & (phone.rgb[..., 1] < 60) & (phone.rgb[..., 2] > 150)
    assert not (magenta & ~turned).any()
