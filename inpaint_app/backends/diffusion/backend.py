"""Stable Diffusion inpainting as a backend (Rombach et al. 2022, section 4.5)."""

from __future__ import annotations

import importlib
import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from inpaint_app import environment
from inpaint_app.backends import memory
from inpaint_app.backends.base import Expected, Window
from inpaint_app.backends.diffusion import device, finish, load, zerogpu
from inpaint_app.backends.diffusion.device import Plan
from inpaint_app.backends.diffusion.estimate import Estimates, Pace
from inpaint_app.backends.diffusion.options import StableDiffusionOptions
from inpaint_app.backends.diffusion.prepare import Work, prepared, resized
from inpaint_app.backends.diffusion.source import required
from inpaint_app.backends.diffusion.steps import AFTER, BEFORE, Steps
from inpaint_app.errors import CheckpointError, out_of_memory
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Options, Progress

if TYPE_CHECKING:
    from pathlib import Path


_here: list[StableDiffusion] = []
"""The backend of this process; one that was forked from it finds the pipeline there, warm."""


def _run_elsewhere(
    settings: Settings, path: Path, plan: Plan, work: Work, options: StableDiffusionOptions
) -> Image:
    """A run in a process that has a GPU lent to it."""
    backend = _here[0] if _here else StableDiffusion(settings)
    return backend._run(backend._pipeline(path, plan), work, options, path, plan, Progress())


class StableDiffusion:
    """Fills a hole with what a diffusion model makes of the words and the surroundings.

    Deviations from diffusers' own use: the hole may start from a fast fill (strength below 1), colours are matched
    at the seam, grain is added, and a window is brought to the size that the model was trained on.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._estimates = _estimates(settings)
        self._held: tuple[Path, Plan, Any] | None = None
        environment.give_threads(settings.threads)
        _here.append(self)
        del _here[:-1]

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        """Fill the hole; raises MissingError, CheckpointError, Cancelled, MemoryError when nothing smaller fits."""
        chosen = (
            options if isinstance(options, StableDiffusionOptions) else StableDiffusionOptions(options.seed)
        )
        if window.guide is None:  # nothing to start from but a blank hole
            chosen = replace(chosen, strength=1.0)
        path = required(chosen.model or self._settings.sd_model)
        plan = device.plan(self._settings.device, chosen.precision, chosen.memory)
        while True:
            try:
                fill = self._filled(window, chosen, path, plan, progress)
                progress(1.0)
                return fill
            except Exception as error:
                if not out_of_memory(error):
                    raise
                lower = plan.lower()
                if lower is None:
                    self.release()
                    raise MemoryError(f"{plan.memory} on {plan.device} was not small enough") from error
                plan = lower
            progress(0.0, f"Memory is short: trying again {_words(plan.memory)}")

    def release(self) -> None:
        """Let go of the model and its memory; the next run loads it again."""
        self._held = None
        memory.handed_back()

    def held(self) -> int:
        """Bytes of the model's weights in memory."""
        if self._held is None:
            return 0
        networks = [part for part in self._held[2].components.values() if hasattr(part, "parameters")]
        return sum(one.numel() * one.element_size() for part in networks for one in part.parameters())

    def _filled(
        self, window: Window, options: StableDiffusionOptions, path: Path, plan: Plan, progress: Progress
    ) -> Image:
        progress(0.0, "Loading the model")
        pipeline = self._pipeline(path, plan)
        work = prepared(window, _side(pipeline), _multiple(pipeline))
        if zerogpu.lent():
            progress(BEFORE, "Waiting for a GPU, and filling on it")
            made = zerogpu.on_gpu(_steps(options), _run_elsewhere, self._settings, path, plan, work, options)
        else:
            made = self._run(pipeline, work, options, path, plan, progress)
        progress(AFTER, "Matching the photo")
        part = made[: work.size[0], : work.size[1]]
        fill = resized(part, window.mask.shape)
        if options.match_colour:
            fill = finish.matched(fill, window.image, window.mask)
        if options.grain:
            fill = finish.grained(fill, window.image, window.mask, options.seed)
        return fill

    def _pipeline(self, path: Path, plan: Plan) -> Any:
        """The pipeline as planned; kept warm until another one is wanted."""
        if self._held is not None and self._held[:2] == (path, plan):
            return self._held[2]
        self.release()
        pipeline = load.opened(path, device.dtype(plan.precision), self._settings.offline)
        device.place(pipeline, plan)
        self._held = (path, plan, pipeline)
        return pipeline

    def _run(
        self,
        pipeline: Any,
        work: Work,
        options: StableDiffusionOptions,
        path: Path,
        plan: Plan,
        progress: Progress,
    ) -> Image:
        """One run of the pipeline; its pace is learned."""
        torch: Any = importlib.import_module("torch")
        name = _name(path, plan)
        steps = Steps(work, _steps(options), self._estimates.pace(name), progress)
        pipeline.scheduler = load.solver(load.library(), pipeline, options.scheduler)
        began = time.perf_counter()
        device.watch()
        try:
            with memory.peak() as grown, steps.watching(pipeline.unet), torch.inference_mode():
                made = pipeline(
                    prompt=options.prompt,
                    negative_prompt=options.negative_prompt,
                    image=_tensor(torch, work.start),
                    mask_image=torch.from_numpy(work.mask.astype(np.float32))[None, None],
                    height=work.mask.shape[0],
                    width=work.mask.shape[1],
                    strength=options.strength,
                    num_inference_steps=_asked(options),
                    guidance_scale=options.guidance,
                    generator=torch.Generator("cpu").manual_seed(options.seed),
                    output_type="np",
                    callback_on_step_end=steps,
                    callback_on_step_end_tensor_inputs=["latents", "masked_image_latents"]
                    if progress.shows
                    else ["latents"],
                ).images[0]
        finally:
            pipeline.maybe_free_model_hooks()
        if not np.isfinite(made).all():
            raise CheckpointError(f"{path.name} made no picture in {plan.precision}: set precision to fp32.")
        taken = time.perf_counter() - began
        used = device.most_used() if plan.device == "cuda" else self.held() / 1e6 + (grown.megabytes or 0.0)
        around = max(0.0, taken - steps.each * steps.total)
        self._estimates.learn(name, Pace(steps.each, around, used or 0.0))
        return np.asarray(np.clip(np.rint(made * 255), 0, 255), dtype=np.uint8)


