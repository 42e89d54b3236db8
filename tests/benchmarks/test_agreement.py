"""Scores without truth: what they say of fills made to be good or bad, and how their agreement is judged."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy.stats import spearmanr

from benchmarks.agreement import (
    _spearman,
    agreement,
    consistency,
    redetection,
    repetition,
    seam,
    spread,
    texture,
)
from inpaint_app.imaging.mask import bounds
from inpaint_app.removal.session import Session
from inpaint_app.types import Box, Image, Instance, Mask, Options, Result


def grain(seed: int = 0) -> Image:
    noise = np.random.default_rng(seed).normal(0, 40, (110, 130, 3)).astype(np.float32)
    return (cv2.GaussianBlur(noise, (0, 0), 1.2) * 3 + 120).clip(0, 255).astype(np.uint8)


@pytest.fixture
def hole() -> Mask:
    mask = np.zeros((110, 130), dtype=bool)
    mask[40:75, 45:85] = True
    return mask


def filled(photo: Image, mask: Mask, source: Image) -> Result:
    image = photo.copy()
    image[mask] = source[mask]
    return Result(image, mask, "telea", 0.0, (bounds(mask),), 0, 0, 0, Options())  # type: ignore[arg-type]


def test_the_truth_scores_better_than_a_blur_or_another_colour(hole: Mask) -> None:
    photo = grain()
    truth = filled(photo, hole, photo)
    blur = filled(photo, hole, cv2.GaussianBlur(photo, (0, 0), 5))
    other = filled(photo, hole, np.clip(photo.astype(int) + 60, 0, 255).astype(np.uint8))
    assert texture(photo, truth) < texture(photo, blur)
    assert seam(photo, truth) < seam(photo, other)
    assert spread(photo, truth) < min(spread(photo, blur), spread(photo, other))


def test_a_copy_repeats_and_the_truth_does_not() -> None:
    photo = grain()
    hole = np.zeros((110, 130), dtype=bool)
    hole[45:65, 45:85] = True
    copied = np.roll(photo, 22, axis=0)  # out of the surroundings just above
    assert repetition(photo, filled(photo, hole, photo)) == pytest.approx(0, abs=0.2)
    assert repetition(photo, filled(photo, hole, copied)) > 1


def test_a_fill_that_the_backend_would_make_again_is_consistent(hole: Mask) -> None:
    photo = grain()
    session = Session()
    smooth = np.zeros_like(photo) + photo.mean(axis=(0, 1)).astype(np.uint8)
    assert consistency(session, filled(photo, hole, smooth), "telea") > consistency(
        session, filled(photo, hole, photo), "telea"
    )


def test_an_object_in_the_hole_is_found_and_one_beside_it_is_not(hole: Mask, monkeypatch) -> None:
    inside = Instance(1, "dog", 0.8, Box(50, 45, 60, 55), np.ones((10, 10), dtype=bool))
    beside = Instance(2, "dog", 0.9, Box(0, 0, 50, 60), np.ones((60, 50), dtype=bool))
    photo = grain()
    result = filled(photo, hole, photo)
    session = Session()
    for found, value in (((inside, beside), 0.8), ((beside,), 0.0), ((), 0.0)):
        monkeypatch.setattr(Session, "detect", lambda self, image, found=found: found)
        assert redetection(session, result) == value


def test_the_rank_correlation_is_scipy_s() -> None:
    rng = np.random.default_rng(0)
    fills = [(float(a), float(b)) for a, b in rng.integers(0, 6, (40, 2))]
    assert _spearman(fills) == pytest.approx(spearmanr(*zip(*fills, strict=True)).statistic)


def test_perfect_chance_and_inverse_agreement() -> None:
    rng = np.random.default_rng(1)
    truth = rng.random((60, 3))

    def photos(values: np.ndarray) -> list[dict[str, tuple[float, float]]]:
        return [
            {n: (float(v), float(t)) for n, v, t in zip("abc", *rows, strict=True)}
            for rows in zip(values, truth, strict=True)
        ]

    perfect = agreement("consistency", photos(truth))
    assert (perfect.right.mean, perfect.correlation) == (1.0, pytest.approx(1.0))
    assert perfect.gain.mean == pytest.approx((truth.max(axis=1) - truth.mean(axis=1)).mean())
    assert agreement("seam", photos(truth)).right.mean == 0.0  # of the seam, less is better
    chance = agreement("consistency", photos(rng.random((60, 3))))
    assert chance.right.low < 0.5 < chance.right.high
    assert agreement("consistency", photos(np.zeros((60, 3)))).right.mean == 0.5
    assert agreement("consistency", []) is None
