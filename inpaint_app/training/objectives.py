"""What is minimised. An objective owns its modules and yields, for each batch, (player, loss) in the order of play.

The loop steps the player's optimiser before it asks for the next loss, so that a generator meets a critic that has
already learned from this batch. The first module is always "network": the one that is averaged and shipped.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from inpaint_app.training import losses
from inpaint_app.training.data import Batch
from inpaint_app.training.recipes import Part, Recipe


def build(part: Part) -> nn.Module:
    """The module that a recipe names, with fresh weights."""
    module, _, name = part.factory.partition(":")
    made: nn.Module = getattr(importlib.import_module(module), name)(**part.arguments)
    return made


class Objective:
    """Base: holds the recipe, the modules, and the players (module names that share an optimiser)."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.modules: dict[str, nn.Module] = {"network": build(recipe.network)}
        if recipe.adversarial_weight:
            self.modules |= {name: build(part) for name, part in recipe.critics.items()}

    @property
    def players(self) -> Mapping[str, tuple[str, ...]]:
        """Optimisers, and the modules whose parameters each one holds."""
        critics = tuple(name for name in self.modules if name != "network")
        return {"network": ("network",)} | ({"critics": critics} if critics else {})

    def losses(self, batch: Batch, step: int) -> Iterator[tuple[str, Tensor, dict[str, Tensor]]]:
        """Yield (player, its loss, figures to record). The loop steps the player before asking for the next."""
        raise NotImplementedError

    def fill(self, network: nn.Module, batch: Batch) -> Tensor:
        """What the network makes of a batch, known pixels put back: (B, 3, S, S) in -1..1."""
        made = network(batch.photo * (1 - batch.mask), batch.mask)
        return compose(made[-1] if isinstance(made, tuple) else made, batch)

    def weight(self, mask: Tensor) -> Tensor:
        """Pixel weights of the reconstruction loss."""
        return mask + self.recipe.known_weight * (1 - mask)


class Reconstruction(Objective):
    """Reconstruction loss in the hole, and critics that see the composite, if the recipe gives them a weight."""

    def losses(self, batch: Batch, step: int) -> Iterator[tuple[str, Tensor, dict[str, Tensor]]]:
        """See Objective."""
        made = self.modules["network"](batch.photo * (1 - batch.mask), batch.mask)
        rebuilt = losses.reconstruction(
            self.recipe.reconstruction, made, batch.photo, self.weight(batch.mask)
        )
        figures: dict[str, Tensor] = {"reconstruction": rebuilt.detach()}
        if self.recipe.adversarial_weight:
            critic_loss, generator_loss = losses.ADVERSARIAL[self.recipe.adversarial]
            fake = compose(made, batch)
            judged = [self.modules[name] for name in self.recipe.critics]
            judgement = torch.stack([critic_loss(c(batch.photo), c(fake.detach())) for c in judged]).sum()
            yield "critics", judgement, {}
            fooled = torch.stack([generator_loss(c(fake)) for c in judged]).sum()
            figures["adversarial"] = fooled.detach()
            rebuilt = rebuilt + self.recipe.adversarial_weight * fooled
        yield "network", rebuilt, figures


def compose(fill: Tensor, batch: Batch) -> Tensor:
    """The fill in the hole, the photo elsewhere."""
    return fill * batch.mask + batch.photo * (1 - batch.mask)


def load(recipe: Recipe) -> Objective:
    """The objective of a recipe, with fresh modules."""
    module, _, name = recipe.objective.partition(":")
    made: Any = getattr(importlib.import_module(module), name)(recipe)
    objective: Objective = made
    return objective
