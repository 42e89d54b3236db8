"""JPEG in, JPEG out: what the hole does not touch stays, coefficient by coefficient."""

from __future__ import annotations

import io
import struct
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

from inpaint_app.imaging import files, jpeg, jpeg_huffman
from inpaint_app.imaging.jpeg_bytes import segment
from inpaint_app.imaging.jpeg_file import HuffmanTable, JpegError, Scan, parse
from inpaint_app.imaging.jpeg_progressive import Whole
from inpaint_app.imaging.orientation import stored
from tests.imaging.photos import decoded, edited_in, hole_in, jpeg_sampled, saved, scene

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
    from inpaint_app.imaging.jpeg_edit import BASIS, spare_known
    from inpaint_app.imaging.jpeg_file import ZIGZAG

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
    from inpaint_app.imaging.jpeg_edit import BASIS
    from inpaint_app.imaging.jpeg_file import ZIGZAG

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


def test_metadata_stays_byte_for_byte() -> None:
    exif = PillowImage.Exif()
    exif[0x010F], exif[0x0132] = "Maker", "2026:01:02 03:04:05"
    data = saved(
        scene(40, 56),
        "JPEG",
        exif=exif,
        icc_profile=b"profile" * 40,
        comment=b"hello",
        xmp=b"<x/>",
        dpi=(300, 300),
    )
    tail = b"after the end"
    photo = files.load(data + tail)
    hole = hole_in(40, 56)
    done = files.encode(photo, edited_in(photo.rgb, hole), hole).data
    assert done.endswith(b"\xff\xd9" + tail)
    old, new = parse(data), parse(done)
    kept = [(m, old.content(i)) for i, (m, _, _) in enumerate(old.segments) if m != 0xDA]
    assert [(m, new.content(i)) for i, (m, _, _) in enumerate(new.segments) if m != 0xDA] == kept
    assert photo.icc == b"profile" * 40
    assert photo.dpi == (300.0, 300.0)


def with_thumbnail(picture: NDArray[np.uint8], order: str) -> bytes:
    """A JPEG whose EXIF holds a thumbnail of it, and a maker's note with a preview."""
    small = saved(PillowImage.fromarray(picture).resize((64, 48)), "JPEG", quality=80)
    preview = saved(PillowImage.fromarray(picture).resize((96, 72)), "JPEG", quality=90)
    note = b"MAKER" + preview + b"\0"
    mark = b"II*\0" if order == "<" else b"MM\0*"
    first = 8
    second = first + 2 + 12 + 4
    data = second + 2 + 24 + 4
    block = mark + struct.pack(order + "I", first)
    block += struct.pack(order + "HHHII", 1, 0x927C, 7, len(note), data + len(small)) + struct.pack(
        order + "I", second
    )
    block += struct.pack(order + "H", 2)
    block += struct.pack(order + "HHII", 0x0201, 4, 1, data) + struct.pack(
        order + "HHII", 0x0202, 4, 1, len(small)
    )
    block += bytes(4) + small + note
    plain = saved(picture, "JPEG", quality=90)
    return plain[:2] + segment(0xE1, b"Exif\0\0" + block) + plain[2:]


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_thumbnail_no_longer_shows_what_was_removed(order: str) -> None:
    picture = np.full((240, 320, 3), 200, np.uint8)
    picture[60:180, 100:220] = (220, 20, 20)
    data = with_thumbnail(picture, order)
    photo = files.load(data)
    hole = np.zeros((240, 320), bool)
    hole[56:184, 96:224] = True
    edited = photo.rgb.copy()
    edited[hole] = 200
    done = files.encode(photo, edited, hole)
    exif = PillowImage.open(io.BytesIO(done.data)).info["exif"]
    assert len(exif) == len(PillowImage.open(io.BytesIO(data)).info["exif"])
    start = exif.index(b"\xff\xd8\xff")
    small = np.asarray(PillowImage.open(io.BytesIO(exif[start:])))
    assert small.shape == (48, 64, 3)
    assert np.abs(small.astype(int) - 200).max() < 12
    assert exif.count(b"\xff\xd8\xff") == 1
    assert "thumbnail" in done.report.note
    assert "preview" in done.report.note


