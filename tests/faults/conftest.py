"""What the tests of faults share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest

from inpaint_app.removal.session import Session
from inpaint_app.runtime import downloads, fetching
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.segmenters import weights
from inpaint_app.settings import Settings
from tests.faults.processes import Stalling
from tests.toys import FINDER


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setattr(segmenters, "SEGMENTERS", (FINDER,))
    monkeypatch.delenv("INPAINT_YOLO_WEIGHTS", raising=False)
    return Session(Settings())


@pytest.fixture
def stalling(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stalling)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Stalling.flows.clear()
    Stalling.ranges = []
    address = f"http://127.0.0.1:{server.server_port}/{{name}}.pt"
    monkeypatch.setattr(weights, "ADDRESS", address)
    monkeypatch.setattr(fetching, "PIECE", 4096)
    yield address
    Stalling.flows.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def trailing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The served file has zeros behind its archive, to be long; what they are is not looked at here."""
    monkeypatch.setattr(downloads, "content", lambda path: None)
