"""Every strange file either opens right or gives one clear error, soon and in little memory."""

from __future__ import annotations

import io
import resource
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageOps

from inpaint_app.errors import InpaintError, PhotoTooLarge, SaveError, UnreadablePhoto
from inpaint_app.photofile import files
from inpaint_app.photofile.containers import png
from tests.photofile.photos import edited_in, hole_in, jpeg_sampled, saved, scene

# Their authors' names for files that must not open, and those whose kind of file is not taken in here.
BROKEN = {"xc1n0g08", "xc9n2c08", "xcrn0g04", "xcsn0g01", "xd0n2c08", "xd3n2c08", "xd9n2c08", "xdtn0g01", "xhdn0g08",
          "xlfn0g04", "xs1n0g01", "xs2n0g01", "xs4n0g01", "xs7n0g01"}  # fmt: skip


def hostile(data: Path, folder: str) -> list[Path]:
    """Its files, without the texts that say where they come from."""
    found = sorted((data / "hostile" / folder).iterdir())
    return [p for p in found if p.suffix != ".txt" and not p.name.startswith("LICENSE")]


def reference(path: Path) -> np.ndarray | None:
    """Upright RGB as Pillow shows it, where it can and does so by the same rule for the samples' depth."""
    try:
        image = ImageOps.exif_transpose(PillowImage.open(path))
    except (OSError, SyntaxError, ValueError):
        return None
    if image.mode in ("I", "F", "LAB") or image.mode.startswith("I;16"):
        return None
    return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("folder", ["modes", "corrupt", "pngsuite", "exif-orientation"])
def test_opens_right_or_one_clear_error(data: Path, folder: str) -> None:
    opened, refused = 0, []
    for path in hostile(data, folder):
        began = time.process_time()
        try:
            photo = files.load(path)
        except (UnreadablePhoto, PhotoTooLarge) as error:
            refused.append((path, str(error)))
            continue
        finally:
            assert time.process_time() - began < 5, path.name
        opened += 1
        assert path.stem not in BROKEN
        expected = reference(path)
        premultiplied = path.name == "tiff_16bit_RGBa.tiff"  # Pillow divides by the opacity in eight bits
        if expected is not None and not premultiplied:
            assert np.array_equal(photo.rgb, expected), path.name
    for path, message in refused:
        assert path.name in message
        assert len(message) > 30, path.name
        assert path.stem in BROKEN or folder in ("modes", "corrupt"), path.name
    assert opened >= {"modes": 70, "corrupt": 50, "pngsuite": 150, "exif-orientation": 18}[folder]


@pytest.mark.parametrize("folder", ["modes", "corrupt"])
def test_what_opens_can_be_saved_and_opens_again(data: Path, folder: str) -> None:
    for path in hostile(data, folder):
        try:
            photo = files.load(path)
        except InpaintError:
            continue
        if photo.rgb.size > 3e6:
            continue
        hole = hole_in(photo.height, photo.width, 5)
        edited = edited_in(photo.rgb, hole)
        refused = ""
        try:
            done = files.encode(photo, edited, hole)
        except SaveError as error:
            refused = str(error)
            done = files.encode(photo, edited, hole, format="webp" if photo.format == "PNG" else "png")
        assert not refused or (photo.frames > 1 and "write the edited one alone" in refused), path.name
        again = files.load(done.data)
        assert again.rgb.shape == photo.rgb.shape, path.name
        if done.report.method == "lossless":
            assert done.report.changed_pixels_outside == 0, path.name
            assert np.array_equal(again.rgb[~hole], photo.rgb[~hole]), path.name


def test_eighteen_orientations_come_out_upright(data: Path) -> None:
    for shape in ("Landscape", "Portrait"):
        pictures = [files.load(data / "hostile" / "exif-orientation" / f"{shape}_{n}.jpg") for n in range(9)]
        upright = pictures[1].rgb.astype(int)
        for photo in pictures:
            assert photo.rgb.shape == upright.shape
            assert np.abs(photo.rgb - upright).mean() < 4


def png_claiming(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(10_000))
    return png.SIGNATURE + png.chunk(b"IHDR", head) + png.chunk(b"IDAT", body) + png.chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [20_000, 60_000, 2**31 - 1])
def test_a_bomb_is_refused_by_its_header(side: int) -> None:
    began = time.process_time()
    with pytest.raises(PhotoTooLarge, match="megapixels"):
        files.load(png_claiming(side, side), name="bomb.png")
    assert time.process_time() - began < 0.5


