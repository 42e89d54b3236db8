"""A small finder of people and vehicles with outlines, in the layout of YOLOv8n-seg, built from torch alone.

Source: Jocher et al. 2023, YOLOv8 (anchor-free boxes as distributions of edge distances, Li et al. 2020, generalised
focal loss, section 3.2); masks as sums of prototypes: Bolya et al. 2019, YOLACT, section 3.1-3.2. Deviations, for a
network that sees some ten thousand small photos instead of a hundred thousand large ones:
- prototypes are made from stride 4 of the backbone as well, since the photos are small;
- a semantic head beside the prototypes (YOLACT section 4.2 has it in training) that inference may read too;
- class scores begin at a prior of one in a hundred (Lin et al. 2017, focal loss, section 4.1), whatever the size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from inpaint_app.models.torchvision_ops import suppressed

STRIDES = (8, 16, 32)
BINS = 16


class Raw(NamedTuple):
    """What the network says of B images in N places (all cells of strides 8, 16, 32 in this order).

    edges: (B, N, 4, BINS) logits over the distance to left, top, right, bottom in strides. scores: (B, N, classes)
    logits. coefficients: (B, N, K). prototypes: (B, K, H/4, W/4). semantic: (B, classes, H/4, W/4) logits.
    """

    edges: Tensor
    scores: Tensor
    coefficients: Tensor
    prototypes: Tensor
    semantic: Tensor


class Conv(nn.Sequential):
    """Convolution, batch normalisation, SiLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03),
            nn.SiLU(inplace=True),
        )


class Split(nn.Module):
    """YOLOv8's C2f: half of the channels go through `depth` residual pairs, and everything on the way is joined."""

    def __init__(self, inputs: int, outputs: int, depth: int, residual: bool = True) -> None:
        super().__init__()
        half = outputs // 2
        self.enter = Conv(inputs, outputs)
        self.pairs = nn.ModuleList(
            nn.Sequential(Conv(half, half, 3), Conv(half, half, 3)) for _ in range(depth)
        )
        self.leave = Conv((2 + depth) * half, outputs)
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) → (B, outputs, H, W)."""
        parts = list(self.enter(x).chunk(2, 1))
        for pair in self.pairs:
            made = pair(parts[-1])
            parts.append(parts[-1] + made if self.residual else made)
        joined: Tensor = self.leave(torch.cat(parts, 1))
        return joined


class Surroundings(nn.Module):
    """Spatial pyramid pooling: maxima over 5, 9 and 13 cells beside the cell's own features."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.enter, self.leave = Conv(channels, channels // 2), Conv(2 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → the same shape."""
        parts = [self.enter(x)]
        for _ in range(3):
            parts.append(F.max_pool2d(parts[-1], 5, 1, 2))
        joined: Tensor = self.leave(torch.cat(parts, 1))
        return joined


class Finder(nn.Module):
    """Images (B, 3, H, W) in 0..1, H and W multiples of 32 → Raw.

    widths: channels at strides 2, 4, 8, 16, 32. depths: residual pairs at strides 4, 8, 16, 32. K: mask coefficients.
    """

    def __init__(
        self,
        classes: int,
        widths: Sequence[int] = (16, 32, 64, 128, 256),
        depths: Sequence[int] = (1, 2, 2, 1),
        coefficients: int = 32,
        head: int = 64,
    ) -> None:
        super().__init__()
        self.classes = classes
        first, second, third, fourth, fifth = widths
        self.stem = Conv(3, first, 3, 2)
        self.down = nn.ModuleList(
            nn.Sequential(Conv(a, b, 3, 2), Split(b, b, depth))
            for a, b, depth in zip(widths[:-1], widths[1:], depths, strict=True)
        )
        self.around = Surroundings(fifth)
        self.up16 = Split(fourth + fifth, fourth, 1, residual=False)
        self.up8 = Split(third + fourth, third, 1, residual=False)
        self.down16, self.join16 = Conv(third, third, 3, 2), Split(third + fourth, fourth, 1, residual=False)
        self.down32, self.join32 = Conv(fourth, fourth, 3, 2), Split(fourth + fifth, fifth, 1, residual=False)
        levels = (third, fourth, fifth)
        self.edges = nn.ModuleList(_head(width, head, 4 * BINS) for width in levels)
        self.scores = nn.ModuleList(_head(width, head, classes) for width in levels)
        self.coefficients = nn.ModuleList(_head(width, 32, coefficients) for width in levels)
        self.near, self.fine = Conv(third, head, 3), Conv(head + second, head, 3)
        self.prototypes, self.semantic = Conv(head, coefficients), nn.Conv2d(head, classes, 1)
        self._begin()

    def _begin(self) -> None:
        """Scores start at one in a hundred, edges at a stride or so, so that the first steps do not explode."""
        for name, bias in self.named_parameters():
            if name.startswith(("scores.", "semantic.")) and name.endswith(("2.bias", "semantic.bias")):
                nn.init.constant_(bias, -math.log(99))
            if name.startswith("edges.") and name.endswith(".2.bias"):
                nn.init.constant_(bias, 1.0)

    def forward(self, image: Tensor) -> Raw:
        """See the class."""
        x, steps = self.stem(image), []
        for stage in self.down:
            x = stage(x)
            steps.append(x)
        fine, eighth, sixteenth, last = steps
        deep = self.around(last)
        middle = self.up16(torch.cat([_double(deep), sixteenth], 1))
        near = self.up8(torch.cat([_double(middle), eighth], 1))
        middle = self.join16(torch.cat([self.down16(near), middle], 1))
        deep = self.join32(torch.cat([self.down32(middle), deep], 1))
        levels = (near, middle, deep)
        drawn = self.fine(torch.cat([_double(self.near(near)), fine], 1))
        edges = _places(self.edges, levels)
        return Raw(
            edges.view(*edges.shape[:2], 4, BINS),
            _places(self.scores, levels),
            _places(self.coefficients, levels),
            self.prototypes(drawn),
            self.semantic(drawn),
        )


