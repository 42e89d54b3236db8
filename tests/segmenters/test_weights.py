"""Where weights are looked for, what a file says of itself, and how one is fetched."""

from __future__ import annotations

import io
import os
import pickle
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from inpaint_app.errors import Cancelled, CheckpointError, MissingWeights
from inpaint_app.segmenters import registry, weights
from inpaint_app.settings import Settings
from inpaint_app.types import Progress

NAME = "yolov8n-seg"


def checkpoint(pickled: bytes) -> bytes:
    """A file shaped as torch.save makes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("best/data.pkl", pickled)
    return buffer.getvalue()


class SegmentationModel:
    """Pickles as a model of that name, with the classes that a user trained."""

    def __init__(self, names: dict[int, str]) -> None:
        self.names = names


class DetectionModel(SegmentationModel):
    pass


def own_weights(kind: type[SegmentationModel] = SegmentationModel) -> bytes:
    return checkpoint(pickle.dumps({"ema": None, "model": kind({0: "cat", 1: "tractor"})}, protocol=2))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache=tmp_path / "cache", checkpoints=tmp_path / "checkpoints")


def test_the_setting_comes_before_checkpoints_and_those_before_the_cache(
    settings: Settings, tmp_path: Path
) -> None:
    assert weights.locate(NAME, settings) is None
    places = [tmp_path / "cache" / "weights" / f"{NAME}.pt", tmp_path / "checkpoints" / f"{NAME}.pt"]
    for place in places:
        place.parent.mkdir(parents=True)
        place.touch()
        assert weights.locate(NAME, settings) == place
    own = tmp_path / f"{NAME}_mine.pt"
    own.touch()
    mine = Settings(cache=settings.cache, checkpoints=settings.checkpoints, yolo_weights=own)
    assert weights.locate(NAME, mine) == own
    assert weights.locate(weights.OWN, mine) == own
    assert weights.locate("yolov8s-seg", mine) is None


def test_what_is_missing_is_said_with_the_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INPAINT_CACHE", str(tmp_path))
    monkeypatch.setenv("INPAINT_CHECKPOINTS", str(tmp_path))
    monkeypatch.delenv("INPAINT_YOLO_WEIGHTS", raising=False)
    (lack,) = weights.missing(NAME)
    assert (lack.what, lack.fetch, lack.megabytes) == (f"the weight file {NAME}.pt", NAME, 7.1)
    with pytest.raises(MissingWeights, match="Brushing works without it"):
        registry.best()
    monkeypatch.setenv("INPAINT_YOLO_WEIGHTS", str(tmp_path / "nowhere.pt"))
    (lack,) = weights.missing(weights.OWN)
    assert "nowhere.pt" in lack.what
    assert lack.fetch is None


def test_asking_what_is_missing_imports_nothing_heavy() -> None:
    code = (
        "import sys; from inpaint_app.segmenters import registry\n"
        "[spec.missing() for spec in registry.specs()]\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'ultralytics', 'torchvision')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_own_weights_are_the_best_segmenter_with_their_own_classes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "farm.pt"
    path.write_bytes(own_weights())
    monkeypatch.setenv("INPAINT_YOLO_WEIGHTS", str(path))
    spec = registry.best()
    assert (spec.name, spec.title, spec.labels) == (weights.OWN, "farm", ("cat", "tractor"))
    assert registry.find(weights.OWN) == spec
    assert "tractor" in registry.labels()
    assert "person" in registry.labels()


def test_content_of_the_real_weights(yolo_weights: Path) -> None:
    found = weights.content(yolo_weights)
    assert found.labels == registry.COCO
    assert found.model == "SegmentationModel"


def test_reading_a_file_runs_nothing_of_it(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "run"),)

    path = tmp_path / "bomb.pt"
    path.write_bytes(checkpoint(pickle.dumps({"ema": None, "model": Bomb()}, protocol=2)))
    with pytest.raises(CheckpointError):
        weights.content(path)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty", b""),
        ("text", b"a text file named .pt"),
        ("pickle", pickle.dumps({"model": 1})),
        ("other", checkpoint(pickle.dumps([1, 2]))),
        ("nothing", checkpoint(b"")),
        ("detector", own_weights(DetectionModel)),
        ("cut", own_weights()[:-30]),
    ],
)
def test_files_that_are_no_segmentation_checkpoint_are_refused(
    tmp_path: Path, name: str, data: bytes
) -> None:
    path = tmp_path / f"{name}.pt"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=rf"{name}\.pt .*(expected|damaged)"):
        weights.content(path)


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
    monkeypatch.setattr(weights, "PIECE", 64)
    _Server.ranges = []
    _Server.data = own_weights()
    yield _Server
    server.shutdown()
    server.server_close()


def test_fetch_brings_the_file_with_progress(served: type[_Server], settings: Settings) -> None:
    seen: list[float] = []
    path = weights.fetch(NAME, Progress(lambda fraction, stage: seen.append(fraction)), settings)
    assert path.read_bytes() == served.data
    assert weights.locate(NAME, settings) == path
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert len(seen) > 3


def test_fetch_goes_on_where_a_cancelled_one_ended(served: type[_Server], settings: Settings) -> None:
    calls = iter([False, True])
    with pytest.raises(Cancelled):
        weights.fetch(NAME, Progress(cancelled=lambda: next(calls)), settings)
    assert weights.locate(NAME, settings) is None, "half a file must not serve"
    assert weights.fetch(NAME, None, settings).read_bytes() == served.data
    assert served.ranges == [None, "bytes=128-"]


def test_rubbish_is_not_kept(served: type[_Server], settings: Settings) -> None:
    served.data = b"<html>a login page</html>"
    with pytest.raises(CheckpointError):
        weights.fetch(NAME, None, settings)
    assert not list(weights.folder_of(settings).iterdir())


def test_no_file_no_network_and_no_space_are_told_apart(
    served: type[_Server], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(".")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
        with pytest.raises(MissingWeights, match=r"needs 8 MB.*free some"):
            weights.fetch(NAME, None, settings)
    monkeypatch.setattr(weights, "ADDRESS", weights.ADDRESS.replace("{name}", "gone"))
    with pytest.raises(MissingWeights, match="the server answered 404"):
        weights.fetch(NAME, None, settings)
    monkeypatch.setattr(weights, "ADDRESS", "http://127.0.0.1:9/{name}.pt")
    with pytest.raises(MissingWeights, match=r"no network.*Brushing works without it"):
        weights.fetch(NAME, None, settings)
    offline = Settings(cache=settings.cache, checkpoints=settings.checkpoints, offline=True)
    with pytest.raises(MissingWeights, match="INPAINT_OFFLINE"):
        weights.fetch(NAME, None, offline)
