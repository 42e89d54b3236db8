"""From a folder or a .safetensors file to a diffusers pipeline: the only place that imports diffusers."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

from inpaint_app.backends.diffusion.downloads import described
from inpaint_app.backends.diffusion.source import checked
from inpaint_app.errors import CheckpointError, MissingPackage, MissingWeights, out_of_memory
from inpaint_app.models import torchvision_ops

UNCHECKED: dict[str, Any] = {
    "safety_checker": None,
    "feature_extractor": None,
    "requires_safety_checker": False,
}
"""Parts of a pipeline that are neither fetched nor needed: they look at whole pictures, not at fills."""

SOLVERS: dict[str, tuple[str, dict[str, Any]]] = {
    "dpm++ 2m": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "solver_order": 2}),
    "dpm++ 2m sde": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++", "solver_order": 2}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "euler": ("EulerDiscreteScheduler", {}),
    "ddim": ("DDIMScheduler", {}),
}


def library() -> Any:
    """The diffusers package, quiet; raises MissingPackage."""
    torchvision_ops.provide()
    try:
        diffusers = importlib.import_module("diffusers")
        importlib.import_module("transformers")
    except ModuleNotFoundError as error:
        raise MissingPackage(
            f"{error.name} is not installed: pip install diffusers transformers accelerate"
        ) from error
    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
    return diffusers


def opened(path: Path, dtype: Any, offline: bool) -> Any:
    """The inpainting pipeline at `path`, on the CPU, in evaluation mode. Safetensors only.

    offline: never ask the network, which may have the tokenizer that a single file lacks.
    Raises CheckpointError where it is no inpainting model or does not fit, MissingWeights where a single file needs
    a configuration that is not here, MissingPackage.
    """
    diffusers = library()
    checked(path)
    shared = {"dtype": dtype, "local_files_only": True}
    try:
        if path.is_dir():
            pipeline = _from_folder(diffusers, path, shared)
        else:
            pipeline = _from_file(diffusers, path, described(path, offline), shared)
    except (MissingWeights, CheckpointError, MemoryError):
        raise
    except Exception as error:
        if out_of_memory(error):
            raise
        raise CheckpointError(
            f"{path.name} does not load as an inpainting pipeline ({type(error).__name__}: {error})."
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _from_folder(diffusers: Any, path: Path, shared: dict[str, Any]) -> Any:
    parts = json.loads((path / "model_index.json").read_text())
    large = "text_encoder_2" in parts
    kind = diffusers.StableDiffusionXLInpaintPipeline if large else diffusers.StableDiffusionInpaintPipeline
    half = any((path / "unet").glob("*.fp16.safetensors"))
    full = any(".fp16." not in file.name for file in (path / "unet").glob("*.safetensors"))
    safety = {} if large else UNCHECKED
    variant = {"variant": "fp16"} if half and not full else {}
    return kind.from_pretrained(path, use_safetensors=True, **shared, **safety, **variant)


def _from_file(diffusers: Any, path: Path, folder: Path, shared: dict[str, Any]) -> Any:
    """A single file holds tensors only: tokenizer and configuration come from a folder beside."""
    large = "text_encoder_2" in json.loads((folder / "model_index.json").read_text())
    kind = diffusers.StableDiffusionXLInpaintPipeline if large else diffusers.StableDiffusionInpaintPipeline
    safety = (
        {} if large else UNCHECKED
    )  # the folder may hold what this app fetches, which is neither of the two
    return kind.from_single_file(str(path), config=str(folder), **shared, **safety)


def solver(diffusers: Any, pipeline: Any, name: str) -> Any:
    """A scheduler of that name with the model's own noise schedule."""
    kind, settings = SOLVERS[name]
    return getattr(diffusers, kind).from_config(pipeline.scheduler.config, **settings)
