"""JPEG in, JPEG out: what the hole does not touch stays, coefficient by coefficient."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import jpeglib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageOps

from inpaint_app.photofile import files
from inpaint_app.photofile.jpeg import splice as jpeg
from inpaint_app.photofile.jpeg.file import JpegError, parse
from inpaint_app.photofile.samples.orientation import stored
from tests.photofile.photos import decoded, edited_in, hole_in, jpeg_sampled, saved, scene

KINDS = {
    "420": lambda rgb: jpeg_sampled(rgb, "420"),
    "422": lambda rgb: jpeg_sampled(rgb, "422"),
    "440": lambda rgb: jpeg_sampled(rgb, "440"),
    "444": lambda rgb: jpeg_sampled(rgb, "444"),
    "411": lambda rgb: jpeg_sampled(rgb, "411"),
    "optimised": lambda rgb: jpeg_sampled(rgb, "420", optimize=1),
    "restart": lambda rgb: saved(rgb, "JPEG", quality=85, restart_marker_blocks=3),
    "progressive": lambda rgb: saved(rgb, "JPEG", quality=88, progressive=True),
    "progressive 444": lambda rgb: jpeg_sampled(rgb, "444", progressive=1),
    "progressive restart": lambda rgb: saved(rgb, "JPEG", progressive=True, restart_marker_rows=1),
    "grey": lambda rgb: saved(rgb[..., 1], "JPEG", quality=90),
    "grey progressive": lambda rgb: saved(rgb[..., 1], "JPEG", progressive=True),
    "low": lambda rgb: jpeg_sampled(rgb, "420", quality=15),
    "high": lambda rgb: jpeg_sampled(rgb, "420", quality=100),
    "rgb": lambda rgb: saved(rgb, "JPEG", keep_rgb=True),
}


def coefficients(data: bytes, folder: Path) -> list[NDArray[np.int16]]:
    """Quantised coefficients of each component (rows, columns, 8, 8), read by another library."""
    path = folder / "read.jpg"
    path.write_bytes(data)
    read = jpeglib.read_dct(str(path))
    return [np.array(plane) for plane in (read.Y, read.Cb, read.Cr) if plane is not None]


def touched_units(data: bytes, hole: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The unit grid (rows, columns) by plain counting."""
    file = parse(data)
    (wide, high), (across, down) = file.unit, file.units
    grid = np.zeros((down, across), bool)
    for y, x in np.argwhere(hole):
        grid[y // high, x // wide] = True
    return grid


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(64, 96), (53, 75), (17, 16), (9, 130), (1, 1)])
def test_only_touched_units_change(kind: str, shape: tuple[int, int], tmp_path: Path) -> None:
    data = KINDS[kind](scene(*shape))
    photo = files.load(data)
    hole = hole_in(*shape, seed=3)
    edited = edited_in(photo.rgb, hole)
    done = files.encode(photo, edited, hole)
    report = done.report
    assert report.method == "jpeg-blocks"
    touched = touched_units(data, hole)
    assert (report.blocks_encoded, report.blocks_total) == (touched.sum(), touched.size)
    assert report.changed_blocks_outside == 0
    before, after = coefficients(data, tmp_path), coefficients(done.data, tmp_path)
    for component, (old, new) in zip(parse(data).components, zip(before, after, strict=True), strict=True):
        h, v = (1, 1) if len(before) == 1 else (component.h, component.v)
        blocks = np.kron(touched, np.ones((v, h), bool))[: old.shape[0], : old.shape[1]]
        assert np.array_equal(old[~blocks], new[~blocks])
    apart = (decoded(data) != decoded(done.data)).reshape(*shape, -1).any(axis=2)
    assert report.changed_pixels_outside == np.count_nonzero(apart & ~hole)


@pytest.mark.parametrize("kind", ["420", "444", "progressive", "grey", "restart", "high"])
def test_the_fill_is_what_was_given(kind: str) -> None:
    data = KINDS[kind](scene(96, 128))
    photo = files.load(data)
    hole = np.zeros((96, 128), bool)
    hole[20:70, 30:90] = True
    edited = photo.rgb.copy()
    edited[hole] = np.roll(photo.rgb, 11, axis=1)[hole]
    again = files.load(files.encode(photo, edited, hole).data)
    inner = np.zeros_like(hole)
    inner[24:66, 34:86] = True
    apart = np.abs(again.rgb[inner].astype(int) - edited[inner])
    plain = files.load(saved(edited, "JPEG", quality=90)).rgb[inner].astype(int)
    assert apart.mean() <= np.abs(plain - edited[inner]).mean() + 1.5


