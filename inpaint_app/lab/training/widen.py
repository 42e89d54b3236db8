"""A wider context encoder that begins where a narrower one has ended: the same fills, and room to learn more.

New channels start with fresh weights and nothing reads them yet (what old channels would take from them is 0), so that
no fill changes. After Chen, Goodfellow and Shlens 2016, "Net2Net", section 2.3; they copy channels, which then need
noise to part, where ours are fresh ones.

`python -m inpaint_app.lab.training.widen NARROW.safetensors RECIPE OUT.safetensors`, then `train RECIPE --start OUT`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from inpaint_app.errors import InpaintError, OptionError
from inpaint_app.lab.objectives.inpainting import build
from inpaint_app.lab.training import state
from inpaint_app.lab.training.recipes import find


def widen(narrow: Mapping[str, Tensor], network: nn.Module) -> None:
    """Put the weights of a narrower context encoder into the network.

    Widths of all levels but the last may differ. Raises OptionError where anything else does.
    """
    made = network.state_dict()  # the network's own tensors: what is written into them is the network's
    if made.keys() != narrow.keys():
        raise OptionError("The weights are of another network: only its widths may differ.")
    for name, fresh in made.items():
        old = narrow[name]
        if old.shape == fresh.shape:
            fresh.copy_(old)
        elif old.dim() != fresh.dim() or any(a > b for a, b in zip(old.shape, fresh.shape, strict=True)):
            raise OptionError(f"{name} is {tuple(old.shape)}, which does not fit into {tuple(fresh.shape)}.")
        elif old.dim() == 4:
            _widen_convolution(name, old, fresh)
        elif old.dim() == 1:
            fresh[: len(old)] = old
        else:
            raise OptionError(f"{name}: the last level's width and the bottleneck cannot change.")


def _widen_convolution(name: str, old: Tensor, fresh: Tensor) -> None:
    """(outputs, inputs, k, k): old outputs read old inputs alone; fresh ones read all."""
    seen = 16 if name.startswith("finish.mix") else 0  # the photo, which comes after the features there
    parts = 1 if name.startswith(("encoder", "finish.last")) else 2  # features, and those skipped
    of_old, of_fresh = ((weight.shape[1] - seen) // parts for weight in (old, fresh))
    places = [part * of_fresh + channel for part in range(parts) for channel in range(of_old)]
    places += range(parts * of_fresh, parts * of_fresh + seen)
    kept = torch.zeros_like(fresh[: len(old)])
    kept[:, places] = old.to(kept.dtype)
    fresh[: len(old)] = kept


def main() -> int:
    """The command line; 0 when written, 2 with a message when not."""
    parser = argparse.ArgumentParser(
        description="Begin a wider context encoder with a narrower one's weights."
    )
    parser.add_argument("narrow", type=Path)
    parser.add_argument("recipe")
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    try:
        tensors, about = state.load(arguments.narrow)
        torch.manual_seed(1)
        network = build(find(arguments.recipe).network)
        widen(tensors, network)
        state.save(arguments.out, network.state_dict(), about)
    except InpaintError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
