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
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from inpaint_app import environment

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
Sum = TypeVar("Sum", float, NDArray[np.floating])

FAST: dict[str, Any] = {"nogil": True, "fastmath": True, "error_model": "numpy"}
MOST = 8
"""Threads of a fill where nobody says how many: more hardly help."""

_lock = threading.Lock()
_pool: tuple[ThreadPoolExecutor, int] | None = None
_kernels: list[Any] = []


def kernel(function: Kernel) -> Kernel:
    """Compile on first call; keep the machine code on disk where some folder can be written."""
    settings: dict[str, Any] = FAST | {"no_cfunc_wrapper": True}  # none is called from C: less to compile
    try:
        compiled = numba.njit(cache=True, **settings)(function)
    except RuntimeError:  # numba found no folder to keep a cache in: compile anew in every process
        compiled = numba.njit(**settings)(function)
    _kernels.append(compiled)
    return cast(Kernel, compiled)


def compiled_before() -> bool:
    """Whether a kernel was compiled, here or by an earlier run; where none was, a fill takes some seconds longer."""
    if any(one.signatures for one in _kernels):
        return True
    folders = {one.stats.cache_path for one in _kernels}
    return any(any(Path(folder).glob("*.nbi")) for folder in folders if folder)


def inline(function: Kernel) -> Kernel:
    """Compile a small function that kernels call; the caller's machine code holds it."""
    settings: dict[str, Any] = FAST | {
        "inline": "never",
        "no_cfunc_wrapper": True,
        "no_cpython_wrapper": True,
    }
    return cast(Kernel, numba.njit(**settings)(function))


def use(threads: int) -> tuple[ThreadPoolExecutor, int]:
    """The pool that all fills share, made anew where it has another number of threads; the caller's own is one."""
    global _pool
    with _lock:
        if _pool is None or _pool[1] != threads:  # the old one ends with whoever still works with it
            _pool = ThreadPoolExecutor(max(1, threads - 1), thread_name_prefix="exemplar"), threads
        return _pool


def bands(work: int, least: int = 256, most: int = 32) -> list[tuple[int, int]]:
    """Cut 0..work into at most `most` pieces of at least `least`, whatever the machine."""
    count = max(1, min(most, work // least))
    edges = [work * i // count for i in range(count + 1)]
    return list(itertools.pairwise(edges))


def run(function: Callable[[int, int], None], work: int, least: int = 256) -> None:
    """Call `function(start, stop)` for every band of 0..work, on all cores where that pays.

    Each thread, the caller's among them, takes the next band until none is left: a task for every band would cost as
    much as a small band does.
    """
    pieces = bands(work, least)
    if len(pieces) == 1:
        function(*pieces[0])
        return
    waiting = iter(pieces)

    def work_off() -> None:
        for start, stop in waiting:
            function(start, stop)

    pool, threads = _pool or use(min(MOST, environment.cores()))
    others = [pool.submit(work_off) for _ in range(min(threads, len(pieces)) - 1)]
    work_off()
    for future in others:
        future.result()


def total(function: Callable[[int, int], Sum], work: int, least: int) -> Sum:
    """The sum of what `function(start, stop)` returns for every band, always added in the order of the bands."""
    parts: dict[int, Sum] = {}

    def add(start: int, stop: int) -> None:
        parts[start] = function(start, stop)

    run(add, work, least)
    first, *others = (parts[start] for start, _ in bands(work, least))
    for part in others:
        first = first + part
    return first
