"""A short form of benchmarks/load.py: several visitors at once, half of them programs, everyone gets their own."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
import slow

from benchmarks.load import crowd, errors, mixed, together
from benchmarks.load_photos import KINDS, Log, Mixed, OwnPhoto, mask_png
from benchmarks.load_visitors import ApiVisitor, Fills, PageVisitor
from inpaint_app.ui import view_models

SAVED_AND_READ = 0, False, False, False, False, False, False, None
"""The arguments of remove_mask behind the candidates: how it is saved, how the mask is read, further shots."""
FILLS = Fills(quick=("telea", "navier-stokes"), slow="slow")


def test_everyone_gets_their_own_and_no_error_but_the_announced(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow.Slow, "count", 20)
    monkeypatch.setattr(slow.Slow, "fills", True)
    visitors = crowd(server.address, 4, FILLS, tmp_path)
    log = Log()
    mixed(visitors, 10, log)
    for visitor in visitors:
        visitor.close()
    assert not log.errors, errors(log)
    assert len([kind for kind, _ in log.done if kind in KINDS]) >= 4
    device = server.page.session.device
    assert (len(device.quick), len(device.slow)) == (0, 0)


def test_a_mixed_up_result_would_be_seen(tmp_path: Path) -> None:
    bus = view_models.samples()["bus.jpg"]
    mine, yours = OwnPhoto(1, tmp_path, bus), OwnPhoto(2, tmp_path, bus)
    hole = mine.hole(random.Random(0))
    filled = mine.pixels.copy()
    filled[hole] = 255 - filled[hole]
    mine.check(filled, hole, 0)
    with pytest.raises(Mixed, match="came back for one of"):
        yours.check(filled, hole, 0)
    with pytest.raises(Mixed, match="not filled"):
        mine.check(mine.pixels, hole, 0)
    filled[0, 0] += 1
    with pytest.raises(Mixed, match="1 known pixels"):
        mine.check(filled, hole, 0)


def test_a_program_that_cancels_or_goes_away_leaves_the_line(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow.Slow, "count", 10**6)
    line = server.page.session.device.slow
    photo = OwnPhoto(7, tmp_path, view_models.samples()["bus.jpg"])
    with httpx.Client(base_url=f"{server.address}/gradio_api", timeout=60) as plain:
        event = called(plain, photo)
        with plain.stream("GET", f"/call/remove_mask/{event}"):
            until(lambda: line._at_work is not None)
            visitor = ApiVisitor(server.address, photo, FILLS, tmp_path, 1)
            given, _ = visitor.asked("slow", {})
            job = visitor.client.submit(**given, api_name="/remove_mask")
            until(lambda: len(line) == 1)
            job.cancel()
            until(lambda: len(line) == 0)
            assert line._at_work is not None
        until(lambda: line._at_work is None)
        visitor.close()


def called(plain: httpx.Client, photo: OwnPhoto) -> str:
    """Ask for a slow fill as curl does; the event's name."""
    files = {
        "photo": photo.path.read_bytes(),
        "mask": mask_png(photo.hole(random.Random(1))),
    }
    data: list[Any] = []
    for name, content in files.items():
        (path,) = plain.post("/upload", files={"files": (f"{name}.png", content)}).json()
        data.append({"path": path, "meta": {"_type": "gradio.FileData"}})
    reply = plain.post(
        "/call/remove_mask", json={"data": [*data, "slow", "{}", "auto", "auto", 1, *SAVED_AND_READ]}
    )
    return str(reply.raise_for_status().json()["event_id"])


def until(condition: Any, seconds: float = 60) -> None:
    pause = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError("it did not happen in time")


def test_a_page_hears_its_place_in_the_line(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow.Slow, "count", 10**6)
    monkeypatch.setattr(slow.Slow, "fills", True)
    visitors = [v for v in crowd(server.address, 5, FILLS, tmp_path) if isinstance(v, PageVisitor)]
    log = Log()

    def all_have_heard() -> bool:
        said = " ".join(place for visitor in visitors for place in visitor.places)
        return "Busy, 1 before you" in said and "Busy, 2 before you" in said

    def let_them_through() -> None:
        try:
            until(all_have_heard)
        finally:
            slow.Slow.count = 1

    together([*(lambda v=v: log.run("slow fill", v.slow) for v in visitors), let_them_through])
    assert not log.errors, errors(log)
    assert all_have_heard()
