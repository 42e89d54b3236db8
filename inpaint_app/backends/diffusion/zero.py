"""Spaces lend their GPU by the call (ZeroGPU): there the heavy call asks for it, elsewhere this does nothing."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

LONGEST = 300


def lent() -> bool:
    """Whether this runs where a GPU is lent by the call."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "true")


def on_gpu(work: Callable[[], Value], steps: int, per_step: float = 0.25, around: float = 15.0) -> Value:
    """Do the work, on Spaces with a GPU lent for as long as that many steps take; seconds."""
    if not lent():
        return work()
    spaces = importlib.import_module("spaces")
    duration = min(LONGEST, round(around + steps * per_step))
    lend: Callable[[Callable[[], Value]], Callable[[], Value]] = spaces.GPU(duration=duration)
    return lend(work)()