def test_known_pixels_in_a_touched_unit_hardly_change() -> None:
    """The difference is coded, so a second generation of rounding does not come on top of the first."""
    data = jpeg_sampled(scene(96, 96), "420", quality=70)
    photo = files.load(data)
    hole = np.zeros((96, 96), bool)
    hole[33:60, 35:61] = True
    edited = photo.rgb.copy()
    edited[hole] = np.minimum(edited[hole].astype(int) + 12, 255).astype(np.uint8)
    again = files.load(files.encode(photo, edited, hole).data)
    known = ~hole
    apart = np.abs(again.rgb[known].astype(int) - photo.rgb[known])
    assert apart.mean() < 0.35
    assert apart.max() < 24


def test_rounding_spares_known_pixels() -> None:
    from inpaint_app.photofile.jpeg.coefficients import BASIS, spare_known
    from inpaint_app.photofile.jpeg.file import ZIGZAG

    random = np.random.default_rng(0)
    table = random.integers(4, 40, 64).astype(np.int32)
    known = np.zeros((8, 8), bool)
    known[:, :5] = True
    weights = np.where(known, np.float32(16), np.float32(1))
    spared, plain = 0.0, 0.0
    for _ in range(20):
        wanted = random.normal(0, 30, (8, 8))
        exact = (BASIS @ wanted @ BASIS.T).ravel()[ZIGZAG] / table
        values = np.round(exact).astype(np.int16)
        error = shown(values * table) - wanted
        before = np.sum(weights * error**2)
        plain += np.sum(error[known] ** 2)
        carried = error.astype(np.float32)
        spare_known(values, table, carried, weights, BASIS, ZIGZAG)
        after = shown(values * table) - wanted
        assert np.allclose(after, carried, atol=0.05)
        assert np.sum(weights * after**2) <= before + 1e-3
        spared += np.sum(after[known] ** 2)
    assert spared < 0.6 * plain


def shown(zigzag: NDArray[Any]) -> NDArray[Any]:
    """A block's pixels from its dequantised coefficients, by the definition."""
    from inpaint_app.photofile.jpeg.coefficients import BASIS
    from inpaint_app.photofile.jpeg.file import ZIGZAG

    block = np.zeros(64)
    block[ZIGZAG] = zigzag
    return np.asarray(BASIS.T @ block.reshape(8, 8) @ BASIS)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_stays_stored(orientation: int, tmp_path: Path) -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    data = saved(scene(48, 80), "JPEG", exif=exif, quality=90)
    photo = files.load(data)
    assert np.array_equal(photo.rgb, np.asarray(ImageOps.exif_transpose(PillowImage.open(io.BytesIO(data)))))
    hole = np.zeros(photo.rgb.shape[:2], bool)
    hole[5:20, 10:22] = True
    edited = edited_in(photo.rgb, hole)
    done = files.encode(photo, edited, hole)
    again = files.load(done.data)
    assert again.orientation == photo.orientation == orientation
    assert PillowImage.open(io.BytesIO(done.data)).size == (80, 48)
    assert np.abs(again.rgb[hole].astype(int) - edited[hole]).mean() < 14
    touched = touched_units(data, stored(hole, orientation))
    before, after = coefficients(data, tmp_path)[0], coefficients(done.data, tmp_path)[0]
    blocks = np.kron(touched, np.ones((2, 2), bool))[: before.shape[0], : before.shape[1]]
    assert np.array_equal(before[~blocks], after[~blocks])
    assert not np.array_equal(before[blocks], after[blocks])


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from(sorted(KINDS)),
    st.integers(0, 999),
    st.integers(0, 999),
)
def test_the_certificate_counts_what_a_decoder_sees(
    height: int, width: int, kind: str, a: int, b: int
) -> None:
    data = KINDS[kind](scene(height, width, a))
    photo = files.load(data)
    hole = np.random.default_rng(b).random((height, width)) < 0.04
    hole[b % height, a % width] = True
    done = files.encode(photo, edited_in(photo.rgb, hole, b), hole)
    apart = (decoded(data) != decoded(done.data)).reshape(height, width, -1).any(axis=2)
    assert done.report.method == "jpeg-blocks"
    assert done.report.changed_blocks_outside == 0
    assert done.report.changed_pixels_outside == np.count_nonzero(apart & ~hole)


