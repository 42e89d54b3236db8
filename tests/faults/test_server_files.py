"""A server that is killed, or whose disk is full: what visitors left goes, and the next start serves none of it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.processes import killed, started
from tests.faults.test_full_disk import full  # noqa: F401 - a fixture

pytest.importorskip("resource")  # limits of a process: not on Windows

SERVER = """
import sys
from inpaint_app.removal.session import Session
from inpaint_app.settings import Settings
from inpaint_app.ui.page import build, launch_options
page = build(Session(Settings.from_environment()))
options = {**launch_options(page.session.settings), "server_name": "127.0.0.1"}
page.launch(**options, prevent_thread_lock=True, quiet=True)
print("at", page.local_url, flush=True)
page.block_thread()
"""
PHOTO = (Path(__file__).parents[2] / "inpaint_app/ui/static/examples/wall.jpg").read_bytes()


@contextmanager
def serving(folder: Path, limit: int | None = None, **environment: str) -> Iterator[tuple[Any, httpx.Client]]:
    """A server in a process of its own, and a browser with a cookie."""
    given = {"GRADIO_TEMP_DIR": str(folder), "GRADIO_ANALYTICS_ENABLED": "False", **environment}
    process = started(SERVER, limit=limit, **given)
    try:
        assert process.stdout is not None
        address = next((line for line in process.stdout if line.startswith("at ")), "")
        assert address, process.communicate()[1]
        fresh = httpx.Limits(max_keepalive_connections=0)  # a busy server may close one as it is used again
        with httpx.Client(base_url=address.removeprefix("at ").strip(), timeout=120, limits=fresh) as browser:
            browser.cookies.set("inpaint-browser", "one")
            yield process, browser
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate(timeout=20)


def send(browser: httpx.Client, data: bytes, name: str = "photo.jpg") -> httpx.Response:
    return browser.post("/gradio_api/upload", files={"files": (name, data)})


def opened(browser: httpx.Client, path: str) -> list[str]:
    """Open a photo on the page; the paths of what is shown of it."""
    config = browser.get("/config").json()
    number = next(one["id"] for one in config["dependencies"] if one["api_name"] == "open")
    body = {
        "data": [],
        "event_data": {"path": path, "name": "photo.jpg"},
        "fn_index": number,
        "session_hash": "tab",
    }
    assert browser.post("/gradio_api/queue/join", json=body).status_code == 200
    text = browser.get("/gradio_api/queue/data?session_hash=tab").text
    return [word for word in text.split('"') if "/visits/" in word and word.startswith("/")]


def test_after_a_kill_the_next_start_deletes_and_serves_nothing_of_before(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    with serving(folder) as (process, browser):
        (upload,) = send(browser, PHOTO).json()
        (again,) = send(browser, PHOTO).json()
        shown = opened(browser, again)
        handed = next(folder.glob("server-*")) / "handed" / "x" / "result.jpg"
        handed.parent.mkdir()
        handed.write_bytes(PHOTO)
        before = [upload, str(handed), *shown]
        assert len(before) >= 4
        assert all(browser.get(f"/gradio_api/file={path}").status_code == 200 for path in before)
        killed(process)
    assert all(Path(path).exists() for path in before), "a kill gave no time to clean"
    earlier = folder / ("0" * 64) / "of an earlier version.jpg"
    earlier.parent.mkdir()
    earlier.write_bytes(PHOTO)
    subprocess.run(["touch", "-d", "2 days ago", str(earlier.parent)], check=True)
    with serving(folder) as (_, browser):
        for path in (*before, str(earlier)):
            assert browser.get(f"/gradio_api/file={path}").status_code in (403, 404)
            assert not Path(path).exists()
        assert browser.get("/health").status_code == 200
        assert len(list(folder.glob("server-*"))) == 1


def test_an_upload_that_meets_a_full_disk_leaves_nothing_and_the_server_recovers(
    full: Path,  # noqa: F811
) -> None:
    with serving(full, limit=1_000_000) as (_, browser):
        answer = send(browser, bytes(3_000_000))
        assert answer.status_code == 507
        assert answer.text == "The server's disk is full: try again later."
        assert [path for path in full.rglob("*") if path.is_file() and path.stat().st_size] == []
        assert browser.get("/health").json()["status"] == "ok"
        assert send(browser, bytes(1000)).status_code == 200
