"""One call of a named endpoint: in a thread, in its visitor's turn, and stopped when the client cancels or goes away.

A call's number is the event id that its client was given; `POST /gradio_api/cancel` names it, or `/gradio_api/reset`.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

import gradio as gr
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from inpaint_app.server.endpoints.listening import departed
from inpaint_app.server.visitors import Visit
from inpaint_app.server.work import carried
from inpaint_app.types import Progress, Ticket

Value = TypeVar("Value")

REMEMBERED = 1024
"""Cancelled calls that are remembered: a cancel may come before its call begins, and then Gradio forgets it."""


def called(visit: Visit, task: Callable[[Progress], Value]) -> Value:
    """Do the task and return what it returns; the client's status shows how far it is. Raises what the task raises."""
    stop = threading.Event()
    gone = departed()
    shown = gr.Progress()
    progress = Progress(
        lambda fraction, stage: shown(fraction, desc=stage),
        lambda: stop.is_set() or gone(),
        ticket=Ticket(f"{visit.allowance.who} {visit.token}"),
    )
    visit.calls.add(stop)

    def work(progress: Progress) -> Value:
        progress.check()
        return task(progress)

    try:
        waiting = carried(work, progress, visit.settings.patience)
        while True:
            try:
                next(waiting)
            except StopIteration as end:
                value: Value = end.value
                return value
    finally:
        stop.set()
        visit.calls.discard(stop)


def note_cancels(queue: Any) -> None:
    """Let Gradio's queue remember which calls were cancelled, also those that have left it and not begun yet."""
    cancelled: deque[str] = deque(maxlen=REMEMBERED)
    theirs = queue.remove_from_queue

    async def remove_from_queue(event_id: str) -> None:
        cancelled.append(event_id)
        await theirs(event_id)

    queue.remove_from_queue, queue.cancelled = remove_from_queue, cancelled


def reset_route(queue: Any) -> Route:
    """What `Job.cancel()` of gradio_client asks for; Gradio itself says yes and does nothing."""

    async def reset(request: Request) -> JSONResponse:
        try:
            named = str((await request.json())["event_id"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return JSONResponse({"detail": "event_id is missing: name the call to cancel."}, 422)
        await queue.remove_from_queue(named)
        return JSONResponse({"success": True})

    return Route("/gradio_api/reset", reset, methods=["POST"])
