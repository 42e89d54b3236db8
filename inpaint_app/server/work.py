"""Long work behind the page: in a thread, reported as it goes on, and stopped when the visitor says so."""

from __future__ import annotations

import contextvars
import logging
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from inpaint_app.errors import BackendError, Busy, Cancelled, InpaintError, NothingFound
from inpaint_app.server.endpoints.listening import departed
from inpaint_app.server.pictures import data_url
from inpaint_app.server.visitors import Visit
from inpaint_app.types import Image, Progress, Ticket

Task = Callable[[Progress], None]
Value = TypeVar("Value")

REPORT_EVERY = 0.12
"""Seconds between two reports, so that a chatty backend does not flood the connection."""

REPEAT_EVERY = 1.0
"""Seconds after which the same is reported again, so that a page that waits hears that it is not forgotten."""

LOOK_EVERY = 0.5
GRACE = 3.0
"""Seconds between two looks at work that says nothing, and for it to stop once it was cancelled."""

AT_ONCE = 96
"""Jobs that are taken in at once: more than can wait for the device, whose line says to each how many are before it."""

THREADS = 160
"""For gradio: one a job that is taken in, and some for what is done at once."""

FORMING_SIDE = 192
"""Longer side of the picture that shows how a slow fill forms."""

_log = logging.getLogger(__name__)
_FINISHED = object()


def value(visit: Visit, progress: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the page's component is told: everything unconfirmed, and how far the work is."""
    return {"events": list(visit.outbox), "progress": progress}


def working(visit: Visit, task: Task, work: int) -> Iterator[dict[str, Any]]:
    """Run `task` for the studio and yield its value whenever there is news; errors become messages."""
    for progress in pump(visit, task, visit.say, work):
        yield value(visit, progress)
    visit.say("done", work=work)
    yield value(visit)


def pump(
    visit: Visit, task: Task, say: Callable[..., None], number: int = 0
) -> Iterator[dict[str, Any] | None]:
    """Run `task` in a thread and yield its progress as it reports; at most one task a visit.

    number: what the page calls this piece of work; a cancel names it, and may have come before (Cancels).

    say(kind, text=…) hears of errors, of a cancel, and of nothing found: this never raises.
    Where the task hangs, the visit is free again once it was cancelled or the patience is over (Ticket.stuck); what
    the thread that is left behind still says is not heard.
    """
    busy = visit.busy
    if not busy.acquire(blocking=False):
        say("error", text="Still at work on the last step: wait for it, or press Cancel.")
        return
    visit.stop = stop = visit.cancels.begin(number)
    reporter = _Reporter(visit)
    gone = departed()
    progress = Progress(
        reporter.report,
        lambda: stop.is_set() or gone(),
        reporter.show,
        ticket=Ticket(f"{visit.allowance.who} {visit.token}"),
    )

    def told(kind: str, **content: Any) -> None:
        if progress.ticket.lost is None:
            say(kind, **content)

    begun = threading.Event()

    def work(progress: Progress) -> None:
        begun.set()
        try:
            with _said(told):
                progress.check()
                task(progress)
        finally:
            busy.release()

    try:
        with _said(say):
            yield from carried(work, progress, visit.settings.patience, reporter.news, reporter.late)
    finally:
        stop.set()
        if not begun.is_set():  # there was no thread to be had
            busy.release()
        elif progress.ticket.lost is not None and visit.busy is busy:
            visit.busy = threading.Lock()


def carried(
    task: Callable[[Progress], Value],
    progress: Progress,
    patience: float,
    news: queue.SimpleQueue[Any] | None = None,
    late: Callable[[], Any] = lambda: None,
) -> Generator[Any, None, Value]:
    """Run `task` in a thread of its own, yield what comes through `news`, and return what it returns.

    patience: seconds without a sign of life after which it is given up.
    late: asked while nothing comes; what it returns is yielded, unless None.

    Raises what it raises, and why nobody waits for it any more where it hangs (Ticket.stuck).
    """
    news = news or queue.SimpleQueue()
    returned: list[Value] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            returned.append(task(progress))
        except BaseException as error:  # noqa: BLE001 - handed over to the waiting thread
            raised.append(error)
        finally:
            news.put(_FINISHED)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), daemon=True, name="work").start()
    while True:
        try:
            item = news.get(timeout=LOOK_EVERY)
        except queue.Empty:
            error = progress.ticket.stuck(progress.cancelled, "The work", GRACE, patience)
            if error is None:
                item = late()
                if item is not None:
                    yield item
                continue
            progress.ticket.give_up(error)
            raise error from None
        if item is _FINISHED:
            break
        yield item
    if raised:
        raise raised[0]
    return returned[0]


class _Reporter:
    """Puts progress into words for the page, not more often than it can use them."""

    def __init__(self, visit: Visit) -> None:
        self.news: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._visit = visit
        self._began = time.monotonic()
        self._last = 0.0
        self._known = visit.sent
        self._told: tuple[float, str] | None = None
        self._latest: tuple[float, str] | None = None
        self._forming = ""

    def report(self, fraction: float, stage: str) -> None:
        """Pass it on where something is new."""
        now, told = time.monotonic(), (round(fraction, 3), stage)
        self._latest = told
        every = REPEAT_EVERY if told == self._told else REPORT_EVERY
        if now - self._last < every and self._visit.sent == self._known:
            return
        self._last, self._known = now, self._visit.sent
        self.news.put(self._words(told))

    def late(self) -> dict[str, Any] | None:
        """What was said last, where that was too soon to be passed on and nothing followed."""
        return None if self._latest == self._told or self._latest is None else self._words(self._latest)

    def _words(self, told: tuple[float, str]) -> dict[str, Any]:
        self._told = told
        seconds = round(time.monotonic() - self._began, 1)
        return {"fraction": told[0], "stage": told[1], "seconds": seconds, "forming": self._forming}

    def show(self, image: Image) -> None:
        """The next report carries this picture."""
        self._forming = data_url(image, FORMING_SIDE)
        self._told = None


@contextmanager
def _said(say: Callable[..., None]) -> Iterator[None]:
    """Errors become messages; what is not ours is logged, and told without its innards."""
    try:
        yield
    except NothingFound as nothing:
        say("nothing", text=str(nothing))
    except Cancelled as stopped:
        say("cancelled", text=str(stopped))
    except (BackendError, Busy) as error:
        say("error", text=f"{error} The photo and the mask are as they were.")
    except InpaintError as error:
        say("error", text=str(error))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a page must not go silent
        _log.exception("Unexpected error behind the page")
        say("error", text=f"Something went wrong ({type(error).__name__}): try it again.")


def at_once(visit: Visit, task: Callable[[], None], work: int | None = None) -> dict[str, Any]:
    """Do something short; errors become messages."""
    with _said(visit.say):
        task()
    if work is not None:
        visit.say("done", work=work)
    return value(visit)
