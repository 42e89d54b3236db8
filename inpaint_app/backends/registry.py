"""All backends, as data. Adding one is a file beside this and an entry here: see CONTRIBUTING.md."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from inpaint_app.backends.base import COMPARE, MAIN, TOOL, BackendSpec, SizeRule
from inpaint_app.backends.diffusion.options import FinishedDiffusionOptions
from inpaint_app.backends.exemplar.options import AutoOptions, BorrowedOptions, ExemplarOptions
from inpaint_app.backends.families import DIFFUSION, FEEDFORWARD, NETWORKS, compared, finished, network
from inpaint_app.backends.networks.semantic import SemanticOptions
from inpaint_app.backends.opencv import DiffusionOptions
from inpaint_app.backends.patchmatch import PatchMatchOptions
from inpaint_app.backends.removers.specs import CHOOSING, REMOVERS
from inpaint_app.errors import OptionError
from inpaint_app.settings import Settings

SIDE_BY_SIDE = ("context-encoder", "contextual-attention", "stable-diffusion")
"""The three that the page fills with at one press, to be compared."""

BACKENDS: tuple[BackendSpec, ...] = (
    finished(
        "context-encoder",
        "Context encoder",
        "A small network that comes with the app says what belongs there (Pathak et al. 2016), the photo's own pixels "
        "paint it at full size.",
        "context-encoder-raw",
        "context-encoder",
    ),
    dataclasses.replace(
        finished(
            "contextual-attention",
            "Contextual attention",
            "A network that looks for what fits in the rest of the photo (Yu et al. 2018), painted with the photo's "
            "own pixels at full size.",
            "contextual-attention-raw",
            "contextual-attention-detail",
        ),
        options=BorrowedOptions,
    ),
    dataclasses.replace(
        DIFFUSION,
        name="stable-diffusion",
        title="Stable Diffusion 2",
        summary="Paints what the words say, from the surroundings (Rombach et al. 2022), with detail of the photo's "
        "own. Minutes without a GPU; 2.6 GB.",
        factory="inpaint_app.backends.diffusion.finished:FinishedDiffusion",
        group=MAIN,
        options=FinishedDiffusionOptions,
        size=SizeRule(context=1.0, context_minimum=96),
        packages=("numba", *DIFFUSION.packages),
        guide=DIFFUSION.name,
        megabytes=0.0,
    ),
    *REMOVERS,
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
        "telea",
        "Telea",
        "Fills from the border inwards (Telea 2004). At once; good for scratches and wires.",
        "inpaint_app.backends.opencv:Telea",
        options=DiffusionOptions,
        size=SizeRule(context=0.0, context_minimum=72),  # it looks no further than its radius
        weighs="inpaint_app.backends.opencv:weight",
    ),
    BackendSpec(
        "auto",
        "Auto",
        "Fills the hole with every engine and paints what the fills have in common. Some seconds slower.",
        "inpaint_app.backends.exemplar:Exemplar",
        family="exemplar",
        options=AutoOptions,
        size=SizeRule(context=1.0, context_minimum=96),
        packages=("numba",),
        ensemble=True,
    ),
    BackendSpec(
        "unpixelate",
        "Unpixelate",
        "For a region that somebody pixelated: mark it, and its blocks become the soft picture that they still tell. "
        "Nothing is invented, so nobody is recognised by it.",
        f"{FEEDFORWARD}:MosaicRestorer",
        family="network",
        group=TOOL,
        size=SizeRule(native=128),
        packages=("torch", "safetensors"),
        weights=("mosaic",),
        restores=True,
    ),
    BackendSpec(
        "patchmatch",
        "PatchMatch",
        "Copies fitting patches of the photo itself (Barnes et al. 2009). Sharp textures, no weights.",
        "inpaint_app.backends.patchmatch:PatchMatch",
        family="exemplar",
        group=COMPARE,
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
        group=COMPARE,
        options=DiffusionOptions,
        size=SizeRule(context=0.0, context_minimum=72),  # it looks no further than its radius
        weighs="inpaint_app.backends.opencv:weight",
    ),
    *(network(*row) for row in NETWORKS),
    DIFFUSION,
    compared("contextual-attention-small", "Contextual attention, 2018"),
    compared("glcic", "GLCIC"),
    BackendSpec(
        "semantic",
        "Semantic inpainting",
        "Searches a DCGAN for a photo that fits, and pastes it in (Yeh et al. 2017). For small pictures.",
        "inpaint_app.backends.networks.semantic:SemanticInpainting",
        family="network",
        group=COMPARE,
        options=SemanticOptions,
        size=SizeRule(native=64),
        packages=("torch", "safetensors"),
        weights=("dcgan", "dcgan-critic"),
        slow=True,
        seeded=True,
        weighs="inpaint_app.backends.networks.semantic:weight",
    ),
)

DEFAULT = "context-encoder"
INSTEAD = "exemplar"
"""What runs for the default where its network is not there: the same engine without a layout."""

RENAMED: Mapping[str, str] = {
    "context-encoder-guided": "context-encoder",
    "exemplar-guided": "context-encoder",
    "contextual-attention-detail": "contextual-attention-raw",
}
"""Names that nothing has any more, and what they name."""
FINISHED: Mapping[str, str] = {
    "context-encoder": "context-encoder-raw",
    "stable-diffusion": "stable-diffusion-raw",
}
"""Names that meant a network's own output once, and what that is called now."""


def default(settings: Settings, values: Mapping[str, Any] | Sequence[str] = ()) -> str:
    """What fills where no backend is named: DEFAULT, or what chooses between it and a network that was fetched.

    values: options that are set; beside the seed they are DEFAULT's.
    """
    return CHOOSING.name if not set(values) - {"seed"} and not CHOOSING.missing(settings) else DEFAULT


def find(name: str) -> BackendSpec:
    """The spec of that name, or of what it is called now; raises OptionError that names the nearest ones."""
    wanted = RENAMED.get(name, name)
    for spec in BACKENDS:
        if spec.name == wanted:
            return spec
    names = [spec.name for spec in BACKENDS]
    near = get_close_matches(name, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise OptionError(f"There is no backend {name!r}.{hint} Known: {', '.join(names)}.")


def word(name: str) -> str:
    """What there is to tell to whoever names a backend as it was called before; "" where there is nothing."""
    if name in RENAMED:
        return f"{name} is called {RENAMED[name]} now."
    if name in FINISHED:
        return f"{name} is finished with the photo's own pixels now; its own output, as before, is {FINISHED[name]}."
    return ""


def meant(name: str, values: Mapping[str, Any]) -> tuple[BackendSpec, Mapping[str, Any]]:
    """The spec and the loose options that are meant: of a finished network with `raw` the network alone.

    Raises OptionError.
    """
    spec = find(name)
    if not values.get("raw"):
        return spec, values
    spec.make_options(values)
    network = find(spec.guide or "")
    return network, shared(values, network)


def shared(values: Mapping[str, Any], spec: BackendSpec) -> dict[str, Any]:
    """Those of the options that a backend has, too; `guidance` names another thing in each family."""
    known = {field.name for field in dataclasses.fields(spec.options)}
    return {name: value for name, value in values.items() if name in known}
