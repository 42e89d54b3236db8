"""kill -9 in the middle of things, and disks that are full: finished work stays, nothing half-written counts."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from inpaint_app import batch, journal
from inpaint_app.errors import MissingWeights, SaveError
from inpaint_app.imaging import files
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.segmenters import weights
from inpaint_app.session import Job, Session
from inpaint_app.settings import Settings
from tests.conftest import ROOT
from tests.segmenters.test_weights import own_weights
from tests.toys import FINDER

resource = pytest.importorskip("resource")  # limits of a process: not on Windows
NAME = "yolov8n-seg"
PEOPLE = Job(objects=("people",), backend="telea")


def started(
    code: str, *arguments: object, limit: int | None = None, **environment: str
) -> subprocess.Popen[str]:
    """A Python process of its own that runs `code`; limit: bytes that its files may have."""

    def bounded() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=bounded,
    )


def killed(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGKILL, "it ended before it could be killed"


def until(condition: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    ends = time.monotonic() + 60
    while not condition():
        if process is not None and process.poll() is not None:
            raise AssertionError(process.communicate()[1])
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.002)


def photo(path: Path, seed: int, side: int = 48) -> Path:
    image = np.random.default_rng(seed).integers(60, 256, (side, side + 16, 3)).astype(np.uint8)
    image[:16, :16] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return path


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setattr(segmenters, "SEGMENTERS", (FINDER,))
    monkeypatch.delenv("INPAINT_YOLO_WEIGHTS", raising=False)
    return Session(Settings())


SAVING = """
import sys
from pathlib import Path
from inpaint_app.imaging import files
data = [bytes([number]) * 40_000_000 for number in (1, 2)]
print("ready", flush=True)
for turn in range(10_000):
    files.write_bytes(data[turn % 2], Path(sys.argv[1]))
"""


def test_a_kill_in_the_middle_of_a_save_leaves_one_whole_file(tmp_path: Path) -> None:
    target = tmp_path / "photo.png"
    for delay in (0.0, 0.02):
        process = started(SAVING, target)
        assert process.stdout is not None
        process.stdout.readline()
        until(target.exists, process)
        until(lambda: any(tmp_path.glob(".photo.png.*.part")), process)
        time.sleep(delay)
        killed(process)
        data = target.read_bytes()
        assert len(data) == 40_000_000
        assert len(set(data)) == 1


BATCH = """
import sys, time
from pathlib import Path
from inpaint_app import batch
from inpaint_app.imaging import files
from inpaint_app.segmenters import registry
from inpaint_app.session import Job, Session
from tests.toys import FINDER
registry.SEGMENTERS = (FINDER,)
replace = files.os.replace
def slowly(source, target):  # so that a kill finds a file that is written and not yet renamed
    time.sleep(0.4)
    replace(source, target)
