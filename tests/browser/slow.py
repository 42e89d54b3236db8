"""Two backends that only the browser tests have: one that takes its time, one that fails."""

from __future__ import annotations

import time

from inpaint_app.backends.base import BackendSpec
from inpaint_app.errors import BackendError
from inpaint_app.types import Image, Options, Progress, Window

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


SLOW = BackendSpec("slow", "Slow", "Takes ten seconds.", f"{__name__}:Slow")
FAILING = BackendSpec("failing", "Failing", "Fails.", f"{__name__}:Failing")
