"""Work by its number: a cancel names the work that it stops, also where that has not begun yet."""

from __future__ import annotations

import threading
from collections import deque

REMEMBERED = 64
"""Cancels remembered whose work has not begun yet."""


class Cancels:
    """Of one visitor's page, where one piece of work is done at a time. Number 0 is work that nothing can name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = 0
        self._stop = threading.Event()
        self._early: deque[int] = deque(maxlen=REMEMBERED)

    def begin(self, number: int) -> threading.Event:
        """The work of that number begins: what stops it, which is set already where its cancel came first."""
        with self._lock:
            self._stop, self._number = threading.Event(), number
            if number and number in self._early:
                self._stop.set()
            return self._stop

    def cancel(self, number: int) -> None:
        """Stop the work of that number, now or as soon as it begins; no other."""
        with self._lock:
            if number and number == self._number:
                self._stop.set()
            elif number:
                self._early.append(number)
