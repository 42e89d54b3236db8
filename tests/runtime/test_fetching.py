"""A weight file over the network: resumed, checked by its hash, from mirrors first, and told where it fails."""

from __future__ import annotations

import hashlib
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from inpaint_app.backends.removers import files
from inpaint_app.errors import Cancelled, CheckpointError, MissingWeights
from inpaint_app.runtime import downloads, fetching
from inpaint_app.segmenters import weights
from inpaint_app.settings import Settings
from inpaint_app.types import Progress

NAME = "migan"
DATA = bytes(range(200))


class _Server(BaseHTTPRequestHandler):
    data = b""
    ranges: list[str | None] = []  # noqa: RUF012 - one list for all requests is what is wanted

    def do_GET(self) -> None:
        span = self.headers.get("Range")
        self.ranges.append(span)
        if "gone" in self.path:
            self.send_error(404)
            return
        data = b"<html>a login page</html>" if "captive" in self.path else self.data
        start = int(span.removeprefix("bytes=").rstrip("-")) if span else 0
        self.send_response(206 if span else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        self.wfile.write(data[start:])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache=tmp_path / "cache", checkpoints=tmp_path / "checkpoints")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    listening = HTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    monkeypatch.setattr(fetching, "PIECE", 64)
    _Server.ranges, _Server.data = [], DATA
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    listening.server_close()


@pytest.fixture
def served(server: str, monkeypatch: pytest.MonkeyPatch) -> type[_Server]:
    comes_from(f"{server}/{NAME}", monkeypatch)
    return _Server


def comes_from(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file's own address, its size and its hash."""
    one = replace(files.FILES[NAME], address=address, size=8_000_000, sha256=hashlib.sha256(DATA).hexdigest())
    monkeypatch.setitem(files.FILES, NAME, one)


def test_fetch_brings_the_file_with_progress(served: type[_Server], settings: Settings) -> None:
    assert [lack.fetch for lack in files.migan_missing(settings)] == [NAME]
    seen: list[float] = []
    path = downloads.fetch(NAME, settings, Progress(lambda fraction, stage: seen.append(fraction)))
    assert path.read_bytes() == DATA
    assert files.FILES[NAME].verified(settings) == path
    assert files.migan_missing(settings) == ()
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert len(seen) > 3
    assert downloads.fetch(NAME, settings) == path
    assert len(served.ranges) == 1, "what is here is not fetched again"


def test_fetch_goes_on_where_a_cancelled_one_ended(served: type[_Server], settings: Settings) -> None:
    calls = iter([False, True])
    with pytest.raises(Cancelled):
        downloads.fetch(NAME, settings, Progress(cancelled=lambda: next(calls)))
    assert files.FILES[NAME].locate(settings) is None, "half a file must not serve"
    assert downloads.fetch(NAME, settings).read_bytes() == DATA
    assert served.ranges == [None, "bytes=128-"]


def test_a_file_of_another_content_is_not_kept(
    server: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    comes_from(f"{server}/captive", monkeypatch)
    with pytest.raises(CheckpointError, match="sha256"):
        downloads.fetch(NAME, settings)
    assert not list(settings.weights.iterdir())
    monkeypatch.setattr(weights, "ADDRESS", f"{server}/captive")
    with pytest.raises(CheckpointError, match=r"yolov8n-seg\.pt\.part is no YOLO checkpoint"):
        downloads.fetch("yolov8n-seg", settings)
    assert not list(settings.weights.iterdir())


def test_a_mirror_is_asked_first_and_passed_over_where_it_fails(
    server: str, served: type[_Server], settings: Settings
) -> None:
    mirrored = replace(settings, mirrors=f"{server}/gone, {server}/captive/, {server}/good")
    assert downloads.fetch(NAME, mirrored).read_bytes() == DATA
    assert len(served.ranges) == 3


def test_a_folder_serves_as_it_is_and_only_with_the_right_content(
    served: type[_Server], settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    file = tmp_path / "mine" / files.FILES[NAME].file
    file.write_bytes(DATA)
    mine = replace(settings, mirrors=str(tmp_path / "mine"))
    assert downloads.fetch(NAME, mine) == file
    assert files.FILES[NAME].verified(mine) == file
    assert not served.ranges
    file.write_bytes(b"another")
    with pytest.raises(CheckpointError, match="expected"):
        files.FILES[NAME].verified(mine)


def test_no_file_no_network_and_no_space_are_told_apart(
    server: str, served: type[_Server], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(".")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
        with pytest.raises(MissingWeights, match=r"needs 9 MB.*free some"):
            downloads.fetch(NAME, settings)
    comes_from(f"{server}/gone", monkeypatch)
    with pytest.raises(MissingWeights, match="the server answered 404"):
        downloads.fetch(NAME, settings)
    comes_from("http://127.0.0.1:9/file", monkeypatch)
    with pytest.raises(MissingWeights, match=r"no network.*INPAINT_MIRRORS"):
        downloads.fetch(NAME, settings)
    with pytest.raises(MissingWeights, match="INPAINT_OFFLINE"):
        downloads.fetch(NAME, replace(settings, offline=True))


def test_a_network_that_swallows_everything_is_told_in_two_seconds(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    comes_from("https://files.invalid/file", monkeypatch)
    monkeypatch.setattr(socket, "create_connection", lambda *given: time.sleep(30))
    began = time.monotonic()
    with pytest.raises(MissingWeights, match="there is no network here"):
        downloads.fetch(NAME, settings)
    assert time.monotonic() - began < 2


def test_licence_and_origin_stand_where_it_is_offered(settings: Settings) -> None:
    offered = downloads.fetchable(settings)
    assert "28.1 MB" in offered["migan"]
    assert "MIT" in offered["migan"]
    assert "Places365, whose photos are for research" in offered["lama"]
