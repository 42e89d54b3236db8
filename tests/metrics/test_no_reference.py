"""Scores without truth: what they say of fills whose quality is known by construction."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inpaint_app.imaging.mask import bounds
from inpaint_app.metrics.no_reference import report
from inpaint_app.types import Image, Mask, Options, Result


def texture(height: int = 120, width: int = 140, seed: int = 3) -> Image:
    noise = np.random.default_rng(seed).normal(0, 40, (height, width, 3)).astype(np.float32)
    return (cv2.GaussianBlur(noise, (0, 0), 1.0) * 3 + 128).clip(0, 255).astype(np.uint8)


def result_of(image: Image, mask: Mask, changed: int = 0) -> Result:
    return Result(image, mask, "none", 0.0, (bounds(mask),), 0, 0, changed, Options())  # type: ignore[arg-type]


@pytest.fixture
def hole() -> Mask:
    mask = np.zeros((120, 140), dtype=bool)
    mask[40:80, 50:90] = True
    return mask


def test_the_photo_itself_cannot_be_told_apart(hole: Mask) -> None:
    photo = texture()
    found = report(photo, result_of(photo, hole))
    assert found.seam_contrast == pytest.approx(1.0, abs=0.1)
    assert found.texture_energy == pytest.approx(1.0, abs=0.1)
    assert found.changed_known == 0


def test_another_piece_of_the_same_texture_has_a_seam_but_the_texture(hole: Mask) -> None:
    photo = texture()
    fill = photo.copy()
    fill[hole] = texture(seed=4)[hole]
    found = report(photo, result_of(fill, hole))
    assert found.seam_contrast > 1.3
    assert found.texture_energy == pytest.approx(1.0, abs=0.15)


def test_a_blur_lacks_texture(hole: Mask) -> None:
    photo = texture()
    fill = photo.copy()
    fill[hole] = cv2.GaussianBlur(photo, (0, 0), 6)[hole]
    assert report(photo, result_of(fill, hole)).texture_energy < 0.4


def test_a_flat_patch_of_another_colour_shows_its_seam(hole: Mask) -> None:
    photo = np.full((120, 140, 3), 90, dtype=np.uint8)
    fill = photo.copy()
    assert report(photo, result_of(fill, hole)).seam_contrast == 1.0
    fill[hole] = 100
    # Every step across the seam is 10 levels, there are none around: (10 + 0.5) / 0.5.
    assert report(photo, result_of(fill, hole)).seam_contrast == pytest.approx(21.0)


def test_steps_are_compared_with_steps_of_their_own_direction() -> None:
    photo = np.zeros((60, 60, 3), dtype=np.uint8)
    photo[:, ::2] = 60  # all steps to the right are 60, all steps down 0
    mask = np.zeros((60, 60), dtype=bool)
    mask[20:40, 10:50] = True
    assert report(photo, result_of(photo, mask)).seam_contrast == pytest.approx(1.0)


def test_a_neighbouring_hole_is_no_surroundings(hole: Mask) -> None:
    photo = texture()
    both = hole.copy()
    both[40:80, 95:130] = True
    spoilt = photo.copy()
    spoilt[40:80, 95:130] = 255
    only = Result(spoilt, both, "none", 0.0, (bounds(hole),), 0, 0, 0, Options())  # type: ignore[arg-type]
    assert report(photo, only).seam_contrast == pytest.approx(1.0, abs=0.1)


def test_no_surroundings_no_score() -> None:
    photo = texture(9, 1)
    found = report(photo, result_of(photo, np.ones((9, 1), dtype=bool), changed=7))
    assert (found.seam_contrast, found.texture_energy, found.changed_known) == (None, None, 7)
