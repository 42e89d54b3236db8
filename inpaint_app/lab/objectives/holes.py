"""The mixture of holes to train and to score with. The shapes themselves are imaging.holes'."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from inpaint_app.errors import OptionError
from inpaint_app.imaging.holes import (
    Hole,
    centre,
    circle,
    equal_area,
    freeform,
    objects,
    rectangle,
    square,
    squares,
)

HOLES: Mapping[str, Hole] = {
    "centre": centre,
    "square": square,
    "rectangle": rectangle,
    "circle": circle,
    "squares": squares,
    "equal-area": equal_area,
    "freeform": freeform,
    "objects": objects,
}

RANDOM: Mapping[str, float] = {
    "centre": 0.2,
    "square": 0.1,
    "rectangle": 0.25,
    "circle": 0.05,
    "squares": 0.03,
    "equal-area": 0.02,
    "freeform": 0.2,
    "objects": 0.15,
}
"""The default mixture: report 004 names the lack of random masks as its main flaw."""


def make_holes(kinds: Mapping[str, float], size: int, count: int, seed: int) -> NDArray[np.bool_]:
    """`count` holes (count, size, size) bool, kinds drawn by their weights. Raises OptionError for an unknown kind."""
    for kind in kinds:
        if kind not in HOLES:
            raise OptionError(f"There is no hole {kind!r}. Known: {', '.join(HOLES)}.")
    rng = np.random.default_rng([seed, 2])
    weights = np.array(list(kinds.values()), dtype=float)
    drawn = rng.choice(len(weights), count, p=weights / weights.sum())
    names = list(kinds)
    return np.stack([HOLES[names[number]](rng, size) for number in drawn])
