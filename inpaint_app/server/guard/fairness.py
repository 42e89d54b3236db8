"""Who makes room when there is none: whoever has most, so that one who asks for much pushes out nobody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from inpaint_app.server.guard.identity import Visitor

Thing = TypeVar("Thing")


def who_makes_room(
    things: Iterable[Thing],
    owner: Callable[[Thing], Visitor],
    size: Callable[[Thing], float],
    worth: Callable[[Thing], Any],
    may_go: Callable[[Thing], bool] = lambda thing: True,
) -> Thing | None:
    """The thing to let go of: of the address that has most, there of the visitor that has most, what is worth least.

    Many cookies cost nothing, many addresses do; so addresses count first. None where nothing may go.
    """
    held = list(things)
    of_address, of_visitor = Counter[str](), Counter[tuple[str, str]]()
    for thing in held:
        one = owner(thing)
        of_address[one.address] += size(thing)  # type: ignore[assignment]
        of_visitor[one.address, one.key] += size(thing)  # type: ignore[assignment]

    def order(thing: Thing) -> tuple[float, float, Any]:
        one = owner(thing)
        return -of_address[one.address], -of_visitor[one.address, one.key], worth(thing)

    return min((thing for thing in held if may_go(thing)), key=order, default=None)
