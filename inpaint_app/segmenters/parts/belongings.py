"""What people ride, carry, wear and push, who stands half hidden among them, and who sits in a car.

Told from labels and outlines alone.

A find belongs to somebody where the outlines touch, as far as the outlines are sure, and where its kind allows: a
bicycle below its rider and not behind, a bag at a hand or a shoulder. What two could own is his who touches more of
it, and of two that touch as much the smaller one's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np

from inpaint_app.imaging.mask import bounds, padded
from inpaint_app.types import Box, Image, Instance, Mask

CELLS = 128
"""Outlines are compared on a grid of so many cells to a person's height."""
REACH = 3
"""Cells apart within which two outlines touch: YOLO's masks have a quarter of the detail of what it looks at."""
SLIVER = 0.02
"""Gaps between a person's outline and a belonging's of up to this share of his height are closed."""
SURE, COVERED = 0.35, 0.75
"""A find less sure than that, of which more than that share goes with its owner anyway, is not worth a word."""
TOUCHED = 0.05
"""Share of a find less sure than SURE that must lie at its owner's outline: one that only grazes it is nobody's."""
WITHIN = 0.5
"""Share of a find under the outline of a surer one from which it is a part of that."""


class Pair(NamedTuple):
    """A find beside its possible owner, on one grid; heights are counted from the owner's head (0) to his feet (1).

    touching: share of the find that lies at the owner's outline or under it; inside: under it.
    """

    owner: Instance
    thing: Instance
    touching: float
    inside: float

    def height(self, y: float) -> float:
        """A row of the photo as a height."""
        return (y - self.owner.box.top) / self.owner.box.height

    @property
    def top(self) -> float:
        """Height of the find's upper end."""
        return self.height(self.thing.box.top)

    @property
    def bottom(self) -> float:
        """Height of its lower end."""
        return self.height(self.thing.box.bottom)

    @property
    def across(self) -> float:
        """How much of the narrower one's width the other shares."""
        one, other = self.owner.box, self.thing.box
        shared = min(one.right, other.right) - max(one.left, other.left)
        return shared / min(one.width, other.width)

    @property
    def size(self) -> float:
        """The find's pixels for each of the owner's."""
        return float(np.count_nonzero(self.thing.mask) / np.count_nonzero(self.owner.mask))

    @property
    def length(self) -> float:
        """The find's longer side in heights of its owner."""
        return max(self.thing.box.width, self.thing.box.height) / self.owner.box.height


def _ridden(pair: Pair) -> bool:
    """Under its rider, and down to his feet at least: one that is parked behind ends above them."""
    return pair.bottom > 0.97 and pair.top > 0.15 and pair.across > 0.5 and 0.3 < pair.length < 2.5


def _board(pair: Pair) -> bool:
    """Under the feet, or held anywhere."""
    return pair.length < 2.5 and pair.bottom > 0.4


def _carried(pair: Pair) -> bool:
    """At a hand, a shoulder or the head, not longer than its owner."""
    return pair.length < 0.8 and pair.top > -0.3 and pair.bottom < 1.1


def _held(pair: Pair) -> bool:
    """In a hand: small, and mostly beside or before him."""
    return pair.length < 0.45 and pair.top > -0.1 and pair.bottom < 0.95


def _worn(pair: Pair) -> bool:
    """Round the neck, wherever the photo cuts its wearer off."""
    return pair.across > 0.5


def _pulled(pair: Pair) -> bool:
    """Standing beside its owner's feet, or in his hand."""
    return pair.length < 0.8 and pair.top > 0.3 and pair.bottom < 1.15


def _overhead(pair: Pair) -> bool:
    return pair.length < 1.6 and pair.top < 0.6


def _led(pair: Pair) -> bool:
    """Beside its owner's legs, on the same ground."""
    return pair.top > 0.3 and 0.85 < pair.bottom < 1.3 and pair.length < 0.9


