"""What goes with a found thing, its belongings, shadow and reflection: each kind is found from photo and finds.

A part is an Instance whose `of` is the number of what it belongs to, which may itself be a part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np

from inpaint_app.segmenters.base import NONE, Segmenter
from inpaint_app.segmenters.crowd import FEW, MOST, seen_nearer
from inpaint_app.segmenters.finer import redrawn
from inpaint_app.segmenters.parts import belongings
from inpaint_app.segmenters.parts.ownership import with_owned
from inpaint_app.segmenters.parts.reflections import with_reflections
from inpaint_app.segmenters.parts.shadows import with_shadows
from inpaint_app.segmenters.selecting.gesture import Gesture
from inpaint_app.segmenters.selecting.meaning import meant
from inpaint_app.segmenters.upright import found_upright
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Image, Instance, Mask, Progress

AUTO, OFF = CHOICES = ("auto", "off")

PartFinder = Callable[[Image, tuple[Instance, ...], Settings], tuple[Instance, ...]]
"""Gives finds their `of`, or adds finds that have one, numbered on. image: (H, W, 3) uint8 RGB."""


class Kind(NamedTuple):
    """A kind of parts.

    find: how they are found. help: what command line, HTTP and MCP say of the switch. weak: see Segmenter.detect.
    """

    find: PartFinder
    help: str
    weak: Mapping[str, float] = NONE


KINDS: dict[str, Kind] = {
    "belongings": Kind(
        lambda image, found, settings: belongings.owned(image, found),
        "what people ride, carry and wear goes with them, and who is half hidden beside them; a driver with the car",
        belongings.WEAKEST,
    ),
    "shadows": Kind(
        lambda image, found, settings: with_reflections(image, with_shadows(image, found, settings)),
        "clear cast shadows and clear reflections go with what they are of",
    ),
}
"""The kinds of parts, by the name of their field of a Request, in the order in which they are looked for."""

NEAR = 8
"""Finds among which the parts of one are looked for, itself and the nearest to it: in a crowd all would take long."""

LABELS = {"shadow": "shadows", "reflection": "shadows"}
"""Which kind a part is of, by its label; "belongings" where none stands here."""


def weakest(kinds: Iterable[str]) -> Mapping[str, float]:
    """What the named kinds want to see of what is found less surely: the confidence of each label."""
    return {label: least for name in kinds if name in KINDS for label, least in KINDS[name].weak.items()}


def all_found(
    finder: Segmenter,
    image: Image,
    confidence: float,
    kinds: Iterable[str],
    settings: Settings,
    progress: Progress,
    rough: bool = False,
    within: Mask | None = None,
) -> tuple[Instance, ...]:
    """All that a finder sees in a photo, also from nearer and turned upright, finely outlined, with its parts.

    rough: for finds that are only left out or told: fewer looks around small people, outlines as they were first
    drawn. within: (h, w) bool, laid over the photo: where small people are worth it.
    """
    weak = weakest(kinds)
    again = partial(finder.detect, confidence=confidence, progress=progress.part(1.0, 1.0))

    def find(picture: Image) -> tuple[Instance, ...]:
        found, where = finder.detect(picture, confidence, progress, weak), None
        if within is not None and picture is image:
            size = image.shape[1::-1]
            where = cv2.resize(within.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        most = FEW if rough else MOST
        return seen_nearer(picture, found, confidence, partial(again, weak=weak), most, where)

    def complete(picture: Image, found: tuple[Instance, ...]) -> tuple[Instance, ...]:
        found = found if rough else redrawn(finder, picture, found, progress)
        return with_found_parts(picture, found, kinds, confidence, settings)

    return found_upright(image, find, complete, again, progress.notes)


def with_found_parts(
    image: Image,
    found: tuple[Instance, ...],
    kinds: Iterable[str],
    confidence: float,
    settings: Settings,
) -> tuple[Instance, ...]:
    """The finds with the parts of the named kinds; of those below the confidence only what belongs to another."""
    wanted = set(kinds)
    for name, kind in KINDS.items():
        if name in wanted:
            found = _numbered(kind.find(image, found, settings), confidence)
    return found


def with_parts_of(
    picked: Instance,
    image: Image,
    found: tuple[Instance, ...],
    kinds: Iterable[str],
    confidence: float,
    settings: Settings,
) -> tuple[Instance, ...]:
    """The same for the one find that is `picked`: only the nearest are looked at, and none where it is no find."""
    sure = tuple(one for one in found if one.confidence >= confidence)
    same = meant(Gesture(picked.box), picked.box, picked.mask, sure)
    if same is None:
        return sure
    nearest = sorted(found, key=lambda one: (one is not same, _apart(one.box, same.box)))[:NEAR]
    beside = tuple(one for one in found if one in nearest)
    known = with_found_parts(image, beside, kinds, confidence, settings)
    rest = (one for one in sure if one not in beside)
    last = max(one.number for one in known)
    return (*known, *(replace(one, number=number) for number, one in enumerate(rest, start=last + 1)))


def _apart(one: Box, other: Box) -> int:
    """Pixels between two boxes."""
    across = max(one.left, other.left) - min(one.right, other.right)
    return max(across, 0) + max(max(one.top, other.top) - min(one.bottom, other.bottom), 0)


def _numbered(found: tuple[Instance, ...], confidence: float) -> tuple[Instance, ...]:
    sure = {one.number for one in found if one.confidence >= confidence}
    numbers = with_parts(found, sure, {*KINDS})
    kept = [one for one in found if one.number in numbers]
    if len(kept) == len(found):
        return found
    new: dict[int | None, int] = {one.number: number for number, one in enumerate(kept, start=1)}
    return tuple(replace(one, number=new[one.number], of=new.get(one.of)) for one in kept)


def with_parts(instances: Iterable[Instance], numbers: Set[int], kinds: Set[str]) -> frozenset[int]:
    """The numbers with those of everything of these kinds that belongs to one of them, and of what belongs to that."""
    return with_owned((one for one in instances if LABELS.get(one.label, "belongings") in kinds), numbers)
