"""The whole fill: levels, search and vote on each, then the copy and the blend."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inpaint_app.backends.exemplar import blend, grain, initialise, pyramid, structure, vote
from inpaint_app.backends.exemplar import field as fields
from inpaint_app.backends.exemplar.field import RADIUS, Field, Flags, Floats, Ints, Values
from inpaint_app.backends.exemplar.layout import BLUR, LARGE, SPLIT, coarse
from inpaint_app.backends.exemplar.options import ExemplarOptions
from inpaint_app.backends.exemplar.pyramid import Level
from inpaint_app.backends.exemplar.structure import Drawn, Laid
from inpaint_app.errors import BackendError
from inpaint_app.imaging.coarse import enlarged
from inpaint_app.imaging.mask import bounds, padded
from inpaint_app.types import Box, Image, Progress

NARROW = 0.7
"""Sigma in pixels under which a blur is none."""
Pixels = tuple[Ints, Ints]
"""Rows and columns of the hole's pixels, in scan order."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much work each level gets. Chosen by measurement, see benchmarks/results/exemplar.md.

    rounds: votes on a level, each after two passes of search, as far as `work` patches allow, but at least `least`
    (at the finest level one). large: levels with more patches than this only refine what the coarser level found, in
    one pass. sharpness, sharpness_finest: see vote.weights. toll: see field.toll.
    """

    rounds: int = 30
    least: int = 3
    work: int = 64_000
    work_finest: int = 16_000
    large: int = 100_000
    sharpness: float = 1.0
    sharpness_finest: float = 4.0
    toll: float = 0.1


def confidence(field: Field, hole: Flags) -> Floats:
    """Of every patch (N,): 1 at known pixels, divided by 1.3 with every pixel inwards (Wexler et al. 2007, 4.2)."""
    area = padded(bounds(hole) or Box(0, 0, 1, 1), RADIUS, hole.shape)
    opening = np.ascontiguousarray(hole[area.slices])
    depth = cv2.distanceTransform(opening.view(np.uint8), cv2.DIST_L2, 3)[
        field.ys - area.top, field.xs - area.left
    ]
    return np.asarray(np.power(np.float32(1.3), -np.minimum(depth, np.float32(60))), np.float32)


def _start(
    level: Level, field: Field, pixels: Pixels, guide: Values | None, seed: int, guidance: float,
    laid: Laid | None,
) -> None:  # fmt: skip
    """Fill the coarsest level: what is drawn first, then by the guide where there is one, else from the rim inwards."""
    initialise.onion_peel(level, field, seed, laid)
    if guide is not None and guidance > 0:
        level.paint(*pixels, guide[pixels].astype(np.float32))
        if laid:
            laid.hold(level)


def misfit(guide: Values, colours: Floats, pixels: Pixels, hole: Flags, sigma: float) -> Floats:
    """By how much the guide differs from the colours (N, 3) in what is coarser than `sigma`.

    What a blurred guide lacks is left to the votes: pulled to its every pixel, they would wash lines out.
    """
    py, px = pixels
    apart = guide[py, px] - colours
    if sigma < NARROW:
        return apart
    box = Box(int(px.min()), int(py[0]), int(px.max()) + 1, int(py[-1]) + 1)
    area = padded(box, round(3 * sigma) + 1, hole.shape)
    py, px = py - area.top, px - area.left
    flat = np.zeros((area.height, area.width, 3), np.float32)
    flat[py, px] = apart
    whole = Box(0, 0, area.width, area.height)
    return enlarged(coarse(flat, hole[area.slices], sigma), whole, flat.shape)[py, px]


def _improve(
    level: Level, field: Field, pixels: Pixels, trust: Floats, guide: Values | None, steer: float, blur: float,
    seed: int, finest: bool, progress: Progress, plan: Plan, laid: Laid | None,
) -> None:  # fmt: skip
    """Search and vote in turns; fills level.features at the hole's `pixels`.

    trust: see `confidence`. blur: the guide is followed in what is coarser than so many of the level's pixels. laid:
    what is held on to between the votes.
    """
    features = level.features
    py, px = pixels
    count = len(field.ys)
    large = count > plan.large or features.dtype == np.uint8
    work, least = (plan.work_finest, 1) if finest or large else (plan.work, plan.least)
    rounds = int(np.clip(work // count, least, plan.rounds))
    radius = 2 if large else 16 if count > 4000 else max(level.hole.shape)
    for turn in range(rounds):
        progress(turn / rounds)
        toll = fields.toll(field, plan.toll) if turn and not large else fields.NO_TOLL
        for half in range(1 if large else 2):
            fields.search(
                features,
                field,
                backward=(turn + half) % 2 == 1,
                radius=radius,
                seed=seed + 2 * turn + half,
                toll=toll,
            )
        weight = vote.weights(field, trust, plan.sharpness_finest if finest else plan.sharpness)
        colours = vote.vote(features, field, weight, py, px)
        if guide is not None and steer > 0:
            colours += np.float32(steer) * misfit(guide, colours, pixels, level.hole, blur)
        level.paint(py, px, colours)
        if laid and not finest:
            laid.hold(level)


def hole_pixels(hole: Flags) -> Pixels:
    """Rows and columns of the hole, in scan order."""
    box = bounds(hole) or Box(0, 0, 0, 0)
    places = cv2.findNonZero(np.ascontiguousarray(hole[box.slices]).view(np.uint8)) if hole.size else None
    found = np.zeros((0, 2), np.int32) if places is None else np.asarray(places, np.int32).reshape(-1, 2)
    return found[:, 1] + np.int32(box.top), found[:, 0] + np.int32(box.left)


def solve(
    levels: list[Level], guides: list[Values] | None, blur: float, options: ExemplarOptions, progress: Progress,
    plan: Plan, drawn: Drawn | None = None,
) -> tuple[Field, Pixels]:  # fmt: skip
    """Fill every level from the coarsest to the finest; the finest field and the pixels of its hole.

    blur: sigma of what the guides are not followed in, in pixels of the finest level.
    """
    coarser: Field | None = None
    pixels: Pixels = hole_pixels(np.zeros((0, 0), bool))
    last = len(levels) - 1
    costs = np.array([max(4.0**-number, 0.1) for number in range(last, -1, -1)])
    edges = np.concatenate([[0.0], np.cumsum(costs) / costs.sum()])
    for step, number in enumerate(range(last, -1, -1)):
        level = levels[number]
        field = fields.make_field(level.hole, level.forbidden, 3 if level.features.dtype == np.uint8 else 1)
        if field is None:  # too coarse: everything that may be copied is near the hole
            continue
        seed = options.seed * 7919 + number * 101
        guide = guides[number] if guides is not None else None
        part = progress.part(edges[step], edges[step + 1], f"matching patches at 1/{2**number} of the size")
        part(0.0)
        pixels, trust = hole_pixels(level.hole), confidence(field, level.hole)
        if coarser is None:
            laid = structure.lay(drawn, level, field, number) if drawn else None
            _start(level, field, pixels, guide, seed, options.guidance, laid)
        else:
            fields.refine_from(coarser, field, seed)
            level.paint(*pixels, vote.vote(level.features, field, trust, *pixels))
            laid = structure.lay(drawn, level, field, number) if drawn else None
        steer = options.guidance * number / max(1, last)
        _improve(
            level, field, pixels, trust, guide, steer, blur / 2**number, seed, number == 0, part, plan, laid
        )  # fmt: skip
        coarser = field
    if coarser is None:
        raise BackendError("No size of the window has a patch to copy from.")
    return coarser, pixels


def fill(
    image: Image, hole: Flags, forbidden: Flags, guide: Image | None, options: ExemplarOptions, progress: Progress,
    plan: Plan = Plan(), *, pixel: float = 0.0, drawn: Drawn | None = None,
) -> Image | None:  # fmt: skip
    """Fill the hole of a window; None where nothing may be copied from. pixel: see `layout.with_layout`.

    drawn: edges that go on across the hole; `guide` has them already.
    """
    if not fields.free_patches(hole, forbidden).any():
        return None
    levels = pyramid.build(pyramid.first_level(image, hole, forbidden))
    guides = pyramid.halvings(guide, len(levels)) if guide is not None else None
    blur = SPLIT * pixel if options.finest >= BLUR and pixel >= LARGE else 0.0
    field, pixels = solve(levels, guides, blur, options, progress.part(0.0, 0.9), plan, drawn)
    voted = levels[0].features[(*pixels, slice(0, 3))].astype(np.float32)
    del levels, guides  # as large as the window, several times
    return finish(image, hole, field, pixels, voted, options, progress.part(0.9, 1.0))


def finish(
    image: Image, hole: Flags, field: Field, pixels: Pixels, voted: Floats, options: ExemplarOptions,
    progress: Progress,
) -> Image:  # fmt: skip
    """Copy every hole pixel from its place in the best covering patch's match, then hide that it was copied."""
    py, px = pixels
    source = vote.best_sources(field, field.cost, py, px)
    if not options.blending:
        out = image.copy()
        out[py, px] = image[source[:, 0], source[:, 1]]
        return out
    progress(0.2, "hiding the seams")
    out = blend.blend(image, hole, py, px, source, voted)
    progress(0.8, "matching the grain")
    grain.match_grain(out, hole, py, px)
    return out
