"""Long work behind the page: reported, stopped, and never silent."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from inpaint_app.errors import BackendError, NothingFound
from inpaint_app.server import work
from inpaint_app.server.visitors import Visit
from inpaint_app.server.work import at_once, working
from inpaint_app.settings import Settings
from inpaint_app.types import Progress

LONG = 100_000
"""Steps of a task that only a stop can end in time."""


@pytest.fixture
def visit(tmp_path: Path) -> Visit:
    return Visit(tmp_path, Settings())


def kinds(visit: Visit) -> list[str]:
    return [message["kind"] for message in visit.outbox]


def test_progress_arrives_and_the_end_is_told(visit: Visit) -> None:
    def task(progress: Progress) -> None:
        progress(0.5, "Halfway")
        visit.say("result", backend="telea")

    values = list(working(visit, task, 4))
    assert values[0]["progress"]["stage"] == "Halfway"
    assert [m["kind"] for m in values[-1]["events"]] == ["result", "done"]
    assert values[-1]["events"][-1]["work"] == 4


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (BackendError("It broke."), "error", "It broke."),
        (NothingFound("Nobody here."), "nothing", "Nobody here."),
        (ZeroDivisionError("secret path /x"), "error", "Something went wrong"),
    ],
)
def test_errors_become_messages(visit: Visit, error: Exception, kind: str, said: str) -> None:
    def task(progress: Progress) -> None:
        raise error

    list(working(visit, task, 1))
    assert kinds(visit) == [kind, "done"]
    assert visit.outbox[0]["text"].startswith(said)
    assert "secret" not in visit.outbox[0]["text"]
    assert not visit.busy.locked()


def test_stop_ends_the_work_between_two_steps(visit: Visit) -> None:
    steps = []

    def task(progress: Progress) -> None:
        for step in range(LONG):
            progress(step / LONG, "Working")
            steps.append(step)
            time.sleep(0.005)

    stream = working(visit, task, 1)
    next(stream)
    visit.stop.set()
    list(stream)
    assert kinds(visit) == ["cancelled", "done"]
    assert len(steps) < LONG


def test_a_page_that_goes_away_stops_its_work(visit: Visit) -> None:
    ended = threading.Event()

    def task(progress: Progress) -> None:
        try:
            for step in range(LONG):
                progress(step / LONG, "Working")
                time.sleep(0.005)
        finally:
            ended.set()

    stream = working(visit, task, 1)
    next(stream)
    stream.close()
    assert ended.wait(60)


def test_one_piece_of_work_at_a_time(visit: Visit) -> None:
    release = threading.Event()

    def task(progress: Progress) -> None:
        progress(0.1, "Working")
        release.wait(60)

    first = working(visit, task, 1)
    next(first)
    list(working(visit, task, 2))
    assert "Still at work" in visit.outbox[0]["text"]
    release.set()
    list(first)
    assert kinds(visit) == ["error", "done", "done"]


def test_short_things_tell_their_errors_too(visit: Visit) -> None:
    def task() -> None:
        raise BackendError("No.")

    value = at_once(visit, task, 3)
    assert [m["kind"] for m in value["events"]] == ["error", "done"]


def test_work_that_hangs_frees_the_page_and_what_it_says_later_is_not_heard(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "GRACE", 0.1)
    monkeypatch.setattr(work, "LOOK_EVERY", 0.05)
    release, ended = threading.Event(), threading.Event()

    def task(progress: Progress) -> None:
        progress(0.5, "Calling something native")
        try:
            release.wait(60)
            progress(0.9, "Too late")
            visit.say("result", backend="telea")
        finally:
            ended.set()

    stream = working(visit, task, 1)
    next(stream)
    visit.stop.set()
    list(stream)
    assert kinds(visit) == ["cancelled", "done"]
    assert not visit.busy.locked()
    list(working(visit, lambda progress: visit.say("result", backend="other"), 2))
    release.set()
    assert ended.wait(60)
    time.sleep(0.1)
    assert kinds(visit) == ["cancelled", "done", "result", "done"]
    assert not visit.busy.locked()


def test_work_that_says_nothing_for_too_long_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = Visit(tmp_path, Settings(patience=0.2))
    monkeypatch.setattr(work, "LOOK_EVERY", 0.05)
    release = threading.Event()
    list(working(visit, lambda progress: release.wait(60) and None, 1))
    release.set()
    assert kinds(visit) == ["error", "done"]
    assert "no sign of life" in visit.outbox[0]["text"]
    assert not visit.busy.locked()


def test_a_thread_that_dies_is_told(visit: Visit) -> None:
    def task(progress: Progress) -> None:
        raise SystemExit(1)

    list(working(visit, task, 1))
    assert kinds(visit) == ["error", "done"]
    assert not visit.busy.locked()


def test_no_thread_to_be_had_is_told(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refused)
        list(working(visit, lambda progress: None, 1))
    assert kinds(visit) == ["error", "done"]
    list(working(visit, lambda progress: visit.say("result", backend="telea"), 2))
    assert kinds(visit)[2:] == ["result", "done"]


def test_the_same_is_not_reported_again_and_again(visit: Visit) -> None:
    def task(progress: Progress) -> None:
        for _ in range(60):
            progress(0.0, "Busy, 1 before you")
            time.sleep(0.01)

    began = time.monotonic()
    told = len(list(working(visit, task, 1)))
    assert told <= 3 + (time.monotonic() - began) / work.REPEAT_EVERY


def test_what_is_said_last_before_a_long_silence_is_told(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "LOOK_EVERY", 0.05)

    def task(progress: Progress) -> None:
        progress(0.1, "Preparing")
        progress(0.2, "In native code")
        time.sleep(1.5)

    stages = [value["progress"]["stage"] for value in working(visit, task, 1) if value["progress"]]
    assert stages == ["Preparing", "In native code"]


def test_work_that_was_cancelled_before_it_began_does_nothing(visit: Visit) -> None:
    done = []
    visit.cancels.cancel(5)
    list(working(visit, lambda progress: done.append(1), 5))
    assert (done, kinds(visit)) == ([], ["cancelled", "done"])
    list(working(visit, lambda progress: done.append(1), 6))
    assert (done, kinds(visit)[2:]) == ([1], ["done"])
    assert not visit.busy.locked()
