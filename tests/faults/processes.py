"""Processes that are killed or run short, and what they work on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import cv2
import numpy as np

from inpaint_app.removal.session import Request
from tests.conftest import ROOT
from tests.segmenters.test_weights import own_weights

NAME = "yolov8n-seg"


PEOPLE = Request(objects=("people",), backend="telea")


def started(
    code: str, *arguments: object, limit: int | None = None, **environment: str
) -> subprocess.Popen[str]:
    """A Python process of its own that runs `code`; limit: bytes that its files may have."""

    def bounded() -> None:
        import resource

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


class Stalling(BaseHTTPRequestHandler):
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


FETCHING = """
import sys
from pathlib import Path
from inpaint_app.runtime import downloads, fetching
from inpaint_app.segmenters import weights
from inpaint_app.settings import Settings
weights.ADDRESS, fetching.PIECE = sys.argv[2], 4096
folder = Path(sys.argv[1])
downloads.fetch("yolov8n-seg", Settings(cache=folder, checkpoints=folder / "none"))
"""
