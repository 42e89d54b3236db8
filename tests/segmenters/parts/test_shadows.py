"""A cast shadow is found beside what casts it, at any size; where nothing is cast nothing is marked."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from inpaint_app.segmenters.parts import shadows
from inpaint_app.segmenters.parts.shadow_view import darkness
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Image, Instance, Mask

SHAPE = (160, 240)


def person(scale: int = 1) -> Instance:
    mask = np.zeros((60, 20), np.uint8)
    cv2.circle(mask, (10, 7), 6, 1, -1)
    cv2.rectangle(mask, (4, 14), (16, 40), 1, -1)
    cv2.rectangle(mask, (5, 40), (8, 59), 1, -1)
    cv2.rectangle(mask, (12, 40), (15, 59), 1, -1)
    mask = cv2.resize(mask, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
    box = Box(110 * scale, 50 * scale, 130 * scale, 110 * scale)
    return Instance(1, "person", 0.9, box, mask > 0)


def scene(across: float, darkness: float, scale: int = 1) -> tuple[Image, Mask]:
    """A lawn with the person and the shadow laid `across` heights to the side; the shadow's mask."""
    rng = np.random.default_rng(1)
    ground = np.array([120.0, 150, 90]) + rng.normal(0, 8, (*SHAPE, 1))
    own = person().full_mask(SHAPE)
    laid = np.array([[1, -across, across * 109], [0, 0.3, 109 - 0.3 * 109]])
    cast = cv2.GaussianBlur(cv2.warpAffine(own.astype(np.float32), laid, SHAPE[::-1]), (0, 0), 1.0)
    ground *= np.exp(-darkness * cast[..., None])
    ground[own] = (60, 40, 160)
    image = np.clip(ground, 0, 255).astype(np.uint8)
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    mask = cv2.resize(
        (cast > 0.5).astype(np.uint8), None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST
    )
    return image, (mask > 0) & ~person(scale).full_mask(image.shape[:2])


def found(image: Image, *others: Instance, scale: int = 1) -> tuple[Instance, ...]:
    given = (person(scale), *others)
    return shadows.with_shadows(image, given, Settings())[len(given) :]


@pytest.mark.parametrize(("across", "scale"), [(-1.3, 1), (1.3, 1), (0.9, 1), (1.3, 5)])
def test_a_clear_shadow_is_found_at_any_size(across: float, scale: int) -> None:
    image, truth = scene(across, 0.7, scale)
    (shadow,) = found(image, scale=scale)
    mask = shadow.full_mask(image.shape[:2])
    assert (shadow.label, shadow.number, shadow.of) == ("shadow", 2, 1)
    assert shadow.confidence >= shadows.CLEAR
    assert np.count_nonzero(mask & truth) > 0.7 * np.count_nonzero(truth)
    wide = cv2.dilate(truth.view(np.uint8), np.ones((4 * scale + 1, 4 * scale + 1))) > 0
    assert np.count_nonzero(mask & ~wide) < 0.15 * np.count_nonzero(mask)


def test_nothing_is_marked_where_nothing_is_cast() -> None:
    image, _ = scene(1.3, 0.0)
    assert found(image) == ()


def test_what_was_found_is_no_shadow() -> None:
    image, truth = scene(1.3, 0.7)
    left, top, width, height = cv2.boundingRect(truth.view(np.uint8))
    dog = Box(left, top, left + width, top + height)
    lying = Instance(2, "dog", 0.9, dog, truth[dog.slices])
    for part in found(image, lying):
        assert not (part.full_mask(SHAPE) & truth).any()


def test_shadows_that_are_there_are_no_casters() -> None:
    image, _ = scene(1.3, 0.7)
    (shadow,) = found(image)
    again = found(image, replace(shadow, number=7))
    assert [part.of for part in again] in ([], [1])


def test_a_person_whom_the_photo_cuts_off_stands_on_nothing() -> None:
    image, _ = scene(1.3, 0.7)
    cut = person()
    cut = replace(cut, box=Box(110, 50, 130, 80), mask=cut.mask[:30])
    assert shadows.with_shadows(image[:80], (cut,), Settings()) == (cut,)


def candidate(
    sure: float, way: tuple[float, float] = (1.0, 0.0), depth: float = 0.5, share: float = 0.5
) -> shadows.Candidate:
    return shadows.Candidate(np.ones((5, 5), bool), share, np.zeros(1), sure, np.array(way), depth)


@pytest.mark.parametrize(
    ("one", "believed"),
    [
        (candidate(shadows.SUPPORTED + 0.01), True),
        (candidate(shadows.SUPPORTED - 0.01), False),
        (candidate(shadows.SUPPORTED + 0.01, way=(-1.0, 0.0)), False),
        (candidate(shadows.SUPPORTED + 0.01, depth=0.1), False),
        (candidate(shadows.SUPPORTED + 0.01, depth=2.0), False),
    ],
    ids=["like the others", "too unsure", "the other way", "fainter", "darker"],
)
def test_what_is_doubtful_alone_is_believed_where_the_photos_other_shadows_are_like_it(
    one: shadows.Candidate, believed: bool
) -> None:
    assert shadows.best([one]) is None
    assert shadows.best([one], [candidate(0.8), candidate(0.7)]) is (one if believed else None)


@pytest.mark.parametrize(
    ("other", "believed"),
    [
        (candidate(0.8), True),
        (candidate(0.6, share=0.05), True),
        (candidate(0.8, way=(0.6, 0.8)), False),
        (candidate(0.8, depth=1.2), False),
        (candidate(0.45, share=0.05), False),
    ],
    ids=["a clear one", "another thin one", "another way", "far darker", "an unsure one"],
)
def test_a_thin_one_is_believed_where_another_objects_is_like_it(
    other: shadows.Candidate, believed: bool
) -> None:
    thin, dim_rim = candidate(0.6, share=0.05), candidate(0.9, share=0.02)
    assert shadows.clear([[thin]]) == [None]
    assert shadows.clear([[dim_rim, thin], [other]])[0] is (thin if believed else None)


def test_ground_is_compared_with_what_lies_beside_it_not_with_a_brighter_sky() -> None:
    light = np.zeros((60, 120), np.float32)
    light[30:] = -2.0
    light[40:, 50:60] = -2.5
    dark = darkness(light, np.ones_like(light, dtype=bool), 60.0)
    assert 0.35 < np.median(dark[45:, 50:60]) < 0.65
    assert abs(np.median(dark[45:, :30])) < 0.15


def test_a_squat_things_shadow_is_found_above_it() -> None:
    rng = np.random.default_rng(1)
    ground = np.array([120.0, 150, 90]) + rng.normal(0, 8, (*SHAPE, 1))
    own, cast = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.float32)
    cv2.rectangle(own, (100, 90), (139, 119), 1, -1)
    cv2.fillPoly(cast, [np.array([[100, 118], [100, 90], [60, 78], [60, 100]], np.int32)], 1.0)
    ground *= np.exp(-0.8 * cv2.GaussianBlur(cast, (0, 0), 1.0)[..., None])
    ground[own > 0] = (60, 40, 160)
    box = Box(100, 90, 140, 120)
    thing = Instance(1, "suitcase", 0.9, box, own[box.slices] > 0)
    (shadow,) = shadows.with_shadows(np.clip(ground, 0, 255).astype(np.uint8), (thing,), Settings())[1:]
    above = cast > 0.5
    above[90:] = False
    assert np.count_nonzero(shadow.full_mask(SHAPE) & above) > 0.5 * np.count_nonzero(above)
