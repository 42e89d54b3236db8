"""How bright a network sees a hole's surroundings."""

import numpy as np
import pytest

from inpaint_app.backends.networks.exposure import USUAL, curves
from inpaint_app.types import Image, Mask


def around(value: int) -> tuple[Image, Mask]:
    """A picture of about one value with a hole that holds another."""
    image = np.random.default_rng(0).normal(value, 3, (40, 40, 3)).clip(0, 255).astype(np.uint8)
    mask = np.zeros((40, 40), bool)
    mask[14:26, 14:26] = True
    image[mask] = 255 - value
    return image, mask


@pytest.mark.parametrize("value", [15, 20, 60])
def test_dark_surroundings_are_seen_as_usual(value: int) -> None:
    image, mask = around(value)
    shown, undone = curves(image, mask)
    assert np.median(shown[image][~mask]) == pytest.approx(255 * USUAL, abs=6)
    assert np.abs(undone[shown[image]].astype(int) - image)[~mask].max() <= 1


def test_an_error_in_the_dark_becomes_smaller() -> None:
    shown, undone = curves(*around(20))
    assert int(undone[shown[20] + 24]) - 20 <= 16


def test_usual_surroundings_and_a_picture_that_is_all_hole_are_seen_as_they_are() -> None:
    dark, mask = around(20)
    for image, hole in (around(120), around(240), (dark, np.ones_like(mask))):
        assert all(np.array_equal(curve, np.arange(256)) for curve in curves(image, hole))


def test_grey_stays_grey_and_the_order_of_values_is_kept() -> None:
    for value in (1, 20, 254):
        for curve in curves(*around(value)):
            assert (np.diff(curve.astype(int)) >= 0).all()
            assert (curve[0], curve[-1]) == (0, 255)