def test_a_bomb_that_unpacks_in_a_chunk_stays_small() -> None:
    """A text chunk of 300 MB in a tiny file."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(300)) + packer.flush()
    small = saved(scene(8, 8), "PNG")
    bomb = small[:33] + png.chunk(b"zTXt", b"Comment\0\0" + packed) + small[33:]
    code = (
        "import sys, resource; from inpaint_app.photofile import files; from inpaint_app.errors import InpaintError\n"
        "data = sys.stdin.buffer.read(); before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: files.load(data)\n"
        "except InpaintError as error: print(type(error).__name__)\n"
        "else: print('opened')\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=bomb, capture_output=True, timeout=120, check=True
    )
    outcome, grown = done.stdout.split()
    assert outcome in (b"opened", b"UnreadablePhoto", b"PhotoTooLarge")
    assert int(grown) < 150


def test_a_hundred_megapixels() -> None:
    data = saved(PillowImage.new("L", (10_000, 10_000), 90), "JPEG")
    with pytest.raises(PhotoTooLarge, match=r"100\.0 megapixels; the limit is 50"):
        files.load(data, limits=files.Limits(50, 500))
    photo = files.load(data)
    assert photo.rgb.shape == (10_000, 10_000, 3)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0


def test_a_file_over_the_limit_of_bytes_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "big.jpg"
    with path.open("wb") as file:
        file.truncate(3_000_000_000)
    with pytest.raises(PhotoTooLarge, match=r"3000\.0 MB; the limit is 500 MB"):
        files.load(path)
    with pytest.raises(PhotoTooLarge, match="MB"):
        files.load(bytes(2_000_000), limits=files.Limits(200, 1))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.jpg", b""),
        ("text.jpg", b"This is a text file, renamed.\n" * 20),
        ("page.png", b"<!doctype html><html></html>"),
        ("zeros.tif", bytes(5000)),
        ("program.heic", b"\x7fELF" + bytes(300)),
        ("half.heic", b"\0\0\0\x18ftypheic" + bytes(40)),
        ("half.avif", b"\0\0\0\x18ftypavif" + bytes(40)),
    ],
)
def test_what_is_no_photo(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadablePhoto, match=name):
        files.load(path)


def test_a_folder_and_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePhoto, match="folder"):
        files.load(tmp_path)
    with pytest.raises(UnreadablePhoto, match="no file"):
        files.load(tmp_path / "none.jpg")
    with pytest.raises(UnreadablePhoto):
        files.load("a\0b.jpg")


@pytest.mark.parametrize("format", ["TIFF", "WEBP", "BMP", "AVIF", "HEIF"])
def test_a_file_that_breaks_off_is_refused(format: str) -> None:
    whole = saved(scene(120, 160), format)
    assert files.load(whole).rgb.shape == (120, 160, 3)
    for share in (0.3, 0.6, 0.9):
        with pytest.raises(UnreadablePhoto):
            files.load(whole[: int(len(whole) * share)])


def test_random_damage_never_gives_another_error() -> None:
    random = np.random.default_rng(0)
    sources = [jpeg_sampled(scene(40, 56), "420"), saved(scene(40, 56), "JPEG", progressive=True)]
    sources += [saved(scene(20, 26), f) for f in ("PNG", "TIFF", "WEBP", "GIF", "BMP")]
    for number in range(420):
        data = bytearray(sources[number % len(sources)])
        for _ in range(random.integers(1, 9)):
            data[random.integers(2, len(data))] = random.integers(0, 256)
        try:
            photo = files.load(bytes(data), limits=files.Limits(5, 5))
        except (UnreadablePhoto, PhotoTooLarge):
            continue
        if photo.rgb.size < 1e6:
            hole = hole_in(photo.height, photo.width, number)
            done = files.encode(photo, edited_in(photo.rgb, hole), hole)
            assert files.load(done.data).rgb.shape == photo.rgb.shape


def test_frames_beyond_the_first_are_named() -> None:
    frames = [PillowImage.fromarray(scene(16, 20, seed)) for seed in range(3)]
    for format in ("GIF", "TIFF", "PNG", "WEBP"):
        buffer = io.BytesIO()
        frames[0].save(buffer, format, save_all=True, append_images=frames[1:])
        photo = files.load(buffer.getvalue())
        assert "3 pictures" in photo.note, format
        assert photo.rgb.shape == (16, 20, 3)
        hole = hole_in(16, 20)
        done = files.encode(photo, edited_in(photo.rgb, hole), hole)
        assert "1 of 3 was edited; the others stay as they were" in done.report.note, format
        assert getattr(PillowImage.open(io.BytesIO(done.data)), "n_frames", 1) == 3
