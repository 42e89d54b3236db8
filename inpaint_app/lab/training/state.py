"""The state of a run on disk: weights, running mean, optimisers, and where the run stands. Safetensors, no pickles."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from inpaint_app.errors import CheckpointError


def save(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Write tensors and JSON beside `path`, flush to the disk, then rename: a kill leaves the old file or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    save_file(plain, part, metadata={"about": json.dumps(about)})
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(part, path)


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `save` wrote; raises CheckpointError where there is no such file or it is damaged."""
    if not path.exists():
        raise CheckpointError(f"There is no {path} to go on from. Leave out --resume to start anew.")
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {}).get("about", "{}"))
            return {name: file.get_tensor(name) for name in file.keys()}, about  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged: {error}. Delete it to start anew.") from error


def pack_optimiser(prefix: str, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimiser's running moments as named tensors."""
    states = optimiser.state_dict()["state"]
    return {
        f"{prefix}.{number}.{name}": value for number, one in states.items() for name, value in one.items()
    }


def unpack_optimiser(prefix: str, optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `pack_optimiser` gave, laid out in memory as the parameters are: fused steps walk both as one."""
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    states: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith(prefix + "."):
            number, _, field = name.removeprefix(prefix + ".").partition(".")
            like = parameters[int(number)]
            same = value.shape == like.shape
            states.setdefault(int(number), {})[field] = torch.empty_like(like).copy_(value) if same else value
    whole = optimiser.state_dict()
    whole["state"] = states
    optimiser.load_state_dict(whole)


class Average:
    """The running mean of a module's weights and buffers, which is what gets scored and shipped.

    decay: share of the old mean that is kept at each step, less in the first steps; 0 copies the module.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay, self.count = decay, 0
        self.values = {name: value.detach().clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take in the module's present weights."""
        self.count += 1
        keep = min(self.decay, (1 + self.count) / (10 + self.count))
        means, news = [], []
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                means.append(self.values[name])
                news.append(value)
            else:
                self.values[name].copy_(value)
        torch._foreach_lerp_(means, news, 1 - keep)