def test_an_empty_hole_gives_the_file_back() -> None:
    data = jpeg_sampled(scene(40, 40), "420")
    photo = files.load(data)
    assert files.encode(photo, photo.rgb, np.zeros((40, 40), bool)).data == data


def test_a_hole_that_is_the_whole_photo() -> None:
    data = jpeg_sampled(scene(61, 45), "420")
    photo = files.load(data)
    edited = scene(61, 45, 9)
    done = files.encode(photo, edited, np.ones((61, 45), bool))
    assert done.report.method == "jpeg-blocks"
    assert done.report.changed_pixels_outside == 0
    assert np.abs(files.load(done.data).rgb.astype(int) - edited).mean() < 6


@pytest.mark.parametrize("transform", [0, 2])
def test_cmyk(transform: int) -> None:
    inks = np.dstack([scene(48, 64), scene(48, 64, 5)[..., 0] // 2])
    data = saved(PillowImage.fromarray(inks, "CMYK"), "JPEG", quality=92)
    place = data.index(b"Adobe") + 11
    assert data[place] == 0
    data = data[:place] + bytes((transform,)) + data[place + 1 :]
    photo = files.load(data)
    assert photo.mode == "CMYK"
    hole = np.zeros((48, 64), bool)
    hole[13:30, 20:41] = True
    edited = edited_in(photo.rgb, hole)
    done = files.encode(photo, edited, hole)
    assert done.report.method == "jpeg-blocks"
    assert done.report.changed_blocks_outside == 0
    again = files.load(done.data)
    assert np.abs(again.rgb[hole].astype(int) - edited[hole]).mean() < 8
    apart = (decoded(data) != decoded(done.data)).any(axis=2)
    assert done.report.changed_pixels_outside == np.count_nonzero(apart & ~hole)


def test_a_file_that_cannot_be_edited_in_blocks_is_coded_anew_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise JpegError("it is coded arithmetically")

    exif = PillowImage.Exif()
    exif[0x0112] = 6
    data = saved(
        scene(48, 64), "JPEG", quality=80, subsampling=1, exif=exif, icc_profile=b"p" * 40, comment=b"hello"
    )
    photo = files.load(data)
    hole = hole_in(64, 48)
    edited = edited_in(photo.rgb, hole)
    monkeypatch.setattr(jpeg, "edit", refuse)
    done = files.encode(photo, edited, hole)
    assert done.report.method == "jpeg-reencoded"
    assert "coded arithmetically" in done.report.note
    assert done.report.changed_pixels_outside
    first, second = (PillowImage.open(io.BytesIO(d)) for d in (data, done.data))
    assert first.quantization == second.quantization
    assert [c[1:] for c in parse(data).sampling] == [c[1:] for c in parse(done.data).sampling]
    again = files.load(done.data)
    assert (again.orientation, again.icc, dict(again.text)) == (6, b"p" * 40, {"comment": "hello"})
    assert np.abs(again.rgb.astype(int) - edited).mean() < 6


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d[: len(d) // 2], "breaks off"),
        (lambda d: d.replace(b"\xff\xc0", b"\xff\xc9", 1), "arithmetically"),
        (lambda d: d.replace(b"\xff\xc0", b"\xff\xc3", 1), "rare"),
        (lambda d: b"GIF" + d, "does not begin"),
    ],
)
def test_what_is_refused(change: Any, words: str) -> None:
    with pytest.raises(JpegError, match=words):
        parse(change(jpeg_sampled(scene(32, 32), "420")))


def test_without_certificate_nothing_is_claimed() -> None:
    photo = files.load(jpeg_sampled(scene(48, 64), "420"))
    hole = hole_in(48, 64)
    report = files.encode(photo, edited_in(photo.rgb, hole), hole, certify=False).report
    assert not report.certified
    assert report.changed_pixels_outside is None
    assert report.changed_blocks_outside is None


def test_real_photos(data: Path, tmp_path: Path) -> None:
    for path in sorted((data / "hostile" / "modes").glob("*.jpg")):
        if path.name == "ultrahdr.jpg":
            continue
        photo = files.load(path)
        hole = hole_in(photo.height, photo.width, 4)
        report = files.encode(photo, edited_in(photo.rgb, hole), hole).report
        assert report.method == "jpeg-blocks", path.name
        assert report.changed_blocks_outside == 0, path.name
