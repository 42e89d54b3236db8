"""Lossless formats: every native sample outside the hole is the photo's, bit for bit."""

from __future__ import annotations

import io
import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage
from PIL.PngImagePlugin import PngInfo

from inpaint_app.photofile import files
from inpaint_app.photofile.containers import png
from inpaint_app.photofile.read import stored_samples
from tests.photofile.kinds import ALL, PNGS, TIFFS, numbers, palette, png_of
from tests.photofile.photos import edited_in, hole_in, jpeg_sampled, saved, scene


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 24), st.integers(1, 24), st.integers(0, 10**6))
@pytest.mark.parametrize("kind", ALL)
def test_known_samples_are_bit_for_bit(kind: str, height: int, width: int, seed: int) -> None:
    data = ALL[kind](height, width, np.random.default_rng(seed))
    photo = files.load(data)
    assert photo.rgb.shape == (height, width, 3)
    hole = hole_in(height, width, seed)
    done = files.encode(photo, edited_in(photo.rgb, hole, seed), hole)
    assert done.report.method == "lossless"
    assert done.report.format == photo.format
    assert done.report.changed_pixels_outside == 0
    before, after = stored_samples(photo), stored_samples(files.load(done.data))
    if before.mode == "P" != after.mode:  # the palette was too poor for the fill
        assert "palette" in done.report.note or photo.format != "PNG"
        assert np.array_equal(files.load(done.data).rgb[~hole], photo.rgb[~hole])
        return
    assert before.mode == after.mode
    assert before.samples.dtype == after.samples.dtype
    assert np.array_equal(before.samples[~hole], after.samples[~hole])
    again = files.load(done.data)
    assert again.bit_depth == photo.bit_depth or "palette" in kind or "gif" in kind
    assert np.array_equal(again.rgb[~hole], photo.rgb[~hole])


@pytest.mark.parametrize("kind", sorted(PNGS))
def test_png_samples_read_by_another_decoder(kind: str) -> None:
    """Pillow's own reading of both files, which has nothing of ours in it."""
    data = PNGS[kind](19, 23, np.random.default_rng(3))
    photo, hole = files.load(data), hole_in(19, 23, 3)
    done = files.encode(photo, edited_in(photo.rgb, hole), hole).data
    first, second = (PillowImage.open(io.BytesIO(d)) for d in (data, done))
    if kind == "palette clear":  # its opacities are too poor for what is half transparent
        assert (first.mode, second.mode) == ("P", "RGBA")
        first = first.convert("RGBA")
    assert first.mode == second.mode
    assert first.info.get("transparency") == second.info.get("transparency") or "palette" in kind
    assert np.array_equal(np.asarray(first)[~hole], np.asarray(second)[~hole])


@pytest.mark.parametrize("kind", [k for k in TIFFS if "g4" not in k and "lzw" not in k])
def test_tiff_samples_read_by_another_decoder(kind: str) -> None:
    data = TIFFS[kind](19, 23, np.random.default_rng(3))
    photo, hole = files.load(data), hole_in(19, 23, 3)
    edited = photo.rgb.copy()
    edited[hole] = photo.rgb[::-1, ::-1][hole]  # colours that a palette has
    done = files.encode(photo, edited, hole).data
    first, second = (np.asarray(tifffile.imread(io.BytesIO(d))) for d in (data, done))
    if first.shape[0] == 3 and first.ndim == 3:
        first = np.moveaxis(first, 0, -1)
    assert first.dtype == second.dtype
    assert np.array_equal(first[~hole], second[~hole])


@pytest.mark.parametrize(
    "kind", ["png rgb8", "png rgb16", "png rgba16", "tiff rgb16", "tiff rgb8", "other webp", "other bmp"]
)
def test_the_fill_is_exact_where_the_format_can_hold_it(kind: str) -> None:
    photo = files.load(ALL[kind](20, 30, np.random.default_rng(1)))
    hole = hole_in(20, 30, 1)
    edited = edited_in(photo.rgb, hole)
    again = files.load(files.encode(photo, edited, hole).data)
    assert np.array_equal(again.rgb, edited)


def test_sixteen_bits_are_shown_by_their_upper_byte() -> None:
    samples = np.arange(0, 65536, 37, dtype=np.uint16)[:1500].reshape(30, 50)
    assert np.array_equal(files.load(png_of(samples, 16, 0)).rgb[..., 0], samples >> 8)


def test_deep_inks_are_as_bright_as_a_png() -> None:
    photo = files.load(TIFFS["cmyk16"](20, 30, np.random.default_rng(0)))
    done = files.encode(photo, photo.rgb, hole_in(20, 30), format="png")
    assert np.array_equal(files.load(done.data).rgb, photo.rgb)
    assert done.report.changed_pixels_outside == 0


def test_a_palette_gets_free_entries_for_the_fill() -> None:
    random = np.random.default_rng(2)
    photo = files.load(png_of(numbers(random, (20, 20), 4), 8, 3, palette(random, 4)))
    hole = np.zeros((20, 20), bool)
    hole[5:15, 5:15] = True
    edited = photo.rgb.copy()
    edited[5:10, 5:15], edited[10:15, 5:15] = (1, 2, 3), (250, 251, 252)
    assert np.array_equal(files.load(files.encode(photo, edited, hole).data).rgb, edited)


def test_a_palette_too_poor_for_the_fill_gives_way_to_true_colours() -> None:
    random = np.random.default_rng(2)
    photo = files.load(
        png_of(numbers(random, (30, 30), 256), 8, 3, palette(random, 256), (b"tRNS", b"\x00\x80"))
    )
    hole = np.zeros((30, 30), bool)
    hole[5:25, 5:25] = True
    edited = edited_in(photo.rgb, hole)
    done = files.encode(photo, edited, hole)
    again = files.load(done.data)
    assert (again.mode, done.report.changed_pixels_outside) == ("RGBA", 0)
    assert np.array_equal(again.rgb, edited)
    assert photo.alpha is not None
    assert again.alpha is not None
    assert np.array_equal(again.alpha[~hole], photo.alpha[~hole])
    assert "palette was too poor" in done.report.note


def test_lossless_webp_is_told_behind_a_long_profile() -> None:
    pixels = scene(12, 14)
    photo = files.load(saved(pixels, "WEBP", lossless=True, icc_profile=bytes(9000)))
    hole = hole_in(12, 14)
    report = files.encode(photo, edited_in(photo.rgb, hole), hole).report
    assert (report.method, report.changed_pixels_outside) == ("lossless", 0)


def test_many_threads_at_once() -> None:
    """Photos of many kinds, loaded and written side by side, come out as they do one by one."""
    random = np.random.default_rng(5)
    sources = [make(40, 50, random) for make in ALL.values()] + [
        jpeg_sampled(scene(64, 80, n), "420") for n in range(8)
    ]

    def through(data: bytes) -> bytes:
        photo = files.load(data)
        hole = hole_in(photo.height, photo.width, 3)
        return files.encode(photo, edited_in(photo.rgb, hole), hole).data

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(through, sources * 2))
    assert together == [through(data) for data in sources] * 2


def test_png_chunks_are_carried_over() -> None:
    exif = PillowImage.Exif()
    exif[0x010F] = "Maker"
    text = PngInfo()
    text.add_text("Title", "Bridge")
    text.add_itxt("Note", "Brücke", zip=True)
    data = saved(scene(20, 30), "PNG", pnginfo=text, icc_profile=b"p" * 200, dpi=(240, 240), exif=exif)
    data = data[:33] + png.chunk(b"gAMA", struct.pack(">I", 45455)) + data[33:]
    photo, hole = files.load(data), hole_in(20, 30)
    done = files.encode(photo, edited_in(photo.rgb, hole), hole).data
    kept = [c for c in png.chunks(data) if c[0] != b"IDAT"]
    assert sorted(kept) == sorted(c for c in png.chunks(done) if c[0] != b"IDAT")
    assert files.load(done).text == photo.text == {"Title": "Bridge", "Note": "Brücke"}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
def test_orientation_of_other_formats(format: str, orientation: int) -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if format == "WEBP" else {}
    picture = scene(12, 20)
    data = saved(picture, format, exif=exif, **options)
    photo = files.load(data)
    assert photo.orientation == orientation
    assert photo.rgb.shape[:2] == ((20, 12) if orientation >= 5 else (12, 20))
    hole = np.zeros(photo.rgb.shape[:2], bool)
    hole[2:5, 3:6] = True
    edited = edited_in(photo.rgb, hole)
    again = files.load(files.encode(photo, edited, hole).data)
    assert np.array_equal(again.rgb, edited)
    assert again.orientation == orientation
    for other in ("PNG", "TIFF"):
        turned = files.load(files.encode(photo, edited, hole, format=other).data)
        assert np.array_equal(turned.rgb, edited), other


def test_tiff_tags_are_carried_over() -> None:
    exif = PillowImage.Exif()
    exif[0x010F] = "Maker"
    exif[0x8769] = {0x9003: "2026:01:02 03:04:05", 0x829A: 0.01}
    exif[0x8825] = {1: "N"}
    loaded = PillowImage.Exif()
    loaded.load(exif.tobytes())
    data = saved(scene(20, 30), "TIFF", exif=loaded, icc_profile=b"p" * 99, dpi=(200, 200))
    photo, hole = files.load(data), hole_in(20, 30)
    done = files.encode(photo, edited_in(photo.rgb, hole), hole).data
    after = PillowImage.open(io.BytesIO(done))
    assert after.getexif()[0x010F] == "Maker"
    assert after.getexif().get_ifd(0x8769)[0x9003] == "2026:01:02 03:04:05"
    assert after.getexif().get_ifd(0x8825)[1] == "N"
    assert after.info["icc_profile"] == b"p" * 99
    assert files.load(done).dpi == (200.0, 200.0)
