"""Small files that ask for much are refused, or opened for what their pixels need."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import GifImagePlugin, TiffImagePlugin

from inpaint_app.errors import PhotoError, UnreadablePhoto
from inpaint_app.photofile.decoding import screening
from inpaint_app.photofile.files import Limits, load
from tests.photofile import bombs
from tests.photofile.photos import saved, scene

REFUSED = {
    "tiff that inflates": "unpack to more",
    "tiff that inflates, other number": "unpack to more",
    "tiff of packbits": "unpack to more",
    "tiff with huge tiles": "tiles",
    "tiff with rows without end": "unpack to more",
    "tiff with greedy tags": "claim more",
    "jpeg of scans": "scans",
    "png in parts": "parts",
    "png with greedy exif": "EXIF claims",
    "ico with a huge picture": "12000×12000",
}
"""Those of bombs.BOMBS that no decoder may see; the others open, for their pixels are as their header says."""


@pytest.mark.parametrize("name", REFUSED)
def test_bombs_are_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(PhotoError, match=REFUSED[name]):
        load(bombs.BOMBS[name](), name="bomb", limits=Limits(25, 40))


MEASURE = """
import json, resource, sys
from inpaint_app.errors import PhotoError
from inpaint_app.photofile.files import Limits, load
from tests.photofile import bombs
load(bombs.sixteen()); load(bombs.saved(bombs.SMALL, "PNG"))
grown = {}
for name, make in bombs.BOMBS.items():
    data = make()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        load(data, name="bomb", limits=Limits(25, 40))
    except PhotoError:
        pass
    grown[name] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
print(json.dumps(grown))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="getrusage counts in other units elsewhere")
def test_no_bomb_takes_memory() -> None:
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True)
    grown = json.loads(done.stdout)
    assert len(grown) == len(bombs.BOMBS)
    assert max(grown.values()) < 100, grown


def test_pages_are_counted_without_reading_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(self: object) -> int:
        raise AssertionError("Pillow reads every page to count them")

    for kind in (TiffImagePlugin.TiffImageFile, GifImagePlugin.GifImageFile):
        monkeypatch.setattr(kind, "n_frames", property(read))
    assert "1000 or more pictures" in load(bombs.tiff_of_many_pages(40_000)).note
    assert "holds 3 pictures" in load(bombs.tiff_of_many_pages(3)).note
    assert "1000 or more pictures" in load(bombs.gif_of_frames(400_000)).note
    assert "holds 5 pictures" in load(bombs.gif_of_frames(4)).note
    assert load(bombs.sixteen()).note == ""


def test_sound_files_pass() -> None:
    assert load(bombs.sixteen()).bit_depth == 16
    assert load(bombs.jpeg_of_scans(10)).width == 64
    assert load(bombs.png_in_parts(500)).width == 21
    padded = bombs.tiff_page(zlib.compress(bytes(384)) + b"behind it")
    assert load(padded).rgb.max() == 0


def test_small_tables_that_overlap_are_opened() -> None:
    """A game's and some cameras' EXIF has entries that point into one another, three times what it holds."""
    entries = [struct.pack("<HHII", 33432 + number, 2, 500, 8) for number in range(60)]
    table = b"II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(entries) + bytes(4)
    photo = load(saved(scene(20, 30), "JPEG", exif=b"Exif\0\0" + table))
    assert (photo.width, photo.height) == (30, 20)


def test_scans_are_fewer_where_the_picture_is_large() -> None:
    data = bytearray(bombs.jpeg_of_scans(60))
    at = data.index(b"\xff\xc2")
    screening.screen(bytes(data), "small", 200)
    struct.pack_into(">HH", data, at + 5, 9000, 12_000)
    with pytest.raises(UnreadablePhoto, match="at most 32"):
        screening.screen(bytes(data), "large", 200)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "BigTIFF", "GIF", "ICO"])
def test_walks_end_on_cut_and_broken_files(format: str) -> None:
    """None raises anything but a PhotoError, wherever a file breaks off and whatever a byte holds."""
    whole = saved(
        scene(20, 30), format.removeprefix("Big"), **({"big_tiff": True} if "Big" in format else {})
    )
    random = np.random.default_rng(1)
    for _ in range(400):
        data = bytearray(whole[: random.integers(4, len(whole))])
        for at in random.integers(4, len(data), 3) if len(data) > 4 else ():
            data[at] = random.choice([0, 1, 255, random.integers(256)])
        try:
            screening.screen(bytes(data), "broken", 25)
            screening.pictures(bytes(data))
        except PhotoError:
            pass
