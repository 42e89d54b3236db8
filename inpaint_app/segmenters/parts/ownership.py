"""What goes along with a find."""

from __future__ import annotations

from collections.abc import Iterable

from inpaint_app.types import Instance


def with_owned(finds: Iterable[Instance], numbers: Iterable[int]) -> frozenset[int]:
    """The numbers with those of all finds that belong (`of`) to one of them, and of what belongs to those in turn."""
    owned = [one for one in finds if one.of is not None]
    gone = frozenset(numbers)
    while more := {one.number for one in owned if one.of in gone} - gone:
        gone |= more
    return gone
