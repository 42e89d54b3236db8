"""Serving the page until somebody ends it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from inpaint_app.backends.diffusion import zerogpu
from inpaint_app.errors import OptionError
from inpaint_app.ui import warm

if TYPE_CHECKING:
    from inpaint_app.ui.page import Page


def serve(page: Page, options: dict[str, Any], show: Callable[[str], None] | None = None) -> None:
    """Launch, load what is heavy in the background, and stay until Ctrl-C or SIGTERM, or until `show` returns.

    show: opens the page's address in a window and returns when that is closed.
    Raises OptionError where the port is in use.
    """
    zerogpu.prepare()
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
            _stay(page)
        else:
            show(str(page.local_url))
    finally:
        page.visits.halt()
        page.close(verbose=False)


def _stay(page: Page) -> None:
    """A container is stopped by SIGTERM, which its first process would not even notice by itself."""
    here = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, _interrupt) if here else None
    try:
        page.block_thread()
    finally:
        if here:
            signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt
