"""The backend that chooses: it takes the fill that the others agree with, and lives with what fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from inpaint_app.backends.registry import find
from inpaint_app.errors import BackendError, Cancelled, MaskError
from inpaint_app.removal import ensemble
from inpaint_app.removal.candidates import agreements
from inpaint_app.removal.ensemble import candidates, choose
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.proof import Standing
from inpaint_app.removal.session import Session
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Options, Progress, Result


class Made(Session):
    """A session whose fills are given: {(backend, seed): offset from the truth}."""

    def __init__(self, offsets: Mapping[tuple[str, int], int | Exception]) -> None:
        super().__init__()
        self.offsets = offsets
        self.asked: list[tuple[str, Mapping[str, object]]] = []

    def remove(self, removal: Removal, backend: str, progress: Progress | None = None) -> Result:
        seed = int(removal.options["seed"])
        self.asked.append((backend, removal.options))
        offset = self.offsets[backend, seed]
        if isinstance(offset, Exception):
            raise offset
        (progress or Progress())(1.0, "")
        image = removal.image.copy()
        rng = np.random.default_rng(abs(offset))
        noise = rng.integers(-abs(offset), abs(offset) + 1, image.shape)
        image[removal.mask] = np.clip(image.astype(int) + noise, 0, 255)[removal.mask].astype(np.uint8)
        return Result(image, removal.mask, backend, 0.5, (), 0, 0, 0, Options(seed))


NAMES = ("patchmatch", "telea")


@pytest.fixture
def removal(image: Image, mask: Mask) -> Removal:
    return Removal(image, mask)


def test_the_fill_that_the_others_agree_with_is_taken(removal: Removal) -> None:
    session = Made({("patchmatch", 0): 120, ("patchmatch", 1): 10, ("telea", 0): 25})
    choice = choose(session, removal, backends=NAMES, voting=())
    assert (choice.result.backend, choice.result.options.seed) == ("patchmatch", 1)
    assert choice.result.seconds == pytest.approx(1.5)
    assert len(choice.fills) == 3
    assert min(choice.fills, key=lambda fill: fill.agreement).seed == 0


def test_a_blur_votes_and_is_never_chosen(removal: Removal) -> None:
    session = Made({("patchmatch", 0): 90, ("patchmatch", 1): 80, ("telea", 0): 5, ("navier-stokes", 0): 6})
    choice = choose(session, removal, backends=("patchmatch",), voting=("telea", "navier-stokes"))
    assert choice.result.backend == "patchmatch"
    assert [fill.eligible for fill in choice.fills] == [True, True, False, False]
    assert max(choice.fills, key=lambda fill: fill.agreement).result.backend != "patchmatch"


class Guided(Made):
    """Remembers what guided the last fill."""

    guide: Image | None = None

    def remove(self, removal: Removal, backend: str, progress: Progress | None = None) -> Result:
        self.guide = removal.guide
        return super().remove(removal, backend, progress)


def test_the_mean_of_all_fills_is_painted(removal: Removal) -> None:
    session = Guided({("exemplar", 5): 40, ("exemplar", 6): 20, ("telea", 5): 60})
    asked = replace(removal, options={"seed": 5})
    choice = choose(session, asked, backends=("exemplar", "telea"))
    assert [name for name, _ in session.asked] == ["exemplar", "exemplar", "telea", "exemplar"]
    assert (choice.result.backend, choice.result.options.seed) == ("auto", 5)
    assert choice.result.seconds == pytest.approx(2.0)
    fills = [fill.result.image.astype(float) for fill in choice.fills]
    expected = np.mean(fills, axis=0)[removal.mask]
    assert session.guide is not None
    assert np.abs(session.guide[removal.mask] - expected).max() <= 0.5
    np.testing.assert_array_equal(session.guide[~removal.mask], removal.image[~removal.mask])


def test_a_single_fill_is_taken_as_it_is(removal: Removal) -> None:
    broken = BackendError("PatchMatch failed.")
    offsets = {("exemplar", 0): 10, ("exemplar", 1): broken, ("telea", 0): broken}
    choice = choose(Made(offsets), removal, backends=("exemplar", "telea"), voting=())
    assert choice.result.backend == "exemplar"


def test_agreement_is_the_mean_over_the_others(image: Image, mask: Mask) -> None:
    def result(value: int) -> Result:
        filled = image.copy()
        filled[mask] = value
        return Result(filled, mask, "x", 0.0, (), 0, 0, 0, Options())

    same, also, other = result(90), result(90), result(250)
    found = agreements([same, also, other])
    assert found[0] == found[1] == pytest.approx((1 + found[2]) / 2)
    assert agreements([same]) == [1.0]


def test_patches_of_the_photo_can_turn_the_choice(removal: Removal, monkeypatch) -> None:
    offsets = {("patchmatch", 0): 10, ("patchmatch", 1): 12, ("telea", 0): 30}
    assert choose(Made(offsets), removal, backends=NAMES, voting=()).result.backend == "patchmatch"
    ranked = [Standing("telea", 0.9, 3, 3, 0.1, 0.9), Standing("patchmatch", 0.1, 0, 3, 0.1, -0.9)]
    monkeypatch.setattr(ensemble, "best", lambda *_, **__: ranked)
    choice = choose(Made(offsets), removal, backends=NAMES, voting=(), patches=3)
    assert choice.result.backend == "telea"
    assert choice.standings == tuple(ranked)


def test_what_fails_is_left_out_and_only_if_all_fail_an_error(removal: Removal) -> None:
    broken = BackendError("PatchMatch failed.")
    session = Made({("patchmatch", 0): broken, ("patchmatch", 1): broken, ("telea", 0): 20})
    assert choose(session, removal, backends=NAMES, voting=()).result.backend == "telea"
    session = Made({("patchmatch", 0): broken, ("patchmatch", 1): broken, ("telea", 0): broken})
    with pytest.raises(BackendError, match="PatchMatch failed"):
        choose(session, removal, backends=NAMES, voting=())
    with pytest.raises(Cancelled):
        choose(Made({("telea", 0): Cancelled("Stopped.")}), removal, backends=("telea",), voting=())


def test_options_reach_those_that_know_them(removal: Removal) -> None:
    session = Made({("patchmatch", 7): 10, ("patchmatch", 8): 10, ("telea", 7): 10})
    choose(
        session, replace(removal, options={"seed": 7, "patch": 2, "radius": 5.0}), backends=NAMES, voting=()
    )
    assert [sorted(options) for _, options in session.asked] == [["patch", "seed"]] * 2 + [["radius", "seed"]]


def test_candidates_are_ready_fast_and_not_itself() -> None:
    assert "patchmatch" in candidates(Settings())
    for name in candidates(Settings()):
        spec = find(name)
        assert (spec.slow, spec.missing(Settings()), spec.ensemble) == (False, (), False)
        assert name in ensemble.MEMBERS


def test_the_session_runs_it_as_a_backend(removal: Removal, monkeypatch) -> None:
    monkeypatch.setattr(ensemble, "candidates", lambda settings: ("telea", "navier-stokes"))
    assert sorted(ensemble.voters(Settings())) == ["navier-stokes", "telea"]
    result = Session().remove(removal, "auto")
    assert result.backend in ("telea", "navier-stokes")
    np.testing.assert_array_equal(result.image[~result.mask], removal.image[~result.mask])
    assert result.changed_known == 0


def test_on_a_real_session_known_pixels_stay(image: Image, mask: Mask) -> None:
    told: list[float] = []
    choice = choose(
        Session(),
        Removal(image, mask),
        Progress(lambda done, stage: told.append(done)),
        backends=("patchmatch", "telea"),
    )
    result = choice.result
    np.testing.assert_array_equal(result.image[~result.mask], image[~result.mask])
    assert told[-1] == 1.0
    assert told == sorted(told)
    with pytest.raises(MaskError):
        choose(Session(), Removal(image, np.zeros_like(mask)), backends=("telea",), voting=())
