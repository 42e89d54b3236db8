"""Long work behind the page: in a thread, reported as it goes on, and stopped when the visitor says so."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from inpaint_app.errors import Cancelled, InpaintError
from inpaint_app.session import NothingFound
from inpaint_app.types import Progress
from inpaint_app.ui.visits import Visit

Task = Callable[[Progress], None]

REPORT_EVERY = 0.12
"""Seconds between two reports, so that a chatty backend does not flood the connection."""

_log = logging.getLogger(__name__)
_FINISHED = object()


def value(visit: Visit, progress: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the page's component is told: everything unconfirmed, and how far the work is."""
    return {"events": list(visit.outbox), "progress": progress}


def working(visit: Visit, task: Task, work: int) -> Iterator[dict[str, Any]]:
    """Run `task` and yield the component's value whenever there is news. Errors become messages, never exceptions."""
    if not visit.busy.acquire(blocking=False):
        visit.say("error", text="Still at work on the last step: wait for it, or press Cancel.")
        visit.say("done", work=work)
        yield value(visit)
        return
    visit.stop = stop = threading.Event()
    news: queue.SimpleQueue[Any] = queue.SimpleQueue()
    thread = threading.Thread(target=_run, args=(visit, task, stop, news), daemon=True, name="visit")
    thread.start()
    try:
        while (item := news.get()) is not _FINISHED:
            yield value(visit, item)
    finally:
        if thread.is_alive():
            stop.set()
    visit.say("done", work=work)
    yield value(visit)


def _run(visit: Visit, task: Task, stop: threading.Event, news: queue.SimpleQueue[Any]) -> None:
    began = time.monotonic()
    last = 0.0
    known = visit.sent

    def report(fraction: float, stage: str) -> None:
        nonlocal last, known
        now = time.monotonic()
        if now - last < REPORT_EVERY and visit.sent == known:
            return
        last, known = now, visit.sent
        news.put({"fraction": round(fraction, 3), "stage": stage, "seconds": round(now - began, 1)})

    try:
        task(Progress(report, stop.is_set))
    except NothingFound as nothing:
        visit.say("nothing", text=str(nothing))
    except Cancelled as stopped:
        visit.say("cancelled", text=str(stopped))
    except InpaintError as error:
        visit.say("error", text=str(error))
    except Exception as error:
        _log.exception("Unexpected error behind the page")
        visit.say("error", text=f"Something went wrong ({type(error).__name__}). Photo and mask are as they were.")
    finally:
        visit.busy.release()
        news.put(_FINISHED)


def at_once(visit: Visit, task: Callable[[], None], work: int | None = None) -> dict[str, Any]:
    """Do something short; errors become messages."""
    try:
        task()
    except InpaintError as error:
        visit.say("error", text=str(error))
    except Exception as error:
        _log.exception("Unexpected error behind the page")
        visit.say("error", text=f"Something went wrong ({type(error).__name__}). Photo and mask are as they were.")
    if work is not None:
        visit.say("done", work=work)
    return value(visit)
