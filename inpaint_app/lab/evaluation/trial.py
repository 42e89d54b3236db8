"""The test on one photo: cut a hole of known content, let every chosen backend fill it, score it with the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from inpaint_app.errors import Cancelled, InpaintError, MaskError
from inpaint_app.imaging.mask import checked
from inpaint_app.imaging.window import BLANK
from inpaint_app.lab.evaluation.holes import parse
from inpaint_app.metrics.full_reference import QUICK, Scores, scores
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.session import Session
from inpaint_app.types import Image, Mask, Progress, Result

HOLES = {
    "square:0.25": "Square",
    "circle:0.25": "Circle",
    "squares": "Many small squares",
    "freeform": "Brush strokes",
    "objects": "Shapes like people and cars",
    "moved": "My mask, moved elsewhere",
}
"""What the page offers, with its titles; `holes.parse` reads many more."""


@dataclass(frozen=True, slots=True, eq=False)
class TrialRow:
    """What one backend made of the hole; `error` says in a sentence why there is nothing, and then the rest is None.

    truth: the photo. cut: the photo with the hole blanked, which is all that the backend saw. scores: see
    metrics.full_reference, {"hole": …, "image": …}.
    """

    backend: str
    mask: Mask
    truth: Image
    cut: Image
    result: Result | None = None
    scores: Scores | None = None
    error: str | None = None

    @property
    def seconds(self) -> float | None:
        """What the fill took."""
        return self.result.seconds if self.result else None


def cut_hole(image: Image, hole: str | Mask, *, seed: int = 0, own: Mask | None = None) -> tuple[Mask, Image]:
    """The hole and the photo with it blanked. hole: a name (see evaluation.holes) or a mask; own: for "moved".

    Raises OptionError for an unknown name, MaskError where the hole does not fit or leaves nothing of the photo.
    """
    mask = parse(hole).draw(image.shape, seed, own=own) if isinstance(hole, str) else checked(hole, image)
    if mask.all():
        raise MaskError("The hole covers the whole photo: a test needs something left to see.")
    blanked = image.copy()
    blanked[mask] = BLANK
    return mask, blanked


def run(
    session: Session,
    image: Image,
    hole: str | Mask,
    backends: Sequence[str],
    progress: Progress | None = None,
    *,
    seed: int = 0,
    own: Mask | None = None,
    names: Sequence[str] = QUICK,
) -> Iterator[TrialRow]:
    """One row per backend, as each is ready; what fails is a row with its error and stops nothing.

    image: (H, W, 3) uint8. hole, own: see `cut_hole`. The hole is filled as it is, neither grown nor feathered, and
    the backends get the blanked photo. names: the scores. Raises what `cut_hole` raises before the first row, and
    Cancelled.
    """
    progress = progress or Progress()
    mask, blanked = cut_hole(image, hole, seed=seed, own=own)
    for number, backend in enumerate(backends):
        part = progress.part(number / len(backends), (number + 1) / len(backends))
        row = TrialRow(backend, mask, image, blanked)
        try:
            result = session.remove(Removal(blanked, mask, grow=0, feather=0), backend, part.part(0.0, 0.9))
            part(0.9, "Comparing with the truth")
            row = replace(row, result=result, scores=scores(image, result.image, mask, names=names))
            part(1.0, "Done")
        except Cancelled:
            raise
        except InpaintError as error:
            row = replace(row, error=str(error))
        yield row
