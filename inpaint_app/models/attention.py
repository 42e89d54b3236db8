"""The contextual attention layer (Yu et al. 2018, section 4.1), as matrix products, and the literal form beside it.

The literal form matches by convolving the features with every known 3×3 patch as a kernel, propagates by convolving
the scores with identity matrices, and rebuilds by a transposed convolution with 4×4 patches. Written out, each of them
is a product of single features or blocks and a sum over shifts that moves both sides of a pair alike:

- the likeness of two patches is the sum of the likenesses of their nine pixels, so one matrix product over single
  pixels and shifted sums of the result do for the product over patches nine times as long;
- an identity kernel over flattened places sums the scores with themselves shifted along the diagonal;
- patches that overlap by half put the same block of features into the same place when both sides are one step apart,
  so the attention is summed over those steps first and multiplied with blocks a quarter as large.

The numbers are the same, the time is a fraction; `literal` stays as the reference for the tests and the benchmark.
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
        """features (B, C, h, w), mask (B, 1, H, W) with 1 = hole, any multiple of h × w → (B, C, h, w) float32.

        h and w must be divisible by `rate`, which must be even. Where nothing is known the result is 0. Computed in
        full precision whatever autocast says: ten times a score in bf16 is off by more than neighbours differ.
        """
        with torch.autocast(features.device.type, enabled=False):
            return self._attended(features.float(), mask)

    def _attended(self, features: Tensor, mask: Tensor) -> Tensor:
        small = F.interpolate(features, scale_factor=1 / self.rate)  # (B, C, h/r, w/r)
        rows, columns = small.shape[2:]
        pixels = small.flatten(2)  # (B, C, L)
        grid = pixels.transpose(1, 2) @ pixels  # (B, L known, L places)
        scores = _patchwise(grid.view(-1, rows, columns, rows, columns)).flatten(3).flatten(1, 2)
        squared = pixels.square().sum(1).view(-1, 1, rows, columns)
        norms = (9 * F.avg_pool2d(squared, 3, 1, 1)).sqrt().clamp_min(1e-4).flatten(1)  # of the 3×3 patches
        factors = self.scale / norms[:, :, None]  # propagation only sums: scale now
        scores = scores * factors if scores.requires_grad else scores.mul_(factors)
        if self.propagate:
            scores = propagated(scores, rows, columns)
        usable = known_patches(mask, (rows, columns))[:, :, None]  # (B, L, 1)
        attention = scores.masked_fill_(~usable, -1e4).softmax(1)
        rebuilt = self._rebuilt(features, attention.view(-1, rows, columns, rows, columns))
        return rebuilt * usable.any(1)[:, :, None, None]

    def _rebuilt(self, features: Tensor, attention: Tensor) -> Tensor:
        """Put the known patches of twice `rate` into the places that attend to them; overlaps are averaged."""
        rate, (height, width) = self.rate, features.shape[2:]
        blocks = F.unfold(features, rate, padding=rate // 2, stride=rate)  # (B, r²C, (rows + 1)(columns + 1))
        summed = _overlapped(
            _overlapped(attention, 1), 2
        )  # (B, rows + 1, columns + 1, rows + 1, columns + 1)
        rebuilt = blocks @ summed.flatten(3).flatten(1, 2)
        return F.fold(rebuilt, (height, width), rate, padding=rate // 2, stride=rate) / 4


def _patchwise(grid: Tensor) -> Tensor:
    """Likeness of pixels (B, rows, columns, rows, columns) → of the 3×3 patches around them, zeros outside.

    Works in `grid` and one more tensor of its size: fresh memory of that size costs more than the sums.
    """
    spare = torch.empty_like(grid)
    for axis in (1, 2):
        spare.copy_(grid)
        length = grid.shape[axis] - 1
        first, second = ((grid.narrow(axis, k, length).narrow(axis + 2, k, length)) for k in (0, 1))
        spare.narrow(axis, 1, length).narrow(axis + 2, 1, length).add_(first)
        spare.narrow(axis, 0, length).narrow(axis + 2, 0, length).add_(second)
        grid, spare = spare, grid
    return grid


def _overlapped(attention: Tensor, axis: int) -> Tensor:
    """Add the attention to itself one step on, on both sides of the pair: each of the two axes grows by one."""
    shape = list(attention.shape)
    length = shape[axis]
    shape[axis] = shape[axis + 2] = length + 1
    summed = attention.new_empty(shape)
    summed.narrow(axis, 0, length).narrow(axis + 2, 0, length).copy_(attention)
    summed.narrow(axis, length, 1).zero_()
    summed.narrow(axis + 2, length, 1).zero_()
    summed.narrow(axis, 1, length).narrow(axis + 2, 1, length).add_(attention)
    return summed


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
    across[:, 1:, 1:].add_(scores[:, :-1, :-1])  # += would copy the slice onto itself afterwards
    across[:, :-1, :-1].add_(scores[:, 1:, 1:])
    grid = across.view(batch, rows, columns, rows, columns)
    down = grid.clone()
    for known_wraps in (False, True):
        for place_wraps in (False, True):
            before, after = _step_down(known_wraps, place_wraps)
            down[after].add_(grid[before])
            down[before].add_(grid[after])
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
