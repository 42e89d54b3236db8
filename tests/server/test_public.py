"""The page as a public Space has it: the same page, with limits for strangers, on a running server."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image as PillowImage

from inpaint_app.removal.session import Session
from inpaint_app.server import health
from inpaint_app.server.guard import limits
from inpaint_app.server.visitors import Visits
from inpaint_app.settings import Settings
from inpaint_app.ui.page import build, launch_options
from inpaint_app.ui.tabs import batch

gradio_client = pytest.importorskip("gradio_client")
SPACE = {
    "SPACE_ID": "somebody/inpaint",
    "CPU_CORES": "2",
    "MEMORY": "16Gi",
    "INPAINT_VISITOR_PER_MINUTE": "4",
}


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A page under a Space's settings, on this machine alone and at a free port."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        patch.setenv("INPAINT_CACHE", str(tmp_path_factory.mktemp("cache")))
        for name, value in SPACE.items():
            patch.setenv(name, value)
        patch.setattr(limits, "MINUTE", 3600.0)  # a busy machine may take a minute for a few fills
        page = build(Session(Settings.from_environment()))
        options = {**launch_options(page.session.settings), "server_name": "127.0.0.1", "server_port": None}
        page.launch(**options, prevent_thread_lock=True, quiet=True)
        yield page
        page.close(verbose=False)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    pixels = np.random.default_rng(1).integers(0, 255, (60, 80, 3), np.uint8)
    hole = np.zeros((60, 80), np.uint8)
    hole[20:30, 30:45] = 255
    PillowImage.fromarray(pixels).save(tmp_path / "photo.png")
    PillowImage.fromarray(hole).save(tmp_path / "mask.png")
    return {name: gradio_client.handle_file(tmp_path / f"{name}.png") for name in ("photo", "mask")}


def test_it_listens_where_a_space_is_looked_for_and_nowhere_else_unasked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (*SPACE, "INPAINT_SURROUNDINGS"):
        monkeypatch.delenv(name, raising=False)
    own = launch_options(Settings.from_environment())
    assert (own["server_name"], own["server_port"], own["share"]) == (None, None, False)
    monkeypatch.setenv("SPACE_ID", "somebody/inpaint")
    public = launch_options(Settings.from_environment())
    assert (public["server_name"], public["server_port"], public["share"]) == ("0.0.0.0", 7860, False)
    assert public["max_file_size"] == 40_000_000
    assert not public["show_error"]


def test_the_queue_and_what_is_kept_are_a_spaces(space: Any) -> None:
    assert space._queue.max_size == 40
    assert space.cleaner.keep_seconds == 3600
    assert space.visits.settings.keep_minutes == 60


def test_health_is_told_and_says_nothing_of_visitors(space: Any) -> None:
    with urllib.request.urlopen(f"{space.local_url}health", timeout=30) as answer:
        told = json.load(answer)
    assert set(told) == {"status", "version"}
    assert told["status"] == "ok"


def test_where_nothing_can_be_written_it_is_not_healthy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(**given: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(health.tempfile, "TemporaryFile", full)
    assert health.unwritable(tmp_path) == "no file can be written: No space left on device"


def test_a_visitor_has_so_many_fills_a_minute_and_a_new_client_does_not_help(
    space: Any, files: dict[str, Any]
) -> None:
    def client(address: str) -> Any:
        headers = {"x-forwarded-for": address}
        return gradio_client.Client(space.local_url, verbose=False, headers=headers, ssl_verify=False)

    def ask(client: Any) -> Any:
        return client.predict(**files, backend="telea", api_name="/remove_mask")

    own = client("1.1.1.1, 93.184.216.34")
    for _ in range(4):
        _, report = ask(own)
        assert report["changed_known"] == 0
    with pytest.raises(
        gradio_client.exceptions.AppError, match="4 fills a minute for each visitor: try again in"
    ):
        ask(client("8.8.8.8, 93.184.216.34"))
    _, report = ask(client("93.184.216.35"))
    assert report["changed_known"] == 0


def test_a_space_is_shown_in_frames_of_huggingface_and_answers_to_its_name(space: Any) -> None:
    page = httpx.get(space.local_url, timeout=60, headers={"x-forwarded-proto": "https"})
    assert "frame-ancestors 'self' https://huggingface.co" in page.headers["content-security-policy"]
    assert "x-frame-options" not in page.headers
    cookie = page.headers["set-cookie"]
    assert cookie.startswith("__Host-inpaint-browser=")
    assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=None", "Partitioned"))
    for host, status in (
        ("somebody-inpaint.hf.space", 200),
        ("evil.example", 403),
        ("hf.space.evil.example", 403),
    ):
        assert httpx.get(f"{space.local_url}config", timeout=60, headers={"host": host}).status_code == status
        named = {"x-forwarded-host": host}
        assert httpx.get(f"{space.local_url}config", timeout=60, headers=named).status_code == status


def test_a_client_without_a_cookie_is_its_address_behind_the_proxy(space: Any) -> None:
    sent = {"files": ("a.png", b"a photo")}
    mine, other = ({"x-forwarded-for": f"93.184.216.{number}"} for number in (50, 51))
    (path,) = httpx.post(f"{space.local_url}gradio_api/upload", files=sent, timeout=60, headers=mine).json()
    for headers, status in ((mine, 200), (other, 403), ({}, 403)):
        assert (
            httpx.get(f"{space.local_url}gradio_api/file={path}", headers=headers, timeout=60).status_code
            == status
        )
    for headers, status in ((mine, 200), (other, 403)):
        address = f"{space.local_url}gradio_api/queue/data?session_hash=of-an-address"
        assert httpx.get(address, headers=headers, timeout=60).status_code == status


def test_a_photo_over_the_limit_is_refused_in_words(
    space: Any, files: dict[str, Any], tmp_path: Path
) -> None:
    PillowImage.new("L", (5100, 5000)).save(tmp_path / "large.png")
    client = gradio_client.Client(
        space.local_url, verbose=False, headers={"x-forwarded-for": "93.184.216.36"}
    )
    with pytest.raises(gradio_client.exceptions.AppError, match=r"25\.5 megapixels.*25"):
        client.predict(
            **{**files, "photo": gradio_client.handle_file(tmp_path / "large.png")}, api_name="/remove_mask"
        )


def test_a_batch_is_of_a_few_photos(tmp_path: Path) -> None:
    session = Session(Settings(batch_photos=5))
    photos = [str(tmp_path / f"{number}.jpg") for number in range(6)]
    visit = Visits(tmp_path / "visits").of("somebody")
    *_, (status, rows, _) = batch.work(session, visit, photos, [], ["people"], "telea")
    assert "There are 6 photos, this server takes 5 in a batch" in status
    assert rows == ""


def test_an_upload_that_nobody_opens_is_deleted_in_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setenv("INPAINT_KEEP_MINUTES", "0.05")
    page = build(Session(Settings.from_environment()))
    options = {**launch_options(page.session.settings), "server_name": "127.0.0.1", "server_port": None}
    page.launch(**options, prevent_thread_lock=True, quiet=True)
    try:
        sent = {"files": ("holiday.jpg", b"a photo", "image/jpeg")}
        (path,) = httpx.post(f"{page.local_url}gradio_api/upload", files=sent, timeout=60).json()
        assert Path(path).is_relative_to(tmp_path)
        ends = time.monotonic() + 60
        while Path(path).exists():
            assert time.monotonic() < ends, "still there"
            time.sleep(0.2)
    finally:
        page.close(verbose=False)
