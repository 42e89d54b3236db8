"""Two backends that only the browser tests have: one that takes its time, one that fails."""

from __future__ import annotations

import time
from dataclasses import dataclass

from inpaint_app.backends.base import BackendSpec, Expected
from inpaint_app.errors import BackendError
from inpaint_app.types import Image, Options, Progress, Window, option

steps: list[int] = []
"""How many steps the slow one made, each time that it ran."""


class Slow:
    """Ten seconds in steps of a twentieth."""

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        steps.append(0)
        for step in range(200):
            progress.show(window.image)
            progress(step / 200, "Taking its time")
            steps[-1] += 1
            time.sleep(0.05)
        progress(1.0)
        return window.image.copy()


class Failing:
    """Never works."""

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        raise BackendError("This one never works: choose another.")


@dataclass(frozen=True, slots=True)
class SlowOptions(Options):
    """What the estimate goes by."""

    steps: int = option(20, "how long it takes", minimum=1, maximum=200, step=1)


def expected(options: Options) -> Expected:
    """Ten seconds a step; nothing is known of a hundred."""
    steps = options.steps if isinstance(options, SlowOptions) else 20
    return Expected(10.0 * steps, 3600.0) if steps < 100 else Expected()


SLOW = BackendSpec(
    "slow",
    "Slow",
    "Takes ten seconds.",
    f"{__name__}:Slow",
    options=SlowOptions,
    slow=True,
    seeded=True,
    expects=f"{__name__}:expected",
)
FAILING = BackendSpec("failing", "Failing", "Fails.", f"{__name__}:Failing")
