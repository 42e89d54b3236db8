"""Scores that piq has and that need torch: FSIM, MS-SSIM, LPIPS. torch is imported on their first use.

All take two (H, W, 3) uint8 images of one size.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import numpy as np

from inpaint_app.models import torchvision_ops
from inpaint_app.types import Image

LPIPS_FILES = ("lpips_weights.pt", "vgg16-397923af.pth")
"""What piq's LPIPS loads: its own linear weights and torchvision's VGG16."""


def fsim(truth: Image, result: Image) -> float:
    """Feature similarity with colour, 0..1, 1 = alike (Zhang, Zhang, Mou & Zhang 2011), by piq."""
    return _piq("fsim", truth, result)


def ms_ssim(truth: Image, result: Image) -> float:
    """Multi-scale SSIM, 0..1, 1 = alike (Wang, Simoncelli & Bovik 2003), by piq; from 161 px a side."""
    return _piq("multi_scale_ssim", truth, result)


def lpips(truth: Image, result: Image) -> float:
    """Learned perceptual distance with VGG16, 0 = alike (Zhang et al. 2018), by piq. See `lpips_missing`."""
    import torch

    with torch.inference_mode():
        return float(_lpips()(_tensor(truth), _tensor(result)))


def lpips_missing() -> str | None:
    """Why LPIPS cannot be had here, or None. Nothing is ever fetched for it unasked."""
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "torch"
    folder = Path(os.environ.get("TORCH_HOME", home)) / "hub" / "checkpoints"
    lacks = [name for name in LPIPS_FILES if not (folder / name).is_file()]
    if not lacks:
        return None
    return f"LPIPS is not shown: {' and '.join(lacks)} must lie in {folder}."


@functools.lru_cache(maxsize=1)
def _library() -> Any:
    torchvision_ops.provide()
    import piq

    return piq


@functools.lru_cache(maxsize=1)
def _lpips() -> Any:
    return _library().LPIPS()


def _piq(name: str, truth: Image, result: Image) -> float:
    import torch

    with torch.inference_mode():
        return float(getattr(_library(), name)(_tensor(truth), _tensor(result), data_range=1.0))


def _tensor(image: Image) -> Any:
    """(1, 3, H, W) float32 in 0..1."""
    import torch

    planes = np.ascontiguousarray(image.transpose(2, 0, 1)[None])
    return torch.from_numpy(planes).float() / 255
