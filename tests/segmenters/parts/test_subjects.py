"""Whom a photo is about, on made ones: people are checkered boxes on grey, 400×300."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from inpaint_app.segmenters.parts.subjects import subjects
from inpaint_app.types import Box, Instance
from tests.toys import instance

BIG = Box(160, 80, 220, 280)


def seen(*people: Box, blurred: tuple[int, ...] = (), label: str = "person") -> frozenset[int]:
    image = np.full((300, 400, 3), 128, np.uint8)
    checks = (np.indices((300, 400)).sum(axis=0) // 4 % 2 * 200).astype(np.uint8)[..., None].repeat(3, axis=2)
    found: list[Instance] = []
    for number, box in enumerate(people, start=1):
        painted = cv2.GaussianBlur(checks, (0, 0), 6) if number in blurred else checks
        image[box.slices] = painted[box.slices]
        found.append(instance(number, label, 0.9, box))
    return subjects(image, found)


def test_the_large_one_in_the_middle_is_the_subject_and_a_small_one_apart_a_bystander() -> None:
    assert seen(BIG, Box(30, 100, 50, 160)) == {1}


def test_who_stands_beside_a_subject_and_is_as_large_is_one_too() -> None:
    assert seen(BIG, Box(230, 90, 285, 280)) == {1, 2}


def test_two_of_one_size_apart_are_both_subjects() -> None:
    assert seen(Box(60, 80, 120, 280), Box(280, 80, 340, 280)) == {1, 2}


def test_who_is_out_of_focus_or_cut_off_at_the_side_is_a_bystander() -> None:
    assert seen(BIG, Box(300, 60, 370, 280), blurred=(2,)) == {1}
    assert seen(BIG, Box(360, 80, 400, 280)) == {1}


def test_a_photo_with_nothing_but_tiny_people_is_about_nobody() -> None:
    assert seen(Box(100, 100, 108, 125), Box(200, 100, 208, 125)) == frozenset()


def test_dogs_are_no_subjects() -> None:
    assert seen(BIG, label="dog") == frozenset()


def test_who_was_found_beside_a_subject_stays_with_it() -> None:
    people = [instance(1, "person", 0.9, BIG), instance(2, "person", 0.2, Box(20, 200, 40, 240))]
    image = np.full((300, 400, 3), 128, np.uint8)
    assert subjects(image, people) == {1}
    assert subjects(image, [people[0], replace(people[1], of=1)]) == {1, 2}
