"""What is minimised. An objective owns its modules and yields, for each batch, (player, loss) in the order of play.

The loop steps the player's optimiser before it asks for the next loss, so that a generator meets a critic that has
already learned from this batch. The first module is always "network": the one that is averaged and shipped.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from inpaint_app.lab.objectives import losses
from inpaint_app.lab.objectives.data import Batch, Sampler
from inpaint_app.lab.objectives.holes import make_holes
from inpaint_app.lab.training.recipe import Part, Recipe
from inpaint_app.models import checkpoints
from inpaint_app.models.prefill import pixelate

Turn = tuple[str, Tensor, dict[str, Tensor]]
"""Player, its loss, figures to record."""


def build(part: Part) -> nn.Module:
    """The module that a recipe names, with fresh weights."""
    module, _, name = part.factory.partition(":")
    made: nn.Module = getattr(importlib.import_module(module), name)(**part.arguments)
    return made


class Objective:
    """Base: holds the recipe, the modules, and the players (module names that share an optimiser).

    where: the folder of the weights that parts of the network are held to.
    """

    def __init__(self, recipe: Recipe, where: Path) -> None:
        self.recipe = recipe
        self.modules: dict[str, nn.Module] = {"network": build(recipe.network)}
        for part, source in recipe.held.items():
            name, _, theirs = source.partition("/")
            module = self.modules["network"].get_submodule(part).requires_grad_(False)
            checkpoints.load(name, module, where, theirs)
        if recipe.adversarial_weight:
            self.modules |= {name: build(part) for name, part in recipe.critics.items()}

    def train(self) -> None:
        """All modules as they learn, but the parts that are held: they stay as they infer, running means too."""
        for module in self.modules.values():
            module.train()
        for part in self.recipe.held:
            self.modules["network"].get_submodule(part).eval()

    @property
    def players(self) -> Mapping[str, tuple[str, ...]]:
        """Optimisers, and the modules whose parameters each one holds."""
        critics = tuple(name for name in self.modules if name != "network")
        return {"network": ("network",)} | ({"critics": critics} if critics else {})

    def losses(self, batch: Batch, step: int) -> Iterator[Turn]:
        """Yield what each player is to minimise; the loop steps the player before asking for the next."""
        raise NotImplementedError

    def fill(self, network: nn.Module, batch: Batch) -> Tensor:
        """What the network makes of a batch, known pixels put back: (B, 3, S, S) in -1..1."""
        made = network(self.seen(batch), batch.mask)
        return compose(made[-1] if isinstance(made, tuple) else made, batch)

    def sampler(
        self, photos: Any, batch: int, seed: int, device: torch.device, rank: int, ranks: int, holes: int
    ) -> Any:
        """What draws the batch of a step: here random crops of photos, with holes from a bank of that many."""
        recipe = self.recipe
        bank = make_holes(recipe.holes, recipe.size, holes, seed)
        return Sampler(photos, bank, batch, seed, device, rank, ranks, zoom=recipe.zoom, whole=recipe.whole)

    def validate(self) -> dict[str, float]:
        """Scores that the objective measures by itself on photos that it kept back; none here."""
        return {}

    def picture(self, network: nn.Module, batch: Any) -> NDArray[np.uint8]:
        """Eight photos for the eye, blanked, filled and true, as one (H, W, 3) picture."""
        filled = self.fill(network, batch)
        blanked = batch.photo * (1 - batch.mask)
        columns = [torch.cat([a, b, c], 1) for a, b, c in zip(blanked, filled, batch.photo, strict=True)][:8]
        return to_uint8(torch.cat(columns, 2))

    def seen(self, batch: Batch) -> Tensor:
        """The photo as the network gets it: the hole blank, or pixelated where the recipe sets "mosaic".

        "mosaic": side of the blocks; in training they begin anywhere and, with "spread", are up to that many times
        larger or smaller, since nobody knows the mosaic that somebody else's app made.
        """
        block = self.recipe.settings.get("mosaic")
        if not block:
            return batch.photo * (1 - batch.mask)
        if not self.modules["network"].training:
            return pixelate(batch.photo, batch.mask, int(block))
        times = self.recipe.settings.get("spread", 1.0) ** (2 * torch.rand(()).item() - 1)
        side = max(2, round(block * times))
        down, right = (int(torch.randint(side, ()).item()) for _ in range(2))
        return pixelate(batch.photo, batch.mask, side, (down, right))

    def weight(self, mask: Tensor) -> Tensor:
        """Pixel weights of the reconstruction loss, discounted inside the hole where the recipe sets "discount"."""
        gamma = self.recipe.settings.get("discount")
        inside = losses.discounted(mask, gamma) if gamma else mask
        return inside + self.recipe.known_weight * (1 - mask)

    def judged(self, real: Tensor, fake: Tensor, mask: Tensor) -> Tensor:
        """The critics' loss on real photos and (detached) fakes, the gradient penalty included for WGAN."""
        critic_loss, _ = losses.ADVERSARIAL[self.recipe.adversarial]
        fake = fake.detach()
        total = torch.zeros((), device=real.device)
        for name in self.recipe.critics:
            critic = self.modules[name]
            total = total + critic_loss(critic(real, mask), critic(fake, mask))
            if self.recipe.adversarial == "wasserstein":
                factor = self.recipe.settings.get("penalty", 10.0)
                total = total + factor * losses.gradient_penalty(critic, real, fake, mask)
        return total

    def fooled(self, fake: Tensor, mask: Tensor) -> Tensor:
        """The generator's loss before all critics."""
        _, generator_loss = losses.ADVERSARIAL[self.recipe.adversarial]
        terms = [generator_loss(self.modules[name](fake, mask)) for name in self.recipe.critics]
        return torch.stack(terms).sum()

    def _play(
        self, batch: Batch, fake: Tensor, rebuilt: Tensor, figures: dict[str, Tensor]
    ) -> Iterator[Turn]:
        """The critics' turn, then the network's with reconstruction and adversarial loss; without critics one turn."""
        if self.recipe.adversarial_weight:
            yield "critics", self.judged(batch.photo, fake, batch.mask), {}
            fooled = self.fooled(fake, batch.mask)
            figures["adversarial"] = fooled.detach()
            rebuilt = rebuilt + self.recipe.adversarial_weight * fooled
        yield "network", rebuilt, figures


