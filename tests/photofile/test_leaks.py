"""What was removed is nowhere in the written file: for every known carrier, in every format and every conversion."""

from __future__ import annotations

import os

import pytest
from PIL import Image as PillowImage

from inpaint_app.photofile import files
from tests.photofile import carriers, leaks
from tests.photofile.leaks import filled, photo, shows
from tests.photofile.photos import saved

TARGETS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP")
SLOW = ("HEIF", "AVIF")
ALL = bool(os.environ.get("INPAINT_FUZZ_EXAMPLES"))
"""Every carrier into every format; else each into its own and one other, the formats in turn."""
HOLE = photo()[1]


def written(data: bytes, target: str | None) -> files.Encoded:
    given = files.load(data)
    return files.encode(given, filled(given.rgb, HOLE), HOLE, format=target)


@pytest.mark.parametrize("family", sorted(carriers.FAMILIES))
def test_no_file_shows_what_was_removed(family: str) -> None:
    """Every carrier of a format, kept in it and converted."""
    for number, (name, data) in enumerate(carriers.FAMILIES[family]().items()):
        targets = (None, *(TARGETS + SLOW if ALL else (TARGETS * 4 + SLOW)[number % 26 :][:1]))
        for target in targets:
            done = written(data, target)
            assert not shows(done.data), (family, name, target)
            assert done.report.shown_elsewhere == (), (family, name, target)
            assert files.load(done.data).rgb.shape == (leaks.HEIGHT, leaks.WIDTH, 3), (family, name, target)


@pytest.mark.parametrize("family", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"])
def test_the_search_finds_the_person_in_every_carrier(family: str) -> None:
    """Else it would find it in no result either: beside the main picture there is always a second one."""
    picture = PillowImage.fromarray(photo()[0])
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 90}, "TIFF": {"compression": "tiff_deflate"}}
    alone = len(
        shows(saved(picture.quantize(64) if family == "GIF" else picture, family, **options.get(family, {})))
    )
    for name, data in carriers.FAMILIES[family]().items():
        if "UTF-16" not in name:
            assert len(shows(data)) > alone, (family, name)
