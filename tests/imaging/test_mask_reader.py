"""What counts as paint: one rule for every kind of mask picture."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inpaint_app.errors import MaskDoubt, MaskError
from inpaint_app.imaging.mask_reader import Reading, read
from inpaint_app.types import Mask

HEIGHT, WIDTH = 40, 60
RED, GREEN, BLUE, BLACK, WHITE = (255, 0, 0), (0, 128, 0), (0, 0, 255), (0, 0, 0), (255, 255, 255)


@pytest.fixture
def hole() -> Mask:
    hole = np.zeros((HEIGHT, WIDTH), bool)
    hole[8:24, 12:40] = True
    hole[30, 5:50] = True  # a wire
    return hole


def painted(hole: Mask, paint: tuple[int, ...], ground: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.where(hole[..., None], np.uint8(paint), np.uint8(ground))


def photo(shape: tuple[int, int] = (HEIGHT, WIDTH)) -> NDArray[np.uint8]:
    noise = np.random.default_rng(3).integers(0, 256, (*shape, 3)).astype(np.uint8)
    soft = cv2.GaussianBlur(noise, (0, 0), 2).astype(np.int16)
    return np.clip(3 * (soft - 128) + 128 + np.linspace(-60, 60, shape[1])[:, None], 0, 255).astype(np.uint8)


def test_bright_is_hole_at_any_depth(hole: Mask) -> None:
    grey = hole.astype(np.uint8) * np.uint8(255)
    kinds: dict[str, NDArray[Any]] = {
        "bool": hole,
        "grey": grey,
        "one channel": grey[..., None],
        "rgb": np.dstack([grey] * 3),
        "opaque alpha": np.dstack([grey, grey, grey, np.full_like(grey, 255)]),
        "opaque LA": np.dstack([grey, np.full_like(grey, 255)]),
        "16 bit": grey.astype(np.uint16) * 257,
        "255 in 16 bit": grey.astype(np.uint16),
        "0 and 1": hole.astype(np.uint8),
        "0 and 1 in rgb": np.dstack([hole.astype(np.uint8)] * 3),
        "0 and 1 in 64 bit": hole.astype(np.int64),
        "float": hole.astype(np.float32),
        "float up to 255": hole * 255.0,
        "dim float": hole * 0.4,
        "half grey": hole.astype(np.uint8) * np.uint8(128),
        "not a number": np.where(hole, 1.0, np.nan),
    }
    for name, picture in kinds.items():
        before = picture.copy()
        assert np.array_equal(read(picture), hole), name
        assert np.array_equal(picture, before, equal_nan=picture.dtype.kind == "f"), name


@pytest.mark.parametrize(
    ("paint", "ground"),
    [
        (RED, BLACK), (RED, WHITE), (GREEN, BLACK), (GREEN, WHITE), (BLUE, BLACK), (BLUE, WHITE),
        ((255, 0, 200), (10, 12, 9)), (WHITE, BLUE), (BLACK, (0, 255, 0)), (RED, (0, 255, 0)),
    ],
)  # fmt: skip
def test_colour_is_hole_on_any_ground(hole: Mask, paint: tuple[int, ...], ground: tuple[int, ...]) -> None:
    assert np.array_equal(read(painted(hole, paint, ground)), hole)
    opaque = np.full((HEIGHT, WIDTH), 255, np.uint8)
    assert np.array_equal(read(painted(hole, paint, ground), opaque), hole)


def test_labels_are_all_hole(hole: Mask) -> None:
    labels = hole.astype(np.uint8)
    labels[8:24, 20:40] *= 5
    assert np.array_equal(read(labels), hole)
    classes = painted(hole, (128, 0, 0), BLACK)
    classes[8:24, 12:20] = (0, 64, 128)
    classes[8:12, 20:30] = (224, 224, 192)
    assert np.array_equal(read(classes), hole)


def test_paint_on_a_clear_layer_is_hole(hole: Mask) -> None:
    for colour in (RED, BLACK, WHITE):
        for strength in (255, 90, 30):
            layer = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
            layer[hole] = (*colour, strength)
            assert np.array_equal(read(layer), hole), (colour, strength)
    grey = np.zeros((HEIGHT, WIDTH, 2), np.uint8)
    grey[hole] = (0, 255)
    assert np.array_equal(read(grey), hole)
    deep = np.zeros((HEIGHT, WIDTH), np.uint16)
    deep[hole] = 65535
    assert np.array_equal(read(painted(hole, RED, BLACK), deep), hole)


def test_faint_noise_in_the_opacity_is_no_paint(hole: Mask) -> None:
    layer = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    layer[..., 3] = np.random.default_rng(0).integers(0, 3, (HEIGHT, WIDTH))
    with pytest.raises(MaskError, match="at most 2 of 255"):
        read(layer)
    layer[hole, 3] = 255
    assert np.array_equal(read(layer), hole)
    nearly = np.random.default_rng(0).integers(250, 256, (HEIGHT, WIDTH)).astype(np.uint8)
    assert np.array_equal(read(painted(hole, WHITE, BLACK), nearly), hole), "nearly opaque says nothing"


def test_faint_noise_in_the_brightness_is_no_paint(hole: Mask) -> None:
    for share in (0.01, 0.2, 0.5, 0.8):
        noise = (np.random.default_rng(1).random((200, 300)) < share).astype(np.uint8)
        with pytest.raises(MaskError, match="1 of 255"):
            read(noise)
    noise = np.random.default_rng(1).integers(0, 3, (HEIGHT, WIDTH)).astype(np.uint8)
    noise[hole] = 255
    assert np.array_equal(read(noise), hole)


def test_clear_parts_of_a_photo_are_hole_and_a_cut_out_figure_is(hole: Mask) -> None:
    opacity = np.where(hole, 0, 255).astype(np.uint8)
    assert np.array_equal(read(photo(), opacity), hole)
    assert np.array_equal(read(photo()[..., 0], opacity), hole), "grey"
    assert np.array_equal(read(photo(), 255 - opacity), hole), "the figure alone"
    half = np.zeros((HEIGHT, WIDTH), np.uint8)
    half[:, :30] = 255
    with pytest.raises(MaskDoubt, match="--mask-as-is") as doubt:
        read(photo(), half)
    assert doubt.value.ways == ("as_is", "invert")
    assert read(photo(), half, reading=Reading(as_is=True)).sum() == HEIGHT * WIDTH // 2


def test_black_and_white_on_a_clear_ground_is_read_by_the_white(hole: Mask) -> None:
    layer = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    layer[4:36, 2:58] = (0, 0, 0, 255)
    layer[hole] = (255, 255, 255, 255)
    assert np.array_equal(read(layer), hole)


def test_a_soft_edge_ends_half_way_in_every_kind() -> None:
    ramp = np.zeros((20, 300), np.uint8)
    ramp[:, 20:276] = np.arange(256)
    ramp[:, 276:] = 255
    expected = ramp >= 128
    clear = np.zeros_like(ramp)
    for name, picture in {
        "grey": ramp,
        "rgb": np.dstack([ramp] * 3),
        "red on black": np.dstack([ramp, clear, clear]),
        "red on white": np.dstack([np.full_like(ramp, 255), 255 - ramp, 255 - ramp]),
        "layer": np.dstack([np.full_like(ramp, 200)] * 3 + [ramp]),
        "16 bit": ramp.astype(np.uint16) * 257,
        "float": ramp / 255.0,
    }.items():
        assert np.array_equal(read(picture, reading=Reading(as_is=True)), expected), name


def test_ringing_of_a_jpeg_is_no_paint(hole: Mask) -> None:
    hole[30] = False
    grey = hole.astype(np.uint8) * np.uint8(255)
    for quality in (30, 60, 90):
        seen = cv2.imdecode(cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 0)
        found = read(np.asarray(seen), lossy=True)
        assert np.count_nonzero(found ^ hole) <= 0.02 * np.count_nonzero(hole), quality
    black = np.random.default_rng(0).integers(0, 6, (HEIGHT, WIDTH)).astype(np.uint8)
    with pytest.raises(MaskError, match="5 of 255"):
        read(black, lossy=True)


def test_a_mask_of_nearly_all_or_plainly_inverted_is_asked_about(hole: Mask) -> None:
    for picture in (
        painted(~hole, WHITE, BLACK),
        np.dstack([np.zeros((HEIGHT, WIDTH, 3), np.uint8), np.where(hole, 0, 255).astype(np.uint8)]),
        ~hole,
    ):
        with pytest.raises(MaskDoubt, match=r"rim.*--invert-mask") as doubt:
            read(picture)
        assert doubt.value.ways == ("invert", "as_is")
        assert np.array_equal(read(picture, reading=Reading(invert=True)), hole)
        assert np.array_equal(read(picture, reading=Reading(as_is=True)), ~hole)
    small = np.zeros((HEIGHT, WIDTH), bool)
    small[2:4, 2:4] = True
    with pytest.raises(MaskDoubt, match="100 % of the photo"):
        read(np.full((HEIGHT, WIDTH), 255, np.uint8))
    with pytest.raises(MaskDoubt, match=r"Inverted as asked.*leave --invert-mask"):
        read(small, reading=Reading(invert=True))
    large = np.zeros((HEIGHT, WIDTH), bool)
    large[4:-4, 4:-4] = True
    large[:, :30] = True
    assert np.array_equal(read(large), large), "large, but not all of the rim"


def test_a_photo_is_no_mask() -> None:
    for picture in (photo(), photo()[..., 1]):
        with pytest.raises(MaskDoubt, match="looks like a photo"):
            read(picture)


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((4, 6), np.uint8),
        np.zeros((4, 6, 4), np.uint8),
        np.zeros((4, 6), bool),
        np.full((4, 6, 3), GREEN, np.uint8),
        np.full((4, 6), -3),
        np.full((4, 6), np.nan),
        np.zeros((0, 6), np.uint8),
        np.zeros((4, 6, 5), np.uint8),
        np.zeros((4,), np.uint8),
        np.zeros((4, 6), complex),
        np.full((4, 6), "a"),
    ],
)
def test_what_marks_nothing_or_is_no_picture_is_told(picture: NDArray[Any]) -> None:
    with pytest.raises(MaskError) as told:
        read(picture)
    assert str(told.value).endswith(".")


def test_a_clear_picture_whose_colours_hold_the_mask(hole: Mask) -> None:
    layer = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    layer[hole, :3] = 255
    assert np.array_equal(read(layer), hole)
