"""Colours stay what they were, however a file gives them and into whatever format they go."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageCms

from inpaint_app.photofile import files
from inpaint_app.photofile.metadata.reading import avif_bits
from inpaint_app.photofile.read import stored_samples
from inpaint_app.photofile.samples import cicp, colour
from inpaint_app.photofile.samples.cicp import Numbers
from tests.photofile.kinds import png_of
from tests.photofile.photos import hole_in, saved, scene

FORMATS = ["PNG", "JPEG", "WEBP", "TIFF", "HEIF", "AVIF", "BMP", "GIF", "PPM"]
P3 = Numbers(12, 13, 6, 1)


def smooth(height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    """Soft colours, so that a lossy format changes them little."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    planes = [60 + 130 * x / width, 200 - 120 * y / height, 90 + 70 * np.sin(x / 20) * np.cos(y / 15)]
    return np.stack(planes, axis=2).astype(np.uint8)


def meant(data: bytes) -> NDArray[np.float64]:
    """What a file's pixels mean as sRGB (H, W, 3), by its profile or its nclx: read without our own code."""
    image = PillowImage.open(io.BytesIO(data))
    icc, nclx = image.info.get("icc_profile"), image.info.get("nclx_profile")
    if icc is None and nclx and nclx["color_primaries"] == 12:
        return display_p3_to_srgb(np.asarray(image.convert("RGB")))
    mode = image.mode if image.mode in ("L", "CMYK") else "RGB"
    image = image.convert(mode)
    if icc:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        space = {"L": "GRAY", "CMYK": "CMYK", "RGB": "RGB"}[mode]
        assert profile.profile.xcolor_space.strip() == space, "a profile of another kind than the pixels"
        srgb = ImageCms.createProfile("sRGB")
        image = ImageCms.profileToProfile(
            image, profile, srgb, 1, outputMode="RGB", flags=ImageCms.Flags.BLACKPOINTCOMPENSATION
        )
    return np.asarray(image.convert("RGB")).astype(np.float64)


