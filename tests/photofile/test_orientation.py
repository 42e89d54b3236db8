"""The eight EXIF orientations, on arrays whose answer can be read."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageOps

from inpaint_app.photofile.samples.orientation import axes, stored, stored_box, turned, upright
from inpaint_app.types import Box

GRID = np.arange(15, dtype=np.uint8).reshape(3, 5)


def seen_by_pillow(orientation: int) -> np.ndarray:
    image = PillowImage.fromarray(GRID)
    image.getexif()[0x0112] = orientation
    return np.asarray(ImageOps.exif_transpose(image))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_is_what_pillow_shows_and_stored_undoes_it(orientation: int) -> None:
    seen = upright(GRID, orientation)
    assert np.array_equal(seen, seen_by_pillow(orientation))
    assert np.array_equal(stored(seen, orientation), GRID)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.bool_])
def test_turned_is_upright_as_its_own_array(orientation: int, dtype: type) -> None:
    for pixels in (
        GRID.astype(dtype),
        np.dstack([GRID, GRID + 1, GRID + 2]).astype(dtype),
        GRID[:1].astype(dtype),
    ):
        done = turned(pixels, orientation)
        assert done.flags.c_contiguous
        assert np.array_equal(done, upright(pixels, orientation))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_and_a_point_find_their_way(orientation: int) -> None:
    seen = upright(GRID, orientation)
    box = Box(1, 0, 3, 2)
    inner = GRID[stored_box(box, seen.shape, orientation).slices]
    assert np.array_equal(upright(inner, orientation), seen[box.slices])
    a, b, c, d, e, f = axes(seen.shape, orientation)
    for y, x in np.ndindex(GRID.shape):
        assert seen[d * x + e * y + f, a * x + b * y + c] == GRID[y, x]


def test_an_unknown_orientation_is_left_alone() -> None:
    assert np.array_equal(upright(GRID, 0), GRID)
    assert np.array_equal(stored(GRID, 9), GRID)
