"""All backends, as data. Adding one is a file beside this and an entry here: see CONTRIBUTING.md."""

from __future__ import annotations

from difflib import get_close_matches

from inpaint_app.backends.base import BackendSpec, SizeRule
from inpaint_app.backends.diffusion.options import StableDiffusionOptions
from inpaint_app.backends.exemplar.options import ExemplarOptions
from inpaint_app.backends.networks.semantic import SemanticOptions
from inpaint_app.backends.opencv import DiffusionOptions
from inpaint_app.backends.patchmatch import PatchMatchOptions
from inpaint_app.errors import OptionError

_FEEDFORWARD = "inpaint_app.backends.networks.feedforward"

_NETWORKS = (
    (
        "context-encoder",
        "Context encoder",
        "Guesses from the surroundings (Pathak et al. 2016). Smooth; for small pictures.",
        f"{_FEEDFORWARD}:ContextEncoder",
    ),
    (
        "context-encoder-sharp",
        "Context encoder, sharp",
        "The same against a discriminator: crisper, further from the truth.",
        f"{_FEEDFORWARD}:SharpContextEncoder",
    ),
    (
        "contextual-attention-small",
        "Contextual attention",
        "Guesses, then borrows from the known part (Yu et al. 2018).",
        f"{_FEEDFORWARD}:ContextualAttention",
    ),
    (
        "contextual-attention-detail",
        "Contextual attention, borrowing",
        "The context encoder's fill with the detail of the known part that fits it, at full size.",
        f"{_FEEDFORWARD}:DetailAttention",
    ),
    (
        "glcic",
        "GLCIC",
        "Dilated convolutions, judged as a whole and around the hole (Iizuka et al. 2017).",
        f"{_FEEDFORWARD}:Glcic",
    ),
    (
        "autoencoder",
        "Autoencoder",
        "The plain baseline: blurred.",
        f"{_FEEDFORWARD}:Autoencoder",
    ),
    (
        "vae-small",
        "Variational autoencoder",
        "Report 002's network: blurred.",
        f"{_FEEDFORWARD}:VariationalAutoencoder",
    ),
    (
        "gan-small",
        "Adversarial autoencoder",
        "Report 002's network against a discriminator: rougher.",
        f"{_FEEDFORWARD}:AdversarialAutoencoder",
    ),
    (
        "context-encoder-channelwise-small",
        "Context encoder, channel-wise",
        "Report 001's, with the paper's channel-wise layer and its discriminator.",
        f"{_FEEDFORWARD}:ChannelwiseContextEncoder",
    ),
    (
        "seven-layer-small",
        "Seven-layer context encoder",
        "Report 000's network, 128 px to one and back.",
        f"{_FEEDFORWARD}:SevenLayer",
    ),
)

_SIZES = {
    # It sees the hole as large as its 128 pixels allow: 0.25 to 0.7 dB nearer to the truth than with more around it.
    "context-encoder": SizeRule(context=0.12, context_minimum=16, native=128),
    # It takes its detail from the window at full size.
    "contextual-attention-detail": SizeRule(maximum=1024, square=True),
}
_LAYOUTS = ("contextual-attention-small", "glcic")
"""Networks whose layouts the engine may follow besides the default's; the other context encoders share its layout."""


def _guided(name: str, title: str, summary: str, family: str = "network") -> BackendSpec:
    """The exemplar engine, with the layout of the network of that name."""
    return BackendSpec(
        f"{name}-guided",
        title,
        summary,
        "inpaint_app.backends.exemplar:Exemplar",
        family=family,
        options=ExemplarOptions,
        size=SizeRule(context=1.0, context_minimum=96),
        packages=("numba", "torch", "safetensors"),
        weights=(name,),
        guide=name,
        seeded=True,
    )


