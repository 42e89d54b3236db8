"""Nothing is kept longer than promised: bursts, odd forms, a cleaner that dies, clocks that jump, a day of use."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from inpaint_app.server.files import cleaner as module
from inpaint_app.server.files.folders import LOCK
from tests.abuse.conftest import MASK, PHOTO, Caller
from tests.abuse.test_isolation import other

FORM = {"Content-Type": "multipart/form-data; boundary=b"}


def lying(caller: Caller) -> list[Path]:
    """Every file that the server holds for visitors."""
    root = caller.page.folder.root
    found = [Path(place) / name for place, _, names in os.walk(root) for name in names]  # some go meanwhile
    return [path for path in found if path.is_file() and path.name != LOCK]


def part(name: str, filename: str | None, data: bytes = PHOTO) -> bytes:
    named = "" if filename is None else f'; filename="{filename}"'
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + data + b"\r\n"


@pytest.fixture
def clock(caller: Caller) -> Iterator[Any]:
    """Sets what the server takes for the time, in seconds from now on."""
    page = caller.page

    def later(seconds: float) -> None:
        page.cleaner.clock = page.visits.clock = lambda: time.monotonic() + seconds

    yield later
    page.cleaner.clock = page.visits.clock = time.monotonic


def gone(caller: Caller, clock: Any) -> None:
    """Let the promised time pass: whatever was there has to be gone after one more round."""
    caller.page.cleaner.sweep()
    clock(caller.page.cleaner.keep_seconds + 1)
    caller.page.cleaner.sweep()
    assert lying(caller) == []


def test_after_a_burst_of_uploads_nothing_stays(visitor: Caller, caller: Caller, clock: Any) -> None:
    def upload(number: int) -> int:
        one = other(caller, cookie=f"uploader {number % 16}")
        form = part("files", f"photo {number}.png") + part("files", "again.png") + b"--b--\r\n"
        with one.http:
            return int(one.http.post("/gradio_api/upload", content=form, headers=FORM).status_code)

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(upload, range(48))) == {200}
    assert len(lying(caller)) >= 96
    gone(caller, clock)


ODD = {
    "a text field of that name": part("files", None) + b"--b--\r\n",
    "a text field beside a file": part("files", None) + part("files", "a.png") + part("other", None) + b"--b--\r\n",
    "a file of another field": part("file", "a.png") + part("x", "b.png") + b"--b--\r\n",
    "no end": part("files", "a.png"),
    "no end, cut in the data": part("files", "a.png")[:-20],
    "the name ..": part("files", "..") + b"--b--\r\n",
    "the name ../../x": part("files", "../../x") + b"--b--\r\n",
    "no name": part("files", "") + b"--b--\r\n",
    "a name of 300 letters": part("files", "ö" * 300 + ".png") + b"--b--\r\n",
    "the same name twice": part("files", "a.png") * 2 + b"--b--\r\n",
    "one whole, one broken": part("files", "a.png") + b"--b\r\nnonsense\r\n\r\nx\r\n--b--\r\n",
    "nothing behind the end": part("files", "a.png") + b"--b--\r\n" + b"x" * 5000,
    "one too large behind another": part("files", "a.png") + part("files", "b.png", bytes(2_100_000)) + b"--b--",
    "a text field of 5 MB": part("text", None, bytes(5_000_000)) + b"--b--\r\n",
    "bytes that are no letters": part("files", "a.png").replace(b"a.png", b"\xff\xfe\x80.png") + b"--b--\r\n",
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_form_leaves_nothing(caller: Caller, clock: Any, odd: str) -> None:
    gone(caller, clock)
    answer = caller.http.post("/gradio_api/upload", content=ODD[odd], headers=FORM)
    assert answer.status_code in (200, 400, 413), answer.text
    named = [Path(path) for path in answer.json()] if answer.status_code == 200 else []
    assert sorted(lying(caller)) == sorted(named)
    assert all(path.parent.parent.parent == caller.page.folder.uploads for path in named)
    assert all(len(path.name.encode()) <= 255 for path in named)
    clock(0)
    gone(caller, clock)


def test_results_and_previews_go_when_their_time_is_over(visitor: Caller, caller: Caller, clock: Any) -> None:
    kind, data = caller.fill(caller.send(PHOTO))
    assert kind == "complete"
    (file,) = [said for said in visitor.messages("download", {"what": "own"}) if said["kind"] == "file"]
    for one, path in ((caller, data[0]["path"]), (visitor, file["path"])):
        assert one.http.get(f"/gradio_api/file={path}").status_code == 200
    gone(caller, clock)
    assert caller.http.get(f"/gradio_api/file={data[0]['path']}").status_code in (403, 404)
    assert visitor.http.get(f"/gradio_api/file={file['path']}").status_code in (403, 404)


def test_a_clock_that_is_set_does_nothing(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    path, real = Path(caller.send(PHOTO)), time.time
    caller.page.cleaner.sweep()
    for jump in (-10 * 365 * 86400.0, 10 * 365 * 86400.0):
        monkeypatch.setattr(time, "time", lambda jump=jump: real() + jump)
        caller.page.cleaner.sweep()
        assert path.exists(), "what is young stays"
    monkeypatch.setattr(time, "time", lambda: real() - 10 * 365 * 86400.0)
    gone(caller, clock)


def test_a_cleaner_that_dies_is_told_and_starts_again(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaner = caller.page.cleaner
    before = cleaner._thread

    def die() -> None:
        raise SystemExit

    monkeypatch.setattr(cleaner, "every", 0.01)
    monkeypatch.setattr(cleaner, "sweep", die)
    cleaner.start()
    died = cleaner._thread
    died.join(20)
    assert not died.is_alive()
    monkeypatch.undo()
    answer = caller.http.get("/health")
    assert answer.status_code == 503
    assert answer.json()["reason"] == "the cleaner had ended and was started again"
    assert caller.http.get("/health").status_code == 200
    assert cleaner._thread.is_alive()
    assert before.is_alive()


def test_a_cleaner_that_does_not_get_round_is_told_and_one_failure_ends_nothing(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaner = caller.page.cleaner
    monkeypatch.setattr(cleaner, "_last", time.monotonic() - 4 * cleaner.every - 61)
    assert caller.http.get("/health").json()["reason"] == "the cleaner does not get round"
    monkeypatch.undo()
    rounds = threading.Semaphore(0)

    def fail() -> None:
        rounds.release()
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(cleaner, "every", 0.01)
        patch.setattr(cleaner, "sweep", fail)
        one = module.Cleaner.start
        one(cleaner)
        assert rounds.acquire(timeout=20)
        assert rounds.acquire(timeout=20), "it goes on after a round that failed"
        assert cleaner._thread.is_alive()


def test_a_day_of_use(visitor: Caller, caller: Caller, clock: Any) -> None:
    """A visitor every hour uploads, opens, downloads, calls, and goes away; a round every ten minutes."""
    page, seen = caller.page, dict[Path, float]()
    promise = page.cleaner.keep_seconds + 600
    most = 0
    for minute in range(0, 24 * 60 + 5, 10):
        clock(minute * 60.0)
        if minute % 60 == 0 and minute < 21 * 60:
            one = other(caller, session=uuid.uuid4().hex)
            with one.http:
                one.send(PHOTO, "left.png")
                assert "photo" in [said["kind"] for said in one.messages("open", {"path": one.send(PHOTO)})]
                assert "file" in [said["kind"] for said in one.messages("download", {"what": "own"})]
                if minute % 180 == 0:
                    assert one.fill(one.send(PHOTO), one.send(MASK))[0] == "complete"
        page.cleaner.sweep()
        now = lying(caller)
        seen = {path: seen.get(path, minute * 60.0) for path in now}
        assert all(minute * 60.0 - since <= promise for since in seen.values())
        most = max(most, len(now))
    assert lying(caller) == []
    assert 4 < most < 100
    assert len(page.visits) == 0
    assert len(page.visits.owners) < 20_000
