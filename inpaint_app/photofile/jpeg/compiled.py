"""Compile array loops; the machine code is kept on disk where a folder can be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numpy.typing import NDArray

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
Array = NDArray[Any]
State = tuple[Any, Any, Any]  # a writer's or reader's place, its accumulator and the bits held in it
Number = Any  # a number as machine code has it: Python's int or float, or one of NumPy's, whichever comes in


NO_C: dict[str, Any] = {"nogil": True, "no_cfunc_wrapper": True}  # none is called from C: less to compile


def compiled(function: Kernel) -> Kernel:
    """numba's nopython mode, without the interpreter lock, compiled at the first call."""
    try:
        return cast(Kernel, numba.njit(cache=True, **NO_C)(function))
    except RuntimeError:  # no folder to keep a cache in: compile anew in every process
        return cast(Kernel, numba.njit(**NO_C)(function))


def inlined(function: Kernel) -> Kernel:
    """The same for a small function that becomes part of its callers: a call hands over each array in seven words."""
    bare = NO_C | {"no_cpython_wrapper": True}
    return cast(Kernel, numba.njit(forceinline=True, **bare)(function))
