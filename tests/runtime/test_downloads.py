"""Fetching at first use: only where the settings say so, once for all who wait, and not again and again in vain."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inpaint_app.backends import registry as backends
from inpaint_app.errors import Cancelled, MissingWeights, OptionError
from inpaint_app.removal.session import Request, Session
from inpaint_app.runtime import downloads, fetching
from inpaint_app.runtime.fetching import Wanted
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.segmenters import weights
from inpaint_app.settings import Settings
from inpaint_app.types import Missing, Progress


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any weights."""
    monkeypatch.setattr(downloads, "_failed", None)
    return tmp_path


def settings(empty: Path, first_use: bool = True, offline: bool = False) -> Settings:
    return Settings(cache=empty / "cache", checkpoints=empty, fetch_at_first_use=first_use, offline=offline)


def test_on_an_own_machine_nothing_is_fetched_unasked(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "fetch_file", lambda *given: pytest.fail("fetched"))
    for given in (settings(empty, first_use=False), settings(empty, offline=True)):
        with pytest.raises(MissingWeights, match="Brushing works without it"):
            downloads.finder(given)


def test_the_smallest_is_fetched_when_objects_are_first_looked_for(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, told = [], []

    def fetch(wanted: Wanted, folder: Path, settings: Settings, progress: Progress) -> Path:
        asked.append(wanted.file)
        progress(0.5, f"Fetching {wanted.file}: 3.5 of 7.1 MB")
        path = empty / wanted.file
        path.write_bytes(b"weights")
        return path

    monkeypatch.setattr(fetching, "fetch_file", fetch)
    spec = downloads.finder(settings(empty), Progress(lambda fraction, stage: told.append(stage)))
    assert spec.name == "yolov8n-seg"
    assert downloads.finder(settings(empty)).name == "yolov8n-seg"
    assert asked == ["yolov8n-seg.pt"]
    assert told == ["Fetching yolov8n-seg.pt: 3.5 of 7.1 MB"]


def test_a_download_that_failed_is_told_again_at_once_and_tried_again_later(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def fail(wanted: Wanted, folder: Path, settings: Settings, progress: Progress) -> Path:
        tries.append(wanted.file)
        raise MissingWeights("there is no network here")

    monkeypatch.setattr(fetching, "fetch_file", fail)
    for _ in range(3):
        with pytest.raises(MissingWeights, match="no network"):
            downloads.finder(settings(empty))
    assert len(tries) == 1
    now = time.monotonic()
    monkeypatch.setattr(downloads.time, "monotonic", lambda: now + downloads.FAILED_SECONDS + 1)
    with pytest.raises(MissingWeights):
        downloads.finder(settings(empty))
    assert len(tries) == 2


def test_without_the_weights_a_brushed_mask_is_removed_all_the_same(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "ADDRESS", "http://127.0.0.1:9/{name}.pt")  # nobody listens there
    session = Session(settings(empty))
    image, mask = np.full((40, 40, 3), 90, np.uint8), np.zeros((40, 40), bool)
    mask[10:20, 10:20] = True
    with pytest.raises(MissingWeights, match="no network here"):
        session.run(image, Request(objects=("people",), backend="telea"))
    assert session.run(image, Request(mask=mask, backend="telea")).changed_known == 0


def test_one_download_at_a_time_and_who_waits_can_stop(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entered, leave = threading.Event(), threading.Event()
    running, most = [], []

    def slow(wanted: Wanted, folder: Path, settings: Settings, progress: Progress) -> Path:
        running.append(wanted.file)
        most.append(len(running))
        entered.set()
        leave.wait(10)
        running.pop()
        return empty / wanted.file

    monkeypatch.setattr(fetching, "fetch_file", slow)
    first = threading.Thread(target=downloads.fetch, args=("yolov8n-seg", settings(empty)))
    first.start()
    assert entered.wait(10)
    told: list[str] = []
    with pytest.raises(Cancelled):
        downloads.fetch(
            "yolov8s-seg",
            settings(empty),
            Progress(lambda fraction, stage: told.append(stage), lambda: bool(told)),
        )
    assert told == ["Fetching yolov8s-seg: another download is going on"]
    second = threading.Thread(target=downloads.fetch, args=("yolov8n-seg", settings(empty)))
    second.start()
    leave.set()
    first.join(10)
    second.join(10)
    assert most == [1, 1]


def test_what_is_too_large_for_a_server_is_not_offered(empty: Path) -> None:
    assert "yolov8x-seg" in downloads.fetchable(settings(empty))
    small = downloads.fetchable(settings(empty), 60)
    assert {"yolov8n-seg", "yolov8s-seg", "yolov8m-seg"} <= set(small)
    assert not {"yolov8l-seg", "yolov8x-seg", "stable-diffusion"} & set(small)


def test_the_shipped_finder_serves_where_nothing_can_be_fetched(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def fail(wanted: Wanted, folder: Path, settings: Settings, progress: Progress) -> Path:
        tries.append(wanted.file)
        raise MissingWeights("there is no network here")

    monkeypatch.setattr(fetching, "fetch_file", fail)
    monkeypatch.setattr("inpaint_app.models.checkpoints.available", lambda name, where: name == "finder")
    assert downloads.finder(settings(empty, first_use=False)).name == "finder"
    assert tries == []
    assert [downloads.finder(settings(empty)).name for _ in range(2)] == ["finder", "finder"]
    assert tries == ["yolov8n-seg.pt"], "fetched for first, once"


def test_what_can_be_fetched_is_named_and_the_rest_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = Missing("the weights", "fetch them", 12.5, fetch="tiny")
    lacking = replace(backends.find("telea"), title="Lacking", lacks=f"{__name__}:lacks_tiny")
    monkeypatch.setattr(backends, "BACKENDS", (lacking,))
    monkeypatch.setattr(segmenters, "SEGMENTERS", ())
    monkeypatch.setattr(segmenters, "SELECTORS", ())
    monkeypatch.delenv("INPAINT_YOLO_WEIGHTS", raising=False)
    assert lacking.missing(Settings()) == (missing,)
    assert downloads.fetchable(Settings()) == {"tiny": "Lacking, 12.5 MB"}
    with pytest.raises(OptionError, match="Did you mean 'yolov8n-seg'"):
        downloads.fetch("yolo8n-seg", Settings())


def lacks_tiny(settings: Settings) -> tuple[Missing, ...]:
    return (Missing("the weights", "fetch them", 12.5, fetch="tiny"),)
