"""Several fills of one hole: all of them handed out, and the one that the others agree with suggested."""

from __future__ import annotations

import numpy as np
import pytest

from inpaint_app.backends.base import Window
from inpaint_app.errors import BackendError, OptionError
from inpaint_app.removal import candidates
from inpaint_app.removal.pipeline import Filler, Removal
from inpaint_app.removal.pipeline import remove as run
from inpaint_app.types import Image, Options, Progress, Result
from tests.painter import SPEC, Painter, Remove, check, choose, look, photo


class Striped:
    """Stripes along, of seed 0 across: that one is far from all others."""

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        progress(1.0)
        fill = window.image.copy()
        rows, columns = np.mgrid[0 : fill.shape[0], 0 : fill.shape[1]]
        stripes = 60 * ((rows if options.seed else columns) // 4 % 2)[..., None]
        noise = np.random.default_rng(options.seed).integers(-6, 7, fill.shape)
        return np.clip(fill.astype(int) // 2 + stripes + noise, 0, 255).astype(np.uint8)


def fill_with(backend: object) -> Remove:
    def remove(removal: Removal, progress: Progress) -> Result:
        return run(removal, Filler(SPEC, backend, SPEC.make_options(removal.options)), progress)  # type: ignore[arg-type]

    return remove


def test_every_candidate_is_handed_out_when_it_is_ready_and_the_one_most_agreed_with_is_best() -> None:
    image, mask = photo()
    told: list[tuple[int, float]] = []
    shares, stages = [0.0], [""]
    choice = choose(
        Removal(image, mask, 0, 0),
        fill_with(Striped()),
        count=3,
        ready=lambda one: told.append((one.seed, shares[-1])),
        progress=Progress(lambda share, stage: (shares.append(share), stages.append(stage))[0]),
    )
    assert any(stage.startswith("Candidate 2 of 3: ") for stage in stages)
    assert [seed for seed, _ in told] == [0, 1, 2]
    assert [share for _, share in told] == pytest.approx([1 / 3, 2 / 3, 1], abs=0.01)
    assert [one.options.seed for one in choice.candidates] == [0, 1, 2]
    agreed = candidates.agreements(choice.candidates)
    assert agreed.index(min(agreed)) == 0
    assert choice.best.seed == agreed.index(max(agreed)) > 0


def test_a_clean_candidate_goes_before_one_that_is_agreed_with_and_no_seed_more_is_tried() -> None:
    choice = check({0: 12, 1: 10, 2: 0}, count=3)
    assert [bool(one.appeared) for one in choice.candidates] == [True, True, False]
    assert choice.best.seed == 2
    more = check({0: 12, 1: 9, 2: 0}, count=2)
    assert [one.seed for one in more.candidates] == [0, 1, 2]


def test_only_the_best_is_handed_out_where_one_was_asked_for() -> None:
    image, mask = photo()
    told: list[int] = []
    removal = Removal(image, mask, 0, 0)
    painter = fill_with(Painter({0: 12, 1: 0}))
    choose(removal, painter, look, retries=2, ready=lambda one: told.append(one.seed))
    assert told == [1]


def test_what_fails_later_leaves_what_was_made() -> None:
    image, mask = photo()
    good = fill_with(Striped())

    def remove(removal: Removal, progress: Progress) -> Result:
        if removal.options.get("seed") == 2:
            raise BackendError("out of memory")
        return good(removal, progress)

    choice = choose(Removal(image, mask), remove, count=4)
    assert [one.seed for one in choice.candidates] == [0, 1]
    assert choice.note == "Seed 2 could not be filled with: out of memory"

    def never(removal: Removal, progress: Progress) -> Result:
        raise BackendError("out of memory")

    with pytest.raises(BackendError):
        choose(Removal(image, mask), never, count=4)


def test_the_session_makes_as_many_as_asked_for_where_seeds_count(monkeypatch: pytest.MonkeyPatch) -> None:
    from inpaint_app.removal.session import Request, Session

    image, mask = photo()
    image[...] = np.random.default_rng(0).integers(0, 255, image.shape)
    told: list[int] = []
    session = Session()
    request = Request(mask, backend="patchmatch", options={"seed": 5}, candidates=3)
    result = session.run(image, request, ready=lambda one: told.append(one.options.seed))
    assert told == [one.seed for one in result.candidates] == [5, 6, 7]
    assert any(result.image is one.image for one in result.candidates)
    assert [one.options.seed for one in result.candidates] == [5, 6, 7]
    assert len({one.image.tobytes() for one in result.candidates}) == 3
    assert len(session.run(image, Request(mask, backend="telea", candidates=3)).candidates) == 1
    for count in (0, 17):
        with pytest.raises(OptionError, match="expected 1 to 16"):
            session.run(image, Request(mask, candidates=count))
