"""What a level mirror shows below a thing is found at any size; shadows, ground and copies beside are none."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from inpaint_app.segmenters.parts import reflections
from inpaint_app.types import Box, Image, Instance, Mask

SHAPE, FOOT = (190, 200), 96


def person(scale: int = 1) -> Instance:
    mask = np.zeros((80, 30), np.uint8)
    cv2.circle(mask, (15, 9), 8, 1, -1)
    cv2.rectangle(mask, (4, 18), (26, 79), 1, -1)
    mask = cv2.resize(mask, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
    box = Box(80 * scale, (FOOT - 80) * scale, 110 * scale, FOOT * scale)
    return Instance(1, "person", 0.9, box, mask > 0)


def scene(strength: float, scale: int = 1, across: int = 0) -> tuple[Image, Mask]:
    """Water with a striped person, mirrored so strongly and so far to the right; the mirror image's mask."""
    rng = np.random.default_rng(1)
    image = np.full((*SHAPE, 3), (60.0, 90, 120)) + rng.normal(0, 6, (*SHAPE, 1))
    own, cloth = person().full_mask(SHAPE), rng.uniform(0, 255, (16, 10, 3)).astype(np.float32)
    image[own] = cv2.resize(cloth, SHAPE[::-1], interpolation=cv2.INTER_CUBIC)[own]
    rows = np.arange(FOOT, min(SHAPE[0], FOOT + 80))
    mirrored = np.zeros(SHAPE, bool)
    mirrored[rows] = np.roll(own[2 * FOOT - 1 - rows], across, 1)
    image[rows] = np.where(
        mirrored[rows, :, None],
        (1 - strength) * image[rows] + strength * np.roll(image[2 * FOOT - 1 - rows], across, 1),
        image[rows],
    )
    big = cv2.resize(np.clip(image, 0, 255).astype(np.uint8), None, fx=scale, fy=scale)
    return big, np.kron(mirrored, np.ones((scale, scale))) > 0


def found(image: Image, *others: Instance, scale: int = 1) -> tuple[Instance, ...]:
    given = (person(scale), *others)
    return reflections.with_reflections(image, given)[len(given) :]


@pytest.mark.parametrize(("strength", "scale"), [(0.9, 1), (0.4, 1), (0.4, 5)])
def test_a_reflection_is_found_at_any_size(strength: float, scale: int) -> None:
    image, truth = scene(strength, scale)
    (one,) = found(image, scale=scale)
    mask = one.full_mask(image.shape[:2])
    assert (one.label, one.number, one.of) == ("reflection", 2, 1)
    assert reflections.ALIKE <= one.confidence < 1
    assert np.count_nonzero(mask & truth) > 0.95 * np.count_nonzero(truth)
    assert np.count_nonzero(mask) < 1.5 * np.count_nonzero(truth)
    assert not (mask & person(scale).full_mask(image.shape[:2])).any()


@pytest.mark.parametrize(("strength", "across"), [(0.0, 0), (0.9, 40)])
def test_still_ground_and_what_stands_elsewhere_are_none(strength: float, across: int) -> None:
    image, _ = scene(strength, across=across)
    assert found(image) == ()


def test_what_looks_the_same_everywhere_is_none() -> None:
    stripes = np.zeros((*SHAPE, 3), np.uint8)
    stripes[:, (np.arange(SHAPE[1]) // 4) % 2 == 0] = 200
    assert found(stripes) == ()


def test_it_ends_where_the_water_does() -> None:
    image, _ = scene(0.9)
    shore = FOOT + 40
    image[shore:] = np.random.default_rng(2).integers(90, 160, image[shore:].shape, dtype=np.uint8)
    (one,) = found(image)
    assert shore - 8 < one.box.bottom < shore + 16


def test_shadows_are_not_reflected_and_keep_their_pixels() -> None:
    image, truth = scene(0.9)
    left, top, width, height = cv2.boundingRect(truth.view(np.uint8))
    box = Box(left, top, left + width, top + height // 2)
    shadow = replace(person(), number=7, label="shadow", box=box, mask=truth[box.slices], of=1)
    (one,) = found(image, shadow)
    assert (one.number, one.of) == (8, 1)
    assert not (one.full_mask(SHAPE) & shadow.full_mask(SHAPE)).any()


def test_a_thing_that_the_photo_cuts_off_below_has_none() -> None:
    image, _ = scene(0.9)
    assert len(reflections.with_reflections(image[:FOOT], (person(),))) == 1
