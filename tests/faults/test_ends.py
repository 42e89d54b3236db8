"""SIGTERM while native code hangs: a server ends with 0 and says nothing, a command says in a sentence what it left."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from inpaint_app.photofile import files
from tests.faults.processes import started, until
from tests.photofile.photos import hole_in, saved, scene

pytest.importorskip("resource")  # signals as POSIX has them: not on Windows

COMMAND = """
import sys
from pathlib import Path
from inpaint_app.backends import registry
from tests import toys
backend = toys.HANGING
inpaint = toys.Hanging.inpaint
def marked(self, *given):
    Path("at-work").write_text(str(given[0].image[~given[0].mask].max()))
    return inpaint(self, *given)
toys.Hanging.inpaint = marked
registry.BACKENDS = (*registry.BACKENDS, backend)
from inpaint_app.cli import script
script()
"""

SERVER = """
from inpaint_app.backends import registry
from inpaint_app.runtime.ending import leave
from tests.toys import HANGING
registry.BACKENDS = (*registry.BACKENDS, HANGING)
from inpaint_app import Session
from inpaint_app.ui.page import build, launch_options
from inpaint_app.ui.serving import serve
page = build(Session())
launch = page.launch
def launched(*given, **options):
    launch(*given, **options)
    print("at", page.local_url, flush=True)
page.launch = launched
serve(page, {**launch_options(page.session.settings), "server_name": "127.0.0.1", "quiet": True})
leave(0)
"""


def picture(path: Path, light: int) -> Path:
    path.parent.mkdir(exist_ok=True)
    image = np.random.default_rng(light).integers(light - 9, light + 9, (48, 64, 3)).astype(np.uint8)
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a dark photo that can be filled, a light one over which the backend hangs, a mask."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INPAINT_CACHE", str(tmp_path / "cache"))
    picture(tmp_path / "in" / "a.png", 30), picture(tmp_path / "in" / "b.png", 200)
    hole = np.zeros((48, 64), np.uint8)
    hole[20:28, 20:30] = 255
    (tmp_path / "mask.png").write_bytes(cv2.imencode(".png", hole)[1].tobytes())
    return tmp_path


def hangs(folder: Path) -> bool:
    """Whether the backend is at the light photo."""
    with suppress(OSError, ValueError):
        return int((folder / "at-work").read_text()) > 100
    return False


def ended(process: subprocess.Popen[str], *signals: int) -> tuple[int, list[str], float]:
    """Send signals; the exit code, the lines on stderr, and the seconds that it took."""
    began = time.monotonic()
    for number in signals:
        process.send_signal(number)
        time.sleep(0.2)
    try:
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
    return process.returncode, said.splitlines(), time.monotonic() - began


@pytest.mark.parametrize(
    ("signals", "code"),
    [((signal.SIGTERM,), 143), ((signal.SIGINT, signal.SIGINT), 130)],
    ids=["SIGTERM", "Ctrl-C twice"],
)
def test_a_removal_that_hangs_ends_and_says_what_it_left(here: Path, signals: Any, code: int) -> None:
    given = ("in/a.png", "in/b.png", "--mask", "mask.png", "--backend", "hanging", "-o", "out/")
    process = started(COMMAND, "remove", *given)
    until(lambda: hangs(here), process)
    status, said, seconds = ended(process, *signals)
    assert (status, said) == (
        code,
        ["inpaint-app: Stopped. a.png is finished and kept, nothing is half-written."],
    )
    assert seconds < 12
    assert [path.name for path in (here / "out").iterdir()] == ["a.png"]
    files.load(here / "out" / "a.png")


def test_a_batch_that_hangs_ends_and_says_where_to_go_on(here: Path) -> None:
    given = ("in", "out", "--masks", "mask.png", "--backend", "hanging")
    process = started(COMMAND, "batch", *given)
    until(lambda: hangs(here), process)
    status, said, _ = ended(process, signal.SIGTERM)
    assert status == 143
    assert said[-1] == (
        "inpaint-app: Stopped. 1 of 2 photos are done and kept, nothing is half-written; --resume goes on from here."
    )
    assert sorted(path.name for path in (here / "out").glob("[!.]*")) == ["a.png", "batch.csv"]
    assert not list((here / "out").glob("*.part"))


def test_work_that_heeds_stops_at_once(here: Path) -> None:
    """Between two of the backend's reports."""
    given = ("in/b.png", "--mask", "mask.png", "--backend", "slow", "-o", "out.png")
    slow = COMMAND.replace("HANGING", "SLOW").replace("Hanging", "Slow")
    process = started(slow, "remove", *given)
    until(lambda: hangs(here), process)
    status, said, seconds = ended(process, signal.SIGTERM)
    assert (status, said) == (143, ["inpaint-app: Stopped. Nothing is finished, nothing is half-written."])
    assert seconds < 4
    assert not (here / "out.png").exists()


def test_a_server_ends_with_0_and_quietly_while_work_hangs(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    process = started(SERVER, GRADIO_TEMP_DIR=str(folder), GRADIO_ANALYTICS_ENABLED="False")
    assert process.stdout is not None
    address = (
        next(line for line in process.stdout if line.startswith("at ")).removeprefix("at ").strip("/ \n")
    )
    with httpx.Client(base_url=f"{address}/gradio_api", timeout=60) as client:
        sent = [
            client.post("/upload", files={"files": ("a.png", saved(image, "PNG"))}).json()[0]
            for image in (scene(40, 60), hole_in(40, 60))
        ]
        photo, mask = ({"path": path, "meta": {"_type": "gradio.FileData"}} for path in sent)
        call = {"photo": photo, "mask": mask, "backend": "hanging"}
        event = client.post("/call/v2/remove_mask", json=call).json()["event_id"]
        heard: list[str] = []

        def listen() -> None:
            with suppress(httpx.HTTPError), client.stream("GET", f"/call/v2/remove_mask/{event}") as stream:
                heard.extend(stream.iter_lines())

        threading.Thread(target=listen, daemon=True).start()
        time.sleep(2)
        status, said, seconds = ended(process, signal.SIGTERM)
    assert (status, said) == (0, [])
    assert seconds < 8
    assert not list(folder.glob("server-*"))
