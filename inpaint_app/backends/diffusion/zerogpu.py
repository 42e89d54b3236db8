"""Spaces lend a GPU by the call (ZeroGPU): there a heavy call goes to a process that has one, elsewhere it is made.

What the `spaces` package asks for: it is imported before torch; the function that needs the GPU is named before the
page is launched, else the Space is stopped; it runs in a forked process, so that its arguments and what it returns have
to be pickled, and neither progress nor a cancel reaches it.

Every candidate and every separate hole is a call of its own, so the time asked for is that of one fill and never runs
out because many were wanted.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from inpaint_app import environment
from inpaint_app.errors import InpaintError, out_of_memory

Value = TypeVar("Value")

LONGEST = 300
AROUND, PER_STEP = 15.0, 0.25
"""Seconds that a call takes beside its steps, and a step; what is asked for, the visitor's share is charged with."""

lent = environment.gpu_is_lent


def prepare() -> bool:
    """Before torch is imported: tell Spaces that GPUs will be asked for. Returns whether any are lent here."""
    if lent():
        _task()
    return lent()


def on_gpu(steps: int, work: Callable[..., Value], *arguments: Any) -> Value:
    """work(*arguments), on Spaces in a process with a GPU lent for as long as that many steps take.

    work: a function of a module. Raises what the work raises: InpaintError as it was, MemoryError where memory was
    short, RuntimeError with the words of anything else, and the error of Spaces where no GPU was to be had.
    """
    if not lent():
        return work(*arguments)
    made = _task()(steps, work, arguments)
    if isinstance(made, Exception):
        raise made
    value: Value = made
    return value


@cache
def _task() -> Callable[..., Any]:
    spaces = importlib.import_module("spaces")
    named: Callable[..., Any] = spaces.GPU(duration=_seconds)(_done)
    return named


def _seconds(steps: int, work: Callable[..., Any], arguments: tuple[Any, ...]) -> int:
    return min(LONGEST, round(AROUND + steps * PER_STEP))


def _done(steps: int, work: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """In the process with the GPU. Errors are handed back, because Spaces would tell no more than their name."""
    try:
        return work(*arguments)
    except InpaintError as error:
        return error
    except Exception as error:  # noqa: BLE001 - it is raised on the other side
        words = f"{type(error).__name__}: {error}"
        return MemoryError(words) if out_of_memory(error) else RuntimeError(words)
