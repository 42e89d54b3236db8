"""What a segmenter is, as data (SegmenterSpec) and as an object (Segmenter). Imports nothing heavy."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol, runtime_checkable

from inpaint_app.errors import OptionError
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Instance, Missing, Progress

GROUPS: dict[str, tuple[str, ...]] = {
    "people": ("person",),
    "bystanders": ("person",),
    "cars": ("car", "bus", "truck", "motorcycle"),
    "animals": ("bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe"),
}
"""What a person means by a word, in the classes of COCO. The photo's subjects are no bystanders: see subjects.py."""
GROUPED = frozenset(label for labels in GROUPS.values() for label in labels)
"""The classes that one click removes: people, vehicles and animals."""

NONE: Mapping[str, float] = {}


@runtime_checkable
class Segmenter(Protocol):
    """Finds objects with their outlines."""

    def detect(
        self, image: Image, confidence: float, progress: Progress, weak: Mapping[str, float] = NONE
    ) -> tuple[Instance, ...]:
        """Every instance found at `confidence` (0..1) or above, most confident first, numbered from 1.

        weak: labels of which less sure ones may follow, from that confidence on, to be judged by what they touch.
        image: (H, W, 3) uint8 RGB of any size. Masks are at the image's full resolution, gaps closed.
        """
        ...


PLURALS = {
    "person": "people", "sheep": "sheep", "knife": "knives", "mouse": "mice",
    "skis": "skis", "scissors": "scissors", "broccoli": "broccoli",
}  # fmt: skip
"""Classes whose plural has no s of its own."""


LONG, ALIKE = 6, 0.88
"""From so many letters on a word may be off a little; of a short one another word comes of it."""
MANY = 300
"""Classes from which on a message names the nearest alone."""


@dataclass(frozen=True, slots=True)
class SegmenterSpec:
    """A segmenter as data.

    factory: "module:Class", lacks: "module:function" that tells, cheaply, what is missing on this machine; both are
    called with the argument and the session's settings.
    """

    name: str
    title: str
    summary: str
    factory: str
    lacks: str
    labels: tuple[str, ...]
    argument: str = ""
    note: str = ""

    def missing(self, settings: Settings) -> tuple[Missing, ...]:
        """What is not there and how to get it; empty when the segmenter is ready."""
        found: Callable[[str, Settings], tuple[Missing, ...]] = _resolved(self.lacks)
        return found(self.argument, settings)

    def create(self, settings: Settings) -> Segmenter:
        """Import the factory and make the segmenter; raises MissingWeights or MissingPackage."""
        make: Callable[[str, Settings], Segmenter] = _resolved(self.factory)
        return make(self.argument, settings)


def _resolved(path: str):  # type: ignore[no-untyped-def]  # whatever the string names
    module, _, attribute = path.partition(":")
    return getattr(importlib.import_module(module), attribute)


def plural(label: str) -> str:
    """What more than one of a class is called."""
    if label in PLURALS:
        return PLURALS[label]
    return label + ("es" if label.endswith(("s", "sh", "ch", "x")) else "s")


def counted_words(labels: Iterable[str]) -> str:
    """How many there are of each class, in words: "3 people, 1 bus"; "" for none."""
    counts = Counter(labels)
    return ", ".join(f"{count} {label if count == 1 else plural(label)}" for label, count in counts.items())


def labels_of(words: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """The class names that words like "people", "dogs" or "trafic light" stand for; raises OptionError on others.

    A plural stands for its class, and so does a slip of the pen. Groups are taken by their own word alone: what
    "bystanders" spares is decided by that word.
    """
    classes = tuple(known)
    many = {plural(label): label for label in classes}
    chosen: list[str] = []
    for word in words:
        name = " ".join(word.lower().split())
        near = get_close_matches(name, (*GROUPS, *classes, *many), n=3, cutoff=0.6)
        if name not in GROUPS and name not in classes and name not in many and len(name) >= LONG:
            slips = get_close_matches(name, [one for one in near if one not in GROUPS], n=1, cutoff=ALIKE)
            name = next(iter(slips), name)
        group = GROUPS.get(name) or ((many.get(name, name),) if name in classes or name in many else ())
        if not group:
            meant = " or ".join(repr(one) for one in dict.fromkeys(many.get(one, one) for one in near))
            hint = f" Did you mean {meant}?" if near else ""
            told = f" Known: {', '.join((*GROUPS, *classes))}." if len(classes) < MANY else ""
            raise OptionError(f"{word!r} is nothing that can be found.{hint}{told}")
        chosen += [label for label in group if label in classes and label not in chosen]
    return tuple(chosen)
