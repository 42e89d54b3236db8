"""What can be set for a run of Stable Diffusion."""

from __future__ import annotations

from dataclasses import dataclass

from inpaint_app.backends.diffusion.source import MIRROR, MOVED
from inpaint_app.types import Options, option

SCHEDULERS = ("dpm++ 2m", "dpm++ 2m sde", "unipc", "euler", "ddim")
MEMORY = ("full", "sliced", "offload", "sequential")
"""Ways to hold a pipeline, each needing less memory and more time than the one before."""


@dataclass(frozen=True, slots=True)
class StableDiffusionOptions(Options):
    """Options of the diffusion backend; the defaults are for taking things away."""

    prompt: str = option("background, empty scene, nothing there", "what should be there instead")
    negative_prompt: str = option(
        "person, people, man, woman, child, animal, car, vehicle, object, text, watermark, logo",
        "what must not appear",
    )
    steps: int = option(20, "denoising steps: more are slower and finer", minimum=1, maximum=150, step=1)
    guidance: float = option(
        7.5, "how closely the words are followed; 1 ignores them", minimum=1, maximum=20, step=0.5
    )
    strength: float = option(
        0.95,
        "how much of the first, fast fill is given up; 1 starts from pure noise",
        minimum=0.05,
        maximum=1,
        step=0.05,
    )
    scheduler: str = option("dpm++ 2m", "the solver that takes the steps", choices=SCHEDULERS)
    match_colour: bool = option(True, "carry the photo's colour across the seam")
    grain: bool = option(True, "give the fill the photo's grain")
    memory: str = option("auto", "how the model is held: less memory takes longer", choices=("auto", *MEMORY))
    precision: str = option("auto", "number format of the network", choices=("auto", "fp32", "bf16", "fp16"))
    model: str = option(
        "",
        "hub id (id@revision), folder or .safetensors file; empty takes INPAINT_SD_MODEL",
        listed=(MIRROR, *MOVED),
    )


@dataclass(frozen=True, slots=True)
class FinishedDiffusionOptions(StableDiffusionOptions):
    """The same, with what is finer than the model's pixels taken from the photo."""

    raw: bool = option(False, "the model's own output, without detail of the photo's own pixels")
