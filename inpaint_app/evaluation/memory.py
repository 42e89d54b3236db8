"""How much a process grew while something ran: Linux's own high-water mark, reset before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


@dataclass(slots=True)
class Peak:
    """Filled in when the block ends: MB above what was there before, or None where the system does not tell."""

    megabytes: float | None = None


@contextmanager
def peak() -> Iterator[Peak]:
    """Watch a block. Memory that was free inside the process before and is used again does not show."""
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
