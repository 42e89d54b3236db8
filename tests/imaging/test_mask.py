"""Masks on arrays small enough to read."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inpaint_app.imaging import mask as masks
from inpaint_app.types import Box, Mask


def drawn(text: str) -> Mask:
    """A mask from a drawing: # is hole."""
    return np.array([[letter == "#" for letter in row] for row in text.split()])


def test_bounds_are_exclusive_at_right_and_bottom() -> None:
    assert masks.bounds(drawn(".... .##. .#.. ....")) == Box(1, 1, 3, 3)
    assert masks.bounds(drawn("... ...")) is None
    assert masks.bounds(np.ones((1, 1), dtype=bool)) == Box(0, 0, 1, 1)


def test_bounds_of_a_mask_that_is_not_contiguous() -> None:
    wide = np.zeros((6, 8), dtype=bool)
    wide[2, 4] = True
    assert masks.bounds(wide[:, ::2]) == Box(2, 2, 3, 3)
    assert masks.bounds(wide.T) == Box(2, 4, 3, 5)


def test_dilated_is_a_disc() -> None:
    mask = np.zeros((5, 5), dtype=bool)
    mask[2, 2] = True
    assert np.array_equal(masks.dilated(mask, 1), drawn("..... ..#.. .###. ..#.. ....."))
    assert np.array_equal(masks.dilated(mask, 2), drawn("..#.. .###. ##### .###. ..#.."))


def test_grow_by_hand_and_by_scale() -> None:
    mask = np.zeros((400, 600), dtype=bool)
    mask[20:22, 20:22] = True
    mask[100:300, 200:500] = True
    grown, radius, _ = masks.grow(mask)
    assert radius == 4
    assert grown[100 - 5, 350]
    assert not grown[100 - 6, 350]
    assert grown[20 - 4, 20]
    assert not grown[20 - 5, 20]
    by_hand, radius, _ = masks.grow(mask, 7)
    assert radius == 7
    assert by_hand[13, 20]
    assert not by_hand[12, 20]


def test_a_wire_is_grown_by_its_width_and_not_by_its_length() -> None:
    mask = np.zeros((2000, 3000), dtype=bool)
    mask[1000:1008, :] = True
    assert masks.grow(mask)[1] == 9
    mask[:, 1000:1008] = True
    assert masks.grow(mask)[1] == 12
    assert masks.automatic_growth(400, 800, (2000, 3000), 150_000) == masks.automatic_growth(
        400, 800, (2000, 3000)
    )


def test_growing_nothing_and_by_nothing() -> None:
    empty = np.zeros((9, 9), dtype=bool)
    assert masks.grow(empty)[0].any() == np.False_
    mask = drawn("... .#. ...")
    grown, radius, _ = masks.grow(mask, 0)
    assert radius == 0
    assert grown is mask  # a third of the decoded photo's memory


def test_thousands_of_specks_of_many_sizes_grow_in_bounded_time() -> None:
    rng = np.random.default_rng(0)
    mask = np.zeros((1500, 2000), dtype=bool)
    for top, left, side in zip(
        rng.integers(0, 1100, 300), rng.integers(0, 1600, 300), rng.integers(1, 380, 300), strict=True
    ):
        mask[top, left : left + side] = True
    mask |= rng.random(mask.shape) < 0.002
    began = time.process_time()
    grown = masks.grow(mask)[0]
    assert time.process_time() - began < 4
    assert (grown | ~mask).all()


def test_closed_fills_small_gaps_only() -> None:
    mask = drawn("........ .#####.. .#...#.. .#####.. ........")
    assert masks.closed(mask, 4).sum() == mask.sum() + 3
    assert masks.closed(mask, 3).sum() == mask.sum()


def test_closed_leaves_a_bay_open() -> None:
    bay = drawn("...... .###.. .#.... .###.. ......")
    assert np.array_equal(masks.closed(bay, 100), bay)


def test_scaling_a_mask_loses_no_hole() -> None:
    mask = np.zeros((100, 100), dtype=bool)
    mask[50, 50] = True
    assert masks.scaled(mask, (10, 10)).sum() == 1
    assert masks.scaled(mask, (300, 300))[150:153, 150:153].all()
    assert masks.scaled(mask, (300, 300)).sum() == 9
    assert masks.scaled(mask, (2, 2)).sum() == 1


def test_feathering_blends_only_inside_the_ring() -> None:
    mask = np.zeros((41, 41), dtype=bool)
    mask[15:26, 15:26] = True
    grown = masks.dilated(mask, 6)
    opacity = masks.feathered(grown, 5)
    assert (opacity[~grown] == 0).all()
    assert (opacity[mask] == 1).all()
    ring = opacity[grown & ~mask]
    assert 0 < ring.min() < 1


def test_feathering_nothing_is_hard() -> None:
    mask = drawn("... .#. ...")
    assert np.array_equal(masks.feathered(mask, 0), mask.astype(np.float32))
    assert (masks.feathered(np.ones((3, 3), dtype=bool), 2) == 1).all()


@settings(max_examples=60, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 24), st.integers(1, 24))), st.integers(0, 9))
def test_growing_covers_and_reaches_no_further(mask: Mask, radius: int) -> None:
    before = mask.copy()
    grown = masks.dilated(mask, radius)
    assert np.array_equal(mask, before)
    rows, columns = np.nonzero(mask)
    far = np.ones(mask.shape, dtype=bool)
    for row, column in zip(rows, columns, strict=True):
        across, down = np.ogrid[: mask.shape[0], : mask.shape[1]]
        far &= (across - row) ** 2 + (down - column) ** 2 > radius**2
    assert np.array_equal(grown, ~far)


@settings(max_examples=80, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 30), st.integers(1, 30))), st.integers(1, 8))
def test_what_is_to_go_never_shines_through_the_feather(mask: Mask, width: int) -> None:
    """Even where the feather is as wide as the growth, the original hole is filled in full."""
    grown = masks.dilated(mask, width)
    opacity = masks.feathered(grown, width)
    assert (opacity[mask] == 1).all()
    assert (opacity[~grown] == 0).all()
    assert (opacity[grown] > 0).all()


@pytest.mark.parametrize(
    ("box", "wanted"),
    [
        (Box(4, 4, 6, 6), Box(2, 2, 8, 8)),
        (Box(0, 4, 1, 9), Box(0, 3, 6, 9)),
        (Box(9, 0, 10, 10), Box(4, 0, 10, 10)),
        (Box(1, 1, 9, 9), Box(1, 1, 9, 9)),
    ],
    ids=["middle", "border", "taller", "large enough"],
)
def test_a_box_is_widened_around_its_middle_within_its_frame(box: Box, wanted: Box) -> None:
    assert masks.widened(box, 6, (10, 10)) == wanted


def test_the_hull_of_boxes_holds_them_all() -> None:
    assert masks.hull([Box(3, 1, 4, 9), Box(0, 5, 2, 6)]) == Box(0, 1, 4, 9)
