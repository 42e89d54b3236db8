"""The contextual attention layer (Yu et al. 2018, section 4.1), as matrix products.

The literal form matches by convolving the features with every known 3×3 patch as a kernel, propagates by convolving
the scores with identity matrices, and rebuilds by a transposed convolution with 4×4 patches. Written out, each of them
is a product of single features or blocks and a sum over shifts that moves both sides of a pair alike:

- the likeness of two patches is the sum of the likenesses of their nine pixels, so one matrix product over single
  pixels and shifted sums of the result do for the product over patches nine times as long;
- an identity kernel over flattened places sums the scores with themselves shifted along the diagonal;
- patches that overlap by half put the same block of features into the same place when both sides are one step apart,
  so the attention is summed over those steps first and multiplied with blocks a quarter as large.

All of it is done for one row of places after the other: a step needs its neighbouring rows of the step before alone,
which are still in the processor's cache, and the scores of all pairs are never in memory at once.
The numbers are those of the literal form, which its tests hold it to; the time is a fraction.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

KEPT = 4
"""Rows of each step that are kept for the rows that follow."""


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
        rate, (height, width) = self.rate, features.shape[2:]
        small = F.interpolate(features, scale_factor=1 / rate)  # (B, C, h/r, w/r)
        usable = known_patches(mask, (small.shape[2], small.shape[3]))  # (B, L)
        pairs = Pairs(small, usable, self.scale, self.propagate)
        blocks = F.unfold(features, rate, padding=rate // 2, stride=rate)  # (B, r²C, (rows + 1)(columns + 1))
        blocks = blocks.transpose(1, 2)
        rebuilt = torch.cat([pairs.overlapped(row) @ blocks for row in range(pairs.rows + 1)], 1)
        folded = F.fold(rebuilt.transpose(1, 2), (height, width), rate, padding=rate // 2, stride=rate)
        return folded / 4 * usable.any(1)[:, None, None, None]


def _kept(make: Callable[[Pairs, int], Tensor]) -> Callable[[Pairs, int], Tensor]:
    """Make a row once, as long as it is among the last few made; it must not be changed."""

    def get(pairs: Pairs, row: int) -> Tensor:
        rows = pairs.made.setdefault(make.__name__, {})
        if row not in rows:
            made = make(pairs, row)
            if len(rows) == KEPT:
                del rows[next(iter(rows))]
            rows[row] = made
        return rows[row]

    return get


class Pairs:
    """Scores of every place with every known patch, made row by row; see the module.

    small: (B, C, rows, columns). usable: (B, L), L = rows × columns. What a method makes of a row is
    (B, columns, rows, columns): the row's places, then all known patches. Both sides of a pair step together.
    """

    def __init__(self, small: Tensor, usable: Tensor, scale: float, propagate: bool) -> None:
        self.rows, self.columns = small.shape[2:]
        self.pixels, self.unusable = small.flatten(2), ~usable[:, None]  # (B, C, L), (B, 1, L)
        squared = small.square().sum(1, keepdim=True)  # (B, 1, rows, columns)
        norms = (9 * F.avg_pool2d(squared, 3, 1, 1)).sqrt().clamp_min(1e-4)  # of the 3×3 patches
        self.factors = scale / norms
        self.propagate = propagate
        self.made: dict[str, dict[int, Tensor]] = {}

    @_kept
    def pixelwise(self, row: int) -> Tensor:
        """Likeness of single pixels, summed with their neighbours to the left and right."""
        own = self.pixels[..., row * self.columns : (row + 1) * self.columns]
        likeness = own.transpose(1, 2) @ self.pixels
        likeness = likeness.view(-1, self.columns, self.rows, self.columns)
        summed = likeness.clone()
        summed[:, 1:, :, 1:] += likeness[:, :-1, :, :-1]
        summed[:, :-1, :, :-1] += likeness[:, 1:, :, 1:]
        return summed

    @_kept
    def patches(self, row: int) -> Tensor:
        """Likeness of the 3×3 patches, zeros outside, by the norm of the known one and times the scale."""
        summed = self.pixelwise(row).clone()
        if row:
            summed[:, :, 1:] += self.pixelwise(row - 1)[:, :, :-1]
        if row + 1 < self.rows:
            summed[:, :, :-1] += self.pixelwise(row + 1)[:, :, 1:]
        return summed * self.factors  # propagation only sums: scale now

    @_kept
    def across(self, row: int) -> Tensor:
        """Scores with those of the pairs to the left and right; the end of a row meets the head of the next one."""
        scores = self.patches(row).flatten(2)
        summed = scores.clone()
        summed[:, 1:, 1:] += scores[:, :-1, :-1]
        summed[:, :-1, :-1] += scores[:, 1:, 1:]
        if row:
            summed[:, 0, 1:] += self.patches(row - 1).flatten(2)[:, -1, :-1]
        if row + 1 < self.rows:
            summed[:, -1, :-1] += self.patches(row + 1).flatten(2)[:, 0, 1:]
        return summed.view(-1, self.columns, self.rows, self.columns)

    def propagated(self, row: int) -> Tensor:
        """And with those above and below; the foot of a column meets the head of the next one."""
        last = self.rows - 1
        summed = self.across(row).clone()
        above, below = self.across(row - 1 if row else last), self.across(row + 1 if row < last else 0)
        after = summed if row else summed[:, 1:]
        above = above if row else above[:, :-1]
        after[:, :, 1:] += above[:, :, :-1]
        after[:, :, 0, 1:] += above[:, :, -1, :-1]
        before = summed if row < last else summed[:, :-1]
        below = below if row < last else below[:, 1:]
        before[:, :, :-1] += below[:, :, 1:]
        before[:, :, -1, :-1] += below[:, :, 0, 1:]
        return summed

    @_kept
    def attention(self, row: int) -> Tensor:
        """Shares of the known patches, that sum to 1 for every place."""
        scores = self.propagated(row) if self.propagate else self.patches(row)
        scores = scores.flatten(2).masked_fill(self.unusable, -1e4)
        return scores.softmax(2).view(-1, self.columns, self.rows, self.columns)

    def overlapped(self, row: int) -> Tensor:
        """Shares of the blocks of known features, (B, columns + 1, (rows + 1)(columns + 1)), for a row of blocks.

        A block is the meeting of four patches: their shares are added, each pair one step on on both sides.
        """
        summed = self.pixels.new_zeros(len(self.pixels), self.columns + 1, self.rows + 1, self.columns + 1)
        if row < self.rows:
            upper = self.attention(row)
            summed[:, :-1, :-1, :-1] += upper
            summed[:, 1:, :-1, 1:] += upper
        if row:
            lower = self.attention(row - 1)
            summed[:, :-1, 1:, :-1] += lower
            summed[:, 1:, 1:, 1:] += lower
        return summed.flatten(2)


def known_patches(mask: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, 1, H, W) with 1 = hole → (B, L) bool: the 3×3 patch around each place of `size` is known altogether."""
    small = F.adaptive_max_pool2d(mask.float(), size)
    touched = F.max_pool2d(small, 3, 1, 1)
    return (touched < 0.5).flatten(1)
