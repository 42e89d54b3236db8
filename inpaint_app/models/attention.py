"""The contextual attention layer (Yu et al. 2018, section 4.1), as matrix products, and the literal form beside it.

The literal form matches by convolving the features with every known patch as a kernel, and propagates by convolving
the scores with identity matrices. Written out, matching is one matrix product of unfolded patches, an identity kernel
over flattened places is the sum of the matrix with itself shifted along its diagonal, and rebuilding is a matrix
product and a fold. The numbers are the same, the time is a fraction; `literal` stays as the reference for the tests
and the benchmark.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class ContextualAttention(nn.Module):
    """Rebuilds features from patches of their known part.

    rate: features are matched at 1/rate of their size. scale: sharpness of the softmax (10 in the paper). propagate:
    whether neighbours are to agree.
    """

    def __init__(self, rate: int = 2, scale: float = 10.0, propagate: bool = True) -> None:
        super().__init__()
        self.rate, self.scale, self.propagate = rate, scale, propagate

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """features (B, C, h, w), mask (B, 1, H, W) with 1 = hole, any multiple of h × w → (B, C, h, w).

        h and w must be divisible by `rate`. Where nothing is known the result is 0.
        """
        small = F.interpolate(features, scale_factor=1 / self.rate)  # (B, C, h/r, w/r)
        rows, columns = small.shape[2:]
        patches = F.unfold(small, 3, padding=1)  # (B, 9C, L)
        norms = patches.float().square().sum(1, keepdim=True).sqrt().clamp_min(1e-4).to(patches.dtype)
        scores = (patches / norms).transpose(1, 2) @ patches  # (B, L known, L places)
        if self.propagate:
            scores = propagated(scores, rows, columns)
        usable = known_patches(mask, (rows, columns))[:, :, None]  # (B, L, 1)
        logits = (scores * self.scale).masked_fill(~usable, -1e4)
        attention = logits.softmax(1) * usable
        raw = F.unfold(features, 2 * self.rate, padding=self.rate // 2, stride=self.rate)  # (B, 4r²C, L)
        rebuilt = raw @ attention.to(raw.dtype)  # (B, 4r²C, L)
        folded = F.fold(rebuilt, features.shape[2:], 2 * self.rate, padding=self.rate // 2, stride=self.rate)
        return folded / 4


def known_patches(mask: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, 1, H, W) with 1 = hole → (B, L) bool: the 3×3 patch around each place of `size` is known altogether."""
    small = F.adaptive_max_pool2d(mask.float(), size)
    touched = F.max_pool2d(small, 3, 1, 1)
    return (touched < 0.5).flatten(1)


def propagated(scores: Tensor, rows: int, columns: int) -> Tensor:
    """Add to each score those of the neighbouring pairs, left-right over the flattened places, then top-down.

    scores (B, L, L) over places in row order, L = rows × columns, both sides of the pair stepping together.
    """
    batch, places, _ = scores.shape
    across = scores.clone()
    across[:, 1:, 1:] += scores[:, :-1, :-1]
    across[:, :-1, :-1] += scores[:, 1:, 1:]
    grid = across.view(batch, rows, columns, rows, columns)
    down = grid.clone()
    for known_wraps in (False, True):
        for place_wraps in (False, True):
            before, after = _step_down(known_wraps, place_wraps)
            down[after] += grid[before]
            down[before] += grid[after]
    return down.view(batch, places, places)


def _step_down(known_wraps: bool, place_wraps: bool) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Index of the pairs before and after a step down the columns; at the foot of one the next one's head follows."""
    every, head, foot = slice(None), slice(None, 1), slice(-1, None)
    upper, lower = slice(None, -1), slice(1, None)
    before: list[slice] = [every]
    after: list[slice] = [every]
    for wraps in (known_wraps, place_wraps):
        before += [foot, upper] if wraps else [upper, every]
        after += [head, lower] if wraps else [lower, every]
    return tuple(before), tuple(after)


def literal(
    features: Tensor, mask: Tensor, rate: int = 2, scale: float = 10.0, propagate: bool = True
) -> Tensor:
    """The same layer as the paper words it: patches as convolution kernels, identity kernels for propagation."""
    outputs = []
    small = F.interpolate(features, scale_factor=1 / rate)
    rows, columns = small.shape[2:]
    channels, places = features.shape[1], rows * columns
    for one, big, hole in zip(small, features, mask, strict=True):
        kernels = F.unfold(one[None], 3, padding=1)[0].t().reshape(places, channels, 3, 3)
        norms = kernels.flatten(1).norm(dim=1).clamp_min(1e-4)
        scores = F.conv2d(one[None], kernels / norms[:, None, None, None], padding=1)  # (1, L, rows, columns)
        if propagate:
            identity = torch.eye(3, device=features.device)[None, None]
            scores = F.conv2d(scores.view(1, 1, places, places), identity, padding=1)
            turned = scores.view(rows, columns, rows, columns).permute(1, 0, 3, 2)
            scores = F.conv2d(turned.reshape(1, 1, places, places), identity, padding=1)
            scores = scores.view(columns, rows, columns, rows).permute(1, 0, 3, 2)
        scores = scores.reshape(1, places, rows, columns)
        usable = known_patches(hole[None], (rows, columns)).view(1, places, 1, 1)
        attention = (scores * scale).masked_fill(~usable, -1e4).softmax(1) * usable
        raw = F.unfold(big[None], 2 * rate, padding=rate // 2, stride=rate)[0].t()
        raw = raw.reshape(places, channels, 2 * rate, 2 * rate)
        outputs.append(F.conv_transpose2d(attention, raw, stride=rate, padding=rate // 2) / 4)
    return torch.cat(outputs)