class Reconstruction(Objective):
    """Reconstruction loss in the hole of every stage that the network returns; critics see the last composite.

    Stages before the last count as much as the recipe's setting "coarse" says (1.2 in Yu et al. 2018's code).
    """

    def losses(self, batch: Batch, step: int) -> Iterator[Turn]:
        """See Objective."""
        made = self.modules["network"](self.seen(batch), batch.mask)
        stages: tuple[Tensor, ...] = made if isinstance(made, tuple) else (made,)
        weight, mixture = self.weight(batch.mask), self.recipe.reconstruction
        *coarse, last = [losses.reconstruction(mixture, stage, batch.photo, weight) for stage in stages]
        figures = {"reconstruction": last.detach()}
        rebuilt = last
        for early in coarse:
            figures["coarse"] = early.detach()
            rebuilt = rebuilt + self.recipe.settings.get("coarse", 1.0) * early
        yield from self._play(batch, compose(stages[-1], batch), rebuilt, figures)


class Variational(Objective):
    """Reconstruction of the whole image from a sampled code, and the code's divergence from a normal one.

    Setting "kl": factor of the divergence, per number of the image as the reconstruction is.
    """

    def losses(self, batch: Batch, step: int) -> Iterator[Turn]:
        """See Objective."""
        network: Any = self.modules["network"]
        mean, log_variance = network.distribution(self.seen(batch), batch.mask)
        code = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        made = network.generate(code)
        rebuilt = losses.reconstruction(
            self.recipe.reconstruction, made, batch.photo, self.weight(batch.mask)
        )
        divergence = losses.kl(mean, log_variance) / batch.photo[0].numel()
        figures = {"reconstruction": rebuilt.detach(), "divergence": divergence.detach()}
        total = rebuilt + self.recipe.settings.get("kl", 1.0) * divergence
        yield from self._play(batch, compose(made, batch), total, figures)


class Generative(Objective):
    """DCGAN: photos from noise against a discriminator; no hole and no reconstruction."""

    def losses(self, batch: Batch, step: int) -> Iterator[Turn]:
        """See Objective."""
        network: Any = self.modules["network"]
        made = network(torch.randn(len(batch.photo), network.code, device=batch.photo.device))
        yield "critics", self.judged(batch.photo, made, batch.mask), {}
        yield "network", self.fooled(made, batch.mask), {}

    def fill(self, network: Any, batch: Batch) -> Tensor:
        """Photos from a fixed noise, as large as the batch: there is no hole to fill."""
        source = torch.Generator().manual_seed(0)
        code = torch.randn(len(batch.photo), network.code, generator=source)
        made: Tensor = network(code.to(batch.photo.device))
        return made


def compose(fill: Tensor, batch: Batch) -> Tensor:
    """The fill in the hole, the photo elsewhere."""
    return fill * batch.mask + batch.photo * (1 - batch.mask)


def load(recipe: Recipe, where: Path) -> Objective:
    """The objective of a recipe, with fresh modules but what is held to weights in that folder."""
    module, _, name = recipe.objective.partition(":")
    made: Objective = getattr(importlib.import_module(module), name)(recipe, where)
    return made


def to_uint8(image: Tensor) -> NDArray[np.uint8]:
    """(3, H, W) in -1..1 → (H, W, 3) uint8."""
    scaled = ((image.float().clamp(-1, 1) + 1) * 127.5).round()
    return scaled.to(torch.uint8).permute(1, 2, 0).cpu().numpy()
