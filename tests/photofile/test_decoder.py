"""Photos decoded in processes of their own: the same as here, within time and memory, and nobody held up."""

from __future__ import annotations

import contextlib
import itertools
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from inpaint_app.errors import Busy, Cancelled, PhotoError, PhotoTooLarge, SaveError, UnreadablePhoto
from inpaint_app.photofile import read
from inpaint_app.photofile.decoding.decoder import Decoder
from inpaint_app.photofile.files import Limits, load
from inpaint_app.photofile.jpeg import file as jpeg_file
from inpaint_app.photofile.photo import Photo, SaveOptions
from inpaint_app.photofile.read import load_samples
from inpaint_app.photofile.samples.native import Native
from inpaint_app.photofile.write import encode
from inpaint_app.removal.mask_file import open_mask
from inpaint_app.types import address_of
from tests.photofile import bombs
from tests.photofile.photos import edited_in, hole_in, saved, scene

LIMITS = Limits(25, 40)


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    one = Decoder(2, 30)
    one.warm()
    yield one
    one.close()


def same(one: Photo, other: Photo) -> bool:
    for field in fields(Photo):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            if not np.array_equal(a, b) or a.dtype != b.dtype:
                return False
        elif a != b or type(a) is not type(b):
            return False
    return True


def kinds() -> dict[str, bytes]:
    picture = scene(40, 60)
    exif = PillowImage.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    clear = np.dstack([picture, np.full((40, 60), 90, np.uint8)])
    return {
        **{kind: saved(picture, kind) for kind in ("PNG", "BMP", "WEBP", "HEIF", "AVIF", "JPEG2000", "PPM")},
        "jpeg": saved(picture, "JPEG", exif=exif, dpi=(300, 300), comment=b"said"),
        "alpha": saved(clear, "PNG"),
        "gif": saved(PillowImage.fromarray(picture).quantize(16), "GIF"),
        "deep": bombs.sixteen(),
        "broken off": saved(scene(400, 600), "JPEG")[:-9000],
        "cmyk": saved(PillowImage.fromarray(picture).convert("CMYK"), "TIFF"),
    }


def written_kinds() -> dict[str, bytes]:
    """Files of which much is read again when they are written: samples that are not those seen, further pictures."""
    picture = PillowImage.fromarray(scene(40, 60))
    grey = picture.convert("L")
    more: dict[str, Any] = {"save_all": True, "append_images": [grey.rotate(9)]}
    return {
        **kinds(),
        "deep TIFF": saved(PillowImage.fromarray(scene(40, 60)[..., 0].astype(np.uint16) * 257), "TIFF"),
        "grey": saved(grey, "PNG"),
        "palette": saved(picture.quantize(16), "PNG"),
        "pages": saved(grey, "TIFF", **more),
        "animated gif": saved(grey, "GIF", **more),
        "animated png": saved(grey, "PNG", **more),
        "several jpegs": saved(picture, "MPO", save_all=True, append_images=[picture.rotate(9)]),
        "progressive": saved(picture, "JPEG", progressive=True),
        "cmyk jpeg": saved(picture.convert("CMYK"), "JPEG"),
        "grey, broken off": saved(PillowImage.fromarray(scene(400, 600)).convert("L"), "PNG")[:-9000],
    }


def refuse(*given: object, **named: object) -> None:
    raise AssertionError("it was read in the server")


