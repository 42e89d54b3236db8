"""Holes by name: their geometry, their determinism, what is refused."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from inpaint_app.errors import MaskError, OptionError
from inpaint_app.imaging.mask import dilated
from inpaint_app.lab.evaluation.holes import KINDS, parse

EVERY = (*KINDS, "square:10/64", "circle:30px", "squares:3x5", "equal-area:0.5", "mat:0-0.4", "lama-thick")


@pytest.mark.parametrize("text", EVERY)
@pytest.mark.parametrize("shape", [(64, 64), (37, 61), (9, 120)])
def test_every_hole_fits_every_frame_and_repeats(text: str, shape: tuple[int, int]) -> None:
    spec = parse(text)
    first = spec.draw((*shape, 3), seed=5, name="a.png")
    assert first.shape == shape
    assert first.dtype == np.bool_
    assert first.any()
    np.testing.assert_array_equal(first, spec.draw(shape, seed=5, name="a.png"))


@pytest.mark.parametrize("text", ["squares", "freeform", "objects", "lama-medium", "mat", "random-circle"])
def test_seed_photo_and_name_of_the_hole_decide(text: str) -> None:
    first = parse(text).draw((64, 64), seed=1, name="a.png")
    assert (first != parse(text).draw((64, 64), seed=2, name="a.png")).any()
    assert (first != parse(text).draw((64, 64), seed=1, name="b.png")).any()


def test_the_reports_squares_to_the_pixel() -> None:
    mask = parse("square:64/128").draw((128, 128))
    assert mask.sum() == 64 * 64
    assert mask[32:96, 32:96].all()
    for side in (10, 20, 30):
        mask = parse(f"square:{side}/64").draw((64, 64))
        assert mask.sum() == side * side
        np.testing.assert_array_equal(mask, mask[::-1, ::-1])


def test_the_reports_circle() -> None:
    mask = parse("circle:20/64").draw((64, 64))
    assert mask.sum() == pytest.approx(np.pi * 100, rel=0.02)
    rows = np.flatnonzero(mask.any(axis=1))
    assert (rows[0], rows[-1]) == (22, 41)


def test_ten_squares_and_the_equal_area() -> None:
    ten = parse("squares").draw((64, 64))
    assert 28 <= ten.sum() <= 40  # ten of 2×2; some may overlap
    assert parse("equal-area:20/64").draw((64, 64)).sum() == 20 * 20
    assert parse("squares").draw((640, 640)).sum() == pytest.approx(10 * 20 * 20, rel=0.3)
    assert parse("squares:3x4").draw((640, 640)).sum() in range(33, 49)


@pytest.mark.parametrize(
    ("text", "low", "high"), [("lama-thin", 0.02, 0.5), ("lama-thick", 0.02, 0.5), ("mat:0.2-0.4", 0.2, 0.4)]
)
def test_protocols_keep_to_their_shares(text: str, low: float, high: float) -> None:
    covered = [parse(text).draw((128, 128), seed).mean() for seed in range(20)]
    assert low < np.mean(covered) < high
    assert max(covered) <= high


def test_lama_s_strokes_are_as_broad_as_named() -> None:
    """The broadest disc inside a thin mask is far smaller than inside a thick one."""

    def breadth(text: str) -> float:
        masks = [np.pad(parse(text).draw((256, 256), seed), 1).view(np.uint8) for seed in range(8)]
        return float(np.median([cv2.distanceTransform(mask, cv2.DIST_L2, 5).max() for mask in masks]))

    assert breadth("lama-thin") < breadth("lama-medium") < breadth("lama-thick")


def test_a_moved_mask_keeps_its_shape_and_leaves_its_place() -> None:
    own = np.zeros((80, 100), dtype=bool)
    cv2.circle(own.view(np.uint8), (30, 40), 12, 1, -1)
    own[40, 5:30] = True
    for seed in range(10):
        moved = parse("moved").draw(own.shape, seed, own=own)
        assert moved.sum() == own.sum()
        assert not (moved & dilated(own, 3)).any()
        rows, columns = (np.flatnonzero(moved.any(axis=axis)) for axis in (1, 0))
        crop = moved[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert (crop == own[28:53, 5:43]).all()


def test_a_mask_that_fits_nowhere_else() -> None:
    own = np.zeros((20, 20), dtype=bool)
    own[4:17] = True
    with pytest.raises(MaskError, match="too large"):
        parse("moved").draw(own.shape, own=own)
    with pytest.raises(MaskError, match="Nothing is marked"):
        parse("moved").draw((20, 20))


def test_given_masks_by_name_and_by_seed(tmp_path: Path) -> None:
    for name, row in (("a.png", 2), ("b_mask.png", 5)):
        picture = np.zeros((10, 12), dtype=np.uint8)
        picture[row] = 255
        cv2.imwrite(str(tmp_path / name), picture)
    spec = parse(f"masks:{tmp_path}")
    assert np.flatnonzero(spec.draw((10, 12), name="deep/a.jpg").any(axis=1)).tolist() == [2]
    assert np.flatnonzero(spec.draw((10, 12), name="b.jpg").any(axis=1)).tolist() == [5]
    assert spec.draw((20, 24), name="b.jpg").sum() == 2 * 24
    drawn = {
        int(np.flatnonzero(spec.draw((10, 12), seed, name="c.jpg").any(axis=1))[0]) for seed in range(20)
    }
    assert drawn == {2, 5}


@pytest.mark.parametrize(
    "text",
    [
        "star",
        "square:2",
        "square:0",
        "square:1/0",
        "square:x",
        "squares:0x3",
        "freeform:2",
        "mat:0.5-0.2",
        "masks:/nowhere",
    ],
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(OptionError):
        parse(text)


def test_shapes_of_a_folder_are_drawn_anywhere_at_a_fifth_to_a_half_of_the_shorter_side(
    tmp_path: Path,
) -> None:
    given = np.zeros((80, 120), np.uint8)
    given[20:60, 30:50] = 255  # twice as high as wide
    cv2.imwrite(str(tmp_path / "thing.png"), given)
    spec = parse(f"shapes:{tmp_path}")
    places = set()
    for seed in range(8):
        mask = spec.draw((300, 400), seed, name="photo")
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        height, width = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
        assert height / width == pytest.approx(2, rel=0.1)
        assert 0.2 * 300 - 2 <= max(height, width) <= 0.5 * 300 + 2
        assert np.array_equal(mask, spec.draw((300, 400), seed, name="photo"))
        places.add((int(rows[0]), int(columns[0])))
    assert len(places) > 4
