"""Which places of the finder answer for which object: task-aligned assignment.

Source: Feng et al. 2021, TOOD, section 3.2, with YOLOv8's figures: the ten best places whose centre lies in the box, by
score^0.5 · IoU^6; a place that two objects want goes to the one it overlaps more.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

BEST = 10
SCORE_POWER, OVERLAP_POWER = 0.5, 6.0


class Assigned(NamedTuple):
    """positive: (B, N) bool. owner: (B, N) object of each place. quality: (B, N) in 0..1, the score to aim at."""

    positive: Tensor
    owner: Tensor
    quality: Tensor


@torch.no_grad()
def assign(
    scores: Tensor,
    placed: Tensor,
    points: Tensor,
    strides: Tensor,
    kinds: Tensor,
    truth: Tensor,
    real: Tensor,
) -> Assigned:
    """Choose places for objects.

    scores: (B, N, classes) in 0..1. placed: (B, N, 4). points: (N, 2). strides: (N,). kinds: (B, M). truth: (B, M, 4).
    real: (B, M) bool, False where a row is padding.
    """
    overlap = iou(placed[:, None], truth[:, :, None]).clamp(min=0)  # (B, M, N)
    own = scores.transpose(1, 2).gather(1, kinds[..., None].expand(-1, -1, scores.shape[1]))  # (B, M, N)
    middle = (truth[..., :2] + truth[..., 2:])[:, :, None] / 2
    reach = (truth[..., 2:] - truth[..., :2])[:, :, None] / 2
    # A tiny object may hold no centre at all: every place within three quarters of a stride may have it.
    reach = torch.maximum(reach, 0.75 * strides[:, None])
    inside = ((points - middle).abs() < reach).all(-1) & real[..., None]
    fit = own.pow(SCORE_POWER) * overlap.pow(OVERLAP_POWER) * inside
    least = fit.topk(min(BEST, fit.shape[-1]), -1).values[..., -1:]
    wanted = inside & (fit >= least) & (fit > 0)
    contest = torch.where(wanted, overlap, overlap.new_tensor(-1.0))
    owner = contest.argmax(1)  # (B, N)
    positive = wanted.any(1)
    mine = wanted & (torch.arange(kinds.shape[1], device=kinds.device)[:, None] == owner[:, None])
    fit = fit * mine
    scale = (overlap * mine).amax(-1, keepdim=True) / fit.amax(-1, keepdim=True).clamp(min=1e-9)
    return Assigned(positive, owner, (fit * scale).amax(1))


def iou(one: Tensor, other: Tensor, complete: bool = False) -> Tensor:
    """Intersection over union of boxes (…, 4); `complete` subtracts distance and shape (CIoU, Zheng et al. 2020)."""
    least, most = torch.maximum(one[..., :2], other[..., :2]), torch.minimum(one[..., 2:], other[..., 2:])
    shared = (most - least).clamp(min=0).prod(-1)
    sides, others = (one[..., 2:] - one[..., :2]), (other[..., 2:] - other[..., :2])
    union = sides.prod(-1) + others.prod(-1) - shared + 1e-7
    plain = shared / union
    if not complete:
        return plain
    hull = torch.maximum(one[..., 2:], other[..., 2:]) - torch.minimum(one[..., :2], other[..., :2])
    apart = (one[..., :2] + one[..., 2:] - other[..., :2] - other[..., 2:]).square().sum(-1) / 4
    angles = torch.atan(others[..., 0] / (others[..., 1] + 1e-7)) - torch.atan(
        sides[..., 0] / (sides[..., 1] + 1e-7)
    )
    shape = (4 / math.pi**2) * angles.square()
    with torch.no_grad():
        factor = shape / (1 - plain + shape + 1e-7)
    return plain - apart / (hull.square().sum(-1) + 1e-7) - factor * shape
