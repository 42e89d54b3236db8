"""What visitors hold: steps as patches, nothing lost on the way to the page, and everything gone in the end."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from inpaint_app.errors import InpaintError
from inpaint_app.photofile import files
from inpaint_app.photofile.files import load
from inpaint_app.removal.session import Request, Session
from inpaint_app.server import visitors as module
from inpaint_app.server.files.stored_results import Patch, StoredResult, hole_of, patched, patches_of, seen
from inpaint_app.server.guard.identity import Visitor
from inpaint_app.server.visitors import Visit, Visits
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Image, Mask


@pytest.fixture
def visit(tmp_path: Path, image: Image) -> Visit:
    from PIL import Image as PillowImage

    path = tmp_path / "photo.png"
    PillowImage.fromarray(image).save(path)
    visit = Visit(tmp_path / "visit", Settings())
    visit.open(load(path))
    return visit


def made(visit: Visit, mask: Mask) -> StoredResult:
    request = Request(mask=mask, backend="telea")
    result = Session().run(visit.pixels(), request)
    kept = StoredResult.of(result, request, frozenset(), {"what": "a thing"})
    visit.step().made["telea"] = kept
    whole = kept.whole(visit.pixels())
    np.testing.assert_array_equal(whole.image, result.image)
    np.testing.assert_array_equal(whole.mask, result.mask)
    np.testing.assert_array_equal(whole.hole, result.hole)
    return kept


def test_steps_are_rebuilt_from_patches(visit: Visit, image: Image, mask: Mask) -> None:
    other = np.roll(mask, (-12, -20), axis=(0, 1))
    first = made(visit, mask).whole(image).image
    visit.keep("telea", "first")
    np.testing.assert_array_equal(visit.pixels(), first)
    second = made(visit, other).whole(first).image
    visit.keep("telea", "second")
    np.testing.assert_array_equal(visit.pixels(), second)
    changed = (second != image).any(axis=2)
    assert not (changed & ~hole_of(visit.step().patches, image.shape)).any()
    visit.go_to(1)
    np.testing.assert_array_equal(visit.pixels(), first)
    visit.go_to(0)
    np.testing.assert_array_equal(visit.pixels(), image)
    visit.keep("telea", "another way")
    assert [step.title for step in visit.steps] == ["Original", "another way"]


def test_what_is_kept_is_as_small_as_the_hole(visit: Visit, mask: Mask) -> None:
    kept = made(visit, mask)
    assert kept.result.image.size == 0
    assert sum(patch.pixels.size for patch in kept.patches) < 3 * 40 * 40


def test_patches_leave_their_image_alone(visit: Visit, image: Image, mask: Mask) -> None:
    before = image.copy()
    result = Session().run(image, Request(mask=mask, backend="telea"))
    patched(image, patches_of(result))
    np.testing.assert_array_equal(image, before)


def test_messages_stay_until_the_page_has_them(visit: Visit) -> None:
    for word in ("one", "two", "three"):
        visit.say("note", text=word)
    visit.confirm(2)
    assert [(m["n"], m["text"]) for m in visit.outbox] == [(3, "three")]
    visit.say("note", text="four")
    assert visit.outbox[-1]["n"] == 4


@pytest.mark.parametrize("step", [-1, 1, 99])
def test_a_step_that_is_not_there_is_an_error_and_changes_nothing(visit: Visit, step: int) -> None:
    with pytest.raises(InpaintError, match="no step"):
        visit.go_to(step)
    assert visit.at == 0


def test_without_a_photo_or_a_result_there_is_one_clear_error(tmp_path: Path, visit: Visit) -> None:
    with pytest.raises(InpaintError, match="no photo yet"):
        Visit(tmp_path, Settings()).pixels()
    with pytest.raises(InpaintError, match="no such result"):
        visit.keep("telea", "nothing")


def test_idle_visits_go_with_their_files(tmp_path: Path) -> None:
    visits = Visits(tmp_path, Settings(keep_minutes=60))
    mine = visits.of("a")
    assert visits.of("a") is mine
    assert visits.of("b") is not mine
    file = mine.file(".jpg")
    file.write_bytes(b"x")
    visits.leave("a")
    assert visits.of("a") is mine, "a tab that comes back finds its photo"
    visits.clock = lambda: time.monotonic() + 3601
    assert visits.of("a") is not mine
    assert not file.exists()
    assert mine.stop.is_set()


def test_the_visit_idle_longest_makes_room(tmp_path: Path) -> None:
    visits = Visits(tmp_path, Settings(visits=3))
    held = {name: visits.of(name) for name in "abc"}
    visits.of("a")
    visits.of("d")
    assert visits.of("a") is held["a"]
    assert len(visits) == 3


def test_a_token_brings_a_visit_back_and_nothing_else_does(tmp_path: Path) -> None:
    visits = Visits(tmp_path)
    mine = visits.of("before")
    assert visits.resume("after", "guess") is None
    assert visits.resume("after", "") is None
    assert visits.resume("after", mine.token, Visitor("a stranger", "203.0.113.5")) is None
    assert visits.resume("after", mine.token) is mine
    assert visits.of("after") is mine
    assert visits.of("stranger").token != mine.token


def test_photos_of_idle_visits_make_room_for_new_ones(tmp_path: Path, visit: Visit) -> None:
    assert visit.photo is not None
    visits = Visits(tmp_path, Settings(visits_gigabytes=2 * visit.bytes / 1e9))
    held = [visits.of(name) for name in "abc"]
    for each in held:
        each.open(visit.photo)
    visits.make_room(held[0])
    assert visits.of("a") is held[0]
    assert len(visits) == 2
    assert visits.of("c") is held[2]


def test_what_is_fetched_at_once_does_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PASSING", 3)
    visit = Visit(tmp_path / "visit", Settings())
    stays = visit.file(".jpg")
    stays.write_bytes(b"x")
    for number in range(10):
        visit.passing_file(".jpg").write_bytes(b"x")
        visit.passing_file(".png", f"download-{number}.png").write_bytes(b"x")
    files = [path for path in visit.folder.rglob("*") if path.is_file()]
    assert len(files) == 1 + 3 + 3
    assert stays in files
    assert {path.name for path in files if path.suffix == ".png"} == {f"download-{n}.png" for n in (7, 8, 9)}
    assert len(list(visit.folder.iterdir())) == 1 + 3 + 3, "no empty folders either"


def test_what_is_at_work_does_not_end(tmp_path: Path) -> None:
    visits = Visits(tmp_path, Settings(keep_minutes=1e-6))
    working, idle = visits.of("working"), visits.of("idle")
    files = [visit.file(".jpg") for visit in (working, idle)]
    for file in files:
        file.write_bytes(b"x")
    with working.busy:
        time.sleep(0.01)
        visits.sweep()
        assert [file.exists() for file in files] == [True, False]
    visits.sweep()
    assert list(tmp_path.iterdir()) == []


def test_without_a_time_visits_stay(tmp_path: Path) -> None:
    visits = Visits(tmp_path, Settings(keep_minutes=0))
    mine = visits.of("a")
    visits.clock = lambda: time.monotonic() + 1e6
    assert visits.of("a") is mine


def test_callers_make_room_before_those_with_a_photo_and_nobody_at_work_does(
    tmp_path: Path, visit: Visit
) -> None:
    visits = Visits(tmp_path, Settings(visits=3))
    shown = visits.of("shown")
    shown.open(visit.opened())
    working, caller = visits.of("working"), visits.of("caller")
    working.calls.add(working.stop)
    visits.of("another")
    assert set(visits._visits) == {"shown", "working", "another"}
    assert visits.of("shown") is shown
    assert not working.stop.is_set()
    assert caller.stop.is_set()


def test_leaving_stops_the_calls_too(tmp_path: Path) -> None:
    visits = Visits(tmp_path)
    call = threading.Event()
    visits.of("client").calls.add(call)
    visits.leave("client")
    assert call.is_set()


def test_a_result_is_shown_with_the_opacity_that_its_file_will_have() -> None:
    alpha = np.zeros((20, 30), np.uint8)
    alpha[5:15, 10:20] = 255
    rgba = np.dstack([np.full((20, 30, 3), 90, np.uint8), alpha])
    from PIL import Image as PillowImage

    buffer = io.BytesIO()
    PillowImage.fromarray(rgba).save(buffer, "PNG")
    photo = files.load(buffer.getvalue())
    hole = np.zeros((20, 30), bool)
    hole[3:17, 8:22] = True
    shown = seen(photo, [Patch(Box(0, 0, 30, 20), photo.rgb, hole)])
    assert shown.alpha is not None
    assert not shown.alpha.any()
