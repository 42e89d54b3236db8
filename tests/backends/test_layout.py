"""The split of frequencies: large shapes of the layout, detail of the fill, nothing outside the hole."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inpaint_app.backends import registry
from inpaint_app.backends.exemplar import engine
from inpaint_app.backends.exemplar.layout import BLUR, LARGE, NEARER, SPLIT, blur_of, with_layout
from inpaint_app.backends.exemplar.trust import Trust, trust
from inpaint_app.types import Image, Mask


def hole(side: int, margin: int) -> Mask:
    mask = np.zeros((side, side), bool)
    mask[margin:-margin, margin:-margin] = True
    return mask


def grain(side: int, level: int) -> Image:
    noise = np.random.default_rng(0).integers(-20, 21, (side, side, 1))
    return (level + np.repeat(noise, 3, axis=2)).astype(np.uint8)


@pytest.mark.parametrize("pixel", [1.0, 3.0, 12.0])
def test_the_middle_moves_by_the_share_and_keeps_its_grain(pixel: float) -> None:
    fill, mask = grain(240, 100), hole(240, 40)
    guide = np.full_like(fill, 160)
    out = with_layout(fill, guide, mask, pixel, 0.5)
    middle = (slice(100, 140), slice(100, 140))
    share = 0.5 * (NEARER if pixel < LARGE else 1)  # nearer to it where the picture is small
    assert out[middle].mean() == pytest.approx((1 - share) * fill[middle].mean() + share * 160, abs=1)
    if pixel > 1:  # the guide tells nothing finer than its own pixels
        apart = (
            out[middle].astype(float)
            - out[middle].mean()
            - (fill[middle].astype(float) - fill[middle].mean())
        )
        assert np.abs(apart).max() < 8
    assert np.array_equal(out[~mask], fill[~mask])


def test_a_blurred_layout_leaves_lines_that_it_cannot_draw() -> None:
    fill, mask = np.full((160, 160, 3), 80, np.uint8), hole(160, 30)
    fill[:, np.arange(160) % 12 < 6] = 160
    out = with_layout(fill, np.full_like(fill, 120), mask, 2.0, 0.5)
    assert np.ptp(out[80, 60:100, 0].astype(int)) > 0.9 * 80


def test_a_blurred_layout_does_not_pull_the_votes_off_a_line() -> None:
    mask = hole(80, 20)
    pixels = engine.hole_pixels(mask)
    colours = np.where(pixels[0] == 40, 190, 60)[:, None] * np.ones((1, 3), np.float32)
    guide = np.full((80, 80, 3), 70, np.float32)
    on, off = (pixels[0] == row for row in (40, 30))
    for sigma, line, beside in ((0.0, -120, 10), (6.0, 1, 9)):
        pull = engine.misfit(guide, colours, pixels, mask, sigma)
        assert pull[on][15:25].mean() == pytest.approx(line, abs=3)
        assert pull[off][15:25].mean() == pytest.approx(beside, abs=3)


def test_at_the_rim_nothing_jumps() -> None:
    fill, mask = np.full((240, 240, 3), 100, np.uint8), hole(240, 40)
    out = with_layout(fill, np.full_like(fill, 200), mask, 10.0 / SPLIT, 1.0)
    steps = np.abs(np.diff(out[120, :, 0].astype(int)))
    assert steps.max() <= 10 < out[120, 120, 0] - 100


@pytest.mark.parametrize(("pixel", "share"), [(0.0, 0.5), (4.0, 0.0)])
def test_an_unknown_size_or_no_share_changes_nothing(pixel: float, share: float) -> None:
    fill = grain(64, 100)
    assert np.array_equal(with_layout(fill, np.zeros_like(fill), hole(64, 20), pixel, share), fill)


def test_the_coarse_grid_gives_what_a_full_blur_gives() -> None:
    rng = np.random.default_rng(1)
    small = rng.integers(60, 200, (9, 11, 3)).astype(np.uint8)
    guide = cv2.resize(small, (330, 270), interpolation=cv2.INTER_CUBIC)
    fill, mask = np.full((270, 330, 3), 120, np.uint8), np.zeros((270, 330), bool)
    mask[50:220, 60:270] = True
    apart = np.where(mask[..., None], guide.astype(np.float32) - 120, 0)
    mass = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 15.0)[..., None]
    exact = 120 + 0.7 * cv2.GaussianBlur(apart, (0, 0), 15.0) / np.maximum(mass, 0.5) * np.clip(
        2 * mass - 1, 0, 1
    )
    out = with_layout(fill, guide, mask, 15.0 / SPLIT, 0.7)
    assert np.abs(out.astype(np.float32) - exact)[mask].max() < 4


def test_arguments_stay_as_they_were() -> None:
    fill, guide, mask = grain(64, 100), grain(64, 180), hole(64, 20)
    before = fill.copy(), guide.copy(), mask.copy()
    with_layout(fill, guide, mask, 3.0, 0.5)
    assert all(np.array_equal(one, other) for one, other in zip(before, (fill, guide, mask), strict=True))


def test_a_blurred_layout_is_followed_only_as_far_as_it_goes() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (160, 160, 3)).astype(np.uint8)
    fill = np.roll(noise, 57, 0)
    hole = np.zeros((160, 160), bool)
    hole[30:130, 30:130] = True
    sigmas = [blur_of(cv2.GaussianBlur(noise, (0, 0), by), fill, hole, 2.0, 0.4) for by in (0.1, 1, 4)]
    assert sigmas[0] == 0.4
    assert sigmas == sorted(sigmas)
    assert sigmas[2] > sigmas[1]


def test_only_the_layouts_of_trained_removers_are_followed_below_their_own_pixels() -> None:
    finest = {one.name: one.options().finest for one in registry.BACKENDS if hasattr(one.options(), "finest")}
    assert {name for name, value in finest.items() if value < BLUR} == {"lama-guided", "migan-guided"}
    assert registry.DEFAULT in finest


def test_a_layout_of_own_pixels_moves_the_fill_and_leaves_its_detail() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 80, 3)).astype(np.uint8)
    hole = np.zeros((80, 80), bool)
    hole[20:60, 20:60] = True
    soft = np.where(hole[..., None], cv2.GaussianBlur(noise, (0, 0), 3), noise)
    assert np.array_equal(with_layout(soft, soft, hole, 2.0, 1.0), soft)


def natural(side: int) -> NDArray[np.float32]:
    """Noise as strong in every octave, as photos are: (side, side, 3) around 0."""
    noise = np.random.default_rng(0).normal(0, 8, (side, side, 1)).astype(np.float32)
    octaves = [noise[..., 0], *(3 * s * cv2.GaussianBlur(noise, (0, 0), s) for s in (1, 2, 4, 8, 16))]
    return np.repeat(np.sum(octaves, 0)[..., None], 3, 2)


def shrunk(image: Image) -> Image:
    small = cv2.resize(image, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_CUBIC))


def detail(image: Image, where: Mask) -> float:
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float(np.square(luma - cv2.GaussianBlur(luma, (0, 0), 2))[where].mean())


@pytest.mark.parametrize("times", [0.8, 1.6])
def test_detail_becomes_as_strong_as_a_sharp_layout_foretells(times: float) -> None:
    """The hole is rougher or smoother than its rim; the layout says so with what is coarser than its pixels."""
    noise = natural(200)
    hole = np.zeros((200, 200), bool)
    hole[50:150, 50:150] = True
    truth = np.where(hole[..., None], 128 + times * noise, 128 + noise).clip(0, 255).astype(np.uint8)
    guide = np.where(hole[..., None], shrunk(truth), truth)
    fill = np.where(hole[..., None], np.roll(truth, 101, 0), truth)  # as rough as the rim
    made = with_layout(fill, guide, hole, 4.0, 1.0, finest=0.4)
    wanted = detail(truth, hole)
    assert abs(np.log(detail(made, hole) / wanted)) < 0.7 * abs(np.log(detail(fill, hole) / wanted))
    assert np.array_equal(made[~hole], fill[~hole])


def test_a_fill_agrees_with_a_sharp_layout_at_the_layouts_own_size() -> None:
    truth = (128 + natural(200)).clip(0, 255).astype(np.uint8)
    mask = hole(200, 50)
    guide, fill = (np.where(mask[..., None], one, truth) for one in (shrunk(truth), np.roll(truth, 101, 0)))
    made = with_layout(fill, guide, mask, 4.0, 1.0, finest=0.4)
    off, before = (np.abs(shrunk(one).astype(int) - shrunk(truth))[60:140, 60:140] for one in (made, fill))
    assert off.mean() < 0.25 * before.mean()
    assert detail(made, mask) > 0.8 * detail(truth, mask)


def test_a_layout_that_breaks_off_at_the_rim_is_not_trusted() -> None:
    rows, columns = np.mgrid[:240, :240].astype(np.float32)
    grey = 128 + 60 * np.sin(columns / 17) * np.cos(rows / 23) + 0.3 * columns
    photo = np.repeat(grey.astype(np.uint8)[..., None], 3, 2)
    hole = np.zeros((240, 240), bool)
    hole[70:190, 60:170] = True
    elsewhere = np.where(hole[..., None], photo[::-1, ::-1], photo)
    soft = np.where(hole[..., None], cv2.GaussianBlur(photo, (0, 0), 4), photo)
    found = [trust(guide, hole, 4.0).followed for guide in (photo, soft, elsewhere)]
    assert found[:2] == [1, 1]
    assert found[2] == 0
    assert trust(elsewhere, hole, 0.0) == Trust()  # nobody says how fine it is
    assert [trust(guide, hole, 4.0, BLUR) for guide in (photo, soft, elsewhere)] == [(1, 1), (1, 1), (0, 1)]


def test_a_shifted_layout_is_not_trusted_where_the_photo_looks_alike_everywhere() -> None:
    rough = cv2.GaussianBlur(natural(480), (0, 0), 4)
    photo, mask = (128 + rough).clip(0, 255).astype(np.uint8), hole(480, 140)
    shifted = np.where(mask[..., None], np.roll(photo, 64, 1), photo)
    assert [trust(guide, mask, 4.0).followed for guide in (photo, shifted)] == [1, 0]


def test_a_layout_that_breaks_off_along_a_third_of_the_rim_is_trusted() -> None:
    rows, columns = np.mgrid[:240, :240].astype(np.float32)
    grey = 128 + 60 * np.sin(columns / 17) * np.cos(rows / 23)
    photo, mask = np.repeat(grey.astype(np.uint8)[..., None], 3, 2), hole(240, 70)
    guide = photo.copy()
    guide[70:86, 70:-70] = 255 - photo[70:86, 70:-70]
    assert trust(guide, mask, 4.0).followed == 1


def faded(photo: Image, mask: Mask, sigma: float) -> Image:
    """The photo blurred in the hole from 12 pixels inwards: a network that knows what is near the rim alone."""
    depth = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, 5)
    return np.where((depth > 12)[..., None], cv2.GaussianBlur(photo, (0, 0), sigma), photo)


def test_a_layout_that_fades_inwards_steers_the_matching_less_and_an_evenly_blurred_one_does_not() -> None:
    photo, mask = (128 + natural(240)).clip(0, 255).astype(np.uint8), hole(240, 70)
    even = np.where(mask[..., None], cv2.GaussianBlur(photo, (0, 0), 8), photo)
    assert trust(even, mask, 4.0).steering == 1
    found = [trust(faded(photo, mask, 4 * blur), mask, 4.0).steering for blur in (0.1, 1, 3)]
    assert found[0] == 1
    assert found == sorted(found, reverse=True)
    assert found[2] < 0.5


def test_a_blurred_layout_that_is_right_goes_on_across_the_rim() -> None:
    """A grid of lines, of which a blur leaves little: they end at the rim, and nothing else is wrong."""
    photo, mask, lines = np.full((480, 480, 3), 60, np.uint8), hole(480, 140), np.arange(480) % 24 < 4
    photo[lines] = photo[:, lines] = 190
    right, wrong = cv2.GaussianBlur(photo, (0, 0), 8), np.full_like(photo, 200)
    followed = [trust(np.where(mask[..., None], one, photo), mask, 4.0).followed for one in (right, wrong)]
    assert followed == [1, 0]
