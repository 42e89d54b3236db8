"""The only place where a fill meets the photo."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inpaint_app.imaging.composite import changed_outside, composite
from inpaint_app.types import Box, Mask


def test_the_fill_goes_in_by_its_opacity() -> None:
    photo = np.full((3, 4, 3), 100, np.uint8)
    canvas = photo.copy()
    fill = np.full((1, 2, 3), 200, np.uint8)
    composite(canvas, photo, fill, np.array([[0.0, 1.0]], np.float32), Box(1, 1, 3, 2))
    assert canvas[..., 0].tolist() == [[100, 100, 100, 100], [100, 100, 200, 100], [100, 100, 100, 100]]
    composite(canvas, photo, fill, np.array([[0.25, 0.5]], np.float32), Box(0, 0, 2, 1))
    assert canvas[0, :, 0].tolist() == [125, 150, 100, 100]


def test_blending_is_with_the_photo_not_with_earlier_fills() -> None:
    photo = np.full((1, 1, 3), 100, np.uint8)
    canvas = np.zeros((1, 1, 3), np.uint8)
    composite(
        canvas, photo, np.full((1, 1, 3), 200, np.uint8), np.array([[0.5]], np.float32), Box(0, 0, 1, 1)
    )
    assert canvas.ravel().tolist() == [150, 150, 150]


@settings(max_examples=60, deadline=None)
@given(arrays(bool, (17, 23)), st.integers(0, 2**31 - 1))
def test_known_pixels_are_never_written(mask: Mask, seed: int) -> None:
    rng = np.random.default_rng(seed)
    photo = rng.integers(0, 256, (17, 23, 3)).astype(np.uint8)
    fill = rng.integers(0, 256, (17, 23, 3)).astype(np.uint8)
    opacity = np.where(mask, rng.random((17, 23)), 0).astype(np.float32)
    canvas = photo.copy()
    composite(canvas, photo, fill, opacity, Box(0, 0, 23, 17))
    assert np.array_equal(canvas[~mask], photo[~mask])
    assert changed_outside(photo, canvas, mask) == 0


def test_changes_outside_are_counted_across_bands() -> None:
    photo = np.zeros((700, 5, 3), np.uint8)
    result = photo.copy()
    mask = np.zeros((700, 5), dtype=bool)
    mask[:10] = True
    result[:10] = 9
    assert changed_outside(photo, result, mask) == 0
    result[300, 2, 1] = 1
    result[699, 4] = 1
    assert changed_outside(photo, result, mask) == 2
