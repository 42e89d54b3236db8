"""The whole fill: levels, search and vote on each, then the copy and the blend."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inpaint_app.backends.exemplar import blend, initialise, pyramid, vote
from inpaint_app.backends.exemplar import field as fields
from inpaint_app.backends.exemplar.field import Field, Flags, Floats
from inpaint_app.backends.exemplar.options import ExemplarOptions
from inpaint_app.errors import BackendError
from inpaint_app.types import Image, Progress


@dataclass(frozen=True, slots=True)
class Plan:
    """How much work each level gets. Chosen by measurement, see benchmarks/exemplar.py."""

    coarse_rounds: int = 8
    fine_rounds: int = 3
    sharpness: float = 1.0
    fine_sharpness: float = 4.0
    finish: str = "blend"


def confidence(hole: Flags) -> Floats:
    """1 at known pixels, falling by 1.3 with every pixel into the hole (Wexler et al. 2007, section 4.2)."""
    depth = cv2.distanceTransform(hole.view(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(np.power(1.3, -np.minimum(depth, 60.0)), np.float32)


def solve(
    levels: list[pyramid.Level],
    seed: int,
    guide: Image | None,
    guidance: float,
    progress: Progress,
    plan: Plan,
) -> tuple[Field, Floats]:
    """Fill every level from the coarsest to the finest; returns the finest field and its filled features."""
    coarser: Field | None = None
    filled: Floats | None = None
    last = len(levels) - 1
    for number in range(last, -1, -1):
        level = levels[number]
        features = level.features.copy()
        field = fields.make_field(level.hole, level.forbidden)
        if field is None:
            continue
        py, px = (a.astype(np.int32) for a in np.nonzero(level.hole))
        trust = confidence(level.hole)
        if coarser is None:
            initialise.onion_peel(features, level.hole, field)
        else:
            fields.refine_from(coarser, field, seed + number)
            field.cost[:] = 0
            features[py, px] = vote.vote(features, field, trust[field.ys, field.xs] + 1e-9, py, px)
        share = (last - number) / (last + 1)
        rounds = plan.coarse_rounds if number >= 2 else plan.fine_rounds
        sharp = plan.sharpness if number else plan.fine_sharpness
        for turn in range(rounds):
            progress(share + turn / rounds / (last + 1), f"matching patches, size 1/{2**number}")
            for k in range(2):
                fields.search(
                    features, field, backward=(turn + k) % 2 == 1,
                    radius=max(level.hole.shape) if number >= 2 else 16, seed=seed * 7919 + number * 101 + turn * 2 + k,
                )  # fmt: skip
            weight = vote.weights(field, trust, sharp)
            features[py, px] = vote.vote(features, field, weight, py, px)
        coarser, filled = field, features
    if coarser is None or filled is None:
        raise BackendError("No size of the window has a patch to copy from.")
    return coarser, filled


def fill(
    image: Image, hole: Flags, forbidden: Flags, guide: Image | None, options: ExemplarOptions, progress: Progress,
    plan: Plan = Plan(),
) -> Image | None:  # fmt: skip
    """Fill the hole of a window; None where nothing may be copied from."""
    first = pyramid.first_level(image, hole, forbidden)
    if fields.make_field(hole, forbidden) is None:
        return None
    levels = pyramid.build(first)
    field, features = solve(levels, options.seed, guide, options.guidance, progress.part(0.0, 0.9), plan)
    py, px = (a.astype(np.int32) for a in np.nonzero(hole))
    out = image.copy()
    if plan.finish == "vote":
        out[py, px] = np.clip(np.rint(features[py, px, :3]), 0, 255).astype(np.uint8)
        return out
    source = vote.best_sources(field, field.cost, py, px)
    progress(0.9, "hiding the seams")
    if options.blending and plan.finish == "blend":
        return blend.blend(image, hole, py, px, source)
    out[py, px] = image[source[:, 0], source[:, 1]]
    return out
