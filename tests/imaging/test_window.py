"""Windows: every hole pixel in exactly one, never many more than needed, and an exact way back."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inpaint_app.imaging import window as windows
from inpaint_app.types import Box, Image, Mask


def covered(found: list[windows.Hole], shape: tuple[int, int]) -> np.ndarray:  # type: ignore[type-arg]
    """How often each pixel is in a hole's mask."""
    count = np.zeros(shape, int)
    for hole in found:
        count[hole.box.slices] += hole.mask
    return count


def test_far_holes_are_separate_and_near_ones_are_not() -> None:
    mask = np.zeros((1000, 1000), dtype=bool)
    mask[10:20, 10:20] = True
    mask[10:20, 24:34] = True
    mask[900:930, 900:930] = True
    found = windows.holes(mask, 0.5, 64)
    assert [hole.box for hole in found] == [Box(10, 10, 34, 20), Box(900, 900, 930, 930)]


def test_no_hole_no_window() -> None:
    assert windows.holes(np.zeros((5, 5), dtype=bool), 0.5, 64) == []


@pytest.mark.parametrize("density", [0.0005, 0.01, 0.2, 0.5])
def test_noise_makes_few_windows_in_little_time(density: float) -> None:
    mask = np.random.default_rng(3).random((3000, 4000)) < density
    began = time.process_time()
    found = windows.holes(mask, 0.5, 64)
    assert time.process_time() - began < 3
    assert len(found) <= 64
    assert np.array_equal(covered(found, (3000, 4000)), mask)


@settings(max_examples=80, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 60), st.integers(1, 60))), st.integers(0, 20))
def test_each_hole_pixel_is_in_exactly_one_hole(mask: Mask, context: int) -> None:
    found = windows.holes(mask, 0.5, context)
    assert np.array_equal(covered(found, mask.shape), mask.astype(int))  # type: ignore[arg-type]


def test_many_cells_of_a_large_sparse_mask_are_covered_once() -> None:
    rng = np.random.default_rng(5)
    mask = np.zeros((2000, 3000), dtype=bool)
    for top, left in zip(rng.integers(0, 1980, 40), rng.integers(0, 2980, 40), strict=True):
        mask[top : top + 20, left : left + 20] = True
    found = windows.holes(mask, 0.5, 64)
    assert 2 <= len(found) <= 40
    assert np.array_equal(covered(found, (2000, 3000)), mask)


def test_the_pieces_of_a_thin_hole_leave_its_neighbours_alone() -> None:
    """A net that is cut into pieces ends in the middle of the frame; something else lies beyond its last piece."""
    mask = np.zeros((400, 400), dtype=bool)
    mask[20:345:9, 20:345] = True
    mask[20:345, 20:345:40] = True
    mask[380:390, 380:390] = True
    found = windows.holes(mask, 0.5, 16, largest=128)
    assert len(found) > 4
    assert np.array_equal(covered(found, (400, 400)), mask)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([64, 96, 150]))
def test_scattered_masks_are_covered_once_where_windows_are_small(seed: int, largest: int) -> None:
    rng = np.random.default_rng(seed)
    rough = cv2.resize(rng.random((24, 30), np.float32), (300, 240), interpolation=cv2.INTER_CUBIC)
    mask = rough + rng.normal(0, 0.05, rough.shape) > rng.uniform(0.5, 1.0)
    found = windows.holes(mask, 0.5, 8, largest=largest)
    assert np.array_equal(covered(found, mask.shape), mask)


def test_the_frame_adds_context_and_stops_at_the_edge() -> None:
    where = windows.frame(Box(0, 40, 10, 60), (100, 50), context=0.5, context_minimum=15)
    assert where.crop == Box(0, 25, 25, 75)
    assert where.size == (50, 25)
    assert where.padding == (0, 0)


def test_a_large_window_is_scaled_down_and_padded() -> None:
    where = windows.frame(
        Box(100, 100, 500, 300), (1000, 1000), context=0.5, context_minimum=0, maximum=256, multiple=8
    )
    assert (where.crop.width, where.crop.height) == (700, 500)
    assert where.size == (183, 256)
    height, width = where.size
    assert (height + where.padding[0]) % 8 == 0
    assert (width + where.padding[1]) % 8 == 0


def test_a_square_window_keeps_its_own_size() -> None:
    where = windows.frame(Box(40, 60, 50, 90), (200, 300), context=0.5, context_minimum=4, square=True)
    assert (where.crop.width, where.crop.height) == (60, 60)
    assert (where.size, where.padding) == ((60, 60), (0, 0))
    low = windows.frame(Box(40, 4, 50, 34), (38, 300), context=0.5, context_minimum=4, square=True)
    assert (low.crop.width, low.crop.height) == (40, 38)


@pytest.mark.parametrize("shape", [(300, 400), (50, 700), (1, 9), (37, 61)])
def test_a_native_window_is_a_square_of_that_side(shape: tuple[int, int]) -> None:
    box = Box(0, 0, min(5, shape[1]), min(5, shape[0]))
    where = windows.frame(box, shape, context=0.5, context_minimum=16, native=128)
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    mask = np.zeros(shape, dtype=bool)
    mask[box.slices] = True
    part, hole = windows.cut(image, mask, where)
    assert part.shape == (128, 128, 3)
    assert hole.shape == (128, 128)
    assert windows.restored(part, where).shape == (where.crop.height, where.crop.width, 3)


