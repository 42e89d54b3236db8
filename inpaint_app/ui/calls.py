"""One call of a named endpoint: in a thread, in its visitor's turn, and stopped when the client goes away."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import gradio as gr
from gradio.context import LocalContext

from inpaint_app.types import Progress
from inpaint_app.ui.visits import Visit
from inpaint_app.ui.work import carried

Value = TypeVar("Value")


def called(visit: Visit, task: Callable[[Progress], Value]) -> Value:
    """Do the task and return what it returns; the client's status shows how far it is. Raises what the task raises."""
    stop = threading.Event()
    gone = _departed()
    shown = gr.Progress()
    progress = Progress(
        lambda fraction, stage: shown(fraction, desc=stage),
        lambda: stop.is_set() or gone(),
        owner=visit.token,
    )
    visit.calls.add(stop)
    try:
        waiting = carried(task, progress)
        while True:
            try:
                next(waiting)
            except StopIteration as end:
                value: Value = end.value
                return value
    finally:
        stop.set()
        visit.calls.discard(stop)


def _departed() -> Callable[[], bool]:
    """Whether the client of the event at hand has cancelled it or closed its connection.

    Gradio stops a function that yields when its client goes, but not one that returns: so its queue is asked. A call
    that did not come through the queue has no event there, and is never taken for departed.
    """
    blocks: Any = LocalContext.blocks.get(None)
    event_id = LocalContext.event_id.get(None)
    if blocks is None or event_id is None:
        return lambda: False
    queue = blocks._queue
    event = queue.event_ids_to_events.get(event_id)
    if event is None:
        return lambda: False

    def departed() -> bool:
        # A cancel takes the event out of what its session waits for; a closed connection marks it as not alive.
        return not event.alive or event_id not in queue.pending_event_ids_session.get(event.session_hash, ())

    return departed
