"""A hole grows over what is left of the thing, and stays away from what is background."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from inpaint_app.imaging import mask as masks
from inpaint_app.imaging import rim
from inpaint_app.types import Image, Mask

SIDE = 800


def disc(radius: float, at: tuple[int, int] = (400, 400)) -> Mask:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return np.asarray((rows - at[0]) ** 2 + (columns - at[1]) ** 2 <= radius**2)


def ground(kind: str) -> Image:
    """Ground without any thing on it: even, a slope of light, gravel, or of many colours."""
    rng = np.random.default_rng(0)
    image = np.full((SIDE, SIDE, 3), 120, np.uint8)
    if kind == "slope":
        image[...] = np.linspace(80, 160, SIDE).astype(np.uint8)[None, :, None]
    if kind == "gravel":
        image[...] = rng.integers(60, 200, (SIDE, SIDE, 1), dtype=np.uint8)
    if kind == "speckled":
        image[...] = rng.integers(90, 150, (SIDE, SIDE, 3), dtype=np.uint8)
    return image


def with_thing(image: Image, thing: Mask, colour: tuple[int, int, int] = (200, 40, 40)) -> Image:
    image[thing] = colour
    return image


def share(part: Mask, whole: Mask) -> float:
    return float((part & whole).sum() / whole.sum())


@pytest.mark.parametrize("kind", ["speckled", "gravel"])
def test_beside_an_exact_mask_the_background_stays(kind: str) -> None:
    thing = disc(240)
    grown, least, most = rim.grow(with_thing(ground(kind), thing), thing)
    wide, usual, _ = masks.grow(thing)
    assert (least, most) == (max(1, round(usual / 4)), usual)
    assert share(grown, wide & ~thing) < 0.5
    assert grown[masks.dilated(thing, least)].all()


@pytest.mark.parametrize("kind", ["even", "slope"])
def test_over_even_ground_a_hole_grows_as_far_as_holes_may(kind: str) -> None:
    """It costs nothing there, and a shade that goes on beyond the ring would stay as an outline."""
    thing = disc(240)
    grown, _, most = rim.grow(with_thing(ground(kind), thing), thing)
    assert share(grown, masks.dilated(thing, most)) > 0.99


@pytest.mark.parametrize("kind", ["even", "slope", "gravel"])
@pytest.mark.parametrize("tight", [2, 4, 7])
def test_what_a_tight_mask_leaves_out_is_grown_over(kind: str, tight: int) -> None:
    thing, mask = disc(240), disc(240 - tight)
    grown, *_ = rim.grow(with_thing(ground(kind), thing), mask)
    assert share(grown, thing) > 0.995


def test_a_strap_that_sticks_out_is_grown_over() -> None:
    thing = disc(240)
    strap = np.zeros_like(thing)
    strap[152:164, 390:402] = True
    grown, *_ = rim.grow(with_thing(ground("speckled"), thing | strap), thing)
    assert share(grown, strap & masks.grow(thing)[0]) > 0.95
    assert share(grown, masks.grow(thing)[0] & ~thing) < 0.5


@pytest.mark.parametrize("seed", range(4))
def test_no_hole_grows_further_than_holes_may(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    mask = disc(120, (180, 200)) | disc(20, (600, 660)) | disc(90, (799, 799))
    grown, least, most = rim.grow(image, mask)
    assert not (grown & ~masks.grow(mask)[0]).any()
    assert not (grown & ~masks.dilated(mask, most)).any()
    assert grown[masks.dilated(mask, least)].all()


def test_other_holes_are_no_background() -> None:
    """What lies under another mask says nothing about the ring, whatever colour it has."""
    thing, other = disc(100, (400, 250)), disc(100, (400, 465))
    answers: list[NDArray[np.bool_]] = []
    for colour in ((200, 40, 40), (10, 220, 90)):
        image = with_thing(with_thing(ground("gravel"), thing), other, colour)
        answers.append(rim.grow(image, thing | other)[0][:, :352])
    assert (answers[0] == answers[1]).mean() > 0.999


def test_a_given_growth_is_kept() -> None:
    mask = disc(50)
    grown, least, most = rim.grow(ground("gravel"), mask, 7)
    assert least == most == 7
    assert np.array_equal(grown, masks.dilated(mask, 7))


def test_specks_beyond_the_largest_grow_as_far_as_holes_may() -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[10::30, 10::30] = True
    assert mask.sum() > rim.LOOKED_AT
    grown, least, _ = rim.grow(ground("even"), mask)
    assert least == 1
    assert grown[masks.dilated(mask, 1)].all()
    assert not (grown & ~masks.grow(mask)[0]).any()


def test_no_hole_and_nothing_but_hole() -> None:
    image, nothing = ground("even"), np.zeros((SIDE, SIDE), bool)
    assert not rim.grow(image, nothing)[0].any()
    assert rim.grow(image, ~nothing)[0].all()


def test_the_photo_and_the_mask_stay_as_they_are() -> None:
    image, mask = ground("gravel"), disc(50)
    before = image.copy(), mask.copy()
    rim.grow(image, mask)
    assert np.array_equal(image, before[0])
    assert np.array_equal(mask, before[1])


@pytest.mark.parametrize("turns", range(4))
def test_between_a_hole_and_the_border_nothing_stays(turns: int) -> None:
    """What lies beyond is not in the photo, so a mask that ends just before the border reaches it."""
    mask = np.zeros((SIDE, SIDE), bool)
    mask[500:796, 300:500] = True
    grown, *_ = rim.grow(ground("even"), np.rot90(mask, turns).copy())
    upright = np.rot90(grown, -turns)
    assert upright[-1, 300:500].all()
    assert not upright[0].any()
    assert not upright[:, 0].any()
