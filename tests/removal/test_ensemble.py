"""The backend that paints what several fills have in common, and lives with what fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from inpaint_app.backends.registry import find
from inpaint_app.errors import BackendError, Cancelled, MaskError
from inpaint_app.removal import ensemble
from inpaint_app.removal.candidates import agreements
from inpaint_app.removal.ensemble import candidates, remove
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.session import Session
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Options, Progress, Result


class Made(Session):
    """A session whose fills are given: {(backend, seed): offset from the truth}."""

    def __init__(self, offsets: Mapping[tuple[str, int], int | Exception]) -> None:
        super().__init__()
        self.offsets = offsets
        self.asked: list[tuple[str, Mapping[str, object]]] = []
        self.filled: list[Image] = []

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
        self.filled.append(image)
        return Result(image, removal.mask, backend, 0.5, (), 0, 0, 0, Options(seed))


@pytest.fixture
def removal(image: Image, mask: Mask) -> Removal:
    return Removal(image, mask)


def among(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let these be what is filled with."""
    monkeypatch.setattr(ensemble, "candidates", lambda settings: names)


class Guided(Made):
    """Remembers what guided the last fill."""

    guide: Image | None = None

    def remove(self, removal: Removal, backend: str, progress: Progress | None = None) -> Result:
        self.guide = removal.guide
        return super().remove(removal, backend, progress)


def test_the_mean_of_all_fills_is_painted(removal: Removal, monkeypatch: pytest.MonkeyPatch) -> None:
    among(monkeypatch, "exemplar", "telea")
    session = Guided({("exemplar", 5): 40, ("exemplar", 6): 20, ("telea", 5): 60})
    result = remove(session, replace(removal, options={"seed": 5}))
    assert [name for name, _ in session.asked] == ["exemplar", "exemplar", "telea", "exemplar"]
    assert (result.backend, result.options.seed) == ("auto", 5)
    assert result.seconds == pytest.approx(2.0)
    expected = np.mean([image.astype(float) for image in session.filled[:3]], axis=0)[removal.mask]
    assert session.guide is not None
    assert np.abs(session.guide[removal.mask] - expected).max() <= 0.5
    np.testing.assert_array_equal(session.guide[~removal.mask], removal.image[~removal.mask])


def test_a_single_fill_is_taken_as_it_is(removal: Removal, monkeypatch: pytest.MonkeyPatch) -> None:
    among(monkeypatch, "exemplar", "telea")
    broken = BackendError("PatchMatch failed.")
    offsets = {("exemplar", 0): 10, ("exemplar", 1): broken, ("telea", 0): broken}
    assert remove(Made(offsets), removal).backend == "exemplar"


def test_agreement_is_the_mean_over_the_others(image: Image, mask: Mask) -> None:
    def result(value: int) -> Result:
        filled = image.copy()
        filled[mask] = value
        return Result(filled, mask, "x", 0.0, (), 0, 0, 0, Options())

    same, also, other = result(90), result(90), result(250)
    found = agreements([same, also, other])
    assert found[0] == found[1] == pytest.approx((1 + found[2]) / 2)
    assert agreements([same]) == [1.0]


def test_only_if_all_fail_there_is_an_error(removal: Removal, monkeypatch: pytest.MonkeyPatch) -> None:
    among(monkeypatch, "patchmatch", "telea")
    broken = BackendError("PatchMatch failed.")
    session = Made({("patchmatch", 0): broken, ("patchmatch", 1): broken, ("telea", 0): 20})
    assert remove(session, removal).backend == "telea"
    session = Made({("patchmatch", 0): broken, ("patchmatch", 1): broken, ("telea", 0): broken})
    with pytest.raises(BackendError, match="PatchMatch failed"):
        remove(session, removal)
    among(monkeypatch, "telea")
    with pytest.raises(Cancelled):
        remove(Made({("telea", 0): Cancelled("Stopped.")}), removal)


def test_options_reach_those_that_know_them(removal: Removal, monkeypatch: pytest.MonkeyPatch) -> None:
    among(monkeypatch, "patchmatch", "telea")
    session = Made({("patchmatch", 7): 10, ("patchmatch", 8): 10, ("telea", 7): 10, ("exemplar", 7): 10})
    remove(session, replace(removal, options={"seed": 7, "patch": 2, "radius": 5.0}))
    fills = [sorted(options) for _, options in session.asked[:3]]
    assert fills == [["patch", "seed"]] * 2 + [["radius", "seed"]]


def test_candidates_are_ready_fast_and_not_itself() -> None:
    assert "patchmatch" in candidates(Settings())
    for name in candidates(Settings()):
        spec = find(name)
        assert (spec.slow, spec.missing(Settings()), spec.ensemble) == (False, (), False)
        assert name in ensemble.MEMBERS


def test_the_session_runs_it_and_known_pixels_stay(removal: Removal, monkeypatch: pytest.MonkeyPatch) -> None:
    among(monkeypatch, "telea", "navier-stokes")
    told: list[float] = []
    result = Session().remove(removal, "auto", Progress(lambda done, stage: told.append(done)))
    assert result.backend == "auto"
    np.testing.assert_array_equal(result.image[~result.mask], removal.image[~result.mask])
    assert result.changed_known == 0
    assert told[-1] == 1.0
    assert told == sorted(told)
    with pytest.raises(MaskError):
        Session().remove(replace(removal, mask=np.zeros_like(removal.mask)), "auto")
