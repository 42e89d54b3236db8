"""What is trained and how, as data: one recipe per network, none of them imports torch."""

from __future__ import annotations

import dataclasses
from difflib import get_close_matches
from typing import Any

from inpaint_app.errors import OptionError
from inpaint_app.lab.training.recipe import Part, Recipe

_MODELS = "inpaint_app.models"
_OBJECTIVES = "inpaint_app.lab.objectives.inpainting"
_CONTEXT = f"{_MODELS}.context_encoder:ContextEncoder"
_JUDGE = Part(f"{_MODELS}.context_encoder:Discriminator")
_ATTENTION = f"{_MODELS}.contextual_attention:CoarseToFine"
_CRITIC = f"{_MODELS}.contextual_attention:Critic"

_CONTEXT_SHIPPED = {
    "widths": [32, 128, 256, 512, 512],
    "bottleneck": 500,
    "skips": True,
    "prefill": "pyramid",
    "up": "bilinear",
    "finish": 48,
}
_LARGE = {
    "centre": 0.42,
    "rectangle": 0.33,
    "freeform": 0.12,
    "objects": 0.1,
    "equal-area": 0.02,
    "squares": 0.01,
}
"""Every kind of hole; three of four are large: small ones are learned in passing."""
_GAN = (0.5, 0.99)


def _paper(name: str, title: str, **arguments: Any) -> Recipe:
    """A context encoder as in the paper: joint loss, factors 0.999 and 0.001 of section 3.2, no skips."""
    return Recipe(
        name,
        title,
        Part(_CONTEXT, arguments),
        critics={"critic": _JUDGE},
        adversarial_weight=0.001,
        learning_rate=5e-4,
        betas=_GAN,
    )


def _seven_layer(name: str, title: str, **arguments: Any) -> Recipe:
    return Recipe(
        name,
        title,
        Part(f"{_MODELS}.seven_layer:SevenLayer", arguments),
        critics={"critic": Part(f"{_MODELS}.seven_layer:PatchDiscriminator")},
        adversarial_weight=0.001,
        learning_rate=2e-4,
        betas=_GAN,
    )


def _loss_row(name: str, title: str, adversarial: str, **mixture: float) -> Recipe:
    """A row of report 004's table: the same context encoder, five losses (its factor of the critic is not given)."""
    return Recipe(
        f"loss-{name}",
        title,
        Part(_CONTEXT, {"bottleneck": 500}),
        critics={"critic": _JUDGE},
        adversarial=adversarial,
        adversarial_weight=0.001,
        reconstruction=mixture,
        learning_rate=5e-4,
        betas=_GAN,
    )


def _vae(encoder: str, bottleneck: int, adversarial: bool) -> Recipe:
    """A row of report 002's tables."""
    kind = "gan" if adversarial else "vae"
    title = f"{'Adversarial' if adversarial else 'Variational'} autoencoder, {encoder}, {bottleneck} numbers"
    return Recipe(
        f"{kind}-{encoder}-{bottleneck}",
        title,
        Part(f"{_MODELS}.vae:VariationalAutoencoder", {"encoder": encoder, "bottleneck": bottleneck}),
        objective=f"{_OBJECTIVES}:Variational",
        critics={"critic": _JUDGE} if adversarial else {},
        adversarial_weight=0.001 if adversarial else 0.0,
        known_weight=0.1,
        learning_rate=5e-4,
        betas=_GAN if adversarial else (0.9, 0.99),
        settings={"kl": 0.1},
    )


