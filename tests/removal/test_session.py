"""The whole job with a segmenter that finds what a test tells it: find, choose, join, remove."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from inpaint_app.backends import registry as backends
from inpaint_app.backends.base import BackendSpec, Configured, Window
from inpaint_app.errors import BackendError, Cancelled, MaskError, MissingError, NothingFound, OptionError
from inpaint_app.removal.session import Request, Session
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.segmenters.base import SegmenterSpec
from inpaint_app.segmenters.selecting.gesture import Gesture
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Image, Instance, Mask, Missing, Options, Progress
from tests.toys import Breaking


def instance(number: int, label: str, box: Box) -> Instance:
    return Instance(number, label, 0.9, box, np.ones((box.height, box.width), dtype=bool))


PERSON = instance(1, "person", Box(4, 6, 10, 20))
CAR = instance(2, "car", Box(30, 30, 44, 40))
OTHER = instance(3, "person", Box(50, 4, 56, 18))


class Finder:
    """Finds the same three things in every photo."""

    calls = 0

    def detect(
        self, image: Image, confidence: float, progress: Progress, weak: object = None
    ) -> tuple[Instance, ...]:
        Finder.calls += 1
        return (PERSON, CAR, OTHER)


def something_lacks(argument: str, settings: Settings) -> tuple[Missing, ...]:
    return (Missing("a weight file", "fetch it"),)


class Slow(Configured):
    """A backend that works until it is stopped."""

    entered = threading.Event()

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        Slow.entered.set()
        for step in range(1000):
            progress(step / 1000)
            time.sleep(0.01)
        raise AssertionError("nobody stopped it")


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    """A session with the finder above as its only segmenter and two ill-behaved backends beside the real ones."""
    finder = SegmenterSpec(
        "finder", "Finder", "Finds.", f"{__name__}:make_finder", "tests.toys:nothing_lacks", segmenters.COCO
    )
    monkeypatch.setattr(segmenters, "SEGMENTERS", (finder,))
    monkeypatch.delenv("INPAINT_YOLO_WEIGHTS", raising=False)
    extra = (
        BackendSpec("breaking", "Breaking", "Breaks.", "tests.toys:Breaking"),
        BackendSpec("slow", "Slow", "Takes its time.", f"{__name__}:Slow"),
    )
    monkeypatch.setattr(backends, "BACKENDS", (*backends.BACKENDS, *extra))
    Finder.calls = 0
    return Session(Settings())


def make_finder(argument: str, settings: Settings) -> Finder:
    return Finder()


def test_people_go_and_the_car_stays(session: Session, image: Image) -> None:
    result = session.run(image, Request(objects=("people",), backend="telea", grow=0))
    expected = PERSON.full_mask((48, 64)) | OTHER.full_mask((48, 64))
    assert result.removed == (PERSON, OTHER)
    assert np.array_equal(result.hole, expected)
    assert np.array_equal(result.mask, expected)
    assert np.array_equal(result.image[~expected], image[~expected])
    assert not np.array_equal(result.image, image)


def test_the_brush_joins_what_is_found(session: Session, image: Image, mask: Mask) -> None:
    result = session.run(image, Request(mask=mask, objects=("car",), backend="telea"))
    assert np.array_equal(result.hole, mask | CAR.full_mask((48, 64)))


def test_what_is_pointed_at_goes_too_once_and_under_a_number_of_its_own(
    session: Session, image: Image
) -> None:
    gestures = (Gesture(points=((35, 35),)), Gesture(Box(3, 5, 11, 21)), Gesture(points=((20, 30),)))
    request = Request(
        found=(PERSON, CAR, OTHER), numbers=frozenset({1}), gestures=gestures, backend="telea", grow=0
    )
    result = session.run(image, request)
    assert [(one.number, one.label) for one in result.removed] == [
        (1, "person"), (2, "car"), (4, "selection"),
    ]  # fmt: skip
    assert result.hole[31, 21 - 1], "the pixel that was clicked, or its neighbour"
    assert result.instances[-1] is result.removed[-1]


def test_a_click_on_somebody_takes_what_is_his_and_copies_nobody_else(
    session: Session, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    bag = replace(instance(4, "handbag", Box(10, 12, 14, 18)), of=1)
    monkeypatch.setattr(Finder, "detect", lambda *_: (PERSON, CAR, OTHER, bag))
    click = Request(gestures=(Gesture(points=((6, 8),)),), backend="telea", grow=0)
    removal = session.decided(image, click)
    assert [one.label for one in removal.removed] == ["person", "handbag"]
    assert removal.mask[15, 12]
    assert removal.avoid is not None
    assert removal.avoid[OTHER.box.slices].all()
    alone = session.decided(image, replace(click, belongings="off"))
    assert [one.label for one in alone.removed] == ["person"]


def test_a_click_looks_at_what_is_around_it_at_a_bounded_size(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, ...]] = []

    def detect(self: Finder, image: Image, *_: Any) -> tuple[Instance, ...]:
        seen.append(image.shape)
        left, top, width, height = cv2.boundingRect((image[..., 0] > 150).view(np.uint8))
        return (instance(1, "person", Box(left, top, left + width, top + height)),) if width else ()

    monkeypatch.setattr(Finder, "detect", detect)
    image = np.zeros((3000, 4000, 3), np.uint8)
    image[600:2400, 1000:1800] = 200
    removal = session.decided(image, Request(gestures=(Gesture(points=((1200, 1200),)),)))
    assert all(max(shape) <= 1280 for shape in seen)
    assert len(seen) == 2
    (gone,) = removal.removed
    assert gone.label == "person"
    assert (removal.mask ^ (image[..., 0] > 150)).sum() < 0.01 * removal.mask.sum()


def test_without_a_finder_colours_tell_what_is_pointed_at(
    session: Session, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = replace(segmenters.SEGMENTERS[0], lacks=f"{__name__}:something_lacks")
    monkeypatch.setattr(segmenters, "SEGMENTERS", (lacking,))
    one = session.select(image, Gesture(Box(10, 10, 30, 30)))
    assert one.label == "selection"


def test_chosen_numbers_and_a_mask_alone_go_without_looking(
    session: Session, image: Image, mask: Mask
) -> None:
    request = Request(found=(PERSON, CAR, OTHER), numbers=frozenset({3}), backend="telea")
    assert session.run(image, request).removed == (OTHER,)
    session.run(image, Request(mask=mask, backend="telea"))
    assert Finder.calls == 0


def test_nothing_found_is_said_with_the_words_asked_for(session: Session, image: Image) -> None:
    with pytest.raises(NothingFound, match="dog or cat"):
        session.run(image, Request(objects=("dog", "cat"), backend="telea"))


@pytest.mark.parametrize(
    ("wanted", "error", "message"),
    [
        (Request(backend="telea"), MaskError, "Nothing is marked"),
        (Request(mask=np.zeros((48, 64), dtype=bool), backend="telea"), MaskError, "Nothing is marked"),
        (Request(mask=np.ones((5, 5), dtype=bool), backend="telea"), MaskError, "5×5"),
        (Request(mask=np.ones((48, 64), dtype=bool), backend="telea"), MaskError, "whole photo"),
        (Request(objects=("unicorn",), backend="telea"), OptionError, "unicorn"),
        (Request(objects=("people",), backend="tela"), OptionError, "telea"),
        (Request(objects=("people",), backend="telea", segmenter="nobody"), OptionError, "nobody"),
        (Request(mask=np.eye(48, 64, dtype=bool), backend="telea", options={"x": 1}), OptionError, "'x'"),
        (
            Request(mask=np.eye(48, 64, dtype=bool), avoid=np.ones((2, 2), dtype=bool), backend="telea"),
            MaskError,
            "avoid",
        ),
    ],
)
def test_wrong_requests_are_named(
    session: Session, image: Image, wanted: Request, error: type, message: str
) -> None:
    with pytest.raises(error, match=message):
        session.run(image, wanted)


def test_the_given_mask_is_not_written_into(session: Session, image: Image, mask: Mask) -> None:
    before = mask.copy()
    session.run(image, Request(mask=mask, objects=("people",), backend="telea"))
    assert np.array_equal(mask, before)


def test_a_backend_that_breaks_becomes_one_error_and_the_next_run_works(
    session: Session, image: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error, said in (RuntimeError("boom"), "Breaking failed .*boom"), (MemoryError(), "ran out of memory"):
        monkeypatch.setattr(Breaking, "error", error)
        with pytest.raises(BackendError, match=said):
            session.run(image, Request(mask=mask, backend="breaking"))
    session.run(image, Request(mask=mask, backend="telea"))


def test_missing_things_are_said_with_their_cure(
    session: Session, image: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = BackendSpec("bare", "Bare", "Lacks.", "nowhere:Bare", packages=("no_such_package",))
    monkeypatch.setattr(backends, "BACKENDS", (bare,))
    with pytest.raises(MissingError, match="pip install no_such_package"):
        session.run(image, Request(mask=mask, backend="bare"))


def test_one_at_a_time_and_waiting_can_be_cancelled(session: Session, image: Image, mask: Mask) -> None:
    stop = threading.Event()
    ended: list[BaseException] = []

    def work() -> None:
        try:
            session.run(image, Request(mask=mask, backend="slow"), Progress(cancelled=stop.is_set))
        except Cancelled as error:
            ended.append(error)

    Slow.entered.clear()
    thread = threading.Thread(target=work)
    thread.start()
    assert Slow.entered.wait(5)
    stages: list[str] = []
    waiting = Progress(lambda fraction, stage: stages.append(stage), lambda: "Busy, 1 before you" in stages)
    with pytest.raises(Cancelled):
        session.run(image, Request(mask=mask, backend="telea"), waiting)
    stop.set()
    thread.join(5)
    assert len(ended) == 1
    session.run(image, Request(mask=mask, backend="telea"))


def test_release_lets_go_of_what_is_warm(session: Session, image: Image, mask: Mask) -> None:
    session.run(image, Request(mask=mask, objects=("people",), backend="telea"))
    assert "telea" in session.device.warm
    assert "finder" in session.device.warm
    session.release()
    assert "telea" not in session.device.warm
    assert "finder" not in session.device.warm


def test_warming_prepares_the_very_backend_that_fills_later(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[object] = []
    kind = type(backends.find("telea").create(session.settings))
    monkeypatch.setattr(kind, "warm", lambda self: prepared.append(self), raising=False)
    session.warm("navier-stokes")  # needs none
    session.warm("telea")
    assert prepared == [session.device.warm.get(backends.find("telea"))]


def test_progress_of_a_whole_job_rises_to_one(session: Session, image: Image) -> None:
    seen: list[float] = []
    session.run(image, Request(objects=("people",), backend="telea"), Progress(lambda f, s: seen.append(f)))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_without_its_network_the_default_is_the_engine_alone(
    image: Image, mask: Mask, tmp_path: Path
) -> None:
    assert Session(Settings()).resolve_backend(backends.DEFAULT).name == backends.DEFAULT
    result = Session(Settings(checkpoints=tmp_path)).run(image, Request(mask))
    assert result.backend == backends.INSTEAD
    with pytest.raises(MissingError, match="context-encoder"):
        Session(Settings(checkpoints=tmp_path)).resolve_backend("context-encoder-raw")


def test_people_in_a_photo_that_lies_on_its_side_are_found(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def detect(self: Finder, image: Image, *_: Any, **__: Any) -> tuple[Instance, ...]:
        left, top, width, height = cv2.boundingRect((image[..., 0] > 150).view(np.uint8))
        upright = height > width and top < image.shape[0] // 2
        return (instance(1, "person", Box(left, top, left + width, top + height)),) if upright else ()

    monkeypatch.setattr(Finder, "detect", detect)
    image = np.zeros((1000, 1600, 3), np.uint8)
    image[400:500, 200:700] = 200
    progress = Progress()
    removal = session.decided(image, Request(objects=("people",)), progress)
    assert (removal.mask == (image[..., 0] > 150)).all()
    assert progress.notes == ["The photo lies on its side: people were looked for in it upright."]