def _head(inputs: int, width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(Conv(inputs, width, 3), Conv(width, width, 3), nn.Conv2d(width, outputs, 1))


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def _places(heads: nn.ModuleList, levels: Sequence[Tensor]) -> Tensor:
    """Every level's map as rows of places: (B, N, C)."""
    maps = [head(level).flatten(2) for head, level in zip(heads, levels, strict=True)]
    return torch.cat(maps, 2).transpose(1, 2)


def centres(height: int, width: int, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
    """Cell centres (N, 2) as x, y in pixels and strides (N,) of an image of that size, in the order of Raw."""
    points, strides = [], []
    for stride in STRIDES:
        y, x = (torch.arange(side // stride, device=device) for side in (height, width))
        grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1).reshape(-1, 2)
        points.append((grid + 0.5) * stride)
        strides.append(torch.full((len(grid),), float(stride), device=device))
    return torch.cat(points), torch.cat(strides)


def boxes(edges: Tensor, points: Tensor, strides: Tensor) -> Tensor:
    """(…, N, 4, BINS) logits → (…, N, 4) left, top, right, bottom in pixels: the mean of each distribution."""
    bins = torch.arange(BINS, dtype=torch.float32, device=edges.device)
    distances = (edges.float().softmax(-1) * bins).sum(-1) * strides[:, None]
    return torch.cat([points - distances[..., :2], points + distances[..., 2:]], -1)


MOST = 300
"""Places that are looked at, best first: what is left after that are repetitions."""


class Finds(NamedTuple):
    """Of one image, best first: boxes (F, 4) in pixels of the input, scores (F,), kinds (F,), masks' logits."""

    boxes: Tensor
    scores: Tensor
    kinds: Tensor
    coefficients: Tensor
    prototypes: Tensor

    def logits(self) -> Tensor:
        """(F, H/4, W/4), not yet cut to the boxes."""
        return torch.einsum("fk,khw->fhw", self.coefficients, self.prototypes)


def decoded(raw: Raw, size: tuple[int, int], confidence: float, overlap: float = 0.6) -> list[Finds]:
    """Of each image of `size` (H, W): places from `confidence` up, of those that overlap more than that the best."""
    points, strides = centres(*size, device=raw.scores.device)
    placed = boxes(raw.edges, points, strides)
    every = []
    for at in range(len(raw.scores)):
        scores, kinds = raw.scores[at].float().sigmoid().max(-1)
        likely = torch.nonzero(scores >= confidence).flatten()
        likely = likely[scores[likely].argsort(descending=True)[:MOST]]
        apart = placed[at, likely] + kinds[likely, None] * 2.0 * max(size)  # kinds never suppress one another
        kept = likely[suppressed(apart, scores[likely], overlap)]
        every.append(
            Finds(
                placed[at, kept],
                scores[kept],
                kinds[kept],
                raw.coefficients[at, kept].float(),
                raw.prototypes[at].float(),
            )
        )
    return every