def weight(options: Options) -> float:
    """Twenty steps, as many as are usual, count as one fill: minutes on a processor, a second on a GPU."""
    return options.steps / 20 if isinstance(options, StableDiffusionOptions) else 1.0


def expected(options: Options, settings: Settings) -> Expected:
    """What filling one hole with these options takes. Raises MissingError, OptionError."""
    chosen = options if isinstance(options, StableDiffusionOptions) else StableDiffusionOptions(options.seed)
    path = required(chosen.model or settings.sd_model)
    pace = _estimates(settings).pace(
        _name(path, device.plan(settings.device, chosen.precision, chosen.memory))
    )
    return Expected(pace.seconds(_steps(chosen)), pace.megabytes or None) if pace else Expected()


def _estimates(settings: Settings) -> Estimates:
    return Estimates(settings.cache / "run-times.json")


def _asked(options: StableDiffusionOptions) -> int:
    """Steps to ask for, so that at least one is left when a run that starts from a fill leaves out the first ones."""
    return max(options.steps, math.ceil(1 / options.strength))


def _steps(options: StableDiffusionOptions) -> int:
    """Steps that are really taken."""
    return max(1, min(int(_asked(options) * options.strength), _asked(options)))


def _name(path: Path, plan: Plan) -> str:
    return f"{path} {plan.device} {plan.precision} {plan.memory}"


def _words(memory: str) -> str:
    return {
        "sliced": "in slices, which is slower",
        "offload": "with parts of the model waiting in main memory, which is slower",
        "sequential": "layer by layer, which is much slower",
    }.get(memory, memory)


def _side(pipeline: Any) -> int:
    """The side in pixels that the model was trained on."""
    size = pipeline.unet.config.sample_size
    return int(max(size) if isinstance(size, list | tuple) else size) * int(pipeline.vae_scale_factor)


def _multiple(pipeline: Any) -> int:
    """What sides must be multiples of, so that the network's halvings come out even."""
    halvings = len(pipeline.unet.config.block_out_channels) - 1
    return int(pipeline.vae_scale_factor) << halvings


def _tensor(torch: Any, image: Image) -> Any:
    """(H, W, 3) uint8 → (1, 3, H, W) in 0..1."""
    return torch.from_numpy(image.astype(np.float32) / 255).permute(2, 0, 1)[None].contiguous()