def _networks() -> tuple[BackendSpec, ...]:
    """The project's networks at their own size, and some of them as guides of the exemplar engine."""
    plain = [
        BackendSpec(
            name,
            title,
            summary,
            factory,
            family="network",
            size=_SIZES.get(name, SizeRule(native=128)),
            packages=("torch", "safetensors"),
            weights=(name,),
        )
        for name, title, summary, factory in _NETWORKS
    ]
    guided = [
        _guided(
            name,
            f"{title}, in the photo's own pixels",
            f"{title} lays it out, the exemplar engine paints it at full size.",
        )
        for name, title, _, _ in _NETWORKS
        if name in _LAYOUTS
    ]
    semantic = BackendSpec(
        "semantic",
        "Semantic inpainting",
        "Searches a DCGAN for a photo that fits, and pastes it in (Yeh et al. 2017). For small pictures.",
        "inpaint_app.backends.networks.semantic:SemanticInpainting",
        family="network",
        options=SemanticOptions,
        size=SizeRule(native=64),
        packages=("torch", "safetensors"),
        weights=("dcgan", "dcgan-critic"),
        slow=True,
        seeded=True,
        weighs="inpaint_app.backends.networks.semantic:weight",
    )
    mosaic = BackendSpec(
        "unpixelate",
        "Mosaic restorer",
        "For a region that somebody pixelated: mark it, and its blocks become the soft picture that they still tell. "
        "Nothing is invented, so nobody is recognised by it.",
        f"{_FEEDFORWARD}:MosaicRestorer",
        family="network",
        size=SizeRule(native=128),
        packages=("torch", "safetensors"),
        weights=("mosaic",),
        restores=True,
    )
    return (*plain, *guided, semantic, mosaic)


BACKENDS: tuple[BackendSpec, ...] = (
    _guided(
        "context-encoder",
        "Exemplar with a layout",
        "A small network that comes with the app says what belongs there, the engine below paints it with the "
        "photo's own pixels at full size.",
        family="exemplar",
    ),
    BackendSpec(
        "exemplar",
        "Exemplar",
        "Continues the photo with its own pixels, from the layout down to the grain, at full size. No weights.",
        "inpaint_app.backends.exemplar:Exemplar",
        family="exemplar",
        options=ExemplarOptions,
        size=SizeRule(context=1.0, context_minimum=96),
        packages=("numba",),
        seeded=True,
    ),
    BackendSpec(
        "patchmatch",
        "PatchMatch",
        "Copies fitting patches of the photo itself (Barnes et al. 2009). Sharp textures, no weights.",
        "inpaint_app.backends.patchmatch:PatchMatch",
        family="exemplar",
        options=PatchMatchOptions,
        size=SizeRule(context=1.0, context_minimum=96, maximum=768),
        packages=("patchmatch",),
        seeded=True,
    ),
    BackendSpec(
        "navier-stokes",
        "Navier-Stokes",
        "Continues edges into the hole like a fluid (Bertalmio et al. 2001). At once; good for scratches.",
        "inpaint_app.backends.opencv:NavierStokes",
        options=DiffusionOptions,
        weighs="inpaint_app.backends.opencv:weight",
    ),
    BackendSpec(
        "telea",
        "Telea",
        "Fills from the border inwards (Telea 2004). At once; good for scratches and wires.",
        "inpaint_app.backends.opencv:Telea",
        options=DiffusionOptions,
        weighs="inpaint_app.backends.opencv:weight",
    ),
    BackendSpec(
        "auto",
        "Auto",
        "Fills the hole with every engine and paints what the fills have in common. The best, and some seconds slower.",
        "inpaint_app.backends.exemplar:Exemplar",
        family="exemplar",
        options=ExemplarOptions,
        size=SizeRule(context=1.0, context_minimum=96),
        packages=("numba",),
        ensemble=True,
    ),
    *_networks(),
    BackendSpec(
        "stable-diffusion",
        "Stable Diffusion 2",
        "Paints what the words say, from the surroundings (Rombach et al. 2022). Minutes without a GPU; 2.6 GB.",
        "inpaint_app.backends.diffusion.backend:StableDiffusion",
        family="diffusion",
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
    ),
)

DEFAULT = "context-encoder-guided"
INSTEAD = "exemplar"
"""What runs for the default where its network is not there: the same engine without a layout."""


def find(name: str) -> BackendSpec:
    """The spec of that name; raises OptionError that names the nearest ones."""
    for spec in BACKENDS:
        if spec.name == name:
            return spec
    names = [spec.name for spec in BACKENDS]
    near = get_close_matches(name, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise OptionError(f"There is no backend {name!r}.{hint} Known: {', '.join(names)}.")