files.os.replace = slowly
folder = Path(sys.argv[1])
job = Job(objects=("people",), backend="telea")
batch.run(batch.photos_in(folder / "in"), job, folder / "out", Session(), resume=True)
"""


def test_a_batch_that_is_killed_again_and_again_ends_as_one_that_was_not(
    session: Session, tmp_path: Path
) -> None:
    paths = [photo(tmp_path / "in" / f"{name}.png", n) for n, name in enumerate("abcdef")]
    out = tmp_path / "out"
    done: set[str] = set()
    for kill in range(2):
        process = started(BATCH, tmp_path)
        wanted = 2 * (kill + 1)
        until(lambda wanted=wanted: len(list(out.glob("*.png"))) >= wanted, process)
        until(lambda: any(out.glob(".*.part")), process)
        killed(process)
        rows = journal.read(out / "batch.csv")
        assert {row.photo for row in rows} >= done, "finished work was lost"
        for row in rows:
            assert hashlib.sha256((out / row.result).read_bytes()).hexdigest() == row.sha256
        done = {row.photo for row in rows}
        for result in out.glob("*.png"):
            files.load(result)
    assert len(done) >= 3
    summary = batch.run(paths, PEOPLE, out, session, resume=True)
    assert summary.resumed == len(done)
    whole = batch.run(paths, PEOPLE, tmp_path / "whole", session)
    assert [row.sha256 for row in summary.rows] == [row.sha256 for row in whole.rows]
    assert sorted(path.name for path in out.iterdir()) == sorted(
        [journal.LOCK, journal.NAME, *(path.name for path in paths)]
    ), "something half-written was left lying"


def test_what_is_no_leftover_of_ours_is_left_alone(session: Session, tmp_path: Path) -> None:
    path = photo(tmp_path / "in" / "a.png", 0)
    out = tmp_path / "out"
    out.mkdir()
    for name in (".download.part", "film.avi.abcdefgh.part", ".a.png.ABCDEFGH.part"):
        (out / name).write_text("mine")
    (out / ".a.png.abcdef_8.part").write_text("ours")
    batch.run([path], PEOPLE, out, session)
    left = {path.name for path in out.glob("*.part")} | {path.name for path in out.glob(".*.part")}
    assert left == {".download.part", "film.avi.abcdefgh.part", ".a.png.ABCDEFGH.part"}


class _Stalling(BaseHTTPRequestHandler):
    """Sends some bytes and then nothing more, until `flows`."""

    data = own_weights() + bytes(200_000)
    first = 70_000
    flows = threading.Event()
    ranges: list[str | None] = []  # noqa: RUF012 - one list for all requests is what is wanted

    def do_GET(self) -> None:
        span = self.headers.get("Range")
        self.ranges.append(span)
        start = int(span.removeprefix("bytes=").rstrip("-")) if span else 0
        rest = self.data[start:]
        self.send_response(206 if span else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: self.first])
        self.wfile.flush()
        if self.flows.wait(20):
            self.wfile.write(rest[self.first :])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def stalling(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Stalling)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _Stalling.flows.clear()
    _Stalling.ranges = []
    address = f"http://127.0.0.1:{server.server_port}/{{name}}.pt"
    monkeypatch.setattr(weights, "ADDRESS", address)
    monkeypatch.setattr(weights, "PIECE", 4096)
    yield address
    _Stalling.flows.set()
    server.shutdown()
    server.server_close()


FETCHING = """
import sys
from pathlib import Path
from inpaint_app.segmenters import weights
from inpaint_app.settings import Settings
weights.ADDRESS, weights.PIECE = sys.argv[2], 4096
folder = Path(sys.argv[1])
weights.fetch("yolov8n-seg", None, Settings(cache=folder, checkpoints=folder / "none"))
"""


@pytest.fixture
def trailing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The served file has zeros behind its archive, to be long; what they are is not looked at here."""
    monkeypatch.setattr(weights, "content", lambda path: None)


@pytest.mark.usefixtures("trailing")
def test_a_kill_in_the_middle_of_a_download_is_gone_on_from(stalling: str, tmp_path: Path) -> None:
    settings = Settings(cache=tmp_path, checkpoints=tmp_path / "none")
    part = weights.folder_of(settings) / f"{NAME}.pt.part"
    process = started(FETCHING, tmp_path, stalling)
    until(lambda: part.exists() and part.stat().st_size >= 60_000, process)
    killed(process)
    assert weights.locate(NAME, settings) is None, "half a file must not serve"
    half = part.stat().st_size
    _Stalling.flows.set()
    assert weights.fetch(NAME, None, settings).read_bytes() == _Stalling.data
    assert _Stalling.ranges == [None, f"bytes={half}-"]
    assert not part.exists()


