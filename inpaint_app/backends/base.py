"""What a backend is, as data (BackendSpec) and as an object (Backend). Imports nothing heavy."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from inpaint_app.errors import OptionError
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Missing, Options, Progress

__all__ = [
    "COMPARE", "MAIN", "TOOL", "Backend", "BackendSpec", "Batching", "Configured", "Expected", "Holding", "Missing",
    "SizeRule", "Window",
]  # fmt: skip


MAIN, TOOL, COMPARE = "main", "tool", "compare"
"""Groups of what is offered: what fills, what is for a case of its own, what is there to compare with."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What a backend gets: a crop around one hole.

    avoid: True where pixels are known but must not be copied from (other people, a region the user forbids).
    guide: a coarse fill of the same shape that may steer the backend; its known pixels equal the image's.
    guide_pixel: how many pixels of the window one pixel of that fill covered before it was enlarged; 0: not known.
    """

    image: Image
    mask: Mask
    avoid: Mask | None = None
    guide: Image | None = None
    guide_pixel: float = 0.0


@runtime_checkable
class Backend(Protocol):
    """Fills the hole of a window."""

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        """Return an image of the window's shape. Known pixels may hold anything: the pipeline composites.

        Must not write into the window, must be deterministic in options.seed, must call `progress` between steps
        (which raises Cancelled) and let it reach 1, and must accept any height and width that `SizeRule` lets
        through, a hole at the border, and a hole that is the whole window.
        """
        ...


@runtime_checkable
class Batching(Protocol):
    """A backend of a fixed size (`SizeRule.native`) that fills several windows in less time than one by one."""

    def inpaint_all(self, windows: Sequence[Window], options: Options, progress: Progress) -> list[Image]:
        """The fills of the windows, as `Backend.inpaint` makes them but for rounding."""
        ...


@dataclass(eq=False)
class Configured:
    """What a factory makes: it is called with the settings of the session, and reads no environment."""

    settings: Settings


@runtime_checkable
class Holding(Protocol):
    """A backend whose weights take much memory, and which can let go of them; the next fill loads them again."""

    def held(self) -> int:
        """Bytes of weights in memory now."""
        ...

    def release(self) -> None:
        """Let go of them."""
        ...


@dataclass(frozen=True, slots=True)
class Expected:
    """What filling one hole takes, learned from earlier runs on this machine; None where there was none yet.

    seconds: for one hole with one seed. megabytes: memory at the peak, of the GPU where it runs on one.
    """

    seconds: float | None = None
    megabytes: float | None = None


@dataclass(frozen=True, slots=True)
class SizeRule:
    """What sizes a backend takes and how much it wants to see around a hole.

    native: the side in pixels of the square that a network was trained on (None: any size). maximum: longest side
    that it is given; larger windows are scaled down and the fill is scaled back. multiple: sides are padded to it.
    context: known pixels around the hole's box, as a share of the box's longer side; never under context_minimum.
    square: windows are squares, as far as the photo goes, at their own size.
    """

    native: int | None = None
    maximum: int | None = None
    multiple: int = 1
    context: float = 0.5
    context_minimum: int = 64
    square: bool = False


@dataclass(frozen=True, slots=True)
class BackendSpec:
    """A backend as data, so that listing all of them imports none of them.

    factory: "module:Class", called with the session's settings. packages: what must be importable. weights: names of
    entries of checkpoints/manifest.toml. guide: a backend whose fill is made first and handed in as Window.guide; it is
    given those options that both have. group: MAIN, TOOL or COMPARE.
    family: "classical", "exemplar", "network" or "diffusion". lacks: "module:function" that tells from the settings,
    cheaply, what else is missing on this machine. seeded: whether another seed gives another fill. megabytes: of
    memory that its weights take, roughly, where that is much. expects: "module:function" that tells from options and
    settings what a fill takes (Expected). weighs: "module:function" that tells from the options as how many
    usual fills one counts where a server bounds what it does for each. ensemble: whether the session fills with
    several others and paints what they have in common, or chooses one of them, instead of the factory's backend.
    restores: whether it works on what the hole holds, such as a mosaic, instead of inventing; the pipeline hands
    that in as Window.guide. lays_out: the side in pixels up to which its own fill is to be followed, where what is
    finer in it is a blend of borrowed detail; 0: up to the size that it is given.
    """

    name: str
    title: str
    summary: str
    factory: str
    family: str = "classical"
    group: str = MAIN
    options: type[Options] = Options
    size: SizeRule = dataclasses.field(default_factory=SizeRule)
    packages: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    guide: str | None = None
    slow: bool = False
    seeded: bool = False
    megabytes: float = 0.0
    expects: str | None = None
    weighs: str | None = None
    ensemble: bool = False
    lacks: str | None = None
    lays_out: int = 0
    restores: bool = False

    def missing(self, settings: Settings) -> tuple[Missing, ...]:
        """What is not there and how to get it; empty when the backend is ready. Imports nothing heavy."""
        lacks = [
            Missing(f"the Python package {name}", f"pip install {name}")
            for name in self.packages
            if importlib.util.find_spec(name) is None
        ]
        if self.weights:
            checkpoints = importlib.import_module("inpaint_app.models.checkpoints")
            where = checkpoints.folder(settings)
            lacks += [
                Missing(f"the weights {name}", checkpoints.cure(name, where))
                for name in self.weights
                if not checkpoints.available(name, where)
            ]
        if self.lacks is not None:
            lacks += _named(self.lacks)(settings)
        return tuple(lacks)

    def measurable(self, settings: Settings) -> bool:
        """Whether it can be scored on a hole that was cut: ready, no ensemble of others, inventing."""
        return not (self.ensemble or self.restores or self.missing(settings))

    def create(self, settings: Settings) -> Backend:
        """Import the factory and make the backend; raises whatever its constructor raises."""
        backend: Backend = _named(self.factory)(settings)
        return backend

    def expected(self, options: Options, settings: Settings) -> Expected | None:
        """What filling a hole takes; None for a backend that does not tell. Raises what its function raises."""
        if self.expects is None:
            return None
        told: Expected = _named(self.expects)(options, settings)
        return told

    def weight(self, options: Options) -> float:
        """As how many usual fills one with these options counts, at least 1."""
        return 1.0 if self.weighs is None else max(1.0, float(_named(self.weighs)(options)))

    def make_options(self, values: Mapping[str, Any]) -> Options:
        """Build the options from loose values; unknown names or values out of range raise OptionError."""
        known = {field.name: field for field in dataclasses.fields(self.options)}
        checked = {}
        for name, value in values.items():
            if name not in known:
                raise OptionError(
                    f"{self.title} has no option {name!r}. It has: {', '.join(sorted(known)) or 'none'}."
                )
            checked[name] = _of_type(self.title, name, value, known[name].default)
            _check_range(self.title, name, checked[name], known[name].metadata)
        return self.options(**checked)


def _named(text: str) -> Callable[..., Any]:
    """What "module:name" names."""
    module, _, attribute = text.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found


def _of_type(title: str, name: str, value: Any, default: Any) -> Any:
    """The value in the type of the option's default; a slider's 3.0 counts as the whole number 3."""
    if isinstance(default, bool) or not isinstance(default, int | float | str):
        fits = not isinstance(default, bool) or isinstance(value, bool)
    elif isinstance(default, str):
        fits = isinstance(value, str)
    else:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        if fits and isinstance(default, int) and isinstance(value, float) and math.isfinite(value):
            fits, value = value.is_integer(), int(value) if value.is_integer() else value
    if not fits:
        kind = {bool: "yes or no", int: "a whole number", float: "a number", str: "a text"}[type(default)]
        raise OptionError(f"{title}: {name} is {value!r}, expected {kind}.")
    return value


def _check_range(title: str, name: str, value: Any, metadata: Mapping[str, Any]) -> None:
    choices, low, high = metadata.get("choices"), metadata.get("minimum"), metadata.get("maximum")
    if choices is not None and value not in choices:
        raise OptionError(f"{title}: {name} is {value!r}, expected one of {', '.join(map(repr, choices))}.")
    if low is None and high is None:
        return
    if (low is not None and value < low) or (high is not None and value > high) or value != value:
        raise OptionError(f"{title}: {name} is {value!r}, expected {low} to {high}.")
