"""What a step of Stable Diffusion 2 inpainting costs on this machine, and what our code adds to a run.

    python -m benchmarks.diffusion [--steps 2] [--only NAME] [--output FILE]      on the processor, some five minutes
    python -m benchmarks.diffusion --gpu [--steps 20] [--output FILE]            seconds per image in half precision

The networks have the real sizes and random weights, so that nothing has to be fetched: time and memory are the
same. "CPU s" counts the work of all cores, and so says what a step costs where other work shares them. Each way runs
in a process of its own. On a GPU every memory mode is run whole, after a run that warms it up, and "s for 20 steps" is
what an image took. "sliced" stands for attention without torch's scaled dot product, "contiguous" for a network that
is not in channels_last.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SIDE = 512
WAYS = {
    "cpu": ("bf16 full", "bf16 full contiguous", "bf16 sliced", "fp32 full", "fp32 sliced"),
    "cuda": ("fp16 full", "fp16 sliced", "fp16 offload", "fp16 sequential", "bf16 full"),
}


def real_size(dtype: Any) -> Any:
    """The pipeline of Stable Diffusion 2 inpainting with random weights."""
    import torch
    import transformers

    from inpaint_app.backends.diffusion import load

    diffusers = load.library()
    torch.set_default_dtype(dtype)
    with unset(torch):
        pipeline = built(torch, diffusers, transformers)
    torch.set_default_dtype(torch.float32)
    for network in (pipeline.unet, pipeline.vae, pipeline.text_encoder):
        fill(torch, network)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@contextmanager
def unset(torch: Any) -> Iterator[None]:
    """Leave weights as memory has them: drawing two thousand million of them by chance takes longer than a step."""
    names = ("kaiming_uniform_", "kaiming_normal_", "xavier_uniform_", "uniform_", "normal_", "trunc_normal_")
    before = {name: getattr(torch.nn.init, name) for name in names}
    for name in names:
        setattr(torch.nn.init, name, lambda tensor, *_, **__: tensor)
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(torch.nn.init, name, function)


def fill(torch: Any, network: Any) -> None:
    """Small random weights, the same block again and again; biases 0, norms as they are."""
    block = torch.randn(1 << 20, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if weight.ndim >= 2:
                flat = weight.view(-1)
                drawn = (block / (weight[0].numel() ** 0.5)).to(weight.dtype)
                for start in range(0, flat.numel(), drawn.numel()):
                    part = flat[start : start + drawn.numel()]
                    part.copy_(drawn[: part.numel()])
            elif name.endswith("bias"):
                weight.zero_()


def built(torch: Any, diffusers: Any, transformers: Any) -> Any:
    """The pipeline, its weights whatever memory held."""
    unet = diffusers.UNet2DConditionModel(
        sample_size=SIDE // 8,
        in_channels=9,
        out_channels=4,
        cross_attention_dim=1024,
        attention_head_dim=(5, 10, 20, 20),
        use_linear_projection=True,
    )
    vae = diffusers.AutoencoderKL(
        block_out_channels=(128, 256, 512, 512),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=2,
        latent_channels=4,
        sample_size=768,
    )
    with tempfile.TemporaryDirectory() as folder:
        tokenizer, size = words(Path(folder), transformers)
    text = transformers.CLIPTextModel(
        transformers.CLIPTextConfig(
            vocab_size=max(size, 49408),
            hidden_size=1024,
            intermediate_size=4096,
            num_attention_heads=16,
            num_hidden_layers=23,
            hidden_act="gelu",
            bos_token_id=size - 2,
            eos_token_id=size - 1,
            pad_token_id=size - 1,
        )
    )
    return diffusers.StableDiffusionInpaintPipeline(
        vae=vae,
        text_encoder=text,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=diffusers.PNDMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            skip_prk_steps=True,
            steps_offset=1,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def words(folder: Path, transformers: Any) -> tuple[Any, int]:
    """A tokenizer of single characters: the prompt's length is padded to 77 in any case."""
    letters = [chr(code) for code in range(33, 127)]
    tokens = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return transformers.CLIPTokenizer.from_pretrained(folder, model_max_length=77), len(tokens)


