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


def _judged(name: str, title: str, network: Part, critic: Part = _JUDGE, **how: Any) -> Recipe:
    """With one critic; the factor is the paper's (section 3.2: 0.999 and 0.001), where `how` names no other."""
    usual: dict[str, Any] = {"adversarial_weight": 0.001, "learning_rate": 5e-4, "betas": (0.5, 0.99)}
    return Recipe(name, title, network, critics={"critic": critic}, **usual | how)


def _paper(name: str, title: str, **arguments: Any) -> Recipe:
    """A context encoder as in the paper, no skips."""
    return _judged(name, title, Part(_CONTEXT, arguments))


def _seven_layer(name: str, title: str, **arguments: Any) -> Recipe:
    """Report 000's network, with its patch judge."""
    module = f"{_MODELS}.seven_layer"
    network, critic = Part(f"{module}:SevenLayer", arguments), Part(f"{module}:PatchDiscriminator")
    return _judged(name, title, network, critic, learning_rate=2e-4)


def _loss_row(name: str, title: str, adversarial: str = "bce", **mixture: float) -> Recipe:
    """A row of report 004's table: the same context encoder, five losses (its factor of the critic is not given)."""
    network = Part(_CONTEXT, {"bottleneck": 500})
    return _judged(f"loss-{name}", title, network, adversarial=adversarial, reconstruction=mixture)


def _vae(encoder: str, bottleneck: int, kind: str) -> Recipe:
    """A row of report 002's tables; kind: "vae", or "gan" with a critic."""
    network = Part(f"{_MODELS}.vae:VariationalAutoencoder", {"encoder": encoder, "bottleneck": bottleneck})
    how: dict[str, Any] = {
        "objective": f"{_OBJECTIVES}:Variational", "known_weight": 0.1, "learning_rate": 5e-4, "settings": {"kl": 0.1},
    }  # fmt: skip
    title = (
        f"{'Adversarial' if kind == 'gan' else 'Variational'} autoencoder, {encoder}, {bottleneck} numbers"
    )
    name = f"{kind}-{encoder}-{bottleneck}"
    return _judged(name, title, network, **how) if kind == "gan" else Recipe(name, title, network, **how)


def _narrow(recipe: Recipe, name: str, title: str, widths: list[int]) -> Recipe:
    """The same network with fewer channels."""
    part = Part(recipe.network.factory, {**recipe.network.arguments, "widths": widths})
    return dataclasses.replace(
        recipe, name=name, title=f"{title}, residual, narrow: for shipping", network=part
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
    _judged(
        "context-encoder-sharp",
        "Context encoder with a discriminator: sharper, further from the truth",
        Part(_CONTEXT, _CONTEXT_SHIPPED),
        adversarial_weight=0.01,
        learning_rate=3e-4,
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
        betas=(0.5, 0.99),
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
    _judged(
        "glcic",
        "Globally and locally consistent completion",
        Part(f"{_MODELS}.glcic:CompletionNetwork", {"width": 32, "prefill": "pyramid"}),
        Part(f"{_MODELS}.glcic:GlobalLocalDiscriminator", {"width": 32}),
        adversarial_weight=0.0004,
    ),
    _judged(
        "dcgan",
        "DCGAN at 64 px, for semantic inpainting",
        Part(f"{_MODELS}.dcgan:Generator", {"widths": [256, 128, 64, 32]}),
        Part(_JUDGE.factory, {"size": 64, "widths": [32, 64, 128, 256]}),
        objective=f"{_OBJECTIVES}:Generative",
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
    _narrow(_vae("resnet", 300, "vae"), "vae-small", "Variational autoencoder", [24, 48, 96, 128, 160]),
    _narrow(_vae("resnet", 200, "gan"), "gan-small", "Adversarial autoencoder", [16, 32, 64, 96, 128]),
    *(_vae(encoder, 500, "vae") for encoder in ("alexnet", "vgg", "resnet")),
    *(_vae(encoder, b, "vae") for encoder in ("vgg", "resnet") for b in (2000, 4000)),
    *(_vae(encoder, b, "gan") for encoder in ("alexnet", "resnet") for b in (500, 2000, 4000)),
    _loss_row("bce-l2", "Report 004: L2, BCE critic", l2=1.0),
    _loss_row("ls-l1", "Report 004: L1, least-squares critic", "least-squares", l1=1.0),
    _loss_row("l1-ssim-70", "Report 004: 0.3 L1 + 0.7 (1 - SSIM)", l1=0.3, ssim=0.7),
    _loss_row("l1-ssim-50", "Report 004: 0.5 L1 + 0.5 (1 - SSIM)", l1=0.5, ssim=0.5),
    _loss_row("l1-ssim-995", "Report 004: 0.005 L1 + 0.995 (1 - SSIM)", l1=0.005, ssim=0.995),
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
