"""The end of a process: signals that are heard whatever the main thread does, and an exit that waits for no thread.

Python's own end lets a thread that comes back from native code (torch, numba, OpenCV) run into an interpreter that is
gone, which aborts the process. Work that hangs is left behind in such threads, so a process with any is ended at once,
after everything that was registered for its end.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Ctrl-C, and what stops a service or a container."""

PATIENCE = 5.0
"""Seconds that what was registered for the end may take."""


def leave(code: int) -> NoReturn:
    """End the process with that exit code; threads that are still at work are not waited for."""
    if all(not thread.daemon for thread in threading.enumerate()):
        sys.exit(code)
    late = threading.Timer(PATIENCE, os._exit, (code,))
    late.daemon = True
    late.start()
    with suppress(Exception):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code)


@contextmanager
def handled(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Both ways of being told to end call the handler, in the main thread; before and after is as it was."""
    before = {number: signal.signal(number, handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


@contextmanager
def heard(tell: Callable[[int], object]) -> Iterator[None]:
    """Tell of each of `SIGNALS` in a thread, also while the main thread is in native code or in a window's own loop.

    Python's handlers do not run there; so the byte that the interpreter writes for a signal is read. To be called in
    the main thread, with a handler for each (`handled`).
    """
    receiving, sending = socket.socketpair()
    sending.setblocking(False)

    def listen() -> None:
        with suppress(OSError):
            while byte := receiving.recv(1):
                if byte[0] in SIGNALS:
                    tell(byte[0])

    channel = signal.set_wakeup_fd(sending.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=listen, daemon=True, name="signals").start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(channel)
        sending.close()
        receiving.close()