def measure(way: str, steps: int) -> dict[str, Any]:
    """Run one way and report seconds per step, around the steps, of our own code, and the memory's peak."""
    from dataclasses import replace

    import numpy as np

    from inpaint_app.backends.base import Window
    from inpaint_app.backends.diffusion import backend, device, load
    from inpaint_app.backends.diffusion.estimate import Estimates
    from inpaint_app.backends.diffusion.options import StableDiffusionOptions
    from inpaint_app.settings import Settings
    from inpaint_app.types import Progress

    precision, memory, *rest = way.split()
    built = real_size(device.dtype(precision))
    load.opened = lambda path, dtype, offline: built  # type: ignore[assignment]
    backend.required = lambda named: Path("real-size")  # type: ignore[assignment]
    if rest:
        placed = device.place

        def place(pipeline: Any, plan: device.Plan) -> None:
            import torch

            placed(pipeline, plan)
            pipeline.unet.to(memory_format=torch.contiguous_format)

        device.place = place
    settings = replace(Settings.from_environment(), cache=Path(tempfile.mkdtemp()))
    made = backend.StableDiffusion(settings)
    inside: list[float] = []
    run = made._run

    def timed(*arguments: Any) -> Any:
        began = time.perf_counter()
        result = run(*arguments)
        inside.append(time.perf_counter() - began)
        return result

    made._run = timed  # type: ignore[method-assign]
    spent: list[float] = []
    built.unet.register_forward_pre_hook(lambda *_: spent.append(-time.process_time()))
    built.unet.register_forward_hook(lambda *_: spent.append(spent.pop() + time.process_time()))
    image = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3)).astype(np.uint8)
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[128:384, 128:384] = True
    options = StableDiffusionOptions(steps=steps, strength=1.0, precision=precision, memory=memory)
    plan = device.plan(settings.device, precision, memory)
    made._pipeline(Path("real-size"), plan)
    if plan.device == "cuda":
        made.inpaint(Window(image, mask, None, image), replace(options, steps=2), Progress())
        made._estimates = Estimates(Path(tempfile.mkdtemp()) / "run-times.json")
        inside.clear()
        spent.clear()
        device.watch()
    began = time.perf_counter()
    made.inpaint(Window(image, mask, None, image), options, Progress())
    total = time.perf_counter() - began
    name = backend._name(Path("real-size"), plan)
    pace = made._estimates.pace(name)
    assert pace is not None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    image_seconds = pace.seconds(20)
    if plan.device == "cuda":
        peak = (device.most_used() or 0.0) / 1e3
        image_seconds = total if steps == 20 else image_seconds
    return {
        "step": pace.step,
        "busy": min(spent),
        "around": pace.around,
        "ours": total - inside[0],
        "image": image_seconds,
        "share": (total - inside[0]) / image_seconds,
        "peak": peak,
    }


def row(way: str, found: dict[str, Any]) -> str:
    """One line of the table."""
    return (
        f"| {way} | {found['step']:.2f} | {found['busy']:.2f} | {found['around']:.1f} | {found['image']:.0f} | "
        f"{1000 * found['ours']:.0f} ({100 * found['share']:.1f} %) | {found['peak']:.1f} |"
    )


HEAD = """| precision, memory | s per step | CPU s per step | s around | s for 20 steps | ours, ms (share) | peak GB |
|---|---|---|---|---|---|---|"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--gpu", action="store_true", help="seconds per image on the GPU, in every memory mode"
    )
    parser.add_argument("--steps", type=int, help="2 on the processor, 20 on a GPU")
    parser.add_argument("--only", help="one way, such as 'bf16 full'")
    parser.add_argument("--json", action="store_true", help="for the process that measures one way")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    if given.json:
        print(json.dumps(measure(given.only, given.steps)))
        return
    import torch

    if given.gpu and not torch.cuda.is_available():
        raise SystemExit("There is no GPU here that torch can use: run it where one is.")
    ways = (given.only,) if given.only else WAYS["cuda" if given.gpu else "cpu"]
    steps = given.steps or (20 if given.gpu else 2)
    environment = {**os.environ, "INPAINT_DEVICE": "cuda" if given.gpu else "cpu"}
    lines = [HEAD]
    for way in ways:
        command = [sys.executable, "-m", "benchmarks.diffusion", "--json", "--only", way]
        ran = subprocess.run(
            [*command, "--steps", str(steps)], capture_output=True, text=True, check=False, env=environment
        )
        lines.append(
            row(way, json.loads(ran.stdout.splitlines()[-1]))
            if ran.returncode == 0
            else f"| {way} | failed: {ran.stderr.strip().splitlines()[-1]} | | | | | |"
        )
        print(lines[-1], flush=True)
    if given.output:
        given.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