def display_p3_to_srgb(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """By the published matrices (CSS Color 4), for a second opinion."""
    value = rgb / 255.0
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    xyz = (
        light
        @ np.array(
            [[0.4865709, 0.2656677, 0.1982173], [0.2289746, 0.6917385, 0.0792869], [0, 0.0451134, 1.0439444]]
        ).T
    )
    linear = (
        xyz
        @ np.array(
            [
                [3.2409699, -1.5373832, -0.4986108],
                [-0.9692436, 1.8759675, 0.0415551],
                [0.0556301, -0.2039770, 1.0569715],
            ]
        ).T
    )
    linear = linear.clip(0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055) * 255  # type: ignore[no-any-return]


def heic(rgb: NDArray[np.uint8], numbers: Numbers, mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_bytes(mode, rgb.shape[1::-1], rgb.tobytes()).save(
        buffer, quality=-1, chroma=444, color_primaries=numbers.primaries,
        transfer_characteristics=numbers.transfer, matrix_coefficients=numbers.matrix, full_range_flag=numbers.full,
    )  # fmt: skip
    return buffer.getvalue()


def grey_profile(gamma: float = 1.8) -> bytes:
    curve = b"curv" + struct.pack(">IIH", 0, 1, round(gamma * 256)) + b"\0\0"
    text = {b"desc": cicp.text("grey"), b"cprt": cicp.text("none")}
    white = b"XYZ " + struct.pack(">Iiii", 0, 63190, 65536, 54061)
    return cicp.assembled(b"GRAY", text | {b"wtpt": white, b"kTRC": curve})


def ink_profile(data: Path) -> bytes:
    with PillowImage.open(data / "cases/profiles/cmyk.jpg") as image:
        return bytes(image.info["icc_profile"])


@pytest.mark.parametrize("format", [*FORMATS, None])
def test_display_p3_of_a_heic_keeps_its_colours(format: str | None) -> None:
    rgb = smooth()
    data = heic(rgb, P3)
    photo, hole = files.load(data, name="p3.heic"), hole_in(48, 64)
    done = files.encode(photo, photo.rgb, hole, format=format)
    wanted = display_p3_to_srgb(np.asarray(PillowImage.open(io.BytesIO(data)).convert("RGB")))
    apart = np.abs(meant(done.data) - wanted)
    assert np.abs(display_p3_to_srgb(rgb) - rgb).mean() > 3  # else nothing would be shown by this
    assert apart.mean() < (3.5 if format == "GIF" else 1.5)
    if format in ("BMP", "PPM", "GIF"):
        assert "converted to sRGB" in done.report.note


@pytest.mark.parametrize(
    "numbers", [Numbers(9, 16, 9), Numbers(9, 18, 9), Numbers(9, 14, 9), Numbers(1, 8, 1)]
)
@pytest.mark.parametrize("format", ["PNG", "WEBP", "AVIF", "TIFF", None])
def test_other_numbers_are_told_on(numbers: Numbers, format: str | None) -> None:
    photo, hole = files.load(heic(smooth(), numbers), name="hdr.heic"), hole_in(48, 64)
    assert photo.numbers is not None
    done = files.encode(photo, photo.rgb, hole, format=format)
    again = files.load(done.data, name="again")
    tag = b"cicp" + bytes(4) + bytes((numbers.primaries, numbers.transfer, 0, 1))
    if format is None:
        assert again.numbers is not None
        assert (again.numbers.primaries, again.numbers.transfer) == (numbers.primaries, numbers.transfer)
    else:
        assert again.icc is not None
        assert tag in again.icc
    if format == "PNG":
        assert again.numbers == Numbers(numbers.primaries, numbers.transfer, 0, 1)
    if numbers.hdr:
        assert f"BT.2020 {numbers.hdr}" in done.report.note or format is None


def test_ten_bits_of_a_heic_stay() -> None:
    deep = (smooth().astype(np.uint16) * 257) | 0x0055
    photo = files.load(heic(deep, Numbers(9, 16, 9), "RGB;16"), name="deep.heic")
    assert photo.bit_depth == 10
    hole = hole_in(48, 64)
    png = files.load(files.encode(photo, photo.rgb, hole, format="png").data, name="deep.png")
    assert png.bit_depth == 16
    stored = np.asarray(pillow_heif.open_heif(photo.source, convert_hdr_to_8bit=False, hdr_to_16bit=False))
    assert np.array_equal(stored_samples(png).samples[~hole] >> 6, stored[~hole])
    own = files.encode(photo, photo.rgb, hole)
    assert files.load(own.data, name="own").bit_depth == 10


def test_bits_that_are_read_as_eight_are_named() -> None:
    """Pillow reads deep AVIF files as eight bits."""
    data = bytearray(saved(smooth(), "AVIF"))
    place = data.find(b"av1C")
    data[place + 6] |= 0x40
    assert avif_bits(bytes(data)) == 10
    assert avif_bits(saved(smooth(), "AVIF")) == 8


@pytest.mark.parametrize("format", FORMATS)
def test_a_grey_profile_goes_on_grey_pixels_or_as_its_twin_for_colours(format: str) -> None:
    grey = smooth()[..., 0]
    data = saved(grey, "PNG", icc_profile=grey_profile())
    photo, hole = files.load(data, name="grey"), hole_in(48, 64)
    done = files.encode(photo, photo.rgb, hole, format=format)
    wanted = meant(data)
    assert np.abs(wanted - grey[..., None]).mean() > 3
    assert np.abs(meant(done.data) - wanted).mean() < 2
    if format in ("PNG", "TIFF"):
        assert PillowImage.open(io.BytesIO(done.data)).info["icc_profile"] == grey_profile()


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("source", ["JPEG", "TIFF"])
def test_inks_go_through_their_profile(source: str, format: str, data: Path) -> None:
    inks = np.dstack([smooth(), np.full((48, 64), 20, np.uint8)])
    given = saved(PillowImage.fromarray(inks, "CMYK"), source, icc_profile=ink_profile(data))
    photo, hole = files.load(given, name="inks"), hole_in(48, 64)
    done = files.encode(photo, photo.rgb, hole, format=format)
    apart = np.abs(meant(done.data) - meant(given))
    assert apart.mean() < (5 if format == "GIF" else 2)
    if format in ("PNG", "BMP"):
        assert done.report.changed_pixels_outside == 0
        assert "CMYK colours were converted to sRGB through its profile" in done.report.note


def test_a_fill_among_inks_is_seen_as_it_was_made(data: Path) -> None:
    inks = np.dstack([smooth(), np.full((48, 64), 20, np.uint8)])
    given = saved(PillowImage.fromarray(inks, "CMYK"), "TIFF", icc_profile=ink_profile(data))
    photo, hole = files.load(given, name="inks"), np.zeros((48, 64), bool)
    hole[10:30, 12:40] = True
    edited = photo.rgb.copy()
    edited[hole] = photo.rgb[::-1, ::-1][hole]
    again = files.load(files.encode(photo, edited, hole).data, name="again")
    assert again.mode == "CMYK"
    assert again.icc == photo.icc
    assert np.abs(again.rgb[hole].astype(int) - edited[hole]).mean() < 2


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_a_profile_of_another_kind_is_not_handed_on(format: str, data: Path) -> None:
    photo = files.load(saved(smooth(), "WEBP", lossless=True, icc_profile=ink_profile(data)), name="wrong")
    done = files.encode(photo, photo.rgb, hole_in(48, 64), format=format)
    assert "icc_profile" not in PillowImage.open(io.BytesIO(done.data)).info
    assert "another kind of pixels" in done.report.note


def test_numbers_of_a_png_are_translated() -> None:
    rgb = smooth()
    display_p3 = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    chunks = [(b"gAMA", struct.pack(">I", 100000)), (b"cHRM", struct.pack(">8I", *display_p3))]
    photo, hole = files.load(png_of(rgb, 8, 2, *chunks), name="linear"), hole_in(48, 64)
    kept = files.encode(photo, photo.rgb, hole).data
    assert b"gAMA" in kept
    assert b"cHRM" in kept
    assert b"iCCP" not in kept  # the same statement once
    seen = meant(files.encode(photo, photo.rgb, hole, format="tiff").data)
    light = rgb[0, 0] / 255.0
    encoded = (1.055 * light ** (1 / 2.4) - 0.055) * 255  # linear light, and reds outside sRGB grow
    assert abs(seen[0, 0, 1] - encoded[1]) < 8
    srgb = files.load(png_of(rgb, 8, 2, (b"gAMA", struct.pack(">I", 45455))), name="usual")
    assert srgb.icc is None
    hdr = files.load(png_of(rgb, 8, 2, (b"cICP", bytes((9, 16, 0, 1)))), name="hdr")
    assert b"cicp" in (
        files.load(files.encode(hdr, hdr.rgb, hole, format="webp").data, name="again").icc or b""
    )


def test_a_png_that_says_srgb_too_is_srgb() -> None:
    icc = zlib.compress(cicp.profile(P3) or b"")
    photo = files.load(png_of(scene(8, 8), 8, 2, (b"iCCP", b"p3\0\0" + icc)), name="p3")
    assert colour.kind(photo.icc) == "RGB"
    assert photo.numbers is None