def test_further_pictures_are_left_out() -> None:
    data = jpeg_sampled(scene(48, 64), "420")
    photo = files.load(data + jpeg_sampled(scene(24, 32), "420"))
    hole = hole_in(48, 64)
    done = files.encode(photo, edited_in(photo.rgb, hole), hole)
    assert done.data.endswith(b"\xff\xd9")
    assert len(parse(done.data).data) == parse(done.data).end
    assert "further pictures" in done.report.note


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


def several_scans(data: bytes) -> bytes:
    """The same picture with one sequential scan per component."""
    file = parse(data)
    whole = Whole.read(file, np.zeros(file.units[0] * file.units[1], np.int32))
    old = file.scans[0]
    parts = [data[: old.begin]]
    for c in range(len(file.components)):
        number = min(c, 1)
        parts.append(whole._scan(Scan((c,), (number,), (number,), (0, 63), 0, 0, {}, 0, 0, 0, 0)))
    return b"".join([*parts, b"\xff\xd9"])


@pytest.mark.parametrize("sampling", ["420", "422", "444"])
def test_several_sequential_scans(sampling: str) -> None:
    data = jpeg_sampled(scene(53, 75), sampling)
    apart = several_scans(data)
    assert np.array_equal(decoded(apart), decoded(data))
    photo = files.load(apart)
    hole = hole_in(53, 75)
    done = files.encode(photo, edited_in(photo.rgb, hole), hole)
    assert done.report.method == "jpeg-blocks"
    assert done.report.changed_blocks_outside == 0


def test_a_full_huffman_table_is_replaced() -> None:
    """Flat colour gives tables of few symbols; a busy fill needs many that are not there."""
    flat = np.full((64, 64, 3), 90, np.uint8)
    flat[:, 32:] = 130
    data = jpeg_sampled(flat, "420", optimize=1)
    photo = files.load(data)
    hole = np.zeros((64, 64), bool)
    hole[8:40, 8:40] = True
    edited = photo.rgb.copy()
    edited[hole] = np.random.default_rng(0).integers(0, 256, (int(hole.sum()), 3), dtype=np.uint8)
    done = files.encode(photo, edited, hole)
    assert done.report.method == "jpeg-blocks"
    assert done.report.changed_blocks_outside == 0
    assert np.abs(files.load(done.data).rgb[hole].astype(int) - edited[hole]).mean() < 60


def test_room_for_symbols_moves_no_old_code() -> None:
    table = HuffmanTable((0, 1, 2, 1, *(0,) * 12), bytes((5, 1, 2, 9)))
    grown = jpeg_huffman.with_room_for(table, [7, 8])
    assert grown is not None
    old, new = jpeg_huffman.writing(table), jpeg_huffman.writing(grown)
    assert np.array_equal(old[[5, 1, 2, 9]], new[[5, 1, 2, 9]])
    assert all(new[s] & 0xFF == 16 for s in (7, 8))
    full = HuffmanTable((2, *(0,) * 15), b"\x01\x02")
    assert jpeg_huffman.with_room_for(full, [3]) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=256))
def test_the_best_table_is_a_prefix_code_within_sixteen_bits(weights: list[int]) -> None:
    histogram = np.zeros(256, np.int64)
    histogram[: len(weights)] = weights
    table = jpeg_huffman.best(histogram)
    codes = jpeg_huffman.writing(table)
    lengths = codes[: len(weights)] & 0xFF
    assert sorted(table.symbols) == list(range(len(weights)))
    assert (lengths > 0).all()
    assert sum(2.0 ** -int(n) for n in lengths) < 1  # all ones stays free
    read = jpeg_huffman.reading(table)
    for symbol in range(len(weights)):
        code, length = int(codes[symbol]) >> 8, int(codes[symbol]) & 0xFF
        if length <= jpeg_huffman.LOOK:
            assert read[code << (jpeg_huffman.LOOK - length)] == (length << 8) | symbol


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


def test_stray_bytes_between_segments_are_passed_over() -> None:
    data = jpeg_sampled(scene(48, 64), "420", quality=80).replace(b"\xff\xda", b"\0\x12\xff\0\xff\xda", 1)
    photo = files.load(data)
    hole = hole_in(48, 64)
    report = files.encode(photo, edited_in(photo.rgb, hole), hole).report
    assert (report.method, report.changed_blocks_outside) == ("jpeg-blocks", 0)


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
