"""What diffusion made, in the photo's own pixels where the photo has more of them than the model."""

from __future__ import annotations

from inpaint_app.backends.base import Window
from inpaint_app.backends.exemplar.backend import Exemplar
from inpaint_app.backends.exemplar.options import ExemplarOptions
from inpaint_app.types import Image, Options, Progress

FOLLOWED = 1.0
"""Down to the model's own pixels its fill is followed altogether; only what is finer is copied from the photo."""


class FinishedDiffusion(Exemplar):
    """The exemplar engine with the model's fill as its guide, followed as far as that can tell.

    It is sharp, and what the words ask for may well begin at the hole's rim.
    """

    SPLIT = 1.0
    DOUBTS = False

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        """See Backend.inpaint."""
        followed = ExemplarOptions(options.seed, guidance=FOLLOWED, layout=FOLLOWED)
        return super().inpaint(window, followed, progress)
