"""One frame or page is edited, every other one is seen as it was, read by Pillow and tifffile."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pillow_heif
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image as PillowImage

from inpaint_app.errors import OptionError, SaveError
from inpaint_app.photofile import files
from inpaint_app.photofile.frames.plan import CannotDraw, Step, redrawn
from inpaint_app.types import Box, Mask
from tests.photofile.photos import saved, scene

Rgba = NDArray[np.uint8]
PERSON = (255, 0, 200)


def moving(count: int = 5, clear: bool = False, levels: int = 4) -> list[PillowImage.Image]:
    """A figure that walks through a scene of few colours, or through nothing."""
    ground = scene(40, 60) // levels * levels if levels < 64 else scene(40, 60) // 64 * 64
    found = []
    for step in range(count):
        rgba = np.dstack([ground, np.full((40, 60), 255, np.uint8)])
        if clear:
            rgba[:, 30:] = 0
        rgba[10:30, 5 + 9 * step : 13 + 9 * step] = (*PERSON, 255)
        found.append(PillowImage.fromarray(rgba))
    return found


def animated(format: str, frames: list[PillowImage.Image], **options: object) -> bytes:
    buffer = io.BytesIO()
    times = [40 + 10 * n for n in range(len(frames))]
    frames[0].save(buffer, format, save_all=True, append_images=frames[1:], duration=times, loop=3, **options)
    return buffer.getvalue()


def rgb(frames: list[PillowImage.Image]) -> list[PillowImage.Image]:
    return [frame.convert("RGB") for frame in frames]


KINDS: dict[str, Callable[[], bytes]] = {
    "gif": lambda: animated("GIF", moving(levels=64)),
    "gif clear": lambda: animated("GIF", moving(clear=True, levels=64), disposal=2),
    "gif before": lambda: animated("GIF", moving(levels=64), disposal=3),
    "gif mixed": lambda: animated("GIF", moving(clear=True, levels=64), disposal=[1, 2, 1, 3, 2]),
    "webp": lambda: animated("WEBP", moving(), lossless=True),
    "webp clear": lambda: animated("WEBP", moving(clear=True), lossless=True, exact=True),
    "webp lossy": lambda: animated("WEBP", rgb(moving()), quality=80),
    "png": lambda: animated("PNG", rgb(moving())),
    "png clear": lambda: animated("PNG", moving(clear=True)),
    "png over": lambda: animated("PNG", moving(clear=True), blend=1),
    "png cleared": lambda: animated("PNG", moving(clear=True), disposal=1, blend=1),
    "png before": lambda: animated("PNG", rgb(moving()), disposal=2),
    "png grey": lambda: animated("PNG", [frame.convert("L") for frame in moving()]),
    "png palette": lambda: animated("PNG", [frame.convert("RGB").quantize(32) for frame in moving()]),
    "png with a default picture": lambda: animated("PNG", rgb(moving()), default_image=True),
}


def frames_of(data: bytes) -> list[Rgba]:
    with PillowImage.open(io.BytesIO(data)) as image:
        found = []
        for index in range(image.n_frames):
            image.seek(index)
            canvas = np.array(image.convert("RGBA"))
            canvas[canvas[..., 3] == 0] = 0
            found.append(canvas)
    return found


def times_of(data: bytes) -> list[object]:
    with PillowImage.open(io.BytesIO(data)) as image:
        found: list[object] = [image.info.get("loop")]
        for index in range(image.n_frames):
            image.seek(index)
            found.append(image.info.get("duration"))
    return found


def figure(number: int) -> Mask:
    """Where the figure is in a frame, with some of its surroundings."""
    mask = np.zeros((40, 60), bool)
    left = 5 + 9 * (number - 1)
    mask[8:32, left - 2 : left + 10] = True
    return mask


@pytest.mark.parametrize("number", [1, 2, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_one_frame_is_edited_and_all_others_are_seen_as_before(kind: str, number: int) -> None:
    data = KINDS[kind]()
    before = frames_of(data)
    photo = files.load(data, name="moving", frame=number)
    assert (photo.frame, photo.frames) == (number, len(before))
    hole = figure(number)
    edited = photo.rgb.copy()
    edited[hole] = photo.rgb[0, 0]
    done = files.encode(photo, edited, hole)
    after = frames_of(done.data)
    assert len(after) == len(before)
    for index, (was, now) in enumerate(zip(before, after, strict=True)):
        if index != number - 1:
            assert np.array_equal(was, now), f"frame {index + 1}"
    assert np.array_equal(after[number - 1][~hole], before[number - 1][~hole])
    anew = after[number - 1][hole]
    assert np.abs(anew[anew[:, 3] > 0, :3].astype(int) - photo.rgb[0, 0]).max(initial=0) <= 3
    if "clear" in kind and number == 5:
        assert not anew[:, 3].any()  # it stood before nothing
    assert times_of(done.data) == times_of(data)
    assert done.report.changed_pixels_outside == 0
    assert f"rame {number} of {len(before)} was edited" in done.report.note


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_frames_that_need_not_change_keep_their_bytes(kind: str) -> None:
    data = KINDS[kind]()
    photo = files.load(data, frame=2)
    hole = figure(2)
    edited = photo.rgb.copy()
    edited[hole] = photo.rgb[0, 0]
    done = files.encode(photo, edited, hole).data
    assert data[-200:-20] in done  # of the last frame
    assert len(done) < 2 * len(data)


def test_what_a_gif_cannot_hold_is_refused_with_the_cure() -> None:
    """A frame of more colours than 256 in all: the second one cannot be drawn again below an edited first one."""
    colours = np.arange(40 * 60 * 3, dtype=np.uint32).reshape(40, 60, 3)
    first = np.dstack([(colours * 7919 % 256).astype(np.uint8), np.full((40, 60), 255, np.uint8)])
    steps = [Step(Box(0, 0, 60, 40), "all"), Step(Box(0, 0, 4, 4), "all")]
    erased = first.copy()
    erased[:, :, 3] = 255
    cleared = np.zeros_like(first)
    with pytest.raises(CannotDraw):
        redrawn(steps, lambda index: [first, first][index], 1, cleared, erases=False)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_another_format_gets_the_frame_alone_and_says_so(format: str) -> None:
    data = KINDS["gif"]()
    photo = files.load(data, frame=3)
    hole = figure(3)
    done = files.encode(photo, photo.rgb, hole, format=format)
    assert "Left out: the other 4 of its 5 frames" in done.report.note
    again = files.load(done.data)
    assert again.frames == 1
    assert np.abs(again.rgb.astype(int) - frames_of(data)[2][..., :3])[~hole].mean() < 8


def paged(**options: object) -> bytes:
    """Three pages of different kinds, the second with a layer of Photoshop's and a reduced picture below it."""
    buffer = io.BytesIO()
    layers = (37724, 7, 400, b"Adobe Photoshop Document Data Block\0" + bytes(PERSON) * 121 + b"\0", True)
    with tifffile.TiffWriter(buffer, **options) as file:  # type: ignore[arg-type]
        file.write(
            scene(30, 40, 1), photometric="rgb", description="first", compression="zlib", metadata=None
        )
        walker = scene(36, 48, 2)
        walker[8:28, 20:30] = PERSON
        file.write(
            walker, photometric="rgb", subifds=1, extratags=[layers], description="second", metadata=None
        )
        file.write(walker[::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
        deep = (scene(20, 24, 3)[..., 0].astype(np.uint16) << 8) + 5
        file.write(deep, photometric="minisblack", description="third", compression="lzma", metadata=None)
    return buffer.getvalue()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_one_page_is_edited_and_all_others_keep_their_bytes(number: int, order: str) -> None:
    data = paged(byteorder=order)
    photo = files.load(data, frame=number)
    assert (photo.frame, photo.frames) == (number, 3)
    hole = np.zeros(photo.rgb.shape[:2], bool)
    hole[6:18, 8:20] = True
    if number == 2:
        hole[6:30, 18:32] = True
    edited = photo.rgb.copy()
    edited[hole] = (10, 120, 60)
    done = files.encode(photo, edited, hole)
    assert done.report.changed_pixels_outside == 0
    with tifffile.TiffFile(io.BytesIO(data)) as old, tifffile.TiffFile(io.BytesIO(done.data)) as new:
        assert len(new.pages) == 3
        for index, (was, now) in enumerate(zip(old.pages, new.pages, strict=True)):
            assert was.description == now.description  # type: ignore[union-attr]
            one, other = was.asarray(), now.asarray()
            if index == number - 1:
                assert np.array_equal(one[~hole], other[~hole])
                assert not np.array_equal(one, other)
            else:
                assert np.array_equal(one, other)
                assert was.tags[273].value == now.tags[273].value  # type: ignore[union-attr]
    if number == 2:
        assert bytes(PERSON) * 8 not in done.data  # neither samples nor layers
        assert b"Photoshop Document" not in done.data


def test_a_reduced_page_of_the_edited_one_goes_and_is_named() -> None:
    buffer = io.BytesIO()
    large = scene(64, 80)
    large[10:50, 30:50] = PERSON
    with tifffile.TiffWriter(buffer) as file:
        file.write(large, photometric="rgb", metadata=None)
        file.write(large[::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
        file.write(scene(64, 80, 5), photometric="rgb", metadata=None)
        file.write(
            large[::4, ::4].copy(), photometric="rgb", metadata=None
        )  # reduced, though it does not say so
    photo = files.load(buffer.getvalue())
    hole = np.zeros((64, 80), bool)
    hole[8:52, 28:52] = True
    edited = photo.rgb.copy()
    edited[hole] = (10, 120, 60)
    done = files.encode(photo, edited, hole)
    with tifffile.TiffFile(io.BytesIO(done.data)) as new:
        assert [page.shape for page in new.pages] == [(64, 80, 3), (64, 80, 3)]
    assert bytes(PERSON) * 4 not in done.data
    assert "reduced pictures among the pages" in done.report.note


def test_pages_of_a_bigtiff_are_refused_with_the_cure() -> None:
    photo = files.load(paged(bigtiff=True), frame=2)
    hole = np.zeros(photo.rgb.shape[:2], bool)
    hole[4:8, 4:8] = True
    with pytest.raises(SaveError, match=r"BigTIFF cannot be kept.*--format png"):
        files.encode(photo, photo.rgb, hole)
    assert files.encode(photo, photo.rgb, hole, format="png").report.changed_pixels_outside == 0


def test_further_pictures_of_a_heic_are_chosen_or_refused() -> None:
    file = pillow_heif.HeifFile()
    for seed in range(3):
        file.add_from_pillow(PillowImage.fromarray(scene(64, 80, seed)))
    buffer = io.BytesIO()
    file.save(buffer, quality=90, primary_index=1)
    data = buffer.getvalue()
    usual, third = files.load(data, name="burst.heic"), files.load(data, name="burst.heic", frame=3)
    assert (usual.frame, third.frame, third.frames) == (2, 3, 3)
    assert np.abs(third.rgb.astype(int) - scene(64, 80, 2)).mean() < 8
    hole = np.zeros((64, 80), bool)
    hole[4:20, 4:20] = True
    with pytest.raises(SaveError, match=r"holds 3 pictures.*--format png"):
        files.encode(third, third.rgb, hole)
    assert files.encode(third, third.rgb, hole, format="png").report.changed_pixels_outside == 0


def test_a_frame_that_is_not_there_is_an_option_out_of_range() -> None:
    with pytest.raises(OptionError, match="holds 5 pictures: there is no frame 9; choose 1 to 5"):
        files.load(KINDS["gif"](), frame=9)
    with pytest.raises(OptionError, match="holds one picture: there is no frame 2"):
        files.load(saved(scene(9, 9), "PNG"), frame=2)
