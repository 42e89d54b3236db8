"""Words that a format cannot hold are named, and none that it does hold."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin, TiffImagePlugin

from inpaint_app.photofile.files import encode, load

RECORD = b"\x1c\x02\x78\x00\x05Beach"
BLOCK = b"8BIM\x04\x04\x00\x00" + len(RECORD).to_bytes(4, "big") + RECORD


def picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8))


def saved(format: str, **more: object) -> bytes:
    buffer = io.BytesIO()
    picture().save(buffer, format, **more)
    return buffer.getvalue()


def jpeg_with_iptc() -> bytes:
    content = b"Photoshop 3.0\0" + BLOCK
    data = saved("JPEG")
    return data[:2] + b"\xff\xed" + (len(content) + 2).to_bytes(2, "big") + content + data[2:]


def tiff_with_iptc() -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[33723] = RECORD
    tags.tagtype[33723] = 7
    return saved("TIFF", tiffinfo=tags)


def png_with_text() -> bytes:
    words = PngImagePlugin.PngInfo()
    words.add_text("Title", "Beach")
    return saved("PNG", pnginfo=words)


def exif() -> bytes:
    block = Image.Exif()
    block[0x010F] = "Maker"
    return block.tobytes()


def left_out(data: bytes, target: str) -> str:
    photo = load(data, name="photo")
    hole = np.zeros((photo.height, photo.width), bool)
    hole[10:20, 10:20] = True
    edited = photo.rgb.copy()
    edited[hole] = 0
    return " ".join(encode(photo, edited, hole, format=target).report.inventory.left_out)


@pytest.mark.parametrize("target", ["png", "webp", "bmp", "gif"])
@pytest.mark.parametrize("make", [jpeg_with_iptc, tiff_with_iptc])
def test_iptc_is_named_where_it_is_lost(make, target: str) -> None:
    assert "IPTC" in left_out(make(), target)


def test_the_extended_part_of_xmp_is_named_where_it_is_lost() -> None:
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:xmpNote="http://ns.adobe.com/xmp/note/" '
        b'xmpNote:HasExtendedXMP="0123456789ABCDEF0123456789ABCDEF"/></rdf:RDF></x:xmpmeta>'
    )
    assert "that JPEG keeps apart" in left_out(saved("JPEG", xmp=packet), "png")


def test_texts_are_named_where_they_are_lost() -> None:
    assert "its text (Title)" in left_out(png_with_text(), "webp")


@pytest.mark.parametrize(
    ("target", "lost"), [("bmp", True), ("ppm", True), ("gif", True), ("png", False), ("webp", False)]
)
def test_exif_is_named_where_it_is_lost_alone(target: str, lost: bool) -> None:
    assert ("EXIF" in left_out(saved("JPEG", exif=exif()), target)) == lost


def test_the_other_sizes_of_an_icon_are_named() -> None:
    assert "2 smaller or equal sizes of the icon" in left_out(
        saved("ICO", sizes=[(48, 48), (32, 32), (16, 16)]), "png"
    )
    assert left_out(saved("ICO", sizes=[(48, 48)]), "png") == ""


@pytest.mark.parametrize("target", ["png", "webp", "bmp"])
def test_a_plain_photo_loses_nothing(target: str) -> None:
    assert left_out(saved("JPEG"), target) == ""


def test_a_sentence_of_each_reaches_the_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from inpaint_app.cli import main

    (tmp_path / "a.jpg").write_bytes(jpeg_with_iptc())
    mask = np.zeros((48, 64), np.uint8)
    mask[10:20, 10:20] = 255
    Image.fromarray(mask).save(tmp_path / "m.png")
    words = ["remove", str(tmp_path / "a.jpg"), "--mask", str(tmp_path / "m.png"), "--backend", "telea"]
    assert main([*words, "--format", "png", "-o", str(tmp_path / "b.png")]) == 0
    assert "IPTC (captions, keywords), for which a PNG file has no place" in capsys.readouterr().err