@pytest.mark.parametrize("kind", written_kinds())
def test_nothing_of_a_file_is_read_here_when_it_is_written(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    data = written_kinds()[kind]
    frame = 2 if kind in ("pages", "animated gif", "animated png") else None
    here = load(data, name="x", frame=frame)
    hole = hole_in(*here.rgb.shape[:2])
    edited = edited_in(here.rgb, hole)
    expected = encode(here, edited, hole)
    for owner, name in (
        (PillowImage, "open"),
        (read, "open_header"),
        (jpeg_file, "parse"),
        (cv2, "imdecode"),
    ):
        monkeypatch.setattr(owner, name, refuse)
    done = decoder.encode(decoder.load(data, name="x", frame=frame), edited, hole)
    assert done.data == expected.data
    assert done.report == expected.report
    assert done.suffix == expected.suffix


def test_writing_has_its_options_its_errors_and_an_end(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    photo = decoder.load(saved(scene(40, 60), "JPEG"), name="x")
    hole = hole_in(40, 60)
    exact = decoder.encode(photo, edited_in(photo.rgb, hole), hole, options=SaveOptions(exact=True))
    assert (exact.suffix, exact.report.changed_pixels_outside) == (".png", 0)
    with pytest.raises(SaveError, match="cannot be written"):
        decoder.encode(photo, photo.rgb, hole, format="xyz")
    assert decoder.header_of(photo.source, "x", LIMITS) == ("JPEG", 60, 40)
    stuck(monkeypatch, tmp_path, "import time; time.sleep(1000)")
    own = Decoder(2, 0.1)
    with pytest.raises(PhotoTooLarge, match="more than 1 s"):
        own.encode(replace(photo, name="slow"), photo.rgb, hole)
    own.close()


def test_what_comes_next_is_not_bounded_by_what_was_before(decoder: Decoder) -> None:
    """Each file has its own bound of memory: the last one's would not hold even the bytes of a large one."""
    small, large = saved(scene(9, 9), "PNG"), b"no photo" * (40 << 20)
    for _ in range(decoder.count):
        assert decoder.load(small, name="x").width == 9
    with pytest.raises(UnreadablePhoto, match="not a photo"):
        decoder.load(large, name="x", limits=Limits(25, 1000))


@pytest.mark.parametrize("kind", kinds())
def test_every_field_is_as_it_is_here(decoder: Decoder, kind: str) -> None:
    data = kinds()[kind]
    assert same(decoder.load(data, name="a", limits=LIMITS), load(data, name="a", limits=LIMITS))


def test_files_by_path_and_errors_come_in_the_same_words(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(saved(scene(9, 9), "PNG"))
    assert decoder.load(path, limits=LIMITS).name == "photo.png"
    path.write_bytes(b"no photo")
    for source in (path, tmp_path / "none", tmp_path, bombs.BOMBS["jpeg of scans"](), b"",
                   saved(PillowImage.new("L", (9000, 3000)), "PNG")):  # fmt: skip
        with pytest.raises(PhotoError) as there:
            decoder.load(source, name="x", limits=LIMITS)
        with pytest.raises(PhotoError) as here:
            load(source, name="x", limits=LIMITS)
        assert (type(there.value), str(there.value)) == (type(here.value), str(here.value))


def test_a_mask_is_opened_there_too(decoder: Decoder) -> None:
    data = saved(np.eye(20, dtype=np.uint8) * 255, "PNG")
    given = open_mask(data, (20, 20), load_samples=decoder.load_samples)
    assert np.array_equal(given.mask, np.eye(20, dtype=bool))


@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind != "broken off"])
def test_samples_are_as_they_are_here(decoder: Decoder, kind: str) -> None:
    there, here = (load(kinds()[kind], name="a") for load in (decoder.load_samples, load_samples))
    assert there[1:] == here[1:]
    for field in fields(Native):
        a, b = getattr(there[0], field.name), getattr(here[0], field.name)
        assert np.array_equal(a, b) and a.dtype == b.dtype if isinstance(a, np.ndarray) else a == b


def stuck(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: str) -> None:
    """From now on a file called "slow" does `words` in the process."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "if sys.orig_argv[1:] == ['-m', 'inpaint_app.photofile.decoding.decoder_process']:\n"
        "    from inpaint_app.photofile import read, write\n"
        "    real = read.load\n"
        "    def load(*given, name=None, **options):\n"
        f"        if name == 'slow':\n            {words}\n"
        "        return real(*given, name=name, **options)\n"
        "    read.load = load\n"
        "    def encode(*given, **options):\n"
        f"        {words}\n"
        "    write.encode = encode\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def test_what_takes_too_long_is_killed_and_the_next_photo_opens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stuck(monkeypatch, tmp_path, "import time; time.sleep(1000)")
    own, taken = Decoder(2, 0.5), []
    photo = saved(scene(9, 9), "PNG")
    with pytest.raises(PhotoTooLarge, match=r"more than 0\.5 s"):
        own.load(photo, name="slow", spent=taken.append)
    assert taken[0] >= 0.5
    assert own.load(photo, name="quick").width == 9
    with pytest.raises(Cancelled):
        own.load(photo, name="slow", unwanted=lambda: True)
    assert not own._jobs
    own.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only there the kernel keeps the limit")
@pytest.mark.parametrize(
    "words", ["bytearray(1 << 30)", "import os; os.abort()", "import numpy; numpy.ones(1 << 27)"]
)
def test_memory_is_bounded_and_a_crash_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: str
) -> None:
    stuck(monkeypatch, tmp_path, words)
    own = Decoder(2, 30)
    photo = saved(scene(9, 9), "PNG")
    with pytest.raises(PhotoTooLarge, match="more memory or time"):
        own.load(photo, name="slow")
    assert own.load(photo, name="quick").width == 9
    own.close()


def test_one_visitor_holds_up_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stuck(monkeypatch, tmp_path, "import time; time.sleep(1000)")
    own, over = Decoder(2, 60, waiting=10), threading.Event()
    photo = saved(scene(9, 9), "PNG")

    def attack() -> None:
        with contextlib.suppress(Cancelled):
            own.load(photo, name="slow", owner=f"attacker {next(pages)}", unwanted=over.is_set)

    pages = itertools.count()
    attackers = [threading.Thread(target=attack) for _ in range(8)]
    for one in attackers:
        one.start()
    while len(own.places.line) < 7:
        time.sleep(0.01)
    for _ in range(3):
        assert own.load(photo, name="quick", owner="somebody 1").width == 9
    assert [address_of(owner) for owner in own.places.taken] == ["attacker"]
    own.places.waiting = 7
    with pytest.raises(Busy, match="7 photos are being opened before yours"):
        own.load(photo, name="quick", owner="else")
    over.set()
    for one in attackers:
        one.join()
    assert not own.places.taken
    assert not own.places.line
    own.close()
