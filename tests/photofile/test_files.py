"""The gate itself: taking in, handing out, previews, masks, and what goes wrong on the way."""

from __future__ import annotations

import errno
import functools
import hashlib
import io
import os
import resource
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from inpaint_app.errors import MaskError, SaveError
from inpaint_app.photofile import files
from tests.photofile.photos import edited_in, hole_in, jpeg_sampled, saved, scene


def test_a_photo_tells_what_it_is(tmp_path: Path) -> None:
    data = saved(scene(30, 40), "JPEG", icc_profile=b"p" * 50, dpi=(240, 240), comment=b"note")
    path = tmp_path / "bridge.jpg"
    path.write_bytes(data)
    photo = files.load(path)
    assert (photo.name, photo.format, photo.mode, photo.bit_depth) == ("bridge.jpg", "JPEG", "RGB", 8)
    assert (photo.width, photo.height, photo.orientation, photo.alpha) == (40, 30, 1, None)
    assert photo.source == data
    assert photo.sha256 == hashlib.sha256(data).hexdigest()
    assert (photo.icc, photo.dpi, dict(photo.text)) == (b"p" * 50, (240.0, 240.0), {"comment": "note"})
    assert files.load(str(path)).sha256 == photo.sha256
    assert files.load(data, name="other").name == "other"


def test_pixels_are_read_only() -> None:
    photo = files.load(saved(scene(8, 8), "PNG"))
    with pytest.raises(ValueError, match="read-only"):
        photo.rgb[0, 0] = 0


def test_alpha_is_kept_apart_and_colours_are_not_multiplied() -> None:
    pixels = np.dstack([scene(9, 7), np.arange(63, dtype=np.uint8).reshape(9, 7) * 4])
    photo = files.load(saved(pixels, "PNG"))
    assert np.array_equal(photo.rgb, pixels[..., :3])
    assert photo.alpha is not None
    assert np.array_equal(photo.alpha, pixels[..., 3])


@pytest.mark.parametrize("format", ["HEIF", "AVIF", "WEBP"])
def test_lossy_formats_say_what_they_are(format: str) -> None:
    exif = PillowImage.Exif()
    exif[0x010F] = "Maker"
    data = saved(scene(48, 64), format, exif=exif, icc_profile=profile(), quality=90)
    photo = files.load(data)
    hole = hole_in(48, 64)
    edited = edited_in(photo.rgb, hole)
    done = files.encode(photo, edited, hole)
    assert done.report.method == "lossy"
    assert "PNG" in done.report.note
    assert done.report.changed_pixels_outside is not None
    assert done.report.changed_pixels_outside > 0
    again = files.load(done.data)
    assert again.format == format
    assert np.abs(again.rgb.astype(int) - edited).mean() < 3
    assert again.icc == photo.icc == profile()
    assert PillowImage.open(io.BytesIO(done.data)).getexif()[0x010F] == "Maker"
    exact = files.encode(photo, edited, hole, format="png")
    assert (exact.report.method, exact.report.changed_pixels_outside) == ("lossless", 0)
    assert np.array_equal(files.load(exact.data).rgb, edited)


@functools.cache  # it holds the second it was made in
def profile() -> bytes:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF", "HEIF", "AVIF", "BMP", "GIF", "PPM"])
@pytest.mark.parametrize("source", ["JPEG", "PNG16", "PNG palette", "PNG alpha", "PNG grey", "TIFF CMYK"])
def test_any_photo_goes_into_any_format(source: str, format: str) -> None:
    data = {
        "JPEG": lambda: jpeg_sampled(scene(20, 30), "420"),
        "PNG16": lambda: saved(PillowImage.fromarray(scene(20, 30)[..., 0].astype(np.uint16) * 250), "PNG"),
        "PNG palette": lambda: saved(PillowImage.fromarray(scene(20, 30)).quantize(40), "PNG"),
        "PNG alpha": lambda: saved(np.dstack([scene(20, 30), scene(20, 30)[..., 0]]), "PNG"),
        "PNG grey": lambda: saved(scene(20, 30)[..., 0], "PNG"),
        "TIFF CMYK": lambda: saved(PillowImage.fromarray(scene(20, 30)).convert("CMYK"), "TIFF"),
    }[source]()
    photo = files.load(data)
    hole = hole_in(20, 30)
    edited = edited_in(photo.rgb, hole)
    done = files.encode(photo, edited, hole, format=format)
    again = files.load(done.data)
    assert again.format == done.report.format == format
    assert again.rgb.shape == (20, 30, 3)
    if format in ("PNG", "TIFF"):
        assert done.report.changed_pixels_outside == 0
        assert np.array_equal(again.rgb[~hole], photo.rgb[~hole])
    else:
        seen = photo.rgb.astype(int)
        if photo.alpha is not None and again.alpha is None:  # shown on white
            seen = 255 + (seen - 255) * photo.alpha[..., None].astype(int) // 255
        visible = ~hole if photo.alpha is None or format != "GIF" else ~hole & (photo.alpha >= 128)
        assert np.abs(again.rgb.astype(int) - seen)[visible].mean() < 16


