"""Serving the page until somebody ends it."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any

from inpaint_app.ui.warm import warm_up

if TYPE_CHECKING:
    from inpaint_app.ui.page import Page


def serve(page: Page, options: dict[str, Any]) -> None:
    """Launch, load what is heavy in the background, and stay until Ctrl-C or SIGTERM."""
    if threading.current_thread() is threading.main_thread():
        # A container is stopped by SIGTERM, and its first process would not even notice it by itself.
        signal.signal(signal.SIGTERM, _interrupt)
    page.launch(**options, prevent_thread_lock=True)
    warm_up(page.session)
    page.block_thread()


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt
