"""Several seeds, the best one kept: cleanest first, tried with backends that paint things into the hole."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest

from inpaint_app import candidates, recheck
from inpaint_app.backends.base import BackendSpec
from inpaint_app.errors import BackendError, Cancelled, MissingWeights, OptionError
from inpaint_app.pipeline import Filler
from inpaint_app.pipeline import remove as run
from inpaint_app.types import Box, Image, Instance, Mask, Options, Progress, Removal, Result, Window

WHITE = 250


class Painter:
    """Fills with grey, and with a white patch of a size by seed: 0 for none."""

    def __init__(self, sizes: dict[int, int]) -> None:
        self.sizes = sizes

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        progress(0.5, "Painting")
        fill = window.image.copy()
        fill[window.mask] = 90
        rows, columns = np.nonzero(window.mask)
        y, x, size = int(rows.mean()), int(columns.mean()), self.sizes.get(options.seed, 0)
        fill[y : y + size, x : x + size] = WHITE
        progress(1.0)
        return fill


def look(image: Image, progress: Progress) -> tuple[Instance, ...]:
    """Every white patch is a person."""
    white = (image >= WHITE).all(axis=2)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(white.view(np.uint8))
    found = []
    for index in range(1, count):
        left, top, width, height, _ = (int(value) for value in stats[index])
        box = Box(left, top, left + width, top + height)
        found.append(Instance(index, "person", 0.8, box, (labels == index)[box.slices]))
    progress(1.0)
    return tuple(found)


SPEC = BackendSpec("painter", "Painter", "", "")


def photo() -> tuple[Image, Mask]:
    image = np.full((120, 160, 3), 100, np.uint8)
    mask = np.zeros((120, 160), dtype=bool)
    mask[40:80, 50:90] = True
    return image, mask


def check(
    sizes: dict[int, int], retries: int = 2, seed: int = 0, count: int = 1, **options: object
) -> candidates.Choice:
    image, mask = photo()

    def remove(removal: Removal, progress: Progress) -> Result:
        return run(removal, Filler(SPEC, Painter(sizes), SPEC.make_options(removal.options)), progress)

    removal = Removal(image, mask, 0, 0, options={"seed": seed, **options})
    return candidates.choose(removal, remove, look, retries=retries, count=count)


def test_a_clean_fill_is_kept_at_once_and_nothing_is_said() -> None:
    checked = check({})
    assert len(checked.candidates) == 1
    assert checked.note == ""
    assert checked.candidates[0].appeared == ()


def test_where_seeds_change_nothing_it_stops() -> None:
    checked = check({7: 12, 8: 12, 9: 0}, seed=7)
    assert [one.seed for one in checked.candidates] == [7]
    assert "of one seed" in checked.note


def test_the_clean_seed_is_taken_and_said() -> None:
    checked = check({7: 12, 8: 9, 9: 0}, seed=7)
    assert [one.seed for one in checked.candidates] == [7, 8, 9]
    assert not (checked.best.result.image == WHITE).any()
    assert checked.best.result.options.seed == 9
    assert checked.note == "A person appeared in the first fill; seed 9 gave a clean one."


def test_of_unclean_ones_the_cleanest_is_kept_and_it_stays_bounded() -> None:
    checked = check({0: 12, 1: 5, 2: 9, 3: 0})
    assert len(checked.candidates) == 3
    assert int((checked.best.result.image == WHITE).all(axis=2).sum()) == 25
    assert checked.note.startswith("A person appeared in the hole; of 3 seeds the cleanest was kept.")


def test_what_appeared_is_told_in_the_photos_frame() -> None:
    (one,) = check({0: 12}, retries=0).candidates[0].appeared
    assert (one.number, one.label) == (1, "person")
    assert one.box == Box(69, 59, 81, 71)


def test_people_of_the_photo_are_no_news() -> None:
    image, mask = photo()
    image[10:30, 10:20] = WHITE
    image[50:70, 92:120] = WHITE  # beside the hole
    result = run(Removal(image, mask, 0, 0), Filler(SPEC, Painter({}), Options()))
    assert recheck.appeared(result, look) == ()


def test_one_who_stays_and_reaches_into_the_hole_is_no_news() -> None:
    """The fill continues a person who stands behind the hole: most of the find is fill, but it is not new."""
    image, mask = photo()
    image[55:65, 84:104] = WHITE
    behind = Box(84, 55, 104, 65)
    stays = Instance(1, "person", 0.9, behind, np.ones((10, 20), dtype=bool))

    class Continues(Painter):
        def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
            fill = super().inpaint(window, options, progress)
            rows, columns = np.nonzero(window.mask)
            middle = int(rows.mean())
            fill[middle - 5 : middle + 5, columns.min() + 10 : columns.max() + 1] = WHITE
            return fill

    result = run(Removal(image, mask, 0, 0), Filler(SPEC, Continues({}), Options()))
    assert len(recheck.appeared(result, look)) == 1
    assert recheck.appeared(result, look, (stays,)) == ()


def test_without_a_segmenter_the_fill_is_kept_and_said_to_be_unchecked() -> None:
    image, mask = photo()

    def blind(image: Image, progress: Progress) -> tuple[Instance, ...]:
        raise MissingWeights("no weights")

    checked = candidates.choose(
        Removal(image, mask),
        lambda removal, progress: run(removal, Filler(SPEC, Painter({}), Options())),
        blind,
        retries=2,
    )
    assert checked.note == "The fill was not checked for new objects: no weights"
    assert checked.best.result.changed_known == 0


def test_progress_rises_to_one_and_a_cancel_comes_through() -> None:
    image, mask = photo()
    told: list[float] = []

    def remove(removal: Removal, progress: Progress) -> Result:
        sizes = {0: 12, 1: 9, 2: 7}
        return run(removal, Filler(SPEC, Painter(sizes), SPEC.make_options(removal.options)), progress)

    candidates.choose(
        Removal(image, mask), remove, look, retries=2, progress=Progress(lambda share, _: told.append(share))
    )
    assert told == sorted(told)
    assert told[-1] == 1
    with pytest.raises(Cancelled):
        candidates.choose(
            Removal(image, mask), remove, look, retries=2, progress=Progress(cancelled=lambda: True)
        )


def test_a_real_person_painted_into_the_hole_is_seen(
    yolo_weights: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A backend that pastes someone from the bus picture into a street without people."""
    from inpaint_app.segmenters import registry

    monkeypatch.setenv("INPAINT_YOLO_WEIGHTS", str(yolo_weights))
    monkeypatch.setenv("INPAINT_CACHE", str(tmp_path))
    yolo = registry.best().create()
    spec = importlib.util.find_spec("ultralytics")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    bus = cv2.imread(str(Path(spec.submodule_search_locations[0]) / "assets" / "bus.jpg"))[..., ::-1]
    person = np.ascontiguousarray(bus[390:910, 40:250])
    street = np.ascontiguousarray(
        np.repeat(np.linspace(200, 90, 800)[:, None], 900, axis=1)[..., None]
    ).repeat(3, 2)
    image = street.astype(np.uint8)
    mask = np.zeros((800, 900), dtype=bool)
    mask[150:670, 300:510] = True

    class Pasting:
        def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
            fill = window.image.copy()
            fill[window.mask] = 150 if options.seed else person.reshape(-1, 3)
            return fill

    def remove(removal: Removal, progress: Progress) -> Result:
        return run(removal, Filler(SPEC, Pasting(), SPEC.make_options(removal.options)), progress)

    checked = candidates.choose(
        Removal(image, mask, 0, 0),
        remove,
        lambda picture, progress: yolo.detect(picture, 0.35, progress),
        retries=2,
    )
    assert [len(one.appeared) > 0 for one in checked.candidates] == [True, False]
    assert "person" in checked.note
    assert checked.best.result.options.seed == 1


