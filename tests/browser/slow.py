"""Backends that only the browser tests have: one takes its time, the others fail, each in its own way."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from inpaint_app.backends.base import BackendSpec, Configured, Expected, Window
from inpaint_app.errors import BackendError
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Options, Progress, option

steps: list[int] = []
"""How many steps the slow one made, each time that it ran."""


class Slow(Configured):
    """Ten seconds in steps of a twentieth, or as many as `count` says meanwhile."""

    count = 200
    fills = False

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        steps.append(0)
        while steps[-1] < self.count:
            progress.show(window.image)
            progress(
                steps[-1] / max(self.count, steps[-1], 1), "Taking its time"
            )  # a test may let it end meanwhile
            steps[-1] += 1
            time.sleep(0.05)
        progress(1.0)
        return 255 - window.image if self.fills else window.image.copy()


class Failing(Configured):
    """Never works."""

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        raise BackendError("This one never works: choose another.")


class Hanging(Configured):
    """Does not come back until it is let go, whatever is asked of it."""

    let_go = threading.Event()

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        progress(0.1, "In native code")
        Hanging.let_go.wait(600)
        return window.image.copy()


class Dying(Configured):
    """Takes its thread with it."""

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        raise SystemExit(1)


class Hungry:
    """Has no memory the first time."""

    def __init__(self, settings: Settings) -> None:
        self.eaten = False

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        if not self.eaten:
            self.eaten = True
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")
        progress(1.0)
        return 255 - window.image

    def lower(self) -> str:
        return "in smaller pieces"


@dataclass(frozen=True, slots=True)
class SlowOptions(Options):
    """What the estimate goes by."""

    steps: int = option(20, "how long it takes", minimum=1, maximum=200, step=1)


def expected(options: Options, settings: Settings) -> Expected:
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
# of a family that is measured on a photo only when ticked
HANGING = BackendSpec("hanging", "Hanging", "Hangs.", f"{__name__}:Hanging", family="network")
DYING = BackendSpec("dying", "Dying", "Dies.", f"{__name__}:Dying", family="network")
HUNGRY = BackendSpec("hungry", "Hungry", "Eats.", f"{__name__}:Hungry", family="network")
ALL = (SLOW, FAILING, HANGING, DYING, HUNGRY)
