"""What moves between shots, and that whoever moved by less than his own width goes whole."""

from __future__ import annotations

import numpy as np

from inpaint_app.imaging.mask import bounds
from inpaint_app.shots import stack
from inpaint_app.shots.moving import moving
from inpaint_app.types import Instance, Mask
from tests.shots.scenes import SIZE, hand_held, hole, place, shots, with_thing


def test_everything_that_moves_is_found_without_a_detector() -> None:
    photo = with_thing(place())
    others = shots(with_thing(hand_held(place(), 1), 20, 20), hand_held(place(), 2))
    moved, _ = moving(photo, others, stack.fits(photo, np.zeros(SIZE, bool), others))
    assert (moved & hole()).sum() > 0.95 * hole().sum()
    assert (moved & ~hole()).sum() < 0.3 * hole().sum()


def test_nothing_moves_between_equal_shots() -> None:
    others = shots(hand_held(place(), 1), hand_held(place(), 2, 0.92))
    assert not moving(place(), others, stack.fits(place(), np.zeros(SIZE, bool), others))[0].any()


def known(mask: Mask) -> Instance:
    """Somebody whose outline a finder has drawn."""
    box = bounds(mask)
    assert box is not None
    return Instance(1, "person", 0.9, box, mask[box.slices])


def test_who_moved_by_half_his_width_goes_whole_where_his_outline_is_known() -> None:
    photo, nothing = with_thing(place()), np.zeros(SIZE, bool)
    box = known(hole()).box
    beside = (box.left + box.width // 2, box.top)
    others = shots(*(with_thing(hand_held(place(), seed), *beside) for seed in (1, 2, 3)))
    fits = stack.fits(photo, nothing, others)
    part, _ = moving(photo, others, fits)
    whole, _ = moving(photo, others, fits, [known(hole())])
    assert (part & hole()).sum() < 0.9 * hole().sum(), "the case shows nothing"
    assert whole[hole()].all()


def test_who_stands_still_stays_though_somebody_passes_before_him_once() -> None:
    photo, nothing = with_thing(place()), np.zeros(SIZE, bool)
    passed = with_thing(with_thing(hand_held(place(), 1)), 20, 20)
    box = known(hole()).box
    passed[box.top : box.bottom, box.left : box.left + box.width * 2 // 3] = 30
    others = shots(passed, with_thing(hand_held(place(), 2)), with_thing(hand_held(place(), 3)))
    moved, _ = moving(photo, others, stack.fits(photo, nothing, others), [known(hole())])
    assert not moved[hole()].all()
