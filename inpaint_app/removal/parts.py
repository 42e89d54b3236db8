"""What goes with a found thing: its belongings, its shadow; each kind is found by a function of photo and finds.

A part is an Instance whose `of` is the number of what it belongs to, which may itself be a part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from typing import NamedTuple

from inpaint_app.types import Image, Instance

AUTO, OFF = CHOICES = ("auto", "off")

PartFinder = Callable[[Image, tuple[Instance, ...]], tuple[Instance, ...]]
"""Gives finds their `of`, or adds finds that have one, numbered on. image: (H, W, 3) uint8 RGB."""


class Kind(NamedTuple):
    """A kind of parts. find: how they are found; help: what command line, HTTP and MCP say of the switch."""

    find: PartFinder
    help: str


KINDS: dict[str, Kind] = {}
"""The kinds of parts, by the name of their field of a Request, in the order in which they are looked for."""

LABELS = {"shadow": "shadows"}
"""Which kind a part is of, by its label; "belongings" where none stands here."""


def with_found_parts(image: Image, found: tuple[Instance, ...], kinds: Iterable[str]) -> tuple[Instance, ...]:
    """The finds with the parts of the named kinds."""
    wanted = set(kinds)
    for name, kind in KINDS.items():
        if name in wanted:
            found = kind.find(image, found)
    return found


def with_parts(instances: Iterable[Instance], numbers: Set[int], kinds: Set[str]) -> frozenset[int]:
    """The numbers with those of everything of these kinds that belongs to one of them, and of what belongs to that."""
    owned = [one for one in instances if one.of is not None and LABELS.get(one.label, "belongings") in kinds]
    gone = frozenset(numbers)
    while more := {one.number for one in owned if one.of in gone} - gone:
        gone |= more
    return gone
