"""Several seeds, the best one kept: cleanest first, tried with backends that paint things into the hole."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest

from inpaint_app.backends.base import Window
from inpaint_app.errors import Cancelled, MissingWeights
from inpaint_app.removal import object_check
from inpaint_app.removal.pipeline import Filler, Removal
from inpaint_app.removal.pipeline import remove as run
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Image, Instance, Options, Progress, Result
from tests.painter import SPEC, WHITE, Painter, check, choose, look, photo


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
    assert not (checked.best.image == WHITE).any()
    assert checked.best.options.seed == 9
    assert checked.note == "A person appeared in the first fill; seed 9 gave a clean one."


def test_of_unclean_ones_the_cleanest_is_kept_and_it_stays_bounded() -> None:
    checked = check({0: 12, 1: 5, 2: 9, 3: 0})
    assert len(checked.candidates) == 3
    assert int((checked.best.image == WHITE).all(axis=2).sum()) == 25
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
    assert object_check.appeared(result, look) == ()


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
    assert len(object_check.appeared(result, look)) == 1
    assert object_check.appeared(result, look, (stays,)) == ()


def test_without_a_segmenter_the_fill_is_kept_and_said_to_be_unchecked() -> None:
    image, mask = photo()

    def blind(image: Image, progress: Progress) -> tuple[Instance, ...]:
        raise MissingWeights("no weights")

    checked = choose(
        Removal(image, mask),
        lambda removal, progress: run(removal, Filler(SPEC, Painter({}), Options())),
        blind,
        retries=2,
    )
    assert checked.note == "The fill was not checked for new objects: no weights"
    assert checked.best.changed_known == 0


def test_progress_rises_to_one_and_a_cancel_comes_through() -> None:
    image, mask = photo()
    told: list[float] = []

    def remove(removal: Removal, progress: Progress) -> Result:
        sizes = {0: 12, 1: 9, 2: 7}
        return run(removal, Filler(SPEC, Painter(sizes), SPEC.make_options(removal.options)), progress)

    choose(
        Removal(image, mask), remove, look, retries=2, progress=Progress(lambda share, _: told.append(share))
    )
    assert told == sorted(told)
    assert told[-1] == 1
    with pytest.raises(Cancelled):
        choose(Removal(image, mask), remove, look, retries=2, progress=Progress(cancelled=lambda: True))


def test_a_real_person_painted_into_the_hole_is_seen(yolo_weights: Path, tmp_path: Path) -> None:
    """A backend that pastes someone from the bus picture into a street without people."""
    from inpaint_app.segmenters import registry

    settings = Settings(yolo_weights=yolo_weights, cache=tmp_path)
    yolo = registry.best(settings).create(settings)
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

    checked = choose(
        Removal(image, mask, 0, 0),
        remove,
        lambda picture, progress: yolo.detect(picture, 0.35, progress),
        retries=2,
    )
    assert [len(one.appeared) > 0 for one in checked.candidates] == [True, False]
    assert "person" in checked.note
    assert checked.best.options.seed == 1


def test_the_session_looks_at_fills_and_keeps_the_clean_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from inpaint_app.removal.session import Request, Session

    session = Session()
    painter = Painter({3: 12})
    monkeypatch.setitem(session.device.warm._things, "telea", painter)
    monkeypatch.setattr(
        session, "detect", lambda picture, _name, _confidence, share, *_, **__: look(picture, share)
    )
    image, mask = photo()
    result = session.run(
        image, Request(mask, backend="telea", grow=0, feather=0, options={"seed": 3}, retries=2)
    )
    assert result.note.endswith("seed 4 gave a clean one.")
    assert result.image is result.candidates[0].image
    assert not (result.image == WHITE).any()
    unchecked = session.run(image, Request(mask, backend="telea", grow=0, feather=0, options={"seed": 3}))
    assert (unchecked.note, len(unchecked.candidates)) == ("", 1)
    assert (unchecked.image == WHITE).any()