@pytest.mark.usefixtures("trailing")
def test_a_download_that_stalls_is_told_and_gone_on_from(
    stalling: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(cache=tmp_path, checkpoints=tmp_path / "none")
    monkeypatch.setattr(weights, "TIMEOUT", 0.5)
    with pytest.raises(MissingWeights, match="timed out"):
        weights.fetch(NAME, None, settings)
    assert weights.locate(NAME, settings) is None
    monkeypatch.setattr(weights, "TIMEOUT", 60)
    _Stalling.flows.set()
    assert weights.fetch(NAME, None, settings).read_bytes() == _Stalling.data
    assert _Stalling.ranges[1] is not None


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB; a folder where no disk can be mounted, for `fit` makes files as small there."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    yield folder
    if mounted.returncode == 0:
        subprocess.run(["umount", "-l", str(folder)], check=True)


SAVES_LARGE = """
import sys
from pathlib import Path
from inpaint_app.errors import SaveError
from inpaint_app.imaging import files
target = Path(sys.argv[1])
try:
    files.write_bytes(bytes(3_000_000), target)
except SaveError as error:
    print(error)
"""


def test_a_save_onto_a_full_disk_is_said_and_leaves_what_was_there(full: Path) -> None:
    target = full / "photo.png"
    target.write_bytes(b"what was there")
    said = started(SAVES_LARGE, target, limit=1_000_000).communicate(timeout=60)[0]
    assert "photo.png could not be written" in said
    assert "disk is full" in said or "larger than files may be" in said
    assert target.read_bytes() == b"what was there"
    assert [path.name for path in full.iterdir()] == ["photo.png"]


BATCH_FULL = """
import sys
from pathlib import Path
from inpaint_app import batch
from inpaint_app.errors import SaveError
from inpaint_app.segmenters import registry
from inpaint_app.session import Job, Session
from tests.toys import FINDER
registry.SEGMENTERS = (FINDER,)
photos, out = Path(sys.argv[1]), Path(sys.argv[2])
job = Job(objects=("people",), backend="telea")
try:
    print(batch.run(batch.photos_in(photos), job, out, Session(), resume=True))
except SaveError as error:
    print("stopped:", error)
"""


def test_a_batch_onto_a_full_disk_keeps_what_is_done_and_goes_on_once_there_is_room(
    session: Session, tmp_path: Path, full: Path
) -> None:
    sides = {"a": 100, "b": 700, "c": 100}
    paths = [photo(tmp_path / "in" / f"{name}.png", n, side) for n, (name, side) in enumerate(sides.items())]
    assert paths[1].stat().st_size > 1_000_000
    out = full / "out"
    out.mkdir()
    said = started(BATCH_FULL, tmp_path / "in", out, limit=1_000_000).communicate(timeout=120)
    rows = {row.photo: row for row in journal.read(out / "batch.csv")}
    assert rows["a.png"].status == rows["c.png"].status == "removed", said
    assert rows["b.png"].status == "failed"
    assert "could not be written" in rows["b.png"].message
    assert not list(out.glob(".*.part"))
    elsewhere = tmp_path / "larger"
    elsewhere.mkdir()
    for path in out.iterdir():
        (elsewhere / path.name).write_bytes(path.read_bytes())
    again = batch.run(paths, PEOPLE, elsewhere, session, resume=True)
    assert (again.resumed, again.count("removed")) == (2, 3)


@pytest.mark.usefixtures("stalling")
def test_a_download_onto_a_full_disk_is_said_and_gone_on_from(stalling: str, tmp_path: Path) -> None:
    _Stalling.flows.set()
    process = started(FETCHING, tmp_path, stalling, limit=100_000)
    said = process.communicate(timeout=60)[1]
    assert "MissingWeights" in said
    assert "could not be fetched" in said
    settings = Settings(cache=tmp_path, checkpoints=tmp_path / "none")
    assert weights.locate(NAME, settings) is None
    part = weights.folder_of(settings) / f"{NAME}.pt.part"
    assert 0 < part.stat().st_size <= 100_000


def test_a_journal_on_a_full_disk_ends_the_batch_in_words(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise SaveError("batch.csv cannot be written: No space left on device.")

    path = photo(tmp_path / "in" / "a.png", 0)
    with monkeypatch.context() as patch:
        patch.setattr(journal, "_append", full)
        with pytest.raises(SaveError, match="No space left"):
            batch.run([path], PEOPLE, tmp_path / "out", session)
    summary = batch.run([path], PEOPLE, tmp_path / "out", session, resume=True)
    assert summary.count("removed") == 1
