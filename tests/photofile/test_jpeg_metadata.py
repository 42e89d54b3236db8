"""What a JPEG holds beside its pixels: kept byte for byte, but for pictures of what was removed."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage

from inpaint_app.photofile import files
from inpaint_app.photofile.jpeg.bytes import segment
from inpaint_app.photofile.jpeg.file import parse
from tests.photofile.photos import edited_in, hole_in, jpeg_sampled, saved, scene


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
    kept = [(one.marker, one.content) for one in old.segments if one.marker != 0xDA]
    assert [(one.marker, one.content) for one in new.segments if one.marker != 0xDA] == kept
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


def test_stray_bytes_between_segments_are_passed_over() -> None:
    data = jpeg_sampled(scene(48, 64), "420", quality=80).replace(b"\xff\xda", b"\0\x12\xff\0\xff\xda", 1)
    photo = files.load(data)
    hole = hole_in(48, 64)
    report = files.encode(photo, edited_in(photo.rgb, hole), hole).report
    assert (report.method, report.changed_blocks_outside) == ("jpeg-blocks", 0)
