"""Long work behind the page: in a thread, reported as it goes on, and stopped when the visitor says so."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from inpaint_app.errors import Cancelled, InpaintError
from inpaint_app.session import NothingFound
from inpaint_app.types import Image, Progress
from inpaint_app.ui.pictures import data_url
from inpaint_app.ui.visits import Visit

Task = Callable[[Progress], None]

REPORT_EVERY = 0.12
"""Seconds between two reports, so that a chatty backend does not flood the connection."""

FORMING_SIDE = 192
"""Longer side of the picture that shows how a slow fill forms."""

_log = logging.getLogger(__name__)
_FINISHED = object()


def value(visit: Visit, progress: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the page's component is told: everything unconfirmed, and how far the work is."""
    return {"events": list(visit.outbox), "progress": progress}


def working(visit: Visit, task: Task, work: int) -> Iterator[dict[str, Any]]:
    """Run `task` for the studio and yield its value whenever there is news; errors become messages."""
    for progress in pump(visit, task, visit.say):
        yield value(visit, progress)
    visit.say("done", work=work)
    yield value(visit)


def pump(visit: Visit, task: Task, say: Callable[..., None]) -> Iterator[dict[str, Any] | None]:
    """Run `task` in a thread and yield its progress as it reports; at most one task a visit.

    say(kind, text=…) hears of errors, of a cancel, and of nothing found: this never raises.
    """
    if not visit.busy.acquire(blocking=False):
        say("error", text="Still at work on the last step: wait for it, or press Cancel.")
        return
    visit.stop = stop = threading.Event()
    news: queue.SimpleQueue[Any] = queue.SimpleQueue()
    thread = threading.Thread(target=_run, args=(visit, task, stop, news, say), daemon=True, name="visit")
    thread.start()
    try:
        while (item := news.get()) is not _FINISHED:
            yield item
    finally:
        stop.set()


def _run(
    visit: Visit, task: Task, stop: threading.Event, news: queue.SimpleQueue[Any], say: Callable[..., None]
) -> None:
    began = time.monotonic()
    last = 0.0
    known = visit.sent
    forming = ""

    def report(fraction: float, stage: str) -> None:
        nonlocal last, known
        now = time.monotonic()
        if now - last < REPORT_EVERY and visit.sent == known:
            return
        last, known = now, visit.sent
        seconds = round(now - began, 1)
        news.put({"fraction": round(fraction, 3), "stage": stage, "seconds": seconds, "forming": forming})

    def show(image: Image) -> None:
        nonlocal forming
        forming = data_url(image, FORMING_SIDE)

    try:
        with _said(say):
            task(Progress(report, stop.is_set, show))
    finally:
        visit.busy.release()
        news.put(_FINISHED)


@contextmanager
def _said(say: Callable[..., None]) -> Iterator[None]:
    """Errors become messages; what is not ours is logged, and told without its innards."""
    try:
        yield
    except NothingFound as nothing:
        say("nothing", text=str(nothing))
    except Cancelled as stopped:
        say("cancelled", text=str(stopped))
    except InpaintError as error:
        say("error", text=str(error))
    except Exception as error:  # noqa: BLE001 - a page must not go silent
        _log.exception("Unexpected error behind the page")
        say("error", text=f"Something went wrong ({type(error).__name__}). Photo and mask are as they were.")


def at_once(visit: Visit, task: Callable[[], None], work: int | None = None) -> dict[str, Any]:
    """Do something short; errors become messages."""
    with _said(visit.say):
        task()
    if work is not None:
        visit.say("done", work=work)
    return value(visit)
