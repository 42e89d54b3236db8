"""Compiled kernels and the threads that run them.

A kernel works on a band of its work list and releases the interpreter lock. Bands depend only on the amount of
work, never on the number of threads, so the result is the same on every machine. numba's own parallel loops are not
used: their default threading layer must not be entered from two Python threads at once, and a server does that.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import numba

from inpaint_app import surroundings
from inpaint_app.settings import Settings

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

_lock = threading.Lock()
_pool: ThreadPoolExecutor | None = None


def kernel(function: Kernel) -> Kernel:
    """Compile on first call; keep the machine code on disk where some folder can be written."""
    settings: dict[str, Any] = {"nogil": True, "fastmath": True, "error_model": "numpy"}
    try:
        return cast(Kernel, numba.njit(cache=True, **settings)(function))
    except RuntimeError:  # numba found no folder to keep a cache in: compile anew in every process
        return cast(Kernel, numba.njit(**settings)(function))


def inline(function: Kernel) -> Kernel:
    """Compile a small function that kernels call; the caller's machine code holds it."""
    settings: dict[str, Any] = {"nogil": True, "fastmath": True, "error_model": "numpy", "inline": "never"}
    return cast(Kernel, numba.njit(**settings)(function))


def _threads() -> ThreadPoolExecutor:
    global _pool
    with _lock:
        if _pool is None:
            threads = Settings.from_environment().threads or min(8, surroundings.cores())
            _pool = ThreadPoolExecutor(threads, thread_name_prefix="exemplar")
        return _pool


def bands(work: int, least: int = 512, most: int = 32) -> list[tuple[int, int]]:
    """Cut 0..work into at most `most` pieces of at least `least`, whatever the machine."""
    count = max(1, min(most, work // least))
    edges = [work * i // count for i in range(count + 1)]
    return list(itertools.pairwise(edges))


def run(function: Callable[[int, int], None], work: int, least: int = 512) -> None:
    """Call `function(start, stop)` for every band of 0..work, on all cores where that pays."""
    pieces = bands(work, least)
    if len(pieces) == 1:
        function(*pieces[0])
        return
    for future in [_threads().submit(function, start, stop) for start, stop in pieces]:
        future.result()
