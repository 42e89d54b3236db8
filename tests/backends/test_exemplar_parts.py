"""The exemplar engine's parts: its field of matches and its grain, on small arrays."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inpaint_app.backends.exemplar import field as fields
from inpaint_app.backends.exemplar import grain, initialise, pyramid
from tests.backends.test_exemplar import hole


def test_what_is_copied_again_and_again_costs_more_and_what_has_its_share_nothing() -> None:
    mask = hole((96, 96), 40, 40, 56, 56)
    field = fields.make_field(mask, np.zeros_like(mask))
    assert field is not None
    field.cost[:] = 1.0
    field.match[:] = np.stack([field.ys, field.xs - 32], 1)  # one region, copied once
    assert fields.toll(field, 0.5).max() == 0
    field.match[:] = (48, 12)
    costs = fields.toll(field, 0.5)
    assert costs[48, 12] > 0.5 > costs[48, 30] == 0


def test_of_two_equal_sources_the_one_without_toll_is_taken() -> None:
    mask = hole((64, 64), 28, 28, 36, 36)
    features = np.full((64, 64, fields.CHANNELS), 90, np.float32)
    taken = []
    for charged in (False, True):
        field = fields.make_field(mask, np.zeros_like(mask))
        assert field is not None
        field.match[:] = (10, 10)
        toll = np.zeros((64, 64), np.float32)
        toll[:20, :20] = 100.0 * charged
        fields.search(features, field, backward=False, radius=32, seed=1, toll=toll)
        taken.append(np.mean((field.match < 20).all(axis=1)))
    assert taken[0] == 1.0
    assert taken[1] < 0.2


def test_grain_is_given_more_freely_where_the_picture_is_large() -> None:
    gains = []
    for side in (700, 1500):
        noise = np.random.default_rng(0).normal(0, 1, (side, side, 1)).repeat(3, 2)
        mask = hole((side, side), 100, 100, 400, 400)
        image = (120 + noise * np.where(mask[..., None], 3, 8)).astype(np.uint8)
        filled = image.copy()
        grain.match_grain(filled, mask, *np.nonzero(mask))
        middle = (slice(100, 400),) * 2
        gains.append(filled[middle].std() / image[middle].std())
    assert 1.05 < gains[0] < gains[1] < 8 / 3


def test_a_match_that_fell_on_no_source_moves_to_the_nearest() -> None:
    sources = np.ones((60, 60), bool)
    sources[20:40, 20:40] = False
    sources[:, 50:] = False
    sources[0:8, 0:8] = False
    ys, xs = np.array([22, 30, 59], np.int32), np.array([30, 38, 59], np.int32)
    y, x = fields._nearest_sources(sources, ys, xs)
    assert list(zip(y.tolist(), x.tolist(), strict=True)) == [(19, 30), (30, 40), (59, 49)]
    alone = np.zeros((60, 60), bool)
    y, x = fields._nearest_sources(alone, ys, xs)
    assert np.array_equal(np.stack([y, x]), np.stack([ys, xs])), "none is near: the caller takes any"


def test_the_texture_tells_near_pebbles_from_far_ones() -> None:
    """Both as rough at full size; made smaller, the far ones are even and the near ones are not."""
    rng = np.random.default_rng(0)
    far, near, detail = (cv2.GaussianBlur(rng.normal(0, 1, (96, 192)), (0, 0), blur) for blur in (1, 6, 1))
    near = 20 * near / near.std() + 20 * detail / detail.std()
    rough = np.vstack([20 * far / far.std(), near]).clip(-100, 100) + 128
    image = np.repeat(rough.astype(np.uint8)[..., None], 3, 2)
    hole = np.zeros(rough.shape, bool)
    hole[60:130, 60:130] = True

    levels = pyramid.build(pyramid.first_level(image, hole, np.zeros_like(hole)))

    full, coarse = (levels[number].features[..., 3] for number in (0, 2))
    assert full[:48].mean() == pytest.approx(full[-48:].mean(), rel=0.05)
    assert coarse[-12:].mean() > 1.1 * coarse[:12].mean()


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_a_match_costs_the_squared_differences_of_all_values_of_its_patch(dtype: type) -> None:
    mask = hole((40, 44), 16, 16, 24, 24)
    values = np.random.default_rng(0).integers(0, 256, (40, 44, fields.CHANNELS)).astype(dtype)
    field = fields.make_field(mask, np.zeros_like(mask))
    assert field is not None
    field.match[:] = field.pool[0]
    fields.search(values, field, backward=False, radius=8, seed=0)
    reach = fields.RADIUS
    for k in (0, len(field.ys) // 2, len(field.ys) - 1):
        own, other = (
            values[y - reach : y + reach + 1, x - reach : x + reach + 1].astype(float)
            for y, x in ((field.ys[k], field.xs[k]), field.match[k])
        )
        assert field.cost[k] == np.square(own - other).sum()  # whole numbers below 2^24 are exact


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_the_first_layer_takes_the_source_that_is_nearest_in_what_is_known(dtype: type) -> None:
    features = np.random.default_rng(2).integers(0, 256, (40, 44, 4)).astype(dtype)
    mask = hole((40, 44), 16, 16, 24, 24)
    features[mask, :3] = 0
    level = pyramid.Level(features.copy(), mask, np.zeros_like(mask))
    field = fields.make_field(mask, level.forbidden)
    assert field is not None
    initialise.onion_peel(level, field, seed=0)
    corner = int(field.index[13 - field.corner[0], 13 - field.corner[1]])
    counts = np.repeat(~mask[10:17, 10:17, None], 4, 2)
    counts[..., 3] = True
    own = features.astype(np.float32)
    apart = {
        (y, x): float((np.square(own[y - 3 : y + 4, x - 3 : x + 4] - own[10:17, 10:17]) * counts).sum())
        for y, x in np.argwhere(field.sources).tolist()
    }
    assert tuple(field.match[corner]) == min(apart, key=lambda place: apart[place])
    assert field.cost[corner] == pytest.approx(min(apart.values()))