RECIPES: tuple[Recipe, ...] = (
    Recipe(
        "context-encoder",
        "Context encoder, reconstruction-weighted, any hole",
        Part(_CONTEXT, _CONTEXT_SHIPPED),
        reconstruction={"log-l2": 1.0},
        holes=_LARGE,
        whole=0.6,
    ),
    Recipe(
        "context-encoder-sharp",
        "Context encoder with a discriminator: sharper, further from the truth",
        Part(_CONTEXT, _CONTEXT_SHIPPED),
        critics={"critic": _JUDGE},
        adversarial_weight=0.01,
        learning_rate=3e-4,
        betas=_GAN,
        held={part: f"context-encoder/{part}" for part in ("encoder", "join", "decoder.0")},
        whole=0.6,
    ),
    _paper("context-encoder-4000", "Context encoder as in the paper, bottleneck 4000", bottleneck=4000),
    _paper("context-encoder-2000", "Context encoder as in the paper, bottleneck 2000", bottleneck=2000),
    _paper("context-encoder-500", "Context encoder as in the paper, bottleneck 500", bottleneck=500),
    _paper(
        "context-encoder-channelwise", "Context encoder, channel-wise fully connected", join="channelwise"
    ),
    _paper(
        "context-encoder-channelwise-small",
        "The same, half the width: for shipping",
        join="channelwise",
        widths=[32, 64, 128, 192, 256],
    ),
    _seven_layer("seven-layer", "Report 000's context encoder, 128 px to one and back, with its patch judge"),
    _seven_layer(
        "seven-layer-small",
        "The same, a quarter of the width: for shipping",
        widths=[16, 32, 64, 128, 128, 128, 128],
    ),
    Recipe(
        "contextual-attention",
        "Contextual attention, coarse to fine, WGAN-GP",
        Part(_ATTENTION, {"width": 32, "prefill": "pyramid"}),
        critics={"whole": Part(_CRITIC), "part": Part(_CRITIC, {"local": True})},
        adversarial="wasserstein",
        adversarial_weight=0.001,
        reconstruction={"l1": 1.2},
        batch=16,
        learning_rate=2e-4,
        critic_rate=1e-4,
        betas=_GAN,
        settings={"discount": 0.99, "coarse": 1.0, "penalty": 10.0},
    ),
    Recipe(
        "contextual-attention-small",
        "Contextual attention, half the width, no critics: for machines without a GPU",
        Part(_ATTENTION, {"width": 16, "prefill": "pyramid"}),
        reconstruction={"l1": 1.0},
        batch=16,
        learning_rate=5e-4,
        settings={"coarse": 0.5},
    ),
    Recipe(
        "contextual-attention-detail",
        "Contextual attention that borrows the photo's detail for the shipped context encoder's fill",
        Part(f"{_MODELS}.detail_attention:DetailAttention", {"encoder": _CONTEXT_SHIPPED}),
        reconstruction={"haarpsi": 1.0, "l1": 0.5},
        batch=16,
        learning_rate=1e-3,
        settings={"coarse": 0.0},
        held={"coarse": "context-encoder"},
        whole=0.6,
    ),
    Recipe(
        "mosaic",
        "Contextual attention on pixelated regions: restores a mosaic",
        Part(_ATTENTION, {"width": 16, "prefill": "smooth"}),
        reconstruction={"l1": 1.0},
        batch=16,
        learning_rate=5e-4,
        holes={"square": 0.4, "rectangle": 0.4, "centre": 0.2},
        settings={"coarse": 0.5, "mosaic": 8, "spread": 2.0},
    ),
    Recipe(
        "glcic",
        "Globally and locally consistent completion",
        Part(f"{_MODELS}.glcic:CompletionNetwork", {"width": 32, "prefill": "pyramid"}),
        critics={"critic": Part(f"{_MODELS}.glcic:GlobalLocalDiscriminator", {"width": 32})},
        adversarial_weight=0.0004,
        learning_rate=5e-4,
        betas=_GAN,
    ),
    Recipe(
        "dcgan",
        "DCGAN at 64 px, for semantic inpainting",
        Part(f"{_MODELS}.dcgan:Generator", {"widths": [256, 128, 64, 32]}),
        objective=f"{_OBJECTIVES}:Generative",
        critics={"critic": Part(_JUDGE.factory, {"size": 64, "widths": [32, 64, 128, 256]})},
        adversarial_weight=1.0,
        size=64,
        photo_size=75,
        batch=64,
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        weight_decay=0.0,
        clip=0.0,
    ),
    Recipe(
        "autoencoder",
        "Autoencoder with plain squared error, blind to where the hole is",
        Part(f"{_MODELS}.autoencoder:Autoencoder"),
        known_weight=1.0,
        learning_rate=5e-4,
    ),
    Recipe(
        "finder",
        "Finder of people and vehicles with outlines",
        Part(f"{_MODELS}.finder:Finder", {"classes": 6}),
        objective="inpaint_app.lab.objectives.finding:Finding",
        outlined=True,
        size=160,
        batch=16,
        learning_rate=2e-3,
        weight_decay=0.01,
        warmup=300,
        average=0.999,
        clip=10.0,
        settings={"score": 0.5, "box": 5.0, "edges": 1.5, "mask": 4.0, "semantic": 1.0},
    ),
    Recipe(
        "shadow",
        "Finder of the shadows that outlined objects cast",
        Part(f"{_MODELS}.shadow:ShadowNet", {"widths": [32, 64, 96]}),
        objective="inpaint_app.lab.objectives.shading:Shading",
        outlined=True,
        size=160,
        batch=16,
        learning_rate=3e-3,
        weight_decay=0.01,
        average=0.998,
        settings={"dice": 0.5, "real": 0.3},
    ),
    Recipe(
        "vae-small",
        "Variational autoencoder, residual, narrow: for shipping",
        Part(
            f"{_MODELS}.vae:VariationalAutoencoder",
            {"encoder": "resnet", "bottleneck": 300, "widths": [24, 48, 96, 128, 160]},
        ),
        objective=f"{_OBJECTIVES}:Variational",
        known_weight=0.1,
        learning_rate=5e-4,
        settings={"kl": 0.1},
    ),
    dataclasses.replace(
        _vae("resnet", 200, True),
        name="gan-small",
        title="Adversarial autoencoder, residual, narrow: for shipping",
        network=Part(
            f"{_MODELS}.vae:VariationalAutoencoder",
            {"encoder": "resnet", "bottleneck": 200, "widths": [16, 32, 64, 96, 128]},
        ),
    ),
    *(_vae(encoder, 500, False) for encoder in ("alexnet", "vgg", "resnet")),
    *(_vae(encoder, b, False) for encoder in ("vgg", "resnet") for b in (2000, 4000)),
    *(_vae(encoder, b, True) for encoder in ("alexnet", "resnet") for b in (500, 2000, 4000)),
    _loss_row("bce-l2", "Report 004: L2, BCE critic", "bce", l2=1.0),
    _loss_row("ls-l1", "Report 004: L1, least-squares critic", "least-squares", l1=1.0),
    _loss_row("l1-ssim-70", "Report 004: 0.3 L1 + 0.7 (1 - SSIM)", "bce", l1=0.3, ssim=0.7),
    _loss_row("l1-ssim-50", "Report 004: 0.5 L1 + 0.5 (1 - SSIM)", "bce", l1=0.5, ssim=0.5),
    _loss_row("l1-ssim-995", "Report 004: 0.005 L1 + 0.995 (1 - SSIM)", "bce", l1=0.005, ssim=0.995),
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
