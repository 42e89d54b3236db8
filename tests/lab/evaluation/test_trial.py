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
    made = list(trial.run(session, image, "square:0.25", ["telea", "navier-stokes"]))
    assert [one.row.backend for one in made] == ["telea", "navier-stokes"]
    for one in made:
        assert not one.row.error
        assert set(one.row.scores["hole"]) == {"l1", "l2", "psnr", "ssim", "tv", "haarpsi"}
        share = one.mask.mean()
        assert one.row.scores["image"]["l1"] == pytest.approx(one.row.scores["hole"]["l1"] * share, abs=1e-5)
        assert one.row.changed_known == 0
        assert one.row.seconds > 0
        assert one.fill.shape == image.shape
        np.testing.assert_array_equal(one.fill[~one.mask], image[~one.mask])


def test_the_truth_is_kept_from_the_backends(session: Session, image: Image, monkeypatch) -> None:
    seen = []
    real = Session.remove

    def remove(self: Session, removal: Removal, *rest: object):
        seen.append(removal.image)
        return real(self, removal, *rest)

    monkeypatch.setattr(Session, "remove", remove)
    made = next(trial.run(session, image, "circle", ["telea"]))
    assert len(np.unique(seen[0][made.mask])) == 1
    np.testing.assert_array_equal(made.truth, image)


def test_what_fails_stops_nothing(session: Session, image: Image) -> None:
    rows = [one.row for one in trial.run(session, image, "squares", ["telea", "no-such", "navier-stokes"])]
    assert [not row.error for row in rows] == [True, False, True]
    assert "no-such" in rows[1].error
    assert not rows[1].scores


def test_rows_come_one_by_one(session: Session, image: Image) -> None:
    made = trial.run(session, image, "square", ["telea", "no-such"])
    assert next(made).row.backend == "telea"


def test_a_mask_of_one_s_own_at_another_place(session: Session, image: Image, mask: Mask) -> None:
    made = next(trial.run(session, image, "moved", ["telea"], own=mask, seed=3))
    assert made.mask.sum() == mask.sum()
    assert not (made.mask & mask).any()


def test_every_hole_that_the_page_offers_can_be_cut(session: Session, image: Image, mask: Mask) -> None:
    for name in trial.HOLES:
        made = next(trial.run(session, image, name, ["telea"], own=mask))
        assert made.mask.any()
        np.testing.assert_array_equal(made.cut[~made.mask], image[~made.mask])


def test_refusals_come_before_the_first_row(session: Session, image: Image) -> None:
    with pytest.raises(OptionError):
        next(trial.run(session, image, "star", ["telea"]))
    with pytest.raises(MaskError, match="brush a mask first"):
        next(trial.run(session, image, "moved", ["telea"]))


def test_progress_runs_to_one_and_cancel_stops(session: Session, image: Image) -> None:
    told: list[float] = []
    list(
        trial.run(session, image, "square", ["telea", "navier-stokes"], Progress(lambda f, s: told.append(f)))
    )
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
    with pytest.raises(Cancelled):
        list(trial.run(session, image, "square", ["telea"], Progress(cancelled=lambda: True)))
