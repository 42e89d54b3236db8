"""Camera raw files are refused in one sentence, whatever preview they hold; ordinary TIFFs are not."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from inpaint_app.errors import UnreadablePhoto
from inpaint_app.photofile import files
from inpaint_app.photofile.decoding import raw
from tests.photofile.kinds import TIFFS
from tests.photofile.photos import saved, scene

MARKS = {
    "Fujifilm RAF": b"FUJIFILMCCD-RAW 0201FF129502X-T1",
    "Sigma X3F": b"FOVb\x02\0\x02\0",
    "Minolta MRW": b"\0MRM\0\0\1\0",
    "Olympus ORF": b"IIRO\x08\0\0\0",
    "Panasonic RW2": b"IIU\0\x18\0\0\0",
    "Canon CR3": b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom",
    "Canon CRW": b"II\x1a\0\0\0HEAPCCDR",
    "Canon CR2": b"II*\0\x10\0\0\0CR\x02\0",
    "Phase One IIQ": b"II*\0\x08\0\0\0IIII",
}


def camera_file(make: str, extra: list[Any], byteorder: str = "<", big: bool = False, **sensor: Any) -> bytes:
    """A TIFF as cameras lay it out: a preview in RGB first, what the sensor saw in a directory below it."""
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer, byteorder=byteorder, bigtiff=big) as file:
        preview = scene(60, 80)
        tags = [(271, "s", 0, make, True), *extra]
        file.write(preview, photometric="rgb", subfiletype=1, subifds=1, extratags=tags, metadata=None)
        photometric = sensor.get("photometric", 32803)
        mosaic = np.arange(96 * 128, dtype=np.uint16).reshape(96, 128)
        seen = mosaic if photometric == 32803 else np.dstack([mosaic] * 3)
        file.write(seen, photometric=photometric, metadata=None)
    return buffer.getvalue()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(
    ("make", "name"),
    [("NIKON CORPORATION", "Nikon NEF"), ("SONY", "Sony ARW"), ("PENTAX", "Pentax PEF"), ("SAMSUNG", "Samsung SRW"),
     ("Nobody", "TIFF of sensor data")],
)  # fmt: skip
def test_what_a_sensor_saw_is_refused(make: str, name: str, order: str, big: bool) -> None:
    data = camera_file(make, [], order, big)
    with pytest.raises(UnreadablePhoto, match=rf"IMG_1\.NEF is a camera raw file.*{name}.*develop it first"):
        files.load(data, name="IMG_1.NEF")


@pytest.mark.parametrize("photometric", [32803, 34892])
def test_dng_is_refused_also_where_its_colours_are_whole(photometric: int) -> None:
    version = (50706, "B", 4, bytes((1, 4, 0, 0)), True)
    data = camera_file("Apple", [version], photometric=photometric)
    assert raw.kind(data) == "DNG"
    with pytest.raises(UnreadablePhoto, match="develop it first"):
        files.load(data, name="photo.jpg")  # the ending says nothing


@pytest.mark.parametrize("name", MARKS)
def test_the_cameras_own_marks(name: str) -> None:
    jpeg = saved(scene(60, 80), "JPEG")  # every one of them carries a preview
    data = MARKS[name].ljust(64, b"\0") + jpeg
    assert raw.kind(data) == name
    with pytest.raises(UnreadablePhoto, match="develop it first"):
        files.load(data, name="photo")


@pytest.mark.parametrize("name", TIFFS)
def test_ordinary_tiffs_are_none(name: str) -> None:
    assert raw.kind(TIFFS[name](24, 20, np.random.default_rng(3))) == ""


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "HEIF", "TIFF"])
def test_other_photos_are_none(format: str) -> None:
    assert raw.kind(saved(scene(24, 20), format)) == ""


def test_no_photo_of_the_test_data_is_taken_for_raw(data: Path) -> None:
    found = {
        path.name: raw.kind(path.read_bytes())
        for folder in ("hostile/modes", "hostile/corrupt", "cases/tiff-layers", "cases/more-than-one-picture",
                       "cases/raw")
        for path in sorted((data / folder).glob("*"))
    }  # fmt: skip
    assert {name: kind for name, kind in found.items() if kind} == {"raw.dng": "DNG"}
    assert sum(name.lower().endswith((".tif", ".tiff")) for name in found) >= 15
