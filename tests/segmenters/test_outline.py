"""Coarse logits become full-resolution outlines."""

from __future__ import annotations

import numpy as np
import pytest

from inpaint_app.segmenters.outline import outlined


def drawn(logits: np.ndarray, side: int, scale: float) -> np.ndarray:
    """The outline of a whole photo of `side` pixels, as a full mask."""
    edge = float(logits.shape[0]) * scale
    shaped = outlined(logits.astype(np.float32), (0, 0, edge, edge), (0, 0, side, side), (side, side))
    assert shaped is not None
    full = np.zeros((side, side), dtype=bool)
    full[shaped[0].slices] = shaped[1]
    return full


def disc(side: int, radius: float, step: float = 1.0) -> np.ndarray:
    rows, columns = (np.mgrid[0:side, 0:side] + 0.5) * step - side * step / 2
    return radius - np.hypot(rows, columns)


def test_a_disc_is_a_disc_at_sixteen_times_the_resolution() -> None:
    coarse = disc(20, 100, step=16) / 8
    fine = drawn(coarse, 320, 16)
    truth = disc(320, 100) >= 8 * np.log(0.4 / 0.6)
    assert (fine & truth).sum() / (fine | truth).sum() > 0.98
    # Steps of 16 pixels would leave at most 20 different rows.
    assert len({int(row.sum()) for row in fine if row.any()}) > 50


def test_nothing_moves_by_half_a_pixel() -> None:
    fine = drawn(disc(20, 80, step=8) / 4, 160, 8)
    assert np.array_equal(fine, fine[::-1, ::-1])


def test_nothing_outside_the_box_belongs_to_the_object() -> None:
    logits = np.full((25, 25), 5.0, np.float32)
    shaped = outlined(logits, (0, 0, 100, 100), (20.2, 30.0, 60.0, 70.7), (100, 100))
    assert shaped is not None
    assert shaped[0] == (20, 30, 60, 71)
    assert shaped[1].all()


@pytest.mark.parametrize("turns", range(4))
def test_what_ends_near_a_border_reaches_it(turns: int) -> None:
    """A box and a mask that end ten pixels early, at each border: the torso's last row is covered all along."""
    coarse = np.full((40, 40), -5.0, np.float32)
    coarse[10:37, 12:28] = 5
    box = [48.0, 40.0, 112.0, 150.0]
    for _ in range(turns):
        coarse = np.rot90(coarse).copy()
        box = [box[1], 160 - box[2], box[3], 160 - box[0]]
    shaped = outlined(coarse, (0, 0, 160, 160), (box[0], box[1], box[2], box[3]), (160, 160))
    assert shaped is not None
    full = np.zeros((160, 160), dtype=bool)
    full[shaped[0].slices] = shaped[1]
    upright = np.rot90(full, -turns)
    assert upright[-1, 50:110].all()
    assert not upright[-1, :40].any()
    assert not upright[:30].any()


def test_what_ends_well_before_a_border_does_not_reach_it() -> None:
    coarse = np.full((40, 40), -5.0, np.float32)
    coarse[10:32, 12:28] = 5
    shaped = outlined(coarse, (0, 0, 160, 160), (48, 40, 112, 130), (160, 160))
    assert shaped is not None
    assert shaped[0].bottom <= 130


def test_small_gaps_close_and_large_ones_stay() -> None:
    logits = np.full((100, 100), 5.0)
    logits[20:32, 20:32] = -5
    logits[40:80, 40:80] = -5
    mask = drawn(logits, 100, 1)
    assert mask[22, 22]
    assert not mask[60, 60]


def test_specks_go_and_thin_parts_stay() -> None:
    logits = np.full((100, 100), -5.0)
    logits[30:70, 30:70] = 5
    logits[50, 70:90] = 5  # one pixel thin, connected
    logits[5:8, 5:8] = 5  # apart and tiny
    logits[85:95, 30:70] = 5  # apart, a quarter of the object
    mask = drawn(logits, 100, 1)
    assert mask[50, 70:90].all()
    assert not mask[6, 6]
    assert mask[90, 50]


def test_where_nothing_is_left_there_is_no_outline() -> None:
    empty = np.full((4, 4), -5.0, np.float32)
    assert outlined(empty, (0, 0, 16, 16), (0, 0, 16, 16), (16, 16)) is None
    full = np.full((4, 4), 5.0, np.float32)
    assert outlined(full, (0, 0, 16, 16), (30, 30, 40, 40), (16, 16)) is None


def test_logits_are_not_written() -> None:
    logits = disc(8, 3).astype(np.float32)
    before = logits.copy()
    outlined(logits, (0, 0, 8, 8), (0, 0, 8, 8), (8, 8))
    assert np.array_equal(logits, before)