@pytest.mark.parametrize(
    ("word", "format"), [(".jpg", "JPEG"), ("jpeg", "JPEG"), ("Tif", "TIFF"), (".heic", "HEIF")]
)
def test_formats_go_by_many_names(word: str, format: str) -> None:
    photo = files.load(saved(scene(4, 4), "PNG"))
    assert files.chosen_format(photo.format, word) == format


def test_an_unknown_format_is_named() -> None:
    photo = files.load(saved(scene(4, 4), "PNG"))
    with pytest.raises(SaveError, match=r"xyz.*PNG"):
        files.encode(photo, photo.rgb, np.ones((4, 4), bool), format="xyz")


def test_a_format_that_is_only_read_comes_out_as_png() -> None:
    photo = files.load(saved(scene(8, 8), "TGA"))
    assert photo.format == "TGA"
    hole = hole_in(8, 8)
    assert files.encode(photo, edited_in(photo.rgb, hole), hole).report.format == "PNG"


def test_shapes_must_fit() -> None:
    photo = files.load(saved(scene(8, 9), "PNG"))
    with pytest.raises(MaskError, match=r"\(9, 8\)"):
        files.encode(photo, photo.rgb, np.zeros((9, 8), bool))
    with pytest.raises(SaveError, match="uint8"):
        files.encode(photo, photo.rgb.astype(np.float32), np.zeros((8, 9), bool))  # type: ignore[arg-type]


def test_save_writes_the_file_and_nothing_else(tmp_path: Path) -> None:
    photo = files.load(jpeg_sampled(scene(40, 40), "420"))
    hole = hole_in(40, 40)
    target = tmp_path / "out.jpg"
    target.write_bytes(b"old")
    done = files.save(photo, edited_in(photo.rgb, hole), hole, target)
    assert done.path == target
    assert done.report.method == "jpeg-blocks"
    assert target.stat().st_size == done.report.size
    assert os.listdir(tmp_path) == ["out.jpg"]
    assert target.stat().st_mode & 0o777 == 0o666 & ~umask()


def umask() -> int:
    value = os.umask(0)
    os.umask(value)
    return value


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EACCES, "permission"), (errno.EROFS, "read-only")],
)
def test_a_failed_write_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    target = tmp_path / "out.png"
    target.write_bytes(b"old")

    def fail(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "replace", fail)
    with pytest.raises(SaveError, match=words):
        files.write_bytes(b"new", target)
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out.png"]


def test_a_write_that_fails_on_the_way(tmp_path: Path) -> None:
    """The system itself stops the write after a thousand bytes, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    target = tmp_path / "out.png"
    target.write_bytes(b"old")
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(SaveError, match="larger than"):
            files.write_bytes(bytes(5000), target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert os.listdir(tmp_path) == ["out.png"]
    assert target.read_bytes() == b"old"


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(SaveError, match="does not exist"):
        files.write_bytes(b"x", tmp_path / "none" / "out.png")
    with pytest.raises(SaveError, match="folder"):
        files.write_bytes(b"x", tmp_path)
    with pytest.raises(SaveError, match="too long"):
        files.write_bytes(b"x", tmp_path / ("n" * 300 + ".png"))


def test_a_profile_is_carried_and_numbers_are_not_converted() -> None:
    pixels = scene(20, 20)
    photo = files.load(saved(pixels, "PNG", icc_profile=b"wide gamut" * 9))
    assert np.array_equal(photo.rgb, pixels)
    hole = hole_in(20, 20)
    for format in ("PNG", "TIFF", "JPEG", "WEBP"):
        done = files.encode(photo, edited_in(photo.rgb, hole), hole, format=format)
        assert files.load(done.data).icc == b"wide gamut" * 9


def test_warming_up_compiles_what_the_first_jpeg_needs() -> None:
    from inpaint_app.photofile.jpeg import coefficients as jpeg_edit
    from inpaint_app.photofile.jpeg import passes, passes_out

    files.warm_up()
    for kernel in (passes.read_pass, passes_out.write_pass, jpeg_edit.edit_units):
        assert len(kernel.signatures) == 1  # type: ignore[attr-defined]
    photo = files.load(jpeg_sampled(scene(40, 40), "420"))
    hole = hole_in(40, 40)
    files.encode(photo, edited_in(photo.rgb, hole), hole)
    for kernel in (passes.read_pass, passes_out.write_pass, jpeg_edit.edit_units):
        assert len(kernel.signatures) == 1  # type: ignore[attr-defined]
