"""Saved exactly no known pixel changes, whatever came; and a file says that it was edited where that is wished."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from inpaint_app.errors import SaveError
from inpaint_app.photofile import files
from inpaint_app.photofile.metadata import mark
from inpaint_app.photofile.photo import SaveOptions
from inpaint_app.removal.session import source_type
from inpaint_app.types import Mask
from tests.photofile.kinds import numbers, png_of
from tests.photofile.photos import edited_in, jpeg_sampled, saved, scene

EXACT = SaveOptions(exact=True)
MARKED = SaveOptions(mark=mark.TRAINED)
SOURCES = {
    "JPEG": lambda: jpeg_sampled(scene(48, 64), "420"),
    "WEBP": lambda: saved(scene(48, 64), "WEBP", quality=80),
    "HEIF": lambda: saved(scene(48, 64), "HEIF", quality=80),
    "AVIF": lambda: saved(scene(48, 64), "AVIF", quality=80),
    "PNG": lambda: saved(scene(48, 64), "PNG"),
    "PNG deep": lambda: png_of(numbers(np.random.default_rng(1), (48, 64, 3), 65536, np.uint16), 16, 2),
    "TIFF CMYK": lambda: saved(PillowImage.fromarray(scene(48, 64)).convert("CMYK"), "TIFF"),
    "GIF": lambda: saved(PillowImage.fromarray(scene(48, 64)).quantize(64), "GIF"),
}


def hole() -> Mask:
    mask = np.zeros((48, 64), bool)
    mask[11:29, 21:39] = True
    return mask


@pytest.mark.parametrize("source", SOURCES)
def test_saved_exactly_no_known_pixel_changes(source: str) -> None:
    photo = files.load(SOURCES[source](), name="photo")
    done = files.encode(photo, edited_in(photo.rgb, hole()), hole(), options=EXACT)
    assert done.report.changed_pixels_outside == 0
    assert done.report.kept.startswith("0 known pixels changed")
    assert done.report.format in ("PNG", "TIFF", "WEBP", "GIF")
    again = files.load(done.data, name="again")
    assert np.array_equal(again.rgb[~hole()], photo.rgb[~hole()])
    assert not np.array_equal(again.rgb, photo.rgb)


def test_a_jpeg_says_how_many_known_pixels_changed_and_by_how_much() -> None:
    photo = files.load(jpeg_sampled(scene(48, 64), "420"), name="photo.jpg")
    done = files.encode(photo, edited_in(photo.rgb, hole()), hole())
    after = np.asarray(PillowImage.open(io.BytesIO(done.data)))
    apart = np.abs(after.astype(int) - photo.rgb).max(axis=2)
    apart[hole()] = 0
    assert done.report.changed_pixels_outside == np.count_nonzero(apart) > 0
    assert done.report.largest_change == apart.max()
    said = f"{np.count_nonzero(apart):,} known pixels changed, by at most {apart.max()} of 255"
    assert said in done.report.note
    assert said in done.report.kept
    assert "saved exactly (PNG, TIFF or lossless WebP) none does" in done.report.note


def test_a_lossy_format_says_so_too() -> None:
    photo = files.load(saved(scene(48, 64), "PNG"), name="photo.png")
    done = files.encode(photo, photo.rgb, hole(), format="webp")
    after = np.asarray(PillowImage.open(io.BytesIO(done.data)))
    apart = np.abs(after.astype(int) - photo.rgb).max(axis=2)[~hole()]
    assert done.report.changed_pixels_outside == np.count_nonzero(apart)
    assert done.report.largest_change == apart.max()


@pytest.mark.parametrize("format", ["png", "tiff", "webp"])
def test_an_exact_format_may_be_chosen(format: str) -> None:
    photo = files.load(SOURCES["JPEG"](), name="photo.jpg")
    done = files.encode(photo, edited_in(photo.rgb, hole()), hole(), format=format, options=EXACT)
    assert (done.report.changed_pixels_outside, done.report.format) == (0, format.upper())


@pytest.mark.parametrize("format", ["jpeg", "heic", "avif", "gif", "bmp"])
def test_a_format_that_cannot_be_exact_is_refused_with_the_cure(format: str) -> None:
    photo = files.load(SOURCES["JPEG"](), name="photo.jpg")
    with pytest.raises(SaveError, match="save exactly as png, tiff or webp"):
        files.planned(photo, format, EXACT)


def test_deep_samples_do_not_go_into_a_webp_exactly() -> None:
    photo = files.load(SOURCES["PNG deep"](), name="deep.png")
    with pytest.raises(
        SaveError, match=r"WebP holds 8 bits, deep\.png has 16: save it exactly as PNG or TIFF"
    ):
        files.encode(photo, photo.rgb, hole(), format="webp", options=EXACT)


def said_in(data: bytes, tmp_path: Path) -> str:
    (tmp_path / "file").write_bytes(data)
    call = ["exiftool", "-s3", "-XMP-iptcExt:DigitalSourceType", str(tmp_path / "file")]
    return subprocess.run(call, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("format", [None, "JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF", "BMP"])
def test_a_marked_file_says_that_it_was_edited(source: str, format: str | None, tmp_path: Path) -> None:
    photo = files.load(SOURCES[source](), name="photo")
    done = files.encode(photo, edited_in(photo.rgb, hole()), hole(), format=format, options=MARKED)
    if done.report.format == "BMP":
        assert "BMP holds no XMP" in done.report.note
        return
    assert files.load(done.data, name="again").rgb.shape == photo.rgb.shape
    assert done.data.count(b"digitalsourcetype/compositeWithTrainedAlgorithmicMedia") == 1
    assert b'softwareAgent="inpaint-app' in done.data
    if shutil.which("exiftool"):
        assert re.search("omposite.*[Tt]rained ?[Aa]lgorithmic ?[Mm]edia", said_in(done.data, tmp_path))
    plain = files.encode(photo, edited_in(photo.rgb, hole()), hole(), format=format)
    assert b"digitalsourcetype" not in plain.data
    assert plain.report.changed_pixels_outside == done.report.changed_pixels_outside


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_old_words_stay_and_an_old_statement_goes(format: str) -> None:
    xmp = mark.packet(None, "digitalCapture").replace(
        b"</rdf:RDF>", b'<rdf:Description rdf:about="" xmlns:dc="d" dc:source="Aunt Emma"/></rdf:RDF>'
    )
    options = {"TIFF": {"tiffinfo": {700: xmp}}, "PNG": {}}.get(format, {"xmp": xmp})
    if format == "PNG":
        chunk = (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)
        data = png_of(scene(48, 64), 8, 2, chunk)
    else:
        data = saved(scene(48, 64), format, **options)
    photo = files.load(data, name="photo")
    done = files.encode(photo, edited_in(photo.rgb, hole()), hole(), options=MARKED).data
    assert b"Aunt Emma" in done
    assert b"digitalCapture" not in done
    assert done.count(b"digitalsourcetype/") == 1


def test_what_was_filled_without_a_network_is_said_otherwise() -> None:
    assert source_type("telea") == source_type("exemplar") == mark.ENHANCED
    assert source_type("context-encoder") == source_type("stable-diffusion") == mark.TRAINED
