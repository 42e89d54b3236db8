"""Calls that nobody listens to any more, on the running server: their work ends within seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from inpaint_app.backends import registry
from inpaint_app.server.endpoints import listening
from tests import toys
from tests.abuse.conftest import Caller, waited
from tests.photofile.photos import hole_in, saved, scene

STROKE = {"kind": "stroke", "points": [4.0, 4.0, 12.0, 9.0], "width": 4.0, "erase": False}
DEAF = listening.DEAF_SECONDS / 2
"""Half of what a server waits, for the tests that need it to the end."""

LATE = 20.0
"""Seconds after which no work is done any more for whoever has gone or never came: ten, and as long on busy cores."""


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the slow backend did: "begun", and "ended" where it was stopped."""
    did: list[str] = []
    inpaint = toys.Slow.inpaint

    def told(*given: Any) -> Any:
        did.append("begun")
        try:
            return inpaint(*given)
        finally:
            did.append("ended")

    monkeypatch.setattr(toys.Slow, "inpaint", told)
    monkeypatch.setattr(registry, "BACKENDS", (*registry.BACKENDS, toys.SLOW))
    yield did
    waited(lambda: did.count("ended") == did.count("begun"), 20)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that gives up on who does not listen after half the time."""
    monkeypatch.setattr(listening, "DEAF_SECONDS", DEAF)


@pytest.fixture
def beating(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradio sees that a call's client has gone as it sends the next heartbeat, each 15 s: here ten times as often."""
    monkeypatch.setenv("GRADIO_HEARTBEAT_INTERVAL", "1.5")


def called(caller: Caller) -> str:
    """Begin a call that takes a minute; the address of its answer."""
    photo, mask = (
        {"path": caller.send(saved(image, "PNG")), "meta": {"_type": "gradio.FileData"}}
        for image in (scene(13, 21), hole_in(13, 21))
    )
    asked = {"photo": photo, "mask": mask, "backend": "slow"}
    event = caller.http.post("/gradio_api/call/v2/remove_mask", json=asked).json()["event_id"]
    return f"/gradio_api/call/v2/remove_mask/{event}"


def pressed(visitor: Caller) -> str:
    """Press Remove on the page; the address of its messages."""
    number = next(one._id for one in visitor.page.fns.values() if one.name == "remove")
    body = {
        "data": [None],
        "event_data": {"marks": [STROKE], "backends": ["slow"]},
        "fn_index": number,
        "session_hash": visitor.session,
    }
    assert visitor.http.post("/gradio_api/queue/join", json=body).status_code == 200
    return f"/gradio_api/queue/data?session_hash={visitor.session}"


@pytest.mark.usefixtures("beating")
@pytest.mark.parametrize("way", ["call", "page"])
def test_work_ends_when_its_client_goes(work: list[str], visitor: Caller, way: str) -> None:
    address = (called if way == "call" else pressed)(visitor)
    with visitor.http.stream("GET", address) as stream:
        lines = stream.iter_lines()  # held: httpx closes the connection with the last reference to it
        next(lines)
        waited(lambda: "begun" in work, 60)
    assert waited(lambda: "ended" in work, LATE) < LATE


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("way", ["call", "page"])
def test_work_ends_when_nobody_ever_asked_for_its_answer(work: list[str], visitor: Caller, way: str) -> None:
    (called if way == "call" else pressed)(visitor)
    waited(lambda: "begun" in work, 60)
    assert waited(lambda: "ended" in work, LATE) < LATE


@pytest.mark.usefixtures("impatient", "beating")
def test_work_goes_on_for_whoever_listens(work: list[str], caller: Caller) -> None:
    address, over = called(caller), threading.Event()

    def listen() -> None:
        with caller.http.stream("GET", address) as stream:
            for _ in stream.iter_lines():
                if over.is_set():
                    return

    threading.Thread(target=listen, daemon=True).start()
    waited(lambda: "begun" in work, 60)
    time.sleep(DEAF + 1.5)
    assert "ended" not in work
    over.set()
    assert waited(lambda: "ended" in work, LATE) < LATE