def test_the_session_looks_at_fills_and_keeps_the_clean_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from inpaint_app.session import Job, Session

    session = Session()
    painter = Painter({3: 12})
    monkeypatch.setitem(session.device.warm._things, "telea", painter)
    monkeypatch.setattr(session, "detect", lambda picture, _name, _confidence, share: look(picture, share))
    image, mask = photo()
    outcome = session.run(
        image, Job(mask, backend="telea", grow=0, feather=0, options={"seed": 3}, retries=2)
    )
    assert outcome.note.endswith("seed 4 gave a clean one.")
    assert outcome.result is outcome.candidates[0].result
    assert not (outcome.result.image == WHITE).any()
    unchecked = session.run(image, Job(mask, backend="telea", grow=0, feather=0, options={"seed": 3}))
    assert (unchecked.note, len(unchecked.candidates)) == ("", 1)
    assert (unchecked.result.image == WHITE).any()


class Striped:
    """Stripes along, of seed 0 across: that one is far from all others."""

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        progress(1.0)
        fill = window.image.copy()
        rows, columns = np.mgrid[0 : fill.shape[0], 0 : fill.shape[1]]
        stripes = 60 * ((rows if options.seed else columns) // 4 % 2)[..., None]
        noise = np.random.default_rng(options.seed).integers(-6, 7, fill.shape)
        return np.clip(fill.astype(int) // 2 + stripes + noise, 0, 255).astype(np.uint8)


def fill_with(backend: object) -> candidates.Remove:
    def remove(removal: Removal, progress: Progress) -> Result:
        return run(removal, Filler(SPEC, backend, SPEC.make_options(removal.options)), progress)  # type: ignore[arg-type]

    return remove


def test_every_candidate_is_handed_out_when_it_is_ready_and_the_one_most_agreed_with_is_best() -> None:
    image, mask = photo()
    told: list[tuple[int, float]] = []
    shares, stages = [0.0], [""]
    choice = candidates.choose(
        Removal(image, mask, 0, 0),
        fill_with(Striped()),
        count=3,
        ready=lambda one: told.append((one.seed, shares[-1])),
        progress=Progress(lambda share, stage: (shares.append(share), stages.append(stage))[0]),
    )
    assert any(stage.startswith("Candidate 2 of 3: ") for stage in stages)
    assert [seed for seed, _ in told] == [0, 1, 2]
    assert [share for _, share in told] == pytest.approx([1 / 3, 2 / 3, 1], abs=0.01)
    assert [one.result.options.seed for one in choice.candidates] == [0, 1, 2]
    agreed = candidates.agreements([one.result for one in choice.candidates])
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
    candidates.choose(removal, painter, look, retries=2, ready=lambda one: told.append(one.seed))
    assert told == [1]


def test_what_fails_later_leaves_what_was_made() -> None:
    image, mask = photo()
    good = fill_with(Striped())

    def remove(removal: Removal, progress: Progress) -> Result:
        if removal.options.get("seed") == 2:
            raise BackendError("out of memory")
        return good(removal, progress)

    choice = candidates.choose(Removal(image, mask), remove, count=4)
    assert [one.seed for one in choice.candidates] == [0, 1]
    assert choice.note == "Seed 2 could not be filled with: out of memory"

    def never(removal: Removal, progress: Progress) -> Result:
        raise BackendError("out of memory")

    with pytest.raises(BackendError):
        candidates.choose(Removal(image, mask), never, count=4)


def test_the_session_makes_as_many_as_asked_for_where_seeds_count(monkeypatch: pytest.MonkeyPatch) -> None:
    from inpaint_app.session import Job, Session

    image, mask = photo()
    image[...] = np.random.default_rng(0).integers(0, 255, image.shape)
    told: list[int] = []
    session = Session()
    job = Job(mask, backend="patchmatch", options={"seed": 5}, candidates=3)
    outcome = session.run(image, job, ready=lambda one: told.append(one.result.options.seed))
    assert told == [one.seed for one in outcome.candidates] == [5, 6, 7]
    assert outcome.result in [one.result for one in outcome.candidates]
    assert [one.result.options.seed for one in outcome.each()] == [5, 6, 7]
    assert len({one.result.image.tobytes() for one in outcome.candidates}) == 3
    assert len(session.run(image, Job(mask, backend="telea", candidates=3)).candidates) == 1
    for count in (0, 17):
        with pytest.raises(OptionError, match="expected 1 to 16"):
            session.run(image, Job(mask, candidates=count))
