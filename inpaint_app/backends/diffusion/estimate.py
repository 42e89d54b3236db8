"""How long a run will take and how much memory, learned from the runs before it on this machine."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

WEIGHT = 0.4
"""How much the latest run counts against the ones before it."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds for one step, and for everything around the steps; MB of memory at the peak, 0 where nothing told."""

    step: float
    around: float
    megabytes: float = 0.0

    def seconds(self, steps: int) -> float:
        """What a run of that many steps takes."""
        return self.around + steps * self.step


class Estimates:
    """Paces by name (model, device, precision, memory, size), kept in a small JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def pace(self, name: str) -> Pace | None:
        """What earlier runs of that name say, or None where there was none."""
        entry = self._read().get(name)
        return Pace(*entry) if entry else None

    def learn(self, name: str, pace: Pace) -> None:
        """Count in a run that has just ended; a file that cannot be written is no reason to fail."""
        known = self._read()
        old = known.get(name)
        new = [pace.step, pace.around, pace.megabytes]
        known[name] = (
            [round((1 - WEIGHT) * o + WEIGHT * n, 6) for o, n in zip(old, new, strict=True)] if old else new
        )
        with suppress(OSError):
            self._write(known)

    def _read(self) -> dict[str, list[float]]:
        try:
            held = json.loads(self._path.read_text(encoding="utf-8"))
            return {str(k): [float(v[0]), float(v[1]), float(v[2])] for k, v in held.items()}
        except (OSError, ValueError, TypeError, AttributeError, IndexError):
            return {}

    def _write(self, known: dict[str, list[float]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent, suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(known, file, indent=1)
        os.replace(name, self._path)


def spoken(seconds: float) -> str:
    """A time as one would say it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"