def _driven(pair: Pair) -> bool:
    """An open one that shows as much of its driver as of itself: of a closed one he is the part, see `_inside`."""
    return pair.size < 3 and pair.bottom > 0.9 and pair.top > 0.2 and pair.across > 0.8


def _sat_on(pair: Pair) -> bool:
    """Under somebody whose legs are bent: reaching from his back to the ground."""
    return pair.top > 0.1 and pair.bottom > 0.85 and pair.across > 0.6 and pair.length < 1.2


def _accompanied(pair: Pair) -> bool:
    """Somebody who is not surely seen, half hidden mostly: where people stand together more of them are likely."""
    return pair.thing.confidence < SURE and pair.thing.box.height > 0.25 * pair.owner.box.height


def _within(pair: Pair) -> bool:
    return _accompanied(pair) if pair.owner.label == "person" else _driver(pair)


def _driver(pair: Pair) -> bool:
    """The owner is the car, which shows on both sides of him."""
    box, car = pair.thing.box, pair.owner.box
    middle = min(max(0, (box.top + box.bottom) // 2 - car.top), car.height - 1)
    rows = pair.owner.mask[middle : max(middle + 1, box.bottom - car.top)]
    left, right = max(0, box.left - car.left), max(0, box.right - car.left)
    beside = rows[:, :left].any(axis=1) & rows[:, right:].any(axis=1)
    return bool(beside.mean() > 0.5) and pair.top > -0.25 and pair.bottom < 0.8 and pair.size <= 1 / 3


class Rule(NamedTuple):
    """Of one kind of thing: whom it may belong to, where it must be, and how sure a find of it must be.

    least: such a find counts from that confidence on where it belongs to somebody; 1: no sooner than others.
    one: an owner has at most one. alone: and what two could own stays.
    """

    fits: Callable[[Pair], bool]
    least: float = 1.0
    one: bool = False
    alone: bool = False
    owners: tuple[str, ...] = ("person",)


WEAK = 0.15
"""Tuned on the even half of the COCO photos, see benchmarks/results/belongings.md."""
COMPANION = 0.12
"""The same for people beside people."""
RULES: dict[str, Rule] = {
    "bicycle": Rule(_ridden, WEAK, one=True),
    "motorcycle": Rule(_ridden, WEAK, one=True),
    "car": Rule(_driven, one=True),
    **dict.fromkeys(("skateboard", "surfboard", "skis", "snowboard"), Rule(_board, WEAK)),
    **dict.fromkeys(("handbag", "backpack", "tennis racket", "baseball bat", "teddy bear"), Rule(_carried, WEAK)),
    **dict.fromkeys(
        ("cell phone", "baseball glove", "frisbee", "sports ball", "bottle", "cup", "wine glass", "book",
         "remote", "banana", "hot dog", "sandwich", "donut", "toothbrush", "hair drier", "scissors"),
        Rule(_held, WEAK),
    ),
    "tie": Rule(_worn, WEAK),
    "suitcase": Rule(_pulled, WEAK),
    "umbrella": Rule(_overhead, WEAK),
    "dog": Rule(_led),
    "chair": Rule(_sat_on, one=True, alone=True),
    "person": Rule(_within, COMPANION, owners=("person", "car", "bus", "truck")),
}  # fmt: skip

WEAKEST = {label: rule.least for label, rule in RULES.items() if rule.least < 1}
"""How sure a find of each kind must be to count as somebody's."""


def owned(image: Image, found: tuple[Instance, ...]) -> tuple[Instance, ...]:
    """The finds, those that belong to another with its number in `of` and the sliver between the two closed.

    A find mostly under the outline of a surer one is that one's part, whatever it was taken for.
    """
    owners: dict[int, Instance] = {}
    taken: set[tuple[int, str]] = set()
    pairs = sorted(
        _pairs(found), key=lambda pair: (-round(pair.touching, 1), np.count_nonzero(pair.owner.mask))
    )
    for pair in pairs:
        owner, thing = pair.owner, pair.thing
        rule = RULES.get(thing.label)
        if thing.number in owners or _owns(thing, owner, owners):
            continue
        if thing.confidence < SURE and (pair.inside > COVERED or pair.touching < TOUCHED):
            continue
        if pair.inside <= WITHIN or not SURE <= thing.confidence <= owner.confidence:
            if rule is None or owner.label not in rule.owners or not rule.fits(pair):
                continue
            if rule.one and (owner.number, thing.label) in taken:
                continue
            if rule.alone and any(
                other.thing is thing and rule.fits(other) for other in pairs if other is not pair
            ):
                continue
        taken.add((owner.number, thing.label))
        owners[thing.number] = owner
    return tuple(
        _joined(one, owners[one.number], image.shape) if one.number in owners else one for one in found
    )


def _owns(thing: Instance, owner: Instance, owners: dict[int, Instance]) -> bool:
    """Whether the owner already belongs, in turn, to the thing."""
    above: Instance | None = owner
    while above is not None and above.number != thing.number:
        above = owners.get(above.number)
    return above is not None


def _pairs(found: Iterable[Instance]) -> Iterable[Pair]:
    """All finds that touch another which may own them."""
    finds = tuple(found)
    for owner in finds:
        cell = max(1.0, owner.box.height / CELLS)
        reach = round(REACH * cell)
        for thing in finds:
            frame = _common(thing.box, owner.box, reach)
            if thing.number == owner.number or frame is None:
                continue
            its, his = _sampled(thing, frame, cell), _sampled(owner, frame, cell)
            grown = cv2.dilate(his.view(np.uint8), np.ones((2 * REACH + 1,) * 2, np.uint8)).view(bool)
            size = np.count_nonzero(thing.mask) / cell**2
            touching = np.count_nonzero(its & grown) / size
            if touching > 0:
                yield Pair(owner, thing, touching, np.count_nonzero(its & his) / size)


def _common(one: Box, other: Box, reach: int) -> Box | None:
    """Where `one` and the other meet, `reach` pixels around that included; None where they are further apart."""
    left, top = max(one.left, other.left - reach), max(one.top, other.top - reach)
    right, bottom = min(one.right, other.right + reach), min(one.bottom, other.bottom + reach)
    if right <= left or bottom <= top:
        return None
    return Box(left - reach, top - reach, right + reach, bottom + reach)


def _sampled(one: Instance, frame: Box, cell: float) -> Mask:
    """The outline in a frame of the photo, at the centre of each cell."""
    rows, columns = (
        (start + (np.arange(max(1, int(length / cell))) + 0.5) * cell).astype(int)
        for start, length in (
            (frame.top - one.box.top, frame.height),
            (frame.left - one.box.left, frame.width),
        )
    )
    down, across = (rows >= 0) & (rows < one.box.height), (columns >= 0) & (columns < one.box.width)
    seen = np.zeros((len(rows), len(columns)), dtype=bool)
    seen[np.ix_(down, across)] = one.mask[np.ix_(rows[down], columns[across])]
    return seen


def _joined(thing: Instance, owner: Instance, shape: tuple[int, ...]) -> Instance:
    """The thing, its owner's, with the narrow gap between the two."""
    gap = max(1, round(SLIVER * owner.box.height / 2))
    frame = padded(thing.box, 4 * gap, shape)
    its, his = thing.within(frame), owner.within(frame)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * gap + 1,) * 2)
    near = np.logical_and(*(cv2.dilate(one.view(np.uint8), disc, iterations=2) for one in (its, his)))
    both = cv2.morphologyEx((its | his).view(np.uint8), cv2.MORPH_CLOSE, disc).view(bool)
    mask = its | (both & near & ~his)
    tight = bounds(mask) or Box(0, 0, frame.width, frame.height)
    box = tight.moved(frame.left, frame.top)
    return replace(thing, box=box, mask=mask[tight.slices].copy(), of=owner.number)
