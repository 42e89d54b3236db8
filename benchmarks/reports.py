"""The comparisons of reports 002 and 004, on networks that were trained alike: one table per report.

    python -m benchmarks.reports RUNS --data DATA/eval/scenes-val.tar [--holes centre,freeform] [--count 200]

RUNS holds a folder for every run of `inpaint-app train` that is to be a row, named as its recipe. What is measured is
the running mean of the weights, over the hole, on the central 128 px of photos that no network has seen.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from inpaint_app.lab.objectives.data import Photos, load_photos
from inpaint_app.lab.objectives.holes import make_holes
from inpaint_app.lab.objectives.inpainting import Objective, load
from inpaint_app.lab.training import state
from inpaint_app.lab.training.recipes import find
from inpaint_app.lab.training.validate import central, filled, texture
from inpaint_app.metrics.full_reference import scores
from inpaint_app.models.checkpoints import folder
from inpaint_app.settings import Settings

LOSSES = [f"loss-{name}" for name in ("bce-l2", "ls-l1", "l1-ssim-70", "l1-ssim-50", "l1-ssim-995")]
TABLES: dict[str, Sequence[str]] = {
    "Report 004: five losses, the same context encoder": LOSSES,
    "Report 002, table 1: encoders of the variational autoencoder": [
        f"vae-{encoder}-500" for encoder in ("alexnet", "vgg", "resnet")
    ],
    "Report 002, table 2: encoders with a discriminator": [
        f"gan-{encoder}-4000" for encoder in ("alexnet", "resnet")
    ],
    "Report 002, table 3: bottlenecks": [
        f"{kind}-{size}"
        for kind in ("vae-vgg", "vae-resnet", "gan-alexnet", "gan-resnet")
        for size in (500, 2000, 4000)
    ],
}
NAMES = ("l1", "l2", "psnr", "ssim", "haarpsi")
HEAD = (
    "| recipe | minutes | images | megabytes | hole | L1 % | L2 % | PSNR dB | SSIM | HaarPSI | texture |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)


def trained(run: Path) -> tuple[Objective, dict[str, float]]:
    """The objective of a run with the mean of its weights, and what the run says of itself."""
    tensors, about = state.load(run / "network.safetensors")
    objective = load(find(about["recipe"]), folder(Settings.from_environment()))
    objective.modules["network"].load_state_dict(tensors)
    objective.modules["network"].eval()
    return objective, about


def row(run: Path, truths: Photos, hole: str) -> str:
    """A run's line of the table."""
    objective, about = trained(run)
    masks = make_holes({hole: 1.0}, truths.shape[1], len(truths), 7)
    made = filled(objective, truths, masks)
    found = [scores(t, f, m, names=NAMES)["hole"] for t, f, m in zip(truths, made, masks, strict=True)]
    mean = {name: float(np.mean([one[name] for one in found])) for name in NAMES}
    energy = np.nanmedian([texture(f, m) for f, m in zip(made, masks, strict=True)])
    megabytes = sum(p.numel() for p in objective.modules["network"].parameters()) * 2 / 1e6
    return (
        f"| {run.name} | {about['seconds'] / 60:.1f} | {about['images']:,} | {megabytes:.0f} | {hole} "
        f"| {mean['l1']:.2f} | {mean['l2']:.2f} | {mean['psnr']:.2f} | {mean['ssim']:.3f} "
        f"| {mean['haarpsi']:.4f} | {energy:.2f} |"
    )


def main() -> None:
    """Print the tables of the runs that are there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--holes", default="centre,freeform")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--cache", type=Path)
    arguments = parser.parse_args()
    truths = central(load_photos(arguments.data, 150, arguments.cache)[: arguments.count], 128)
    for title, names in TABLES.items():
        print(f"\n{title}\n\n{HEAD}")
        for hole in arguments.holes.split(","):
            for name in names:
                if (arguments.runs / name / "network.safetensors").exists():
                    print(row(arguments.runs / name, truths, hole), flush=True)


if __name__ == "__main__":
    main()
