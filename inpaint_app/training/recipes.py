"""What is trained and how, as data: one recipe per network, none of them imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from inpaint_app.errors import OptionError
from inpaint_app.training.holes import RANDOM


@dataclass(frozen=True, slots=True)
class Part:
    """A module by name: "module:Class" and its arguments, all of them JSON, so that a manifest can hold them."""

    factory: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train one network.

    objective: "module:Class" in training/, what is minimised. size: side of the square in pixels; photos are decoded
    at photo_size and cropped at random. reconstruction: named losses and their factors. known_weight: weight of known
    pixels beside 1 in the hole. adversarial: kind of loss and its factor `adversarial_weight`; 0 trains no critic.
    critics: modules that judge. holes: kinds and their weights. steps: used where no --minutes is given.
    average: decay of the running mean of the weights that is what gets shipped; 0 keeps the last ones.
    """

    name: str
    title: str
    network: Part
    objective: str = "inpaint_app.training.objectives:Reconstruction"
    critics: Mapping[str, Part] = field(default_factory=dict)
    size: int = 128
    photo_size: int = 150
    batch: int = 32
    steps: int = 20_000
    learning_rate: float = 1e-3
    critic_rate: float = 2e-4
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 1e-4
    warmup: int = 200
    average: float = 0.998
    clip: float = 1.0
    reconstruction: Mapping[str, float] = field(default_factory=lambda: {"l2": 1.0})
    known_weight: float = 0.02
    adversarial: str = "bce"
    adversarial_weight: float = 0.0
    holes: Mapping[str, float] = field(default_factory=lambda: dict(RANDOM))
    settings: Mapping[str, float] = field(default_factory=dict)


_MODELS = "inpaint_app.models"
_CONTEXT = f"{_MODELS}.context_encoder:ContextEncoder"
_JUDGE = f"{_MODELS}.context_encoder:Discriminator"

RECIPES: tuple[Recipe, ...] = (
    Recipe(
        "context-encoder",
        "Context encoder, reconstruction-weighted, any hole",
        Part(
            _CONTEXT,
            {
                "widths": [32, 64, 128, 256, 512],
                "bottleneck": 500,
                "skips": True,
                "prefill": "pyramid",
                "up": "bilinear",
            },
        ),
        reconstruction={"log-l2": 1.0},
    ),
)


def find(name: str) -> Recipe:
    """The recipe of that name; raises OptionError that names the nearest one."""
    for recipe in RECIPES:
        if recipe.name == name:
            return recipe
    names = [recipe.name for recipe in RECIPES]
    near = get_close_matches(name, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise OptionError(f"There is no recipe {name!r}.{hint} Known: {', '.join(names)}.")
