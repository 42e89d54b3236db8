"""Several visitors at the same time, and what a backend that misbehaves does to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slow
from numpy.typing import NDArray
from PIL import Image as PillowImage

STAGE = ".st-stage-name"


def opened(studio: Any, path: Path, seed: int) -> NDArray[np.uint8]:
    """Open a photo that nobody else has, mark its middle, and return its pixels."""
    soft = np.random.default_rng(seed).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    picture = PillowImage.fromarray(soft).resize((320, 240), PillowImage.Resampling.BICUBIC)
    picture.save(path)
    studio.open(path)
    studio.brush(40)
    studio.stroke((140, 120), (180, 120))
    return np.asarray(picture)


@pytest.fixture(autouse=True)
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow backend works until a test lets it end."""
    monkeypatch.setattr(slow.Slow, "count", 10**6)


def stands(studio: Any, words: str) -> None:
    """Wait until the progress line says so."""
    studio.page.wait_for_function(
        "words => document.querySelector('.st-stage-name').textContent.includes(words)", arg=words
    )


def own(studio: Any, photo: NDArray[np.uint8]) -> None:
    """What this visitor downloads is this visitor's photo with the hole filled, and nothing else."""
    got = np.asarray(PillowImage.open(studio.saved("png")).convert("RGB"))
    apart = (got != photo).any(axis=2)
    assert apart[110:130, 145:175].any()
    apart[70:170, 90:230] = False
    assert not apart.any()


