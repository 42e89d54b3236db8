"""Files that break off open as every viewer shows them, say so, and are edited like any other."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from inpaint_app.errors import UnreadablePhoto
from inpaint_app.photofile import files
from tests.photofile.photos import edited_in, hole_in, saved, scene

JPEGS: dict[str, dict[str, Any]] = {
    "4:2:0": {"subsampling": 2},
    "4:4:4": {"subsampling": 0},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_rows": 2},
}


def shown_by_libjpeg(data: bytes) -> np.ndarray:
    """As viewers do it: the end marker is put where the data ends."""
    data = data.rstrip(b"\xff") + b"\xff\xd9"
    flags = cv2.IMREAD_IGNORE_ORIENTATION | cv2.IMREAD_COLOR_RGB
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), flags))


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("cut", [1, 2, 33, 0.95, 0.6, 0.3])
def test_a_jpeg_that_breaks_off_is_shown_as_libjpeg_shows_it(kind: str, cut: float) -> None:
    whole = saved(scene(160, 200), "JPEG", **JPEGS[kind])
    data = whole[: -int(cut)] if cut >= 1 else whole[: int(cut * len(whole))]
    photo = files.load(data)
    assert "breaks off" in photo.note
    if not (kind == "progressive" and cut == 0.3):  # libjpeg smooths over what is missing of every block
        assert np.array_equal(photo.rgb, shown_by_libjpeg(data))


@pytest.mark.parametrize("kind", JPEGS)
def test_a_jpeg_that_breaks_off_is_edited_in_its_blocks(kind: str) -> None:
    whole = saved(scene(160, 200), "JPEG", **JPEGS[kind])
    photo = files.load(whole[: int(0.7 * len(whole))])
    hole = hole_in(photo.height, photo.width)
    done = files.encode(photo, edited_in(photo.rgb, hole), hole)
    assert done.report.method == "jpeg-blocks"
    assert done.report.changed_blocks_outside == 0
    assert "breaks off" in done.report.note
    again = files.load(done.data)
    assert again.note == ""
    far = cv2.dilate(hole.view(np.uint8), np.ones((51, 51), np.uint8)) == 0
    assert np.array_equal(again.rgb[far], photo.rgb[far])


def test_the_share_that_is_missing_is_said() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (320, 64, 3), np.uint8)
    whole = saved(PillowImage.fromarray(picture), "JPEG", quality=95)
    assert "about 5" in files.load(whole[: len(whole) // 2]).note
    assert "at most the last block" in files.load(whole[:-2]).note


def test_zeros_behind_the_break_are_no_data() -> None:
    whole = saved(scene(160, 200), "JPEG")
    cut = whole[: int(0.6 * len(whole))]
    assert np.array_equal(files.load(cut + bytes(4000)).rgb, shown_by_libjpeg(cut))


def test_a_whole_jpeg_with_rubbish_behind_it_says_nothing() -> None:
    whole = saved(scene(160, 200), "JPEG")
    for rubbish in (bytes(4000), b"\xff\xda" * 9, b"garbage"):
        photo = files.load(whole + rubbish)
        assert photo.damage == ""
        assert np.array_equal(photo.rgb, files.load(whole).rgb)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1"])
def test_a_png_that_breaks_off_keeps_what_came(mode: str) -> None:
    picture = PillowImage.fromarray(scene_pixels()).convert(mode)
    whole = saved(picture, "PNG")
    truth = files.load(whole)
    for data in (whole[: int(0.6 * len(whole))], whole[: int(0.6 * len(whole))] + bytes(999)):
        photo = files.load(data)
        assert "breaks off" in photo.note
        rows = np.flatnonzero((photo.rgb != truth.rgb).any(axis=(1, 2)))
        assert rows.min() > 0.4 * photo.height, "what came stands as it was"
    assert files.load(whole).note == ""
    end = files.load(whole[:-12])
    assert "very end" in end.note
    assert np.array_equal(end.rgb, truth.rgb)


def scene_pixels() -> np.ndarray:
    """Grain that does not compress, so that a share of the file is a share of the rows."""
    return np.random.default_rng(2).integers(0, 256, (160, 200, 3), np.uint8)


def test_where_nothing_came_it_is_refused() -> None:
    for format in ("JPEG", "PNG"):
        whole = saved(PillowImage.fromarray(scene_pixels()), format)
        start = whole.find(b"\xff\xda") + 14 if format == "JPEG" else whole.find(b"IDAT") + 4
        with pytest.raises(UnreadablePhoto):
            files.load(whole[:start])


def test_a_png_that_is_damaged_in_its_middle_stays_refused() -> None:
    whole = bytearray(saved(PillowImage.fromarray(scene_pixels()), "PNG"))
    whole[whole.find(b"IDAT") + 500] ^= 0xFF
    with pytest.raises(UnreadablePhoto):
        files.load(bytes(whole))
