"""The grain that a fill is given: as much as is around it, and no more than what has its colour."""

from __future__ import annotations

import numpy as np

from inpaint_app.backends.exemplar import grain
from inpaint_app.types import Image

SPECKS = np.s_[56:108:16, 56:108:16]


def noise(image: Image) -> float:
    return float(np.abs(np.diff(image[..., 1].astype(int), axis=1)).mean())


def test_an_even_sky_stays_even_beside_rock() -> None:
    random = np.random.default_rng(3)
    image = np.array((90, 140, 220)) + random.integers(-1, 2, (1050, 2000, 1))
    image[:, 1000:] = np.array((120, 100, 80)) + random.integers(-40, 41, (1050, 1000, 1))
    photo = np.clip(image, 0, 255).astype(np.uint8)
    mask = np.zeros((1050, 2000), bool)
    mask[100:500, 700:1300] = True  # over both
    fill = photo.copy()
    rock = slice(100, 500), slice(1020, 1280)
    fill[rock] = (fill[rock].astype(int) + np.array((120, 100, 80))) // 2  # as matching smooths it
    before = fill.copy()
    grain.match_grain(fill, mask, *(where.astype(np.int32) for where in np.nonzero(mask)))
    sky = slice(100, 500), slice(940, 998)
    assert noise(fill[sky]) < 1.2 * noise(before[sky])
    assert noise(fill[rock]) > 1.2 * noise(before[rock])


def test_specks_in_a_small_picture_get_no_more_than_the_grain_around_them() -> None:
    random = np.random.default_rng(5)
    photo = (128 + random.integers(-12, 13, (160, 160, 1)) + np.zeros(3)).astype(np.uint8)
    mask = np.zeros((160, 160), bool)
    mask[50:110, 50:110] = True
    fill = np.where(mask[..., None], (photo.astype(int) + 128) // 2, photo).astype(np.uint8)
    fill[SPECKS] = 90
    before = fill.copy()
    grain.match_grain(fill, mask, *(where.astype(np.int32) for where in np.nonzero(mask)))
    assert noise(fill[57:71, 57:107]) > 1.2 * noise(before[57:71, 57:107])
    assert (before[SPECKS].astype(int) - fill[SPECKS]).mean() < 5


def test_rough_copies_in_a_small_picture_get_more_of_their_grain_than_even_ones() -> None:
    shares = []
    for spread in (3, 8):
        random = np.random.default_rng(5)
        photo = (128 + random.integers(-spread, spread + 1, (160, 160, 1)) + np.zeros(3)).astype(np.uint8)
        mask = np.zeros((160, 160), bool)
        mask[50:110, 50:110] = True
        fill = np.where(mask[..., None], (3 * photo.astype(int) + 128) // 4, photo).astype(np.uint8)
        grain.match_grain(fill, mask, *(where.astype(np.int32) for where in np.nonzero(mask)))
        shares.append(noise(fill[60:100, 60:100]) / noise(photo[60:100, 60:100]))
    assert shares[0] < 0.92 < 0.96 < shares[1] < 1


def speckled(spread: int) -> tuple[Image, Image]:
    """A small even or rough picture whose hole has specks, and the same with the grain matched."""
    random = np.random.default_rng(5)
    photo = (128 + random.integers(-spread, spread + 1, (160, 160, 1)) + np.zeros(3)).astype(np.uint8)
    mask = np.zeros((160, 160), bool)
    mask[50:110, 50:110] = True
    photo[SPECKS] = 112
    matched = photo.copy()
    grain.match_grain(matched, mask, *(where.astype(np.int32) for where in np.nonzero(mask)))
    return photo, matched


def test_specks_on_an_even_ground_are_brought_down_to_what_is_around() -> None:
    (even, calmed), (rough, kept) = speckled(1), speckled(20)
    assert (calmed[SPECKS] - even[SPECKS].astype(int)).mean() > 6
    assert abs((kept[SPECKS] - rough[SPECKS].astype(int)).mean()) < 2


def test_specks_in_a_large_picture_stay() -> None:
    photo = np.full((1450, 1450, 3), 128, np.uint8)
    mask = np.zeros((1450, 1450), bool)
    mask[50:110, 50:110] = True
    photo[SPECKS] = 112
    matched = photo.copy()
    grain.match_grain(matched, mask, *(where.astype(np.int32) for where in np.nonzero(mask)))
    assert (matched[SPECKS] <= photo[SPECKS]).all()


def test_an_edge_between_even_grounds_stays_sharp() -> None:
    photo = np.full((160, 160, 3), 60, np.uint8)
    photo[80:] = 180
    mask = np.zeros((160, 160), bool)
    mask[50:110, 50:110] = True
    matched = photo.copy()
    grain.match_grain(matched, mask, *(where.astype(np.int32) for where in np.nonzero(mask)))
    assert np.array_equal(matched, photo)
