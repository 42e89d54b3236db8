"""A cancel names a call by its event id, and is remembered where it comes before the call begins."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gradio.context import LocalContext

from inpaint_app.errors import Cancelled
from inpaint_app.server.endpoints.jobs import called, note_cancels
from inpaint_app.server.visitors import Visit
from inpaint_app.settings import Settings


class Queue:
    """As much of Gradio's as a call looks at; an event that has left the line is no longer in it."""

    def __init__(self) -> None:
        self.event_ids_to_events = {
            name: SimpleNamespace(alive=True, session_hash="s") for name in ("one", "two")
        }
        self.pending_event_ids_session = {"s": {"one", "two"}}
        self.pending_messages_per_session: dict[str, Any] = {}

    def set_progress(self, *given: Any, **more: Any) -> None:
        """Nobody looks."""

    async def remove_from_queue(self, event_id: str) -> None:
        """Nothing is in line any more."""


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Any:
    queue: Any = Queue()
    note_cancels(queue)
    monkeypatch.setattr(
        LocalContext, "blocks", SimpleNamespace(get=lambda default: SimpleNamespace(_queue=queue))
    )
    return queue


def at(monkeypatch: pytest.MonkeyPatch, event_id: str) -> None:
    monkeypatch.setattr(LocalContext, "event_id", SimpleNamespace(get=lambda default=None: event_id))


def test_a_call_that_was_cancelled_before_it_began_does_nothing(
    queue: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    asyncio.run(queue.remove_from_queue("one"))
    at(monkeypatch, "one")
    with pytest.raises(Cancelled):
        called(Visit(tmp_path, Settings()), lambda progress: done.append("one"))
    at(monkeypatch, "two")
    called(Visit(tmp_path, Settings()), lambda progress: done.append("two"))
    assert done == ["two"]


def test_a_cancel_stops_the_call_that_it_names(
    queue: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []

    def task(progress: Any) -> None:
        for step in range(100):
            progress(step / 100)
            steps.append(step)
            if step == 3:
                asyncio.run(queue.remove_from_queue("two"))
            if step == 6:
                asyncio.run(queue.remove_from_queue("one"))

    at(monkeypatch, "one")
    with pytest.raises(Cancelled):
        called(Visit(tmp_path, Settings()), task)
    assert steps == list(range(7))
