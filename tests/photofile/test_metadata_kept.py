"""All that cannot show what was removed stays: told apart by exiftool where it is installed, and byte by byte."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inpaint_app.photofile import files
from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.metadata import exif
from tests.photofile import carried, carriers
from tests.photofile.leaks import filled, photo

needs_exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
_PICTURES = (
    "Thumbnail",
    "Preview",
    "FlashPix",
    "MPF",
    "MPImage",
    "JpgFromRaw",
    "ScreenNail",
    "Photoshop:PhotoshopThumb",
)


def tags(*paths: Path) -> list[dict[str, Any]]:
    """Of each file every tag that exiftool reads, but what it says of the file on disk and of pictures inside."""
    done = subprocess.run(
        ["exiftool", "-j", "-G1", "-a", "-U", "-n", "-b", "-struct", "-x", "System:all", *map(str, paths)],
        capture_output=True, check=False,
    )  # fmt: skip
    return [
        {
            name: value
            for name, value in found.items()
            if name != "SourceFile"
            and not name.startswith(("File:", "Composite:", "ExifTool:"))
            and not any(word in name for word in _PICTURES)
        }
        for found in json.loads(done.stdout)
    ]


@needs_exiftool
def test_every_other_tag_of_camera_files_stays(data: Path, tmp_path: Path) -> None:
    paths = sorted((data / "eval" / "camera").glob("*.jpg"))
    assert paths
    for path in paths:
        given = files.load(path)
        hole = np.zeros(given.rgb.shape[:2], bool)
        hole[100:164, 100:164] = True
        edited = given.rgb.copy()
        edited[hole] = 128
        done = files.encode(given, edited, hole)
        (tmp_path / path.name).write_bytes(done.data)
        assert done.report.shown_elsewhere == (), path.name
    written = tags(*(tmp_path / path.name for path in paths))
    for path, before, after in zip(paths, tags(*paths), written, strict=True):
        apart = {name: (before.get(name), after.get(name)) for name in before | after}
        assert {name: pair for name, pair in apart.items() if pair[0] != pair[1]} == {}, path.name


@needs_exiftool
@pytest.mark.parametrize("target", [None, "PNG", "WEBP", "TIFF"])
def test_words_beside_a_carrier_stay(target: str | None, tmp_path: Path) -> None:
    hole = photo()[1]
    pairs = []
    for number, (name, data) in enumerate(list(carriers.jpegs().items())[::7]):
        given = files.load(data)
        done = files.encode(given, filled(given.rgb, hole), hole, format=target)
        pairs.append((name, tmp_path / f"{number}.jpg", tmp_path / f"{number} after{done.suffix}"))
        pairs[-1][1].write_bytes(data)
        pairs[-1][2].write_bytes(done.data)
    before, after = (tags(*(pair[which] for pair in pairs)) for which in (1, 2))
    assert any("IFD0:Make" in one for one in before)
    for (name, *_), first, second in zip(pairs, before, after, strict=True):
        for tag in ("IFD0:Make", "IFD0:ModifyDate", "IFD0:Artist", "XMP-dc:Title", "XMP-xmp:Rating"):
            assert first.get(tag) == second.get(tag), (name, target, tag)


@pytest.mark.parametrize("name", sorted(n for n in carried.exifs() if n.startswith("note")))
def test_a_maker_note_keeps_its_place_and_its_own_words(name: str) -> None:
    given, hole = carried.exifs()[name], photo()[1]
    told = Edit(filled(photo()[0], hole), hole, 1)
    done = exif.cleaned(given, told)
    assert done is not None
    assert len(done) == len(given)
    start = given.index(b"MAKER\0\1\0")
    assert done[: start + 5] == given[: start + 5]
    if name in ("note, whole", "note, nested", "note, no SOI", "note, broken SOI", "note, swapped"):
        assert b"serial 12345" in done  # of the others nobody can tell where they end
    assert any("maker's note" in words for words in told.inventory.left_out)


def test_the_report_says_what_was_looked_through_made_anew_and_left_out() -> None:
    made = carriers.jpegs()
    given, hole = files.load(made["gain map"]), photo()[1]
    report = files.encode(given, filled(given.rgb, hole), hole).report
    assert report.elsewhere == "nowhere"
    assert "XMP" in report.inventory.looked_through
    assert report.inventory.left_out == (
        "the description of a gain map (ISO 21496-1)", "further pictures behind the main one"
    )  # fmt: skip
    assert report.inventory.corrected == ("XMP that promised a gain map: it was left out",)
    given = files.load(made["EXIF thumbnail"])
    report = files.encode(given, filled(given.rgb, hole), hole).report
    assert report.inventory.made_anew == ("the EXIF thumbnail",)
    plain = json.loads(json.dumps(report.plain()))
    assert plain["inventory"]["made_anew"] == ["the EXIF thumbnail"]
    assert (plain["elsewhere"], plain["shown_elsewhere"]) == ("nowhere", [])
    assert "Made anew: the EXIF thumbnail." in plain["lines"]


PLAIN = ("sample", "planar", "YCbCr", "planes", "unknown entry")
"""Carriers of plain samples, which have no mark that a search of a whole file could go by."""


def test_what_is_still_shown_is_said() -> None:
    """The count is taken from the written file: a picture that somebody put there is a place."""
    from inpaint_app.photofile.previews.elsewhere import places

    hole = photo()[1]
    told = Edit(filled(photo()[0], hole), hole, 1)
    for family, format in (("JPEG", "JPEG"), ("PNG", "PNG"), ("WEBP", "WEBP"), ("TIFF", "TIFF")):
        for name, data in carriers.FAMILIES[family]().items():
            if not any(word in name for word in PLAIN) and name != "layers":
                assert places(data, format, told), (family, name)