def test_a_backend_cannot_peep_at_what_it_replaces(image: Image, mask: Mask) -> None:
    """Two photos that differ in the hole alone give the same window, at every scale."""
    other = image.copy()
    other[mask] = 255 - other[mask]
    box = Box(26, 20, 37, 29)
    for rule in ({}, {"native": 128}, {"native": 16}, {"maximum": 24, "multiple": 8}):
        where = windows.frame(box, image.shape, context=0.5, context_minimum=8, **rule)  # type: ignore[arg-type]
        one, hole = windows.cut(image, mask, where)
        two, _ = windows.cut(other, mask, where)
        assert np.array_equal(one, two), rule
        assert hole.any()


def test_cut_writes_nothing_into_its_arguments(image: Image, mask: Mask) -> None:
    before = image.copy(), mask.copy()
    where = windows.frame(Box(26, 20, 37, 29), image.shape, context=0.5, context_minimum=8)
    part, hole = windows.cut(image, mask, where)
    part[:], hole[:] = 0, False
    assert np.array_equal(image, before[0])
    assert np.array_equal(mask, before[1])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_unscaled_windows_come_back_exactly(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 40))
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    box = Box(left, top, data.draw(st.integers(left + 1, width)), data.draw(st.integers(top + 1, height)))
    image = np.random.default_rng(1).integers(0, 256, (height, width, 3)).astype(np.uint8)
    where = windows.frame(box, image.shape, context=0.5, context_minimum=3, multiple=8)
    part, _ = windows.cut(image, np.zeros((height, width), dtype=bool), where)
    assert part.shape[0] % 8 == part.shape[1] % 8 == 0
    assert np.array_equal(windows.restored(part, where), image[where.crop.slices])


def test_bands_cover_every_row_once() -> None:
    assert [row for band in windows.bands(600, 256) for row in range(600)[band]] == list(range(600))


def wire(shape: tuple[int, int], width: int = 7) -> Mask:
    """A line from corner to corner."""
    drawn = np.zeros(shape, np.uint8)
    cv2.line(drawn, (0, 5), (shape[1] - 1, shape[0] - 5), 1, width)
    return drawn.astype(bool)


def test_a_wire_across_the_photo_is_cut_into_windows_of_full_size() -> None:
    mask = wire((1500, 2000))
    (whole,) = windows.holes(mask, 1.0, 96)
    assert whole.box.width > 1900
    pieces = windows.holes(mask, 1.0, 96, 768)
    assert 3 <= len(pieces) <= 8
    assert np.array_equal(covered(pieces, mask.shape), mask.astype(int))
    for piece in pieces:
        where = windows.frame(
            piece.box, mask.shape, context=1.0, context_minimum=96, maximum=768, margin=piece.margin
        )
        assert where.size == (where.crop.height, where.crop.width), "scaled down"


def test_dust_all_over_shares_windows_of_full_size_only() -> None:
    rng = np.random.default_rng(1)
    mask = np.zeros((1500, 2000), dtype=bool)
    for top, left in zip(rng.integers(0, 1490, 600), rng.integers(0, 1990, 600), strict=True):
        mask[top : top + 6, left : left + 6] = True
    found = windows.holes(mask, 1.0, 96, 768)
    assert np.array_equal(covered(found, mask.shape), mask.astype(int))
    assert len(found) <= 40
    for hole in found:
        where = windows.frame(hole.box, mask.shape, context=1.0, context_minimum=96, margin=hole.margin)
        assert max(where.size) <= 768


def test_what_is_not_fine_keeps_its_window_however_large() -> None:
    mask = np.zeros((1500, 2000), dtype=bool)
    mask[200:1300, 300:1100] = True
    (one,) = windows.holes(mask, 0.5, 64, 768)
    (other,) = windows.holes(mask, 0.5, 64)
    assert (one.box, one.margin) == (other.box, other.margin) == (Box(300, 200, 1100, 1300), 550)


def test_small_photos_are_cut_as_ever() -> None:
    """Nothing changes where the whole photo fits into the largest window."""
    mask = wire((200, 256), 3)
    mask[10:30, 200:240] = True
    for context in (0.5, 1.0):
        for one, other in zip(
            windows.holes(mask, context, 64), windows.holes(mask, context, 64, 768), strict=True
        ):
            assert (one.box, one.margin) == (other.box, other.margin)


@pytest.mark.parametrize("step", [2, 16, 40])
def test_thousands_of_specks_are_told_apart_in_bounded_time(step: int) -> None:
    mask = np.zeros((1400, 1400), dtype=bool)
    mask[::step, ::step] = True
    for largest in (None, 512):
        began = time.process_time()
        found = windows.holes(mask, 1.0, 96, largest)
        assert time.process_time() - began < 8
        assert np.array_equal(covered(found, mask.shape), mask.astype(int))


@settings(max_examples=60, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 60), st.integers(1, 60))), st.integers(8, 80))
def test_cut_or_not_each_hole_pixel_is_in_exactly_one_hole(mask: Mask, largest: int) -> None:
    found = windows.holes(mask, 0.5, 3, largest)
    assert np.array_equal(covered(found, mask.shape), mask.astype(int))  # type: ignore[arg-type]