def test_two_visitors_side_by_side_get_their_own_and_one_cancel_touches_one(
    studio: Any, phone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = opened(studio, tmp_path / "a.png", 1), opened(phone, tmp_path / "b.png", 2)
    mask = studio.mask()
    studio.only("slow")
    studio.do("remove")
    stands(studio, "Taking its time")
    phone.only("telea")
    phone.remove()
    assert studio.app("s.app.busy"), "the quick fill had to wait for the slow one"
    own(phone, second)
    phone.page.keyboard.press("Escape")
    phone.only("slow")
    phone.do("remove")
    stands(phone, "Busy, 1 before you")
    studio.do("cancel")
    studio.says("Stopped")
    studio.rest()
    stands(phone, "Taking its time")
    np.testing.assert_array_equal(studio.mask(), mask)
    studio.only("telea")
    studio.remove()
    own(studio, first)
    monkeypatch.setattr(slow.Slow, "count", 0)
    phone.page.wait_for_selector(".st[data-mode='compare']")
    phone.rest()
    made = phone.visit().step().made
    assert list(made) == ["slow"], "the one who waited has the result that was asked for"
    assert list(studio.visit().step().made) == ["telea"]


def test_one_who_waits_and_leaves_is_out_of_the_line(studio: Any, phone: Any, tmp_path: Path) -> None:
    opened(studio, tmp_path / "a.png", 3)
    opened(phone, tmp_path / "b.png", 4)
    studio.only("slow")
    studio.do("remove")
    stands(studio, "Taking its time")
    phone.only("slow")
    phone.do("remove")
    stands(phone, "Busy, 1 before you")
    line = studio.server.page.session.device.slow
    assert len(line) == 1
    phone.page.goto("about:blank")
    studio.wait_until(lambda: len(line) == 0)
    assert studio.app("s.app.busy")
    studio.do("cancel")
    studio.rest()


def test_a_full_line_is_told_in_words_and_loses_nothing(
    studio: Any, phone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(studio, tmp_path / "a.png", 5)
    opened(phone, tmp_path / "b.png", 6)
    mask = phone.mask()
    studio.only("slow")
    phone.only("slow")
    studio.do("remove")
    stands(studio, "Taking its time")
    monkeypatch.setattr(studio.server.page.session.device.slow, "waiting", 0)
    phone.do("remove")
    phone.says("Busy, 1 before you")
    phone.rest()
    np.testing.assert_array_equal(phone.mask(), mask)
    studio.do("cancel")
    studio.rest()


def test_a_backend_that_hangs_holds_up_neither_its_page_nor_the_others(
    studio: Any, phone: Any, tmp_path: Path
) -> None:
    first, second = opened(studio, tmp_path / "a.png", 7), opened(phone, tmp_path / "b.png", 8)
    mask = studio.mask()
    slow.Hanging.let_go.clear()
    studio.only("hanging")
    studio.do("remove")
    stands(studio, "In native code")
    phone.only("telea")
    phone.do("remove")
    stands(phone, "Busy, 1 before you")
    studio.do("cancel")
    studio.says("Stopped")
    studio.rest()
    phone.page.wait_for_selector(".st[data-mode='compare']")
    phone.rest()
    own(phone, second)
    np.testing.assert_array_equal(studio.mask(), mask)
    studio.only("telea")
    studio.remove()
    slow.Hanging.let_go.set()
    studio.page.wait_for_timeout(300)
    assert list(studio.visit().step().made) == ["telea"], "what comes too late must not count"
    own(studio, first)


def test_a_backend_that_takes_its_thread_along_and_one_without_memory_are_told(
    studio: Any, tmp_path: Path
) -> None:
    photo = opened(studio, tmp_path / "a.png", 9)
    mask = studio.mask()
    studio.only("dying")
    studio.do("remove")
    studio.says("Dying failed (SystemExit")
    studio.rest()
    np.testing.assert_array_equal(studio.mask(), mask)
    studio.only("hungry")
    studio.remove()
    studio.says("Memory was short: Hungry tried again")
    own(studio, photo)


def test_a_cancel_that_overtakes_its_work_is_honoured_and_touches_nothing_else(
    studio: Any, tmp_path: Path
) -> None:
    """The press of Remove is held up on its way until the press of Cancel has arrived."""
    opened(studio, tmp_path / "a.png", 11)
    studio.only("slow")
    studio.rest()
    before = len(slow.steps)
    held: list[Any] = []

    def hold(route: Any) -> None:
        removes = '"points"' in (route.request.post_data or "")  # other calls of the page may be on their way
        if held or not removes:
            route.continue_()
        else:
            held.append(route)

    studio.page.route("**/queue/join*", hold)
    studio.do("remove")
    studio.wait_until(lambda: len(held) == 1)
    with studio.page.expect_response("**/run/predict*"):
        studio.page.keyboard.press("Escape")
    held[0].continue_()
    studio.says("Stopped")
    studio.rest()
    assert len(slow.steps) == before, "the work was begun"
    studio.only("telea")
    studio.remove()


def test_a_call_is_cancelled_by_its_event_id(studio: Any, tmp_path: Path) -> None:
    """Over plain HTTP; whoever has asked for nothing yet, and never will, is heard too."""
    import httpx

    opened(studio, tmp_path / "a.png", 12)
    http = httpx.Client(base_url=f"{studio.server.address}/gradio_api", timeout=60)
    with (tmp_path / "a.png").open("rb") as file:
        path = http.post("/upload", files={"files": ("a.png", file)}).json()[0]
    photo = {"path": path, "meta": {"_type": "gradio.FileData"}}
    hole = np.zeros((240, 320), np.uint8)
    hole[100:120, 100:120] = 255
    PillowImage.fromarray(hole).save(tmp_path / "mask.png")
    with (tmp_path / "mask.png").open("rb") as file:
        path = http.post("/upload", files={"files": ("mask.png", file)}).json()[0]
    given = {"photo": photo, "mask": {**photo, "path": path}, "backend": "slow"}
    before = len(slow.steps)
    event = http.post("/call/v2/remove_mask", json=given).json()["event_id"]
    studio.wait_until(lambda: len(slow.steps) > before and slow.steps[-1] > 2)
    named = {"event_id": event, "session_hash": "", "fn_index": 0}
    assert httpx.post(f"{http.base_url}cancel", json={**named, "event_id": "another"}).status_code == 403
    assert http.post("/cancel", json=named).status_code == 200
    line = studio.server.page.session.device.slow
    studio.wait_until(lambda: line._at_work is None)
    made = slow.steps[-1]
    studio.page.wait_for_timeout(300)
    assert slow.steps[-1] == made


def test_gradio_clients_cancel_stops_the_call(studio: Any, tmp_path: Path) -> None:
    gradio_client = pytest.importorskip("gradio_client")
    PillowImage.new("RGB", (90, 60), "grey").save(tmp_path / "photo.png")
    hole = np.zeros((60, 90), np.uint8)
    hole[20:30, 20:30] = 255
    PillowImage.fromarray(hole).save(tmp_path / "mask.png")
    client = gradio_client.Client(studio.server.address, verbose=False, ssl_verify=False)
    photo, mask = (gradio_client.handle_file(tmp_path / name) for name in ("photo.png", "mask.png"))
    before = len(slow.steps)
    job = client.submit(photo=photo, mask=mask, backend="slow", api_name="/remove_mask")
    studio.wait_until(lambda: len(slow.steps) > before and slow.steps[-1] > 2)
    job.cancel()
    line = studio.server.page.session.device.slow
    studio.wait_until(lambda: line._at_work is None)
