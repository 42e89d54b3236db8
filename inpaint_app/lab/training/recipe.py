"""What a recipe says, without torch; recipes.py holds those that there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inpaint_app.lab.objectives.holes import RANDOM


@dataclass(frozen=True, slots=True)
class Part:
    """A module by name: "module:Class" and its arguments, all of them JSON, so that a manifest can hold them."""

    factory: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train one network.

    objective: "module:Class" in training/, what is minimised. size: side of the square in pixels; photos are decoded
    at photo_size and cropped at random, at scales of 1 / zoom to zoom, or scaled whole, that share of them.
    reconstruction: named losses and their factors. known_weight: weight of known pixels beside 1 in the hole.
    adversarial: kind of loss and its factor `adversarial_weight`; 0 trains no critic. critics: modules that judge.
    holes: kinds and their weights. steps: used where no --minutes is given. settings: numbers that the objective
    knows. outlined: learns from photos with outlines of objects (--labels).
    held: parts of the network that do not learn, and whose shipped weights they are: "entry" or "entry/part".
    average: decay of the running mean of the weights, which is what gets shipped; 0 keeps the last.
    """

    name: str
    title: str
    network: Part
    objective: str = "inpaint_app.lab.objectives.inpainting:Reconstruction"
    critics: Mapping[str, Part] = field(default_factory=dict)
    size: int = 128
    photo_size: int = 150
    zoom: float = 1.0
    whole: float = 0.0
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
    outlined: bool = False
    held: Mapping[str, str] = field(default_factory=dict)
