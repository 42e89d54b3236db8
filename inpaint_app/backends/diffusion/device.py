"""On what device, in what precision and with how much memory a pipeline runs, and the way down when it is too much."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from inpaint_app import environment
from inpaint_app.backends.diffusion.options import MEMORY
from inpaint_app.errors import OptionError

ROOMY = {"full": 8.0, "sliced": 5.0, "offload": 3.5}
"""Gigabytes of free GPU memory from which a mode is chosen, for Stable Diffusion 2 at 512 px in half precision."""


@dataclass(frozen=True, slots=True)
class Plan:
    """device: cpu, cuda or mps. precision: fp32, bf16 or fp16. memory: one of MEMORY."""

    device: str
    precision: str
    memory: str

    def lower(self) -> Plan | None:
        """The next plan that needs less memory, or None where there is none."""
        for memory in MEMORY[MEMORY.index(self.memory) + 1 :]:
            if self.device == "cuda" or memory == "sliced":
                return Plan(self.device, self.precision, memory)
        return None


def plan(device: str, precision: str, memory: str) -> Plan:
    """The plan for this machine; "auto" chooses. Raises OptionError for a device that is not there."""
    torch: Any = importlib.import_module("torch")
    where = device.partition(":")[0]
    if where == "auto":
        where = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if (where == "cuda" and not torch.cuda.is_available()) or (
        where == "mps" and not torch.backends.mps.is_available()
    ):
        raise OptionError(f"There is no {where} device here: set INPAINT_DEVICE to auto or cpu.")
    if precision == "auto":
        precision = "fp16" if where != "cpu" else "bf16" if _fast_bf16(torch) else "fp32"
    if where == "cuda" and environment.gpu_is_lent():
        memory = (
            "sliced" if memory == "sliced" else "full"
        )  # what else there is cannot be asked before it is lent
    elif memory == "auto":
        memory = _roomiest(torch) if where == "cuda" else "full" if where == "cpu" else "sliced"
    elif where != "cuda" and memory in ("offload", "sequential"):
        memory = "sliced"
    return Plan(where, precision, memory)


def _fast_bf16(torch: Any) -> bool:
    """Whether this processor multiplies bf16 in hardware: elsewhere it is slower than fp32."""
    probe = (
        getattr(torch.cpu, "_is_amx_tile_supported", None),
        getattr(torch.cpu, "_is_avx512_bf16_supported", None),
    )
    return any(bool(ask()) for ask in probe if ask is not None)


def _roomiest(torch: Any) -> str:
    free = torch.cuda.mem_get_info()[0] / 1e9
    return next((mode for mode, needed in ROOMY.items() if free >= needed), "sequential")


def dtype(precision: str) -> Any:
    """The torch type of that precision."""
    torch: Any = importlib.import_module("torch")
    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]


def place(pipeline: Any, chosen: Plan) -> None:
    """Put a pipeline where the plan wants it. Attention is torch's own scaled dot product unless it is sliced."""
    if chosen.memory != "full":
        pipeline.vae.enable_tiling()
        pipeline.vae.enable_slicing()
        pipeline.enable_attention_slicing()
    if chosen.memory == "offload":
        pipeline.enable_model_cpu_offload(device=chosen.device)
    elif chosen.memory == "sequential":
        pipeline.enable_sequential_cpu_offload(device=chosen.device)
    else:
        pipeline.to(chosen.device)
    if chosen.device == "cpu":
        torch: Any = importlib.import_module("torch")
        pipeline.unet.to(memory_format=torch.channels_last)


def most_used() -> float | None:
    """MB that the GPU had allocated at most since the last call of `watch`; None where no GPU is."""
    torch: Any = importlib.import_module("torch")
    return torch.cuda.max_memory_allocated() / 1e6 if torch.cuda.is_available() else None


def watch() -> None:
    """Start counting what the GPU allocates at most."""
    torch: Any = importlib.import_module("torch")
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
