"""How YOLO's weights are fetched: with progress, resumed, checked, and every failure in a sentence."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from inpaint_app.errors import Cancelled, CheckpointError, MissingWeights
from inpaint_app.runtime import fetching
from inpaint_app.segmenters import weights
from inpaint_app.settings import Settings
from inpaint_app.types import Progress
from tests.segmenters.test_weights import NAME, own_weights


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache=tmp_path / "cache", checkpoints=tmp_path / "checkpoints")


class _Server(BaseHTTPRequestHandler):
    data = b""
    ranges: list[str | None] = []  # noqa: RUF012 - one list for all requests is what is wanted

    def do_GET(self) -> None:
        span = self.headers.get("Range")
        self.ranges.append(span)
        if "gone" in self.path:
            self.send_error(404)
            return
        start = int(span.removeprefix("bytes=").rstrip("-")) if span else 0
        self.send_response(206 if span else 200)
        self.send_header("Content-Length", str(len(self.data) - start))
        self.end_headers()
        self.wfile.write(self.data[start:])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Server]]:
    server = HTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(weights, "ADDRESS", f"http://127.0.0.1:{server.server_port}/{{name}}.pt")
    monkeypatch.setattr(fetching, "PIECE", 64)
    _Server.ranges = []
    _Server.data = own_weights()
    yield _Server
    server.shutdown()
    server.server_close()


def test_fetch_brings_the_file_with_progress(served: type[_Server], settings: Settings) -> None:
    seen: list[float] = []
    path = weights.fetch(NAME, settings, Progress(lambda fraction, stage: seen.append(fraction)))
    assert path.read_bytes() == served.data
    assert weights.locate(NAME, settings) == path
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert len(seen) > 3


def test_fetch_goes_on_where_a_cancelled_one_ended(served: type[_Server], settings: Settings) -> None:
    calls = iter([False, True])
    with pytest.raises(Cancelled):
        weights.fetch(NAME, settings, Progress(cancelled=lambda: next(calls)))
    assert weights.locate(NAME, settings) is None, "half a file must not serve"
    assert weights.fetch(NAME, settings).read_bytes() == served.data
    assert served.ranges == [None, "bytes=128-"]


def test_rubbish_is_not_kept(served: type[_Server], settings: Settings) -> None:
    served.data = b"<html>a login page</html>"
    with pytest.raises(CheckpointError):
        weights.fetch(NAME, settings)
    assert not list(weights.folder_of(settings).iterdir())


def test_no_file_no_network_and_no_space_are_told_apart(
    served: type[_Server], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(".")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
        with pytest.raises(MissingWeights, match=r"needs 8 MB.*free some"):
            weights.fetch(NAME, settings)
    monkeypatch.setattr(weights, "ADDRESS", weights.ADDRESS.replace("{name}", "gone"))
    with pytest.raises(MissingWeights, match="the server answered 404"):
        weights.fetch(NAME, settings)
    monkeypatch.setattr(weights, "ADDRESS", "http://127.0.0.1:9/{name}.pt")
    with pytest.raises(MissingWeights, match=r"no network.*Brushing works without it"):
        weights.fetch(NAME, settings)
    offline = Settings(cache=settings.cache, checkpoints=settings.checkpoints, offline=True)
    with pytest.raises(MissingWeights, match="INPAINT_OFFLINE"):
        weights.fetch(NAME, offline)
