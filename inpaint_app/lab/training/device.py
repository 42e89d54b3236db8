"""What the machine can do: where to train, in which precision, and how to lay weights out."""

from __future__ import annotations

import torch
from torch import nn


def lay_out(module: nn.Module) -> nn.Module:
    """Weights of convolutions channels last, which both CPUs and GPUs multiply faster in bf16."""
    return module.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def precision(wanted: str, cpu: bool) -> str:
    """accelerate's name for "bf16", "fp32" or "auto": bf16 where the device has the instructions."""
    if wanted != "auto":
        return {"fp32": "no"}.get(wanted, wanted)
    if torch.cuda.is_available() and not cpu:
        return "bf16" if torch.cuda.is_bf16_supported() else "no"
    return "bf16" if torch.ops.mkldnn._is_mkldnn_bf16_supported() else "no"


def device_name(device: torch.device) -> str:
    """The device in words, for the manifest."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type}, {torch.get_num_threads()} threads"
