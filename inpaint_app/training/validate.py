"""Scores of a network, or of any function that fills holes, on photos that it has not seen.

PSNR is given both ways: averaged over the images (psnr) and of the averaged squared error (psnr_pooled), which is
lower. Everything is measured inside the hole on 8-bit values. L1 and L2 are shares of the full range in percent.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from inpaint_app.training.data import Batch, Photos, Sampler
from inpaint_app.training.holes import make_holes
from inpaint_app.training.objectives import Objective
from inpaint_app.training.recipes import Recipe


def in_training(photos: Photos, recipe: Recipe) -> Callable[[Objective], dict[str, float]]:
    """A function that scores the objective's network on the centre hole of the photos' central squares."""
    hole = make_holes({"centre": 1.0}, recipe.size, 1, 0)

    def validate(objective: Objective) -> dict[str, float]:
        network = objective.modules["network"]
        device = next(network.parameters()).device
        sampler = Sampler(photos, hole, 40, 0, device, augment=False)
        truths, fills = [], []
        for step in range(-(-len(photos) // 40)):
            batch = sampler.draw(step)
            filled = objective.fill(network, Batch(batch.photo, batch.mask))
            fills.append(_pixels(filled))
            truths.append(_pixels(batch.photo))
        masks = np.broadcast_to(hole, (sum(map(len, fills)), *hole.shape[1:]))
        return score(np.concatenate(fills), np.concatenate(truths), masks)

    return validate


def score(fills: Photos, truths: Photos, masks: NDArray[np.bool_]) -> dict[str, float]:
    """L1 % and L2 % in the hole, PSNR averaged over the images and pooled. All (N, S, S, 3) uint8, masks (N, S, S)."""
    l1, l2 = [], []
    for fill, truth, mask in zip(fills, truths, masks, strict=True):
        difference = (fill[mask].astype(np.float64) - truth[mask]) / 255
        l1.append(np.abs(difference).mean())
        l2.append(np.square(difference).mean())
    floor = (0.5 / 255) ** 2  # half a grey level: a perfect fill counts as 54 dB
    return {
        "l1": float(np.mean(l1)) * 100,
        "l2": float(np.mean(l2)) * 100,
        "psnr": float(np.mean(-10 * np.log10(np.maximum(l2, floor)))),
        "psnr_pooled": float(-10 * np.log10(max(np.mean(l2), floor))),
    }


def _pixels(images: torch.Tensor) -> Photos:
    scaled = ((images.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return scaled.permute(0, 2, 3, 1).cpu().numpy()
