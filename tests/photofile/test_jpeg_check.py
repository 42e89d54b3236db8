"""The certificate of an edited JPEG: what is held bit for bit against the old file is told as surely as by decoding."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inpaint_app.photofile import files
from inpaint_app.photofile.jpeg import ranges
from inpaint_app.photofile.jpeg import splice as jpeg
from inpaint_app.photofile.jpeg.file import JpegError, parse
from inpaint_app.photofile.jpeg.scans import Whole, codes_of
from inpaint_app.photofile.jpeg.transcode import equal_bits
from tests.photofile.photos import crowded, decoded, edited_in, jpeg_sampled, saved, scene
from tests.photofile.test_jpeg_huffman import several_scans

KINDS = {
    "420": lambda rgb: jpeg_sampled(rgb, "420"),
    "444 optimised": lambda rgb: jpeg_sampled(rgb, "444", optimize=1),
    "restart": lambda rgb: saved(rgb, "JPEG", quality=85, restart_marker_blocks=3),
    "several scans": lambda rgb: several_scans(jpeg_sampled(rgb, "420")),
    "full tables": lambda rgb: crowded(jpeg_sampled(rgb, "420", optimize=1)),
    "grey": lambda rgb: saved(rgb[..., 1], "JPEG", quality=90),
    "progressive": lambda rgb: saved(rgb, "JPEG", quality=85, progressive=True),
    "progressive, restart": lambda rgb: saved(
        rgb, "JPEG", quality=85, progressive=True, restart_marker_blocks=5
    ),
    "progressive, grey": lambda rgb: saved(rgb[..., 1], "JPEG", quality=60, progressive=True),
    "progressive, full tables": lambda rgb: crowded(saved(rgb, "JPEG", quality=85, progressive=True)),
    "progressive, full tables, restart": lambda rgb: crowded(
        saved(rgb, "JPEG", quality=85, progressive=True, restart_marker_blocks=5)
    ),
}
SIZE = (120, 168)


Confirmed = Callable[[bytes], bool]


def spliced(kind: str) -> tuple[bytes, bytes, Confirmed, np.ndarray]:  # type: ignore[type-arg]
    """A photo's file, the edited one, what tells whether a file is that one, and the touched units."""
    source = KINDS[kind](scene(*SIZE))
    photo = files.load(source, name="p.jpg")
    hole = np.zeros(SIZE, bool)
    hole[40:70, 50:90] = True
    hole[100:104, 10:14] = True
    hole[8:20, 160:] = True
    done = files.encode(photo, edited_in(photo.rgb, hole), hole)
    assert done.report.method == "jpeg-blocks"
    region = jpeg._region(parse(source), hole, 1)
    _, scans = ranges.read(parse(source), region.wanted)
    values = ranges.read(parse(done.data), region.wanted)[0].reshape(-1, 64)

    def confirmed(data: bytes) -> bool:
        again = parse(data)
        same = len(again.scans) == len(scans)
        return same and all(
            old.confirmed(again, new, values) for old, new in zip(scans, again.scans, strict=True)
        )

    return source, done.data, confirmed, region.touched.ravel()


def units(data: bytes) -> np.ndarray:  # type: ignore[type-arg]
    """All coefficients (units, blocks, 64)."""
    whole = Whole.read(parse(data))
    return whole.coefficients[whole.units]


@pytest.mark.parametrize("kind", KINDS)
def test_comparing_bits_tells_what_decoding_tells(kind: str) -> None:
    source, written, confirmed, touched = spliced(kind)
    assert confirmed(written), "the written scan was not recognised"
    same = (units(source) == units(written)).all(axis=(1, 2))
    assert same[~touched].all()
    assert not same[touched].all()
    assert not confirmed(source)


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.integers(0, 99), st.floats(0, 1), st.integers(0, 7))
def test_a_flipped_bit_is_never_certified(kind: str, number: int, where: float, bit: int) -> None:
    """Anywhere in the coded data: noticed as a difference, as damage, or decoded to the same coefficients."""
    _, written, confirms, _ = spliced(kind)
    scans = parse(written).scans
    scan = scans[number % len(scans)]
    place = scan.data + int(where * (scan.end - scan.data - 1))
    broken = bytearray(written)
    broken[place] ^= 1 << bit
    try:
        confirmed = confirms(bytes(broken))
    except (JpegError, IndexError):
        return
    assert not confirmed or np.array_equal(units(bytes(broken)), units(written))


@pytest.mark.parametrize("restart", [0, 5])
def test_a_full_table_gets_other_codes_and_the_same_symbols(restart: int) -> None:
    """No coefficient outside the hole, and no scan as a whole, is read again for it."""
    options = {"restart_marker_blocks": restart} if restart else {}
    source = crowded(saved(scene(*SIZE) // 8 * 8, "JPEG", quality=50, progressive=True, **options))
    photo = files.load(source, name="p.jpg")
    hole = np.zeros(SIZE, bool)
    hole[40:70, 50:90] = True
    edited = photo.rgb.copy()
    edited[hole] = np.random.default_rng(0).integers(0, 256, (int(hole.sum()), 3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Whole, "read", None)
        done = files.encode(photo, edited, hole)
    assert (done.report.method, done.report.changed_blocks_outside) == ("jpeg-blocks", 0)
    old, new = ([codes_of(scan, scan.tables) for scan in parse(d).scans] for d in (source, done.data))
    moved = [bool(np.any((a != b) & (a > 0) & (b > 0))) for a, b in zip(old, new, strict=True)]
    assert any(moved), "no scan has other codes: the test asks nothing"
    apart = (decoded(source) != decoded(done.data)).any(axis=2)
    assert not apart[:28].any()
    assert not apart[84:].any()
    assert done.report.changed_pixels_outside == np.count_nonzero(apart & ~hole)


def test_a_scan_of_another_photo_is_different() -> None:
    _, _, confirmed, _ = spliced("420")
    for other in (
        jpeg_sampled(scene(*SIZE), "420", optimize=1),
        jpeg_sampled(scene(*SIZE)[::-1].copy(), "420"),
    ):
        try:
            assert not confirmed(other)
        except JpegError:
            continue


@settings(max_examples=100, deadline=None)
@given(
    st.binary(min_size=12, max_size=12), st.integers(0, 15), st.integers(0, 15), st.integers(0, 60), st.data()
)
def test_equal_bits(data: bytes, first: int, shift: int, length: int, draw: st.DataObject) -> None:
    def bits(array: np.ndarray, start: int) -> np.ndarray:  # type: ignore[type-arg]
        return np.unpackbits(array)[start : start + length]

    one = np.frombuffer(data + bytes(2), np.uint8)
    moved = np.zeros(14 * 8, np.uint8)
    moved[shift : shift + length] = bits(one, first)
    other = np.packbits(moved)
    other = np.append(other, np.zeros(2, np.uint8))
    assert equal_bits(one, first, other, shift, length)
    if length:
        moved[shift + draw.draw(st.integers(0, length - 1))] ^= 1
        other = np.append(np.packbits(moved), np.zeros(2, np.uint8))
        assert not equal_bits(one, first, other, shift, length)
