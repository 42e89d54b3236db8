"""What a step of Stable Diffusion 2 inpainting costs on this machine, and what our code adds to a run.

    python -m benchmarks.diffusion [--steps 3] [--only NAME] [--output FILE]

The networks have the real sizes and random weights, so that nothing has to be fetched: time and memory are the
same. "CPU s" counts the work of all cores, and so says what a step costs where other work shares them. Each way runs
in a process of its own; on a GPU every memory mode is run in half precision.
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
    torch.manual_seed(0)
    torch.set_default_dtype(dtype)
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
    torch.set_default_dtype(torch.float32)
    pipeline = diffusers.StableDiffusionInpaintPipeline(
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
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def words(folder: Path, transformers: Any) -> tuple[Any, int]:
    """A tokenizer of single characters: the prompt's length is padded to 77 in any case."""
    letters = [chr(code) for code in range(33, 127)]
    tokens = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return transformers.CLIPTokenizer.from_pretrained(folder, model_max_length=77), len(tokens)


def measure(way: str, steps: int) -> dict[str, Any]:
    """Run one way and report seconds per step, around the steps, of our own code, and the memory's peak."""
    import numpy as np

    from inpaint_app.backends.diffusion import backend, device, load
    from inpaint_app.backends.diffusion.options import StableDiffusionOptions
    from inpaint_app.types import Progress, Window

    precision, memory, *rest = way.split()
    os.environ["INPAINT_CACHE"] = tempfile.mkdtemp()
    built = real_size(device.dtype(precision))
    load.opened = lambda path, dtype: built  # type: ignore[assignment]
    backend.required = lambda named: Path("real-size")  # type: ignore[assignment]
    if rest:
        placed = device.place

        def place(pipeline: Any, plan: device.Plan) -> None:
            import torch

            placed(pipeline, plan)
            pipeline.unet.to(memory_format=torch.contiguous_format)

        device.place = place
    made = backend.StableDiffusion()
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
    plan = device.plan("auto", precision, memory)
    made._pipeline(Path("real-size"), plan)
    began = time.perf_counter()
    made.inpaint(Window(image, mask, None, image), options, Progress())
    total = time.perf_counter() - began
    name = backend._name(Path("real-size"), plan)
    pace = made._estimates.pace(name)
    assert pace is not None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    if plan.device == "cuda":
        import torch

        peak = torch.cuda.max_memory_allocated() / 1e9
    return {
        "step": pace.step,
        "busy": min(spent),
        "around": pace.around,
        "ours": total - inside[0],
        "image": pace.seconds(20),
        "share": (total - inside[0]) / pace.seconds(20),
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
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--only", help="one way, such as 'bf16 full'")
    parser.add_argument("--json", action="store_true", help="for the process that measures one way")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    if given.json:
        print(json.dumps(measure(given.only, given.steps)))
        return
    import torch

    ways = (given.only,) if given.only else WAYS["cuda" if torch.cuda.is_available() else "cpu"]
    lines = [HEAD]
    for way in ways:
        command = [sys.executable, "-m", "benchmarks.diffusion", "--json", "--only", way]
        ran = subprocess.run(
            [*command, "--steps", str(given.steps)], capture_output=True, text=True, check=False
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
