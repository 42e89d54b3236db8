"""All backends, as data. Adding one is a file beside this and an entry here: see CONTRIBUTING.md."""

from __future__ import annotations

from difflib import get_close_matches

from inpaint_app.backends.base import BackendSpec, SizeRule
from inpaint_app.backends.exemplar.options import ExemplarOptions
from inpaint_app.backends.opencv import DiffusionOptions
from inpaint_app.backends.patchmatch import PatchMatchOptions
from inpaint_app.errors import OptionError

BACKENDS: tuple[BackendSpec, ...] = (
    BackendSpec(
        "exemplar",
        "Exemplar",
        "Continues the photo with its own pixels, from the layout down to the grain, at full size. No weights.",
        "inpaint_app.backends.exemplar:Exemplar",
        family="exemplar",
        options=ExemplarOptions,
        size=SizeRule(context=1.0, context_minimum=96),
        packages=("numba",),
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
    ),
    BackendSpec(
        "navier-stokes",
        "Navier-Stokes",
        "Continues edges into the hole like a fluid (Bertalmio et al. 2001). At once; good for scratches.",
        "inpaint_app.backends.opencv:NavierStokes",
        options=DiffusionOptions,
    ),
    BackendSpec(
        "telea",
        "Telea",
        "Fills from the border inwards (Telea 2004). At once; good for scratches and wires.",
        "inpaint_app.backends.opencv:Telea",
        options=DiffusionOptions,
    ),
)

DEFAULT = "patchmatch"


def find(name: str) -> BackendSpec:
    """The spec of that name; raises OptionError that names the nearest ones."""
    for spec in BACKENDS:
        if spec.name == name:
            return spec
    names = [spec.name for spec in BACKENDS]
    near = get_close_matches(name, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise OptionError(f"There is no backend {name!r}.{hint} Known: {', '.join(names)}.")
