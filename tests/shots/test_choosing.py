"""From which shot each part of a hole is taken: nobody is cut in two, and who touches whom does not matter."""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_app.shots import choosing, stack
from inpaint_app.shots.movers import Compared
from tests.shots.scenes import hole, place, shots, with_thing

SHAPE = (40, 60)


def compared(against: dict[int, float], differs: np.ndarray) -> Compared:
    """Three shots; the first differs from both others in `differs`, and what speaks against each there."""
    others = np.zeros((3, *SHAPE), np.uint32)
    others[0][differs] = 0b110
    others[1][differs] = others[2][differs] = 0b001
    differing = np.stack([2.0 * differs, 1.0 * differs, 1.0 * differs]).astype(np.float32)
    rates = np.array([against[0], against[1], against[2]], np.float32)[:, None, None]
    nothing = np.zeros((3, *SHAPE), bool)
    return Compared(rates * differing, differing, others, nothing, np.zeros_like(differing), nothing[0])


def labels(found: Compared, opening: np.ndarray, quality: tuple[float, ...] = (0.9, 0.8, 0.7)) -> np.ndarray:
    pictures = [np.zeros((*SHAPE, 3), np.float32)] * 3
    return choosing.chosen(found, opening, pictures, [np.ones(SHAPE, bool)] * 3, quality)


def half() -> tuple[np.ndarray, np.ndarray]:
    opening, differs = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    opening[5:35, 5:55], differs[5:35, 30:60] = True, True
    return opening, differs


def test_where_all_agree_the_best_lined_up_is_taken_whole() -> None:
    opening, _ = half()
    found = labels(compared({0: 0, 1: 0, 2: 0}, np.zeros(SHAPE, bool)), opening)
    assert np.unique(found[opening]).tolist() == [1]
    assert not found[~opening].any()


def test_a_shot_is_left_where_it_shows_somebody() -> None:
    opening, differs = half()
    found = labels(compared({0: 0.9, 1: 0.1, 2: 0.1}, differs), opening)
    assert set(np.unique(found[opening & differs])) <= {2, 3}
    assert found[opening & differs].min() > 0


def test_what_speaks_against_everybody_is_left_to_the_fill() -> None:
    opening, differs = half()
    found = labels(compared({0: 0.9, 1: 0.9, 2: 0.9}, differs), opening)
    assert not found[opening & differs].any()
    assert found[opening & ~differs].all()


def test_a_seam_never_cuts_through_what_differs() -> None:
    """Of a thing in the first shot one half is doubtful, the other guilty: neither half is left standing."""
    opening, differs = half()
    found = compared({0: 0.9, 1: 0.1, 2: 0.1}, differs)
    upper = differs & (np.arange(SHAPE[0]) < 20)[:, None]
    found.against[0][upper] = 0.8
    found.against[1:][:, upper] = 0.5
    found.others[1:][:, upper] |= np.array([[0b1000], [0b1000]], np.uint32)  # another piece
    chosen = labels(found, opening)
    assert len(np.unique(chosen[opening & differs])) == 1
    assert chosen[20, 40] in (2, 3)


def test_people_who_touch_from_shot_to_shot_leave_no_ghost() -> None:
    """In three shots somebody walks through the hole, each touching where the next one stands; one shot is clear."""
    walking = [with_thing(place(), left, top) for left, top in ((62, 60), (92, 76), (112, 66))]
    image, found = stack.behind(with_thing(place()), hole(), shots(*walking, place()))
    assert found.share > 0.95
    seen = hole() & found.seen
    off = np.abs(image.astype(int) - place()).max(axis=2) > 40
    assert cv2.erode((off & seen).view(np.uint8), np.ones((3, 3), np.uint8)).sum() == 0


def test_what_is_thin_and_in_one_shot_alone_is_not_taken() -> None:
    """A tape in the wind, that no evidence tells: the first shot is the best, but for the line across it."""
    opening, _ = half()
    plain = np.full((*SHAPE, 3), 100, np.float32)
    taped = plain.copy()
    taped[18:21] = 250
    found = compared({0: 0, 1: 0, 2: 0}, np.zeros(SHAPE, bool))
    taken = choosing.chosen(
        found, opening, [taped, plain, plain], [np.ones(SHAPE, bool)] * 3, (0.9, 0.1, 0.1)
    )
    assert set(np.unique(taken[18:21, 5:55])) <= {2, 3}
    assert np.all(taken[28:35, 5:55] == 1)
