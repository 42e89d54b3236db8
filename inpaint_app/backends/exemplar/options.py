"""What the user can choose about the exemplar engine. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass

from inpaint_app.types import Options, option


@dataclass(frozen=True, slots=True)
class ExemplarOptions(Options):
    """Options of the exemplar engine; the defaults were measured: benchmarks/results/exemplar.md."""

    guidance: float = option(
        0.3,
        "how strongly a guide's layout is followed, where there is a guide (0: not at all)",
        minimum=0.0,
        maximum=1.0,
        step=0.05,
    )
    layout: float = option(
        0.5,
        "how much of its large shapes the fill takes from a network's layout, where there is one (0: nothing)",
        minimum=0.0,
        maximum=1.0,
        step=0.05,
    )
    finest: float = option(
        1.0,
        "how fine the large shapes may be, in pixels of the layout, where it is sharp (1: it is blurred)",
        minimum=0.3,
        maximum=1.0,
        step=0.05,
    )
    blending: bool = option(True, "hide the seams: blend gradients and match the grain inside the hole")


@dataclass(frozen=True, slots=True)
class FinishedOptions(ExemplarOptions):
    """Options of a network that is finished with the photo's own pixels."""

    raw: bool = option(False, "the network's own output, without the photo's own pixels")


@dataclass(frozen=True, slots=True)
class BorrowedOptions(FinishedOptions):
    """The same for a network that borrows detail, which tells the matching more: benchmarks/results/layout.md."""

    guidance: float = option(
        0.4, "how strongly the layout is followed (0: not at all)", minimum=0.0, maximum=1.0, step=0.05
    )


@dataclass(frozen=True, slots=True)
class AutoOptions(ExemplarOptions):
    """Options of Auto: how the mean of all fills is painted. Each of these is filled with its own defaults."""

    guidance: float = option(
        0.5,
        "how strongly the mean of all fills is followed, which is nearer to the truth than one network's guess",
        minimum=0.0,
        maximum=1.0,
        step=0.05,
    )
    layout: float = option(
        1.0,
        "how much of its large shapes the fill takes from the mean (0: nothing)",
        minimum=0.0,
        maximum=1.0,
        step=0.05,
    )


@dataclass(frozen=True, slots=True)
class TrustedOptions(ExemplarOptions):
    """The same for the layout of a network that is mostly right: benchmarks/results/layout.md, "A right layout"."""

    guidance: float = option(
        1.0, "how strongly the layout is followed (0: not at all)", minimum=0.0, maximum=1.0, step=0.05
    )
    layout: float = option(
        1.0,
        "how much of its large shapes the fill takes from the layout (0: nothing)",
        minimum=0.0,
        maximum=1.0,
        step=0.05,
    )
    finest: float = option(
        0.4,
        "how fine these shapes may be, in pixels of the layout, where it is sharp (1: it is blurred)",
        minimum=0.3,
        maximum=1.0,
        step=0.05,
    )
