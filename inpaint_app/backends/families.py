"""How the project's networks, and what is finished with the photo's own pixels, become backends of `registry`."""

from __future__ import annotations

import dataclasses

from inpaint_app.backends.base import COMPARE, BackendSpec, SizeRule
from inpaint_app.backends.diffusion.options import StableDiffusionOptions
from inpaint_app.backends.exemplar.options import FinishedOptions

FEEDFORWARD = "inpaint_app.backends.networks.feedforward"

NETWORKS = (
    (
        "context-encoder-raw",
        "Context encoder, its own output",
        "Guesses from the surroundings (Pathak et al. 2016). Smooth; for small pictures.",
        "ContextEncoder",
        "context-encoder",
    ),
    (
        "contextual-attention-raw",
        "Contextual attention, its own output",
        "The context encoder's fill with the detail of the known part that fits it, at full size.",
        "DetailAttention",
        "contextual-attention-detail",
    ),
    (
        "context-encoder-sharp",
        "Context encoder, sharp",
        "The same against a discriminator: crisper, further from the truth.",
        "SharpContextEncoder",
        "context-encoder-sharp",
    ),
    (
        "contextual-attention-small",
        "Contextual attention, 2018",
        "Guesses, then borrows from the known part (Yu et al. 2018), at 128 px.",
        "ContextualAttention",
        "contextual-attention-small",
    ),
    (
        "glcic",
        "GLCIC",
        "Dilated convolutions, judged as a whole and around the hole (Iizuka et al. 2017).",
        "Glcic",
        "glcic",
    ),
    ("autoencoder", "Autoencoder", "The plain baseline: blurred.", "Autoencoder", "autoencoder"),
    (
        "vae-small",
        "Variational autoencoder",
        "Report 002's network: blurred.",
        "VariationalAutoencoder",
        "vae-small",
    ),
    (
        "gan-small",
        "Adversarial autoencoder",
        "Report 002's network against a discriminator: rougher.",
        "AdversarialAutoencoder",
        "gan-small",
    ),
    (
        "context-encoder-channelwise-small",
        "Context encoder, channel-wise",
        "Report 001's, with the paper's channel-wise layer and its discriminator.",
        "ChannelwiseContextEncoder",
        "context-encoder-channelwise-small",
    ),
    (
        "seven-layer-small",
        "Seven-layer context encoder",
        "Report 000's network, 128 px to one and back.",
        "SevenLayer",
        "seven-layer-small",
    ),
)
"""Name, title, summary, class, weights."""

_SIZES = {
    # It sees the hole as large as its 128 pixels allow: 0.25 to 0.7 dB nearer to the truth than with more around it.
    "context-encoder-raw": SizeRule(context=0.12, context_minimum=16, native=128),
    # It takes its detail from the window at full size.
    "contextual-attention-raw": SizeRule(maximum=4096, square=True),
}

# What is finer than its 128 pixels it borrows, and blends: followed, that lies over a fill like a veil.
_LAYS_OUT = {"contextual-attention-raw": 128}


def network(name: str, title: str, summary: str, made_by: str, weights: str) -> BackendSpec:
    """One of the project's networks, at its own size."""
    return BackendSpec(
        name,
        title,
        summary,
        f"{FEEDFORWARD}:{made_by}",
        family="network",
        group=COMPARE,
        size=_SIZES.get(name, SizeRule(native=128)),
        packages=("torch", "safetensors"),
        weights=(weights,),
        lays_out=_LAYS_OUT.get(name, 0),
    )


def finished(name: str, title: str, summary: str, guide: str, weights: str) -> BackendSpec:
    """A network's fill painted with the photo's own pixels: the exemplar engine with that fill as its guide."""
    return BackendSpec(
        name,
        title,
        summary,
        "inpaint_app.backends.exemplar:Exemplar",
        family="exemplar",
        options=FinishedOptions,
        size=SizeRule(context=1.0, context_minimum=96),
        packages=("numba", "torch", "safetensors"),
        weights=(weights,),
        guide=guide,
        seeded=True,
    )


def compared(name: str, title: str) -> BackendSpec:
    """The same for a network that is there to compare with; none of the quick ones."""
    said = f"{title} lays it out, the exemplar engine paints it at full size."
    spec = finished(f"{name}-guided", f"{title}, in the photo's own pixels", said, name, name)
    return dataclasses.replace(spec, family="network", group=COMPARE)


DIFFUSION = BackendSpec(
    "stable-diffusion-raw",
    "Stable Diffusion 2, its own output",
    "Paints what the words say, from the surroundings (Rombach et al. 2022). Minutes without a GPU; 2.6 GB.",
    "inpaint_app.backends.diffusion.backend:StableDiffusion",
    family="diffusion",
    group=COMPARE,
    options=StableDiffusionOptions,
    size=SizeRule(native=512),
    packages=("torch", "diffusers", "transformers", "accelerate"),
    guide="patchmatch",
    slow=True,
    seeded=True,
    megabytes=3600.0,
    expects="inpaint_app.backends.diffusion.backend:expected",
    weighs="inpaint_app.backends.diffusion.backend:weight",
    lacks="inpaint_app.backends.diffusion.source:missing",
)
