"""Photos decoded in processes of their own: the same as here, within time and memory, and nobody held up."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from inpaint_app.errors import Busy, Cancelled, PhotoError, PhotoTooLarge, UnreadablePhoto
from inpaint_app.photofile import read
from inpaint_app.photofile.decoding import decoder as module
from inpaint_app.photofile.decoding import wire
from inpaint_app.photofile.decoding.decoder import Decoder
from inpaint_app.photofile.files import Limits, load
from inpaint_app.photofile.photo import Photo
from inpaint_app.photofile.read import load_samples
from inpaint_app.photofile.samples.native import Native
from inpaint_app.photofile.write import encode
from inpaint_app.removal.mask_file import open_mask
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
        if field.name == "samples":  # what decodes them again
            continue
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


def stored_otherwise() -> dict[str, bytes]:
    """Files whose samples are not those that are seen: they are decoded again when they are written."""
    picture = PillowImage.fromarray(scene(40, 60))
    return {
        "deep": bombs.sixteen(),
        "deep TIFF": saved(PillowImage.fromarray(scene(40, 60)[..., 0].astype(np.uint16) * 257), "TIFF"),
        "grey": saved(picture.convert("L"), "PNG"),
        "palette": saved(picture.quantize(16), "PNG"),
        "cmyk": saved(picture.convert("CMYK"), "TIFF"),
        "pages": saved(
            picture.convert("L"), "TIFF", save_all=True, append_images=[picture.convert("L").rotate(9)]
        ),
        "grey, broken off": saved(PillowImage.fromarray(scene(400, 600)).convert("L"), "PNG")[:-9000],
    }


@pytest.mark.parametrize("kind", stored_otherwise())
def test_nothing_of_the_photo_is_decoded_here_when_it_is_written(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    data = stored_otherwise()[kind]
    frame = 2 if kind == "pages" else None
    here, there = (opened(data, name="x", frame=frame) for opened in (load, decoder.load))
    hole = hole_in(*here.rgb.shape[:2])
    edited = edited_in(here.rgb, hole)
    expected = encode(here, edited, hole)

    def refuse(opened: object) -> None:
        raise AssertionError("it was decoded in the server")

    monkeypatch.setattr(read, "read_native", refuse)
    done = encode(there, edited, hole)
    assert done.data == expected.data
    assert done.report == expected.report


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
        "    from inpaint_app.photofile import read\n"
        "    real = read.load\n"
        "    def load(*given, name=None, **options):\n"
        f"        if name == 'slow':\n            {words}\n"
        "        return real(*given, name=name, **options)\n"
        "    read.load = load\n"
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
            own.load(photo, name="slow", owner="attacker", unwanted=over.is_set)

    attackers = [threading.Thread(target=attack) for _ in range(8)]
    for one in attackers:
        one.start()
    while len(own.places.line) < 7:
        time.sleep(0.01)
    for _ in range(3):
        assert own.load(photo, name="quick", owner="somebody").width == 9
    assert own.places.taken == {"attacker": 1}
    own.places.waiting = 7
    with pytest.raises(Busy, match="7 photos are being opened before yours"):
        own.load(photo, name="quick", owner="else")
    over.set()
    for one in attackers:
        one.join()
    assert not own.places.taken
    assert not own.places.line
    own.close()


def message(header: object, body: bytes = b"") -> io.BytesIO:
    text = json.dumps(header).encode()
    return io.BytesIO(len(text).to_bytes(8, "big") + text + body)


@pytest.mark.parametrize(
    "stream",
    [
        io.BytesIO(), io.BytesIO(b"\xff" * 8), io.BytesIO((9).to_bytes(8, "big") + b"no json!!"),
        message([1]), message({"arrays": 5}), message({"arrays": [["O", [2]]]}),
        message({"arrays": [["|u1", [-4, -5]]]}),
        message({"arrays": [["|u1", [10**6, 10**6]]]}), message({"arrays": [["|u1", [50]]]}, b"short"),
    ],
    ids=range(9),
)  # fmt: skip
def test_what_a_process_says_is_not_believed(stream: io.BytesIO) -> None:
    with pytest.raises(wire.BrokenMessage):
        wire.receive(stream, 1000)


RECORDS = (["os", "system", {}], ["photo", "gone", {}], ["read", "load", {}], ["..x", "y", {}])


def test_a_photo_that_is_none_is_refused() -> None:
    data = saved(scene(9, 9), "PNG")
    header, arrays = wire.packed(load(data), data)
    for broken, given in (({}, arrays), (header, []), (header, [arrays[0][..., 0]]),
                          ({"photo": {**header["photo"], "more": 1}}, arrays),
                          *(({"photo": {"note": {"record": named}}}, arrays) for named in RECORDS)):  # fmt: skip
        with pytest.raises(wire.BrokenMessage):
            wire.unpacked(broken, list(given), b"")
    assert isinstance(module._named({"error": "SystemExit", "said": "x"}), UnreadablePhoto)
    assert isinstance(module._named({"error": "PhotoTooLarge", "said": "x"}), PhotoTooLarge)
