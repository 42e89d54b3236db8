"""Serving the page until somebody ends it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from inpaint_app.backends.diffusion import zerogpu
from inpaint_app.errors import OptionError
from inpaint_app.runtime.ending import handled
from inpaint_app.ui import warm

if TYPE_CHECKING:
    from inpaint_app.ui.page import Page

GRACE = 2.0
"""Seconds that answers under way get at the end: a container is killed ten seconds after it was told to stop."""


def serve(page: Page, options: dict[str, Any], show: Callable[[str], None] | None = None) -> None:
    """Launch, load what is heavy in the background, and stay until Ctrl-C or SIGTERM, or until `show` returns.

    show: opens the page's address in a window and returns when that is closed.
    Work that hangs may still be at it in its thread: whoever calls this leaves through `ending.leave`.
    Raises OptionError where the port is in use.
    """
    zerogpu.prepare()
    with _asked_to_end() as asked:
        try:
            page.launch(**options, prevent_thread_lock=True)
        except OSError as error:
            raise OptionError(
                f"The page cannot listen where it should ({str(error).partition('.')[0]}): choose another port "
                "(INPAINT_PORT, or --port auto for the first free one)."
            ) from error
        warm.warm_up(page.session)
        try:
            if show is None:
                while page.is_running and not asked:
                    time.sleep(0.1)
            else:
                show(str(page.local_url))
        finally:
            _close(page)


def _close(page: Page) -> None:
    """Stop all work and the server; connections that stay open longer end with the process."""
    page.visits.halt()
    closing = threading.Thread(target=page.close, args=(False,), daemon=True, name="closing")
    closing.start()
    closing.join(GRACE)


@contextmanager
def _asked_to_end() -> Iterator[list[int]]:
    """The signals that came: a container is stopped by SIGTERM, which its first process would not notice by itself."""
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    with handled(lambda number, _: asked.append(number)):
        yield asked
