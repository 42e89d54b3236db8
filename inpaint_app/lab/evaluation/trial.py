"""The test on one photo: cut a hole of known content, let every chosen backend fill it, score it with the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inpaint_app.lab.evaluation.holes import parse
from inpaint_app.lab.evaluation.measure import Measured, measure
from inpaint_app.metrics.full_reference import QUICK
from inpaint_app.removal.session import Session
from inpaint_app.types import Image, Mask, Progress

HOLES = {
    "square:0.25": "Square",
    "circle:0.25": "Circle",
    "squares": "Many small squares",
    "freeform": "Brush strokes",
    "objects": "Shapes like people and cars",
    "moved": "My mask, moved elsewhere",
}
"""What the page offers, with its titles; `holes.parse` reads many more."""


def run(
    session: Session,
    image: Image,
    hole: str,
    backends: Sequence[str],
    progress: Progress | None = None,
    *,
    seed: int = 0,
    own: Mask | None = None,
    names: Sequence[str] = QUICK,
) -> Iterator[Measured]:
    """One row per backend with pictures at full size, as each is ready; what fails is a row with its error.

    image: (H, W, 3) uint8. hole: see `holes`; own: for "moved". names: the scores. Before the first row it raises
    OptionError for an unknown hole and MaskError for one that does not fit; later Cancelled.
    """
    progress, spec = progress or Progress(), parse(hole)
    spec.draw(image.shape, seed, own=own)
    yield from measure(
        session, "", image, spec, backends,
        seed=seed, names=names, own=own, progress=progress, side=max(image.shape),
    )  # fmt: skip
    progress(1.0, "Done")
