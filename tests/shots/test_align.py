"""What a homography leaves is mended by a flow that varies slowly."""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_app.shots import align
from inpaint_app.types import Box
from tests.shots.scenes import hole, place


def bent() -> np.ndarray:
    """(H, W, 2) pixels: more to the right, as what is nearer lies further aside."""
    off = np.zeros((*hole().shape, 2), np.float32)
    off[..., 0] = np.linspace(-0.8, 0.8, off.shape[1])
    return off


def test_a_flow_is_found_from_what_is_known_and_carried_into_the_hole() -> None:
    photo = align.gray(cv2.GaussianBlur(place(), (0, 0), 1.0))
    shot = align.warped(photo, np.eye(3), photo.shape[::-1], cv2.INTER_CUBIC, -bent())
    found = align.flow(photo, shot, ~hole())
    assert np.abs(found - bent())[30:-30, 30:-30].mean() < 0.2
    back = align.warped(shot, np.eye(3), photo.shape[::-1], cv2.INTER_CUBIC, found)
    before, after = (np.abs(one.astype(float) - photo)[hole()].mean() for one in (shot, back))
    assert after < 0.6 * before


def test_nothing_off_gives_no_flow() -> None:
    photo = align.gray(place())
    assert not align.flow(photo, photo, ~hole()).any()


def test_without_a_flow_what_is_warped_is_plainly_warped() -> None:
    photo, moved = align.gray(place()), np.array([[1, 0, 3], [0, 1, -2], [0, 0, 1]], np.float64)
    none = np.zeros((*photo.shape, 2), np.float32)
    plain = align.warped(photo, moved, photo.shape[::-1], cv2.INTER_LINEAR)
    assert (
        np.abs(
            plain.astype(int) - align.warped(photo, moved, photo.shape[::-1], cv2.INTER_LINEAR, none)
        ).max()
        <= 1
    )


def test_the_part_of_a_shot_that_shows_a_box() -> None:
    box, doubled = Box(10, 20, 30, 40), np.diag([2.0, 2.0, 1.0])
    assert align.reach(box, doubled, (200, 200, 3), 5) == ((15, 35, 65, 85), 1600.0)
