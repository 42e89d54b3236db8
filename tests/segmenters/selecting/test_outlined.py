"""A gesture answered by a network: which regions it sees, how near, and that they come again."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inpaint_app.segmenters.selecting.cut import Soft
from inpaint_app.segmenters.selecting.gesture import Gesture
from inpaint_app.segmenters.selecting.outlined import ROOM, SIDE, outlined, pane
from inpaint_app.segmenters.selecting.select import selected
from inpaint_app.types import Box, Image


class Network:
    """Outlines the bright, at 256 cells, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[tuple[int, ...], Gesture]] = []
        self.pictures: set[bytes] = set()

    def __call__(self, image: Image, gesture: Gesture) -> Soft:
        self.asked.append((image.shape, gesture))
        self.pictures.add(image[::16, ::16].tobytes())
        scale = 256 / max(image.shape[:2])
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        return cv2.resize(image[..., 0], size, interpolation=cv2.INTER_AREA).astype(np.float32) / 200


def photo(box: Box) -> Image:
    image = np.zeros((3000, 4000, 3), np.uint8)
    image[:] = np.linspace(0, 40, 4000, dtype=np.uint8)[:, None]
    image[box.slices] = 200
    return image


SMALL, LARGE = Box(1000, 1400, 1180, 1520), Box(500, 500, 2600, 2400)


@pytest.mark.parametrize(
    "gesture",
    [
        Gesture(points=((1100, 1450),)),
        Gesture(Box(990, 1395, 1190, 1525)),
        Gesture(points=((1020, 1420), (1090, 1460), (1160, 1500)), width=4),
    ],
    ids=["click", "box", "line"],
)
def test_a_small_thing_is_seen_from_near_and_outlined_at_full_size(gesture: Gesture) -> None:
    network, image = Network(), photo(SMALL)
    one = selected(image, gesture, outline=network)
    (height, width, _), asked = network.asked[-1]
    assert max(height, width) <= 2 * SIDE
    assert asked.box is not None
    assert asked.box.width == pytest.approx(SMALL.width, rel=0.2)
    assert all(0 <= x < width and 0 <= y < height for x, y in asked.points)
    truth = image[..., 0] == 200
    found = one.full_mask((3000, 4000))
    assert (found & truth).sum() > 0.97 * (found | truth).sum()


def test_a_large_thing_is_seen_once_with_the_whole_photo() -> None:
    network = Network()
    one = selected(photo(LARGE), Gesture(points=((900, 900),)), outline=network)
    assert [shape for shape, _ in network.asked] == [(3000, 4000, 3)]
    assert one.box.width == pytest.approx(LARGE.width, abs=4)


def test_gestures_nearby_are_answered_in_the_same_regions() -> None:
    network, image = Network(), photo(SMALL)
    for x in range(1010, 1170, 20):
        outlined(image, Gesture(points=((x, 1450),)), network)
    assert len(network.asked) == 16
    assert len(network.pictures) == 2, "the photo and one region"


@pytest.mark.parametrize("shape", [(3000, 4000), (4000, 3000), (500, 700), (900, 12000), (6000, 8000)])
def test_a_region_shows_the_thing_with_room_around_it(shape: tuple[int, int]) -> None:
    rng, height, width = np.random.default_rng(0), *shape
    for _ in range(200):
        w, h = rng.integers(1, width // 2), rng.integers(1, height // 2)
        left, top = rng.integers(0, width - w), rng.integers(0, height - h)
        box = Box(int(left), int(top), int(left + w), int(top + h))
        found = pane(box, shape)
        assert found.left <= box.left
        assert found.top <= box.top
        assert found.right >= box.right
        assert found.bottom >= box.bottom
        side = max(found.width, found.height)
        assert side == max(shape) or side >= 0.99 * max(SIDE, ROOM * max(box.width, box.height))
        assert side <= 2.01 * max(SIDE, ROOM * max(w, h)) or side == max(shape)


def test_an_answer_of_nothing_leaves_it_to_the_finder_and_the_colours() -> None:
    image = photo(SMALL)
    one = selected(
        image,
        Gesture(Box(990, 1395, 1190, 1525)),
        outline=lambda picture, gesture: np.zeros((8, 8), np.float32),
    )
    assert one.box.width == pytest.approx(SMALL.width, abs=6)
