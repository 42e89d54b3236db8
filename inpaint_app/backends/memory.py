"""The memory that is left, that is handed back, and that something takes while it runs."""

from __future__ import annotations

import ctypes
import gc
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inpaint_app.environment import CONTROL

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_WHOLE = Path("/proc/meminfo")


def available() -> float:
    """Bytes that can still be taken, of the machine or of the control group; infinite where nothing tells."""
    return min(_of_the_machine(), _of_the_group())


def _of_the_machine() -> float:
    with suppress(OSError, ValueError, IndexError):
        for line in _WHOLE.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
    with suppress(ImportError):
        return float(importlib.import_module("psutil").virtual_memory().available)
    return float("inf")


def _of_the_group() -> float:
    """What the control group leaves; file pages that nobody uses count as free."""
    try:
        most = float((CONTROL / "memory.max").read_text())
        taken = float((CONTROL / "memory.current").read_text())
        told = dict(line.split() for line in (CONTROL / "memory.stat").read_text().splitlines())
        return most - taken + float(told.get("inactive_file", 0))
    except (OSError, ValueError):  # no control group, or "max"
        return float("inf")


def handed_back() -> None:
    """Give what is no longer used back to the system and to the GPU; loads nothing for it."""
    gc.collect()
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if torch.backends.mps.is_available():
            torch.mps.empty_cache()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # glibc alone keeps freed memory back, and has this
            ctypes.CDLL(None).malloc_trim(0)


@dataclass(slots=True)
class Peak:
    """Filled in when the block ends: MB above what was there before, or None where the system does not tell."""

    megabytes: float | None = None


@contextmanager
def peak() -> Iterator[Peak]:
    """Watch a block, by Linux's own high-water mark of the process, reset before.

    Memory that was free inside the process before and is used again does not show.
    """
    found = Peak()
    before = _resident("VmRSS") if _reset() else None
    yield found
    after = _resident("VmHWM")
    if before is not None and after is not None:
        found.megabytes = round(max(0.0, after - before), 1)


def _reset() -> bool:
    try:
        _CLEAR.write_text("5")
    except OSError:
        return False
    return True


def _resident(name: str) -> float | None:
    """MB of a line of the process's status."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    return None
