"""Test on this photo: rows as they come, the truth kept from the backends, errors that stop nothing."""

from __future__ import annotations

import numpy as np
import pytest

from inpaint_app.errors import Cancelled, MaskError, OptionError
from inpaint_app.lab.evaluation import trial
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.session import Session
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Progress


@pytest.fixture
def session() -> Session:
    return Session(Settings())


def test_a_row_for_every_backend_with_scores_of_hole_and_image(session: Session, image: Image) -> None:
    rows = list(trial.run(session, image, "square:0.25", ["telea", "navier-stokes"]))
    assert [row.backend for row in rows] == ["telea", "navier-stokes"]
    for row in rows:
        assert row.error is None
        assert set(row.scores) == {"hole", "image"}
        assert set(row.scores["hole"]) == {"l1", "l2", "psnr", "ssim", "tv", "haarpsi"}
        share = row.mask.mean()
        assert row.scores["image"]["l1"] == pytest.approx(row.scores["hole"]["l1"] * share)
        assert row.result.changed_known == 0
        assert row.result.grow == row.result.feather == 0
        assert row.seconds > 0
        np.testing.assert_array_equal(row.result.image[~row.mask], image[~row.mask])


def test_the_truth_is_kept_from_the_backends(session: Session, image: Image, monkeypatch) -> None:
    seen = []
    real = Session.remove

    def remove(self: Session, removal: Removal, *rest: object):
        seen.append(removal.image)
        return real(self, removal, *rest)

    monkeypatch.setattr(Session, "remove", remove)
    row = next(trial.run(session, image, "circle", ["telea"]))
    assert len(np.unique(seen[0][row.mask])) == 1
    np.testing.assert_array_equal(row.truth, image)


def test_what_fails_stops_nothing(session: Session, image: Image) -> None:
    rows = list(trial.run(session, image, "squares", ["telea", "no-such", "navier-stokes"]))
    assert [row.error is None for row in rows] == [True, False, True]
    assert "no-such" in rows[1].error
    assert rows[1].scores is None


def test_rows_come_one_by_one(session: Session, image: Image) -> None:
    rows = trial.run(session, image, "square", ["telea", "no-such"])
    assert next(rows).backend == "telea"


def test_a_mask_of_one_s_own_and_a_moved_one(session: Session, image: Image, mask: Mask) -> None:
    row = next(trial.run(session, image, mask, ["telea"]))
    np.testing.assert_array_equal(row.mask, mask)
    row = next(trial.run(session, image, "moved", ["telea"], own=mask, seed=3))
    assert row.mask.sum() == mask.sum()
    assert not (row.mask & mask).any()


def test_every_hole_that_the_page_offers_can_be_cut(image: Image, mask: Mask) -> None:
    for name in trial.HOLES:
        hole, blanked = trial.cut_hole(image, name, own=mask)
        assert hole.any()
        np.testing.assert_array_equal(blanked[~hole], image[~hole])


def test_refusals_come_before_the_first_row(session: Session, image: Image) -> None:
    with pytest.raises(OptionError):
        next(trial.run(session, image, "star", ["telea"]))
    with pytest.raises(MaskError, match="whole photo"):
        next(trial.run(session, image, np.ones(image.shape[:2], dtype=bool), ["telea"]))


def test_progress_runs_to_one_and_cancel_stops(session: Session, image: Image) -> None:
    told: list[float] = []
    list(
        trial.run(session, image, "square", ["telea", "navier-stokes"], Progress(lambda f, s: told.append(f)))
    )
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
    with pytest.raises(Cancelled):
        list(trial.run(session, image, "square", ["telea"], Progress(cancelled=lambda: True)))
